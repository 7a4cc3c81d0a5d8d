// SPDX-License-Identifier: Apache-2.0
// What a change of VMs means for the lists of them, which are pages that the server filters and sorts.
import type { QueryClient } from '@tanstack/react-query';
import { isGone, type Again } from '@/api/changes';
import type { Change, Vm, VmList } from '@/contract/types';

/** A page of VMs with the changes in it, and the counts over it as its rows are. @stale: what it lists, or in which order, may be another now. */
export function patchVmPage(page: VmList, changes: ReadonlyMap<string, Change<Vm>>): { page: VmList; stale: boolean } {
  let stale = false;
  const left = new Set(changes.keys());
  const counts = { ...page.counts };
  const items = page.items.map((old) => {
    const change = changes.get(old.id);
    if (!change) return old;
    left.delete(old.id);
    if (isGone(change)) {
      stale = true;
      return old;
    }
    stale ||=
      change.state !== old.state ||
      change.name !== old.name ||
      change.blocked.length > 0 !== old.blocked.length > 0 ||
      change.memory_mib !== old.memory_mib ||
      change.vcpus !== old.vcpus ||
      change.description !== old.description;
    counts[old.state] -= 1;
    counts[change.state] += 1;
    counts.blocked += Number(change.blocked.length > 0) - Number(old.blocked.length > 0);
    return change;
  });
  return { page: { ...page, items, counts }, stale: stale || left.size > 0 };
}

/** Changes of VMs in the pages of their list. */
export function vmsChanged(client: QueryClient, changes: readonly Change<Vm>[], again: Again): void {
  const byId = new Map(changes.map((change) => [change.id, change]));
  for (const [key, page] of client.getQueriesData<VmList>({ queryKey: ['vms'] })) {
    if (!page) continue;
    const patched = patchVmPage(page, byId);
    client.setQueryData(key, patched.page);
    if (patched.stale) again('vms');
  }
  // A VM that starts or stops takes or gives back its parts: the cards' pictures show it.
  if (changes.some((change) => isGone(change) || change.devices.length > 0)) again('gpu');
}
