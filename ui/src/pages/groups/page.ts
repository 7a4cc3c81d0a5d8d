// SPDX-License-Identifier: Apache-2.0
import { useGroups } from '@/api/queries';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import { groupPath } from '@/widgets/links';
import type { Manifest } from '@/widgets/manifest';

export const groups: Manifest = {
  routes: [
    { path: '/gpus/groups', Page: chunk(() => import('./GroupsPage')) },
    { path: '/gpus/groups/:id', Page: chunk(() => import('./GroupPage')) },
  ],
  nav: [{ to: '/gpus/groups', name: t.app.nav.groups, section: t.app.nav.gpus }],
  useFound: () =>
    (useGroups().data ?? []).map((one) => ({
      kind: t.app.searchKinds.group,
      key: one.id,
      name: one.name,
      more: one.description,
      to: groupPath(one.id),
    })),
  nouns: { group: { carries: 'object' } },
};
