// SPDX-License-Identifier: Apache-2.0
// Where everything on a card lies, in the card's own memory units: pure, drawn to scale by CardPicture.
import type { Gpu, GpuInstance, LayoutItem, MigProfile, Plan } from '@/contract/types';
import { computeTotal } from '@/lib/layout';

export type Fate = 'steady' | 'kept' | 'leaving' | 'coming';

export interface Block {
  kind: 'block';
  start: number;
  size: number;
  profile: string;
  /** Compute slices, and how many of them are in a compute instance. */
  slices: number;
  inUse: number;
  /** What it holds when that is not its whole compute; "" when it is whole. */
  notWhole: string;
  holder: string;
  holderKind: 'vm' | 'process' | '';
  fate: Fate;
  /** Memory used, 0 … 1; null when the driver does not tell. */
  fill: number | null;
}

export interface Room {
  kind: 'free' | 'stranded';
  start: number;
  size: number;
  slices: number;
  why: string;
}

export type Segment = Block | Room;

export interface Picture {
  units: number;
  segments: Segment[];
  /** How many memory units one compute slice is drawn wide: 1 on eight- and four-unit cards, 3 on twelve-unit ones. */
  sliceUnits: number;
}

export interface Span {
  start: number;
  size: number;
}

/** The gaps that @blocks leave in @units, in order. */
export function gaps(units: number, blocks: readonly Span[]): Span[] {
  const found: Span[] = [];
  let at = 0;
  for (const block of [...blocks].sort((a, b) => a.start - b.start)) {
    if (block.start > at) found.push({ start: at, size: block.start - at });
    at = Math.max(at, block.start + block.size);
  }
  if (at < units) found.push({ start: at, size: units - at });
  return found;
}

/** Cuts the gaps where stranded memory begins and ends; the compute slices that are left go to the free ones, from the left. */
function rooms(
  units: number,
  blocks: readonly Span[],
  stranded: readonly (Span & { why: string })[],
  left: number,
  sliceUnits: number,
): Room[] {
  const found: Room[] = [];
  for (const gap of gaps(units, blocks)) {
    const dead = stranded.filter((s) => s.start < gap.start + gap.size && s.start + s.size > gap.start);
    for (const s of dead) {
      const start = Math.max(s.start, gap.start);
      found.push({ kind: 'stranded', start, size: Math.min(s.start + s.size, gap.start + gap.size) - start, slices: 0, why: s.why });
    }
    for (const free of gaps(gap.start + gap.size, [{ start: 0, size: gap.start }, ...dead])) {
      found.push({ kind: 'free', ...free, slices: 0, why: '' });
    }
  }
  found.sort((a, b) => a.start - b.start);
  for (const room of found) {
    if (room.kind !== 'free') continue;
    room.slices = Math.min(left, Math.floor(room.size / sliceUnits));
    left -= room.slices;
  }
  return found;
}

const sliceWidth = (units: number, total: number) => (total > 0 ? Math.max(1, Math.floor(units / total)) : 1);

function assemble(units: number, blocks: Block[], stranded: readonly (Span & { why: string })[], total: number): Picture {
  const sliceUnits = sliceWidth(units, total);
  const used = blocks.reduce((sum, block) => sum + block.slices, 0);
  const free = rooms(units, blocks, stranded, Math.max(0, total - used), sliceUnits);
  return { units, sliceUnits, segments: [...blocks, ...free].sort((a, b) => a.start - b.start) };
}

const slicesOf = (profiles: readonly MigProfile[], id: number) => profiles.find((p) => p.id === id)?.compute_slices ?? 0;

function blockOf(instance: GpuInstance, profiles: readonly MigProfile[]): Block {
  const used = instance.memory_used_mib;
  const total = instance.memory_total_mib;
  const process = instance.compute.flatMap((c) => c.processes)[0];
  const kind = instance.holder?.kind ?? (process ? 'process' : '');
  return {
    kind: 'block',
    start: instance.start,
    size: instance.size,
    profile: instance.profile,
    slices: slicesOf(profiles, instance.profile_id),
    inUse: instance.compute.reduce((sum, c) => sum + c.slices, 0),
    notWhole: instance.not_whole ?? '',
    holder: instance.holder?.name ?? process?.name ?? '',
    holderKind: kind,
    fate: 'steady',
    fill: used == null || !total ? null : Math.min(1, Math.max(0, used / total)),
  };
}

/** The card as it is. */
export function pictureOfGpu(gpu: Gpu): Picture {
  const { mig } = gpu;
  const blocks = mig.instances.map((instance) => blockOf(instance, mig.profiles));
  return assemble(mig.units, blocks, mig.stranded ?? [], computeTotal(mig.profiles));
}

const stays = (item: LayoutItem, then: readonly LayoutItem[]) =>
  then.some((t) => t.kept && t.start === item.start && t.profile_id === item.profile_id);

function planBlock(item: LayoutItem, profiles: readonly MigProfile[], fate: Fate): Block {
  const slices = slicesOf(profiles, item.profile_id);
  return {
    kind: 'block',
    start: item.start,
    size: item.size,
    profile: item.profile,
    slices,
    inUse: item.slices_used,
    notWhole: item.not_whole,
    holder: item.holder,
    holderKind: item.holder_kind,
    fate,
    fill: null,
  };
}

/** A plan as two pictures: now (what stays, what goes) and then (what stays, what comes). */
export function picturesOfPlan(plan: Plan, profiles: readonly MigProfile[]): { now: Picture; then: Picture } {
  const total = computeTotal(profiles);
  const now = plan.now.map((item) => planBlock(item, profiles, stays(item, plan.then) ? 'kept' : 'leaving'));
  const then = plan.then.map((item) => planBlock(item, profiles, item.kept ? 'kept' : 'coming'));
  return { now: assemble(plan.units, now, [], total), then: assemble(plan.units, then, [], total) };
}
