// SPDX-License-Identifier: Apache-2.0
// What this host can give a VM at all, shown at the field; the API judges by the same figures.
import { useNodes } from '@/api/queries';
import * as limits from '@/contract/limits.generated';
import { mib } from '@/lib/format';
import { t } from '@/strings';
import { range } from '@/widgets/fields';

export interface SizeLimits {
  vcpus: (count: number) => { problem: string; hint: string };
  memory: (mib: number) => { problem: string; hint: string };
}

/** Of the contract, whatever the host has. */
export const VCPUS = range(limits.VmInput.vcpus);
export const DISK_GIB = range(limits.VmInput.disk_gib);
export const MEMORY_GIB = { min: limits.VmInput.memory_mib.minimum / 1024, max: limits.VmInput.memory_mib.maximum / 1024 };

export function useSizeLimits(): SizeLimits {
  const virt = useNodes().data?.[0]?.virt;
  const most = virt?.vcpus_max ?? null,
    threads = virt?.threads ?? null,
    memory = virt?.memory_mib ?? null;
  return {
    vcpus: (count) => ({
      problem: most !== null && count > most ? t.limits.vcpusMax(most) : '',
      hint: threads !== null && count > threads ? t.limits.vcpusSlow(threads) : '',
    }),
    memory: (asked) => ({ problem: memory !== null && asked > memory ? t.limits.memoryMax(mib(memory)) : '', hint: '' }),
  };
}
