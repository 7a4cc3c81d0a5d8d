// SPDX-License-Identifier: Apache-2.0
// What this host can give a VM at all, shown at the field; the API judges by the same figures.
import { useNodes } from '@/api/queries';
import { mib } from '@/lib/format';
import { t } from '@/strings';

export interface SizeLimits {
  vcpusMax: number;
  vcpus: (count: number) => { problem: string; hint: string };
  memory: (mib: number) => { problem: string; hint: string };
}

/** Of the contract, where the host does not tell. */
const VCPUS_MAX = 512;

export function useSizeLimits(): SizeLimits {
  const virt = useNodes().data?.[0]?.virt;
  const most = virt?.vcpus_max ?? null, threads = virt?.threads ?? null, memory = virt?.memory_mib ?? null;
  return {
    vcpusMax: VCPUS_MAX,
    vcpus: (count) => ({
      problem: most !== null && count > most ? t.limits.vcpusMax(most) : '',
      hint: threads !== null && count > threads ? t.limits.vcpusSlow(threads) : '',
    }),
    memory: (asked) => ({ problem: memory !== null && asked > memory ? t.limits.memoryMax(mib(memory)) : '', hint: '' }),
  };
}
