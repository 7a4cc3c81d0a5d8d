// SPDX-License-Identifier: Apache-2.0
import { useVmPage } from '@/api/queries';
import type { Change, Consoles, Vm } from '@/contract/types';
import { useSettled } from '@/lib/debounce';
import type { Found } from '@/lib/search';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import { vmPath } from '@/widgets/links';
import type { Manifest } from '@/widgets/manifest';
import { vmsChanged } from './changes';

/** Among a thousand VMs the server searches. */
function useFound(text: string): Found[] {
  const page = useVmPage({ q: useSettled(text, 150), limit: 12 }).data;
  return (page?.items ?? []).map((vm) => ({
    kind: t.app.searchKinds.vm,
    key: vm.id,
    name: vm.name,
    more: `${vm.description} ${vm.state} ${vm.image}`,
    to: vmPath(vm.id),
  }));
}

export const vms: Manifest = {
  routes: [
    { path: '/vms', Page: chunk(() => import('./VmsPage')) },
    { path: '/vms/create', Page: chunk(() => import('./VmCreatePage')) },
    { path: '/vms/:id/:tab?', Page: chunk(() => import('./VmPage')) },
    { path: '/vms/:id/console/window', Page: chunk(() => import('./console/ConsoleWindow')), bare: true },
  ],
  nav: [{ to: '/vms', name: t.app.nav.vms }],
  places: [{ to: '/vms/create', name: t.vm.create }],
  useFound,
  nouns: {
    vm: {
      carries: 'object',
      again: ['group', 'preflight', 'snapshot'],
      also: (client, changes, again) => vmsChanged(client, changes as readonly Change<Vm>[], again),
    },
    snapshot: {
      carries: 'word',
      take: (client, data) => void client.invalidateQueries({ queryKey: ['snapshot', (data as { id: string }).id] }),
    },
    console: { carries: 'word', take: (client, data) => client.setQueryData(['console', (data as Consoles).id], data) },
  },
};
