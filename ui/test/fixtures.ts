// SPDX-License-Identifier: Apache-2.0
// Profiles as real cards report them: memory units, compute slices and places.
import type { Gpu, GpuInstance, MigProfile } from '@/contract/types';

function profile(
  id: number,
  name: string,
  compute_slices: number,
  size: number,
  memory_mib: number,
  max_count: number,
  starts: number[],
): MigProfile {
  const attributes = /[+-](me\.all|me|gfx)$/.exec(name)?.[0] ?? '';
  return {
    id,
    enum_value: 0,
    name,
    attributes,
    compute_slices,
    size,
    memory_mib,
    sm_count: 14 * compute_slices,
    max_count,
    remaining: -1,
    starts,
    ci_profiles: [],
  };
}

export const A100 = [
  profile(19, '1g.10gb', 1, 1, 9728, 7, [0, 1, 2, 3, 4, 5, 6]),
  profile(20, '1g.10gb+me', 1, 1, 9728, 1, [0, 1, 2, 3, 4, 5, 6]),
  profile(15, '1g.20gb', 1, 2, 19968, 4, [0, 2, 4, 6]),
  profile(14, '2g.20gb', 2, 2, 19968, 3, [0, 2, 4]),
  profile(9, '3g.40gb', 3, 4, 40192, 2, [0, 4]),
  profile(5, '4g.40gb', 4, 4, 40192, 1, [0]),
  profile(0, '7g.80gb', 7, 8, 80640, 1, [0]),
];

export const RTX = [
  profile(14, '1g.24gb', 1, 3, 24192, 4, [0, 3, 6, 9]),
  profile(5, '2g.48gb', 2, 6, 48512, 2, [0, 6]),
  profile(0, '4g.96gb', 4, 12, 97280, 1, [0]),
];

export function instance(of: MigProfile[], name: string, start: number, holder = ''): GpuInstance {
  const found = of.find((p) => p.name === name);
  if (!found) throw new Error(`no profile ${name}`);
  return {
    id: start,
    profile_id: found.id,
    profile: name,
    start,
    size: found.size,
    memory_used_mib: null,
    memory_total_mib: found.memory_mib,
    compute: [{ id: 0, profile_id: 0, profile: name, slices: found.compute_slices, start: 0, uuid: '', processes: [] }],
    holder: holder ? { kind: 'vm', id: `vm-${holder}`, name: holder, state: 'in-use' } : null,
  };
}

export function card(profiles: MigProfile[], instances: GpuInstance[], more: Partial<Gpu> = {}): Gpu {
  const units = Math.max(...profiles.flatMap((p) => p.starts.map((s) => s + p.size)));
  const none = {
    gpu_percent: null,
    memory_used_mib: null,
    memory_total_mib: null,
    power_w: null,
    power_limit_w: null,
    temperature_c: null,
    sm_clock_mhz: null,
    ecc_corrected: null,
    ecc_uncorrected: null,
    source: 'none' as const,
    why_not: '',
  };
  return {
    id: 'gpu-0',
    node: 'n',
    project: 'p',
    revision: 1,
    index: 0,
    name: 'NVIDIA A100',
    address: '0000:41:00.0',
    architecture: 'ampere',
    vendor_device: '',
    subsystem: '',
    uuid: '',
    serial: '',
    driver: 'nvidia',
    numa_node: 0,
    iommu_group: 1,
    boot_vga: false,
    state: 'ok',
    state_reason: '',
    holders_unknown: '',
    mode: 'mig',
    readings: none,
    functions: [],
    processes: [],
    mig: { capable: true, current: true, pending: true, mode_survives_boot: true, mode_needs_reset: true, units, profiles, instances },
    ...more,
  };
}
