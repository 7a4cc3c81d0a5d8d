// SPDX-License-Identifier: Apache-2.0
// What can be done with a card now, and why not.
import { useMay } from '@/api/may';
import type { Gpu } from '@/contract/types';
import { t } from '@/strings';

/** Why the card cannot be re-carved; "" when it can. The server refuses the same. */
export function useCarveWhy(gpu: Gpu): string {
  const may = useMay('plan.write');
  if (!may.allowed) return may.why;
  if (gpu.state !== 'ok') return gpu.state_reason || t.gpu.notNow;
  if (!gpu.mig.capable) return t.gpu.noMig;
  if (gpu.mode === 'passthrough' || gpu.mode === 'vgpu') return t.gpu.modeWhat[gpu.mode];
  return '';
}
