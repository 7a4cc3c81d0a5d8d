// SPDX-License-Identifier: Apache-2.0
// Pools and networks to choose from.
import type { Network, Pool } from '@/contract/types';
import { bytes } from '@/lib/format';
import { t } from '@/strings';

const words = t.wizard;

export function poolHint(pools: readonly Pool[], name: string): string {
  const pool = pools.find((one) => one.name === name);
  if (!pool) return '';
  return pool.free_bytes == null ? words.freeUnknown : words.free(bytes(pool.free_bytes), name);
}

/** Pools to choose from; the one that is chosen now is among them even when it is gone. */
export function poolOptions(pools: readonly Pool[], now: string) {
  const all = pools.map(({ name, state }) => ({
    value: name,
    name,
    why: state === 'running' || name === now ? '' : t.hardware.networkOff,
  }));
  return now && !all.some((one) => one.value === now) ? [{ value: now, name: now, why: '' }, ...all] : all;
}

/** Networks to choose from; the one that is chosen now is among them even when it is gone. */
export function networkOptions(networks: readonly Network[], now: string) {
  const all = networks.map(({ name, active }) => ({ value: name, name, why: active || name === now ? '' : t.hardware.networkOff }));
  return now && !all.some((one) => one.value === now) ? [{ value: now, name: now, why: '' }, ...all] : all;
}
