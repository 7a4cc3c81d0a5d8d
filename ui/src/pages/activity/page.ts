// SPDX-License-Identifier: Apache-2.0
import type { QueryClient } from '@tanstack/react-query';
import { useTasks } from '@/api/queries';
import type { FacetEvent } from '@/contract/types';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import type { Manifest } from '@/widgets/manifest';

const EVENTS_KEPT = 500;
const TASKS_FOUND = 50;
const section = { section: t.app.nav.activity, folds: true } as const;

/** An event may come twice: with the list, and by the stream. */
function putEvent(client: QueryClient, event: FacetEvent): void {
  client.setQueryData<FacetEvent[]>(
    ['event'],
    (list) => list && [event, ...list.filter((old) => old.id !== event.id)].slice(0, EVENTS_KEPT),
  );
}

export const activity: Manifest = {
  routes: [
    { path: '/activity', to: '/activity/tasks' },
    { path: '/activity/:tab', Page: chunk(() => import('./ActivityPage')) },
  ],
  nav: [
    { to: '/activity/tasks', name: t.app.nav.tasks, ...section },
    { to: '/activity/events', name: t.app.nav.events, ...section },
    { to: '/activity/audit', name: t.app.nav.audit, ...section },
  ],
  useFound: () =>
    (useTasks().data ?? []).slice(0, TASKS_FOUND).map((task) => ({
      kind: t.app.searchKinds.task,
      key: task.id,
      name: task.title,
      more: task.state,
      to: '/activity/tasks',
      rank: 'past',
    })),
  nouns: {
    task: { carries: 'object', newestFirst: true, complete: true, again: ['audit'] },
    event: { carries: 'word', take: (client, data) => putEvent(client, data as FacetEvent) },
  },
};
