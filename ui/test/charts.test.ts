// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Sample } from '@/contract/types';
import { axisTop, vmCharts } from '@/lib/charts';

describe('the axis of a graph', () => {
  it('ends at a round number that holds every value', () => {
    expect([0, 28, 32, 33, 20_000].map((max) => axisTop(max, true))).toEqual([1, 32, 32, 64, 32_768]);
    expect([0.2, 1.5, 55, 233, 850, 999].map((max) => axisTop(max, false))).toEqual([1, 2, 60, 400, 1000, 1000]);
  });
});

describe('the graphs of a VM', () => {
  it('show its part only while the VM runs: others held the part before', () => {
    const gpus = { g: { instances: [{ start: 2, gpu_percent: 7, memory_used_mib: 28 }] } };
    const before = { time_ms: 1, gpus, vms: {} } as unknown as Sample;
    const since = {
      time_ms: 2,
      gpus,
      vms: { v: { cpu_percent: null, memory_used_mib: null, memory_total_mib: null } },
    } as unknown as Sample;
    const memory = vmCharts('v', 256, [{ gpu: 'g', start: 2 }]).at(-1)?.series[0];
    expect([memory?.value(before), memory?.value(since)]).toEqual([null, 28]);
  });
});
