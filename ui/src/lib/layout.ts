// SPDX-License-Identifier: Apache-2.0
// What the page itself works out about counts of profiles: which choices are dead from the start, and the presets. It follows
// the places that the card itself reports. Facet's planner has the last word: every choice is previewed by it.
import type { Gpu, GpuInstance, MigProfile } from '@/contract/types';
import { t } from '@/strings';

export type Counts = Readonly<Record<string, number>>;

/** Compute slices of the whole card: what its largest profile has. */
export const computeTotal = (profiles: readonly MigProfile[]) => Math.max(0, ...profiles.map((p) => p.compute_slices));

export function countsOf(instances: readonly Pick<GpuInstance, 'profile'>[]): Counts {
  const counts: Record<string, number> = {};
  for (const instance of instances) counts[instance.profile] = (counts[instance.profile] ?? 0) + 1;
  return counts;
}

/** Without zeros, so that two ways to say the same are equal. */
export function tidy(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));
}

export function sameCounts(a: Counts, b: Counts): boolean {
  const [x, y] = [tidy(a), tidy(b)];
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((k) => x[k] === y[k]);
}

/** "3 × 1g.10gb, 1 × 2g.20gb", the largest first as @profiles has them. */
export function describeCounts(counts: Counts, profiles: readonly MigProfile[]): string {
  return bySize(profiles)
    .filter((p) => (counts[p.name] ?? 0) > 0)
    .map((p) => `${counts[p.name]} × ${p.name}`)
    .join(', ');
}

/** Largest first, plain ones before their variants. */
export function bySize(profiles: readonly MigProfile[]): MigProfile[] {
  return [...profiles].sort(
    (a, b) => b.size - a.size || b.compute_slices - a.compute_slices || a.attributes.length - b.attributes.length || a.id - b.id,
  );
}

/** Whether the places that the card reports can hold these counts at once. Exact, by search over at most 12 units. */
export function canPlace(counts: Counts, profiles: readonly MigProfile[]): boolean {
  const wanted: MigProfile[] = [];
  let slices = 0;
  for (const profile of bySize(profiles)) {
    const n = counts[profile.name] ?? 0;
    if (n > profile.max_count) return false;
    for (let i = 0; i < n; i++) wanted.push(profile);
    slices += n * profile.compute_slices;
  }
  return slices <= computeTotal(profiles) && search(wanted, 0, 0, -1);
}

function search(wanted: readonly MigProfile[], at: number, taken: number, lastStart: number): boolean {
  const profile = wanted[at];
  if (!profile) return true;
  const again = wanted[at - 1] === profile;
  for (const start of profile.starts) {
    if (again && start <= lastStart) continue;
    const mask = ((1 << profile.size) - 1) << start;
    if ((taken & mask) === 0 && search(wanted, at + 1, taken | mask, start)) return true;
  }
  return false;
}

/** Why one more of @profile cannot be added to @counts; "" when it can. */
export function whyNotOneMore(counts: Counts, profile: MigProfile, profiles: readonly MigProfile[]): string {
  const n = (counts[profile.name] ?? 0) + 1;
  if (n > profile.max_count) return t.carve.atMost(profile.max_count, profile.name);
  if (canPlace({ ...counts, [profile.name]: n }, profiles)) return '';
  const used = profiles.reduce((sum, p) => sum + (counts[p.name] ?? 0) * p.compute_slices, 0);
  if (used + profile.compute_slices > computeTotal(profiles)) {
    return t.carve.computeLeft(profile.compute_slices, computeTotal(profiles) - used);
  }
  return t.carve.noStart(profile.name);
}

export interface Preset {
  label: string;
  counts: Counts;
  each_mib: number;
}

/** Equal parts: for each number of VMs that makes sense, the largest profile that gives so many. */
export function equalParts(profiles: readonly MigProfile[]): Preset[] {
  const plain = bySize(profiles).filter((p) => p.attributes === '');
  const most = Math.max(0, ...plain.map((p) => p.max_count));
  const presets: Preset[] = [];
  for (let n = 1; n <= most; n++) {
    const best = plain.filter((p) => canPlace({ [p.name]: n }, profiles)).sort((a, b) => b.memory_mib - a.memory_mib)[0];
    if (best) presets.push({ label: `${n} × ${best.name}`, counts: { [best.name]: n }, each_mib: best.memory_mib });
  }
  return presets;
}

/**
 * "2 × 3g.40gb and 1 × 1g.10gb" read back into counts, also behind a colon ("Without one 1g.10gb: …"); null when the text says
 * something else.
 */
export function parseCounts(text: string, profiles: readonly MigProfile[]): Counts | null {
  const counts: Record<string, number> = {};
  const list = text.slice(text.lastIndexOf(': ') + 1);
  const rest = list.replace(/(\d+)\s*[×x]\s*([\w.+-]*[\w])/g, (_all, n: string, name: string) => {
    counts[name] = (counts[name] ?? 0) + Number(n);
    return '';
  });
  const known = Object.keys(counts).every((name) => profiles.some((p) => p.name === name));
  const only = /^[\s,;+.]*(and[\s,;+.]*)*$/i.test(rest);
  return known && only && Object.keys(counts).length > 0 ? counts : null;
}

export type Splits = Readonly<Record<string, readonly string[]>>;

/** "3 × 1c", "2c + 1c": names of compute instances without the part's own. */
export function describeSplit(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => (n > 1 ? `${n} × ${name.split('.')[0]}` : name.split('.')[0])).join(' + ');
}

/** For each size of compute instance: as many of it as go into the part, then the largest that fill the rest. */
export function splitsOf(profile: MigProfile): string[][] {
  const cis = [...profile.ci_profiles].filter((ci) => !ci.whole && ci.slices > 0).sort((a, b) => a.slices - b.slices);
  return cis.map((first) => {
    const names: string[] = [];
    let left = profile.compute_slices;
    for (const ci of [first, ...[...cis].reverse()]) {
      const room = ci === first ? Math.min(ci.max_count, Math.floor(left / ci.slices)) : Math.floor(left / ci.slices);
      for (let i = 0; i < room && names.filter((n) => n === ci.name).length < ci.max_count; i++) {
        names.push(ci.name);
        left -= ci.slices;
      }
    }
    return names;
  });
}

const MOVING = new Set(['readings', 'revision', 'index', 'memory_used_mib', 'memory_total_mib', 'memory_mib', 'fits', 'stranded']);

/**
 * All of a card that a plan depends on, as a text to compare. Revisions are the whole inventory's and move with every other card;
 * this moves with this card only.
 */
export const worldOf = (gpu: Gpu) => JSON.stringify(gpu, (key, value: unknown) => (MOVING.has(key) ? undefined : value));
