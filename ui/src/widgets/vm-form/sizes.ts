// SPDX-License-Identifier: Apache-2.0
// What the wizard starts from.
export interface Size {
  vcpus: number;
  memory_mib: number;
  disk_gib: number;
}

export const SIZES = {
  small: { vcpus: 2, memory_mib: 2048, disk_gib: 10 },
  medium: { vcpus: 4, memory_mib: 8192, disk_gib: 40 },
  large: { vcpus: 8, memory_mib: 32768, disk_gib: 100 },
} as const satisfies Record<string, Size>;

/** "vm-1", or the name after the highest number that somebody has. */
export function freeName(taken: readonly string[]): string {
  const numbers = taken.map((name) => Number(/^vm-(\d{1,9})$/.exec(name)?.[1] ?? 0));
  return `vm-${Math.max(0, ...numbers) + 1}`;
}
