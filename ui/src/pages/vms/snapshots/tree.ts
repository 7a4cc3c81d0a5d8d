// SPDX-License-Identifier: Apache-2.0
// Snapshots in the order in which they are read: each below the one that it stands on, indented once more where it branches.
import type { Snapshot } from '@/contract/types';

export interface Row {
  snapshot: Snapshot;
  depth: number;
}

export function rows(snapshots: readonly Snapshot[]): Row[] {
  const shown = snapshots.filter((one) => !one.deleted);
  const childrenOf = (parent: string | null) => shown.filter((one) => one.parent === parent);
  const walk = (one: Snapshot, depth: number): Row[] => {
    const children = childrenOf(one.id);
    // A line of snapshots stays straight; only branches move in.
    return [
      { snapshot: one, depth },
      ...children.flatMap((child) => walk(child, depth + (children.length > 1 || (one.current && children.length > 0) ? 1 : 0))),
    ];
  };
  return [
    ...childrenOf(null).flatMap((one, _i, all) => walk(one, all.length > 1 ? 1 : 0)),
    ...snapshots.filter((one) => one.deleted).map((snapshot) => ({ snapshot, depth: 0 })),
  ];
}
