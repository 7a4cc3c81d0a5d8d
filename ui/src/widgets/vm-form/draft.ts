// SPDX-License-Identifier: Apache-2.0
// What the wizard holds, what is wrong with it, and what of it is sent. Pure.
import type { Field } from '@/contract/fields';
import * as limits from '@/contract/limits.generated';
import type { Pool, VmDeviceInput, VmDiskInput, VmInput, VmNicInput } from '@/contract/types';
import { bytes, mib } from '@/lib/format';
import { diskFormat } from '@/lib/volume';
import { t } from '@/strings';
import type { Boot } from './BootOrder';
import { commonInput, firstBootInput, firstBootOk, insteadOf, NO_FIRST_BOOT, type FirstBoot } from './firstboot';
import { SIZES, type Size } from './sizes';

export type Source = 'image' | 'iso' | 'volume' | 'template';
export type Os = NonNullable<VmInput['os']>;
export type StepId = 'source' | 'size' | 'boot' | 'gpu' | 'review';

export interface FurtherDisk {
  pool: string;
  size_gib: number;
  /** Left out: as suits the guest. */
  bus?: VmDiskInput['bus'];
}

export interface Draft {
  name: string;
  description: string;
  source: Source;
  image: string;
  iso: string;
  /** Id of a volume, "POOL:NAME". */
  volume: string;
  /** What that volume is; "" when nobody has stated it. */
  volumeFormat: string;
  template: string;
  os: Os;
  /** A second disc, with drivers; "" for none. */
  drivers: string;
  size: Size;
  pool: string;
  disks: FurtherDisk[];
  /** null: one in the default network, as the API does it. */
  nics: VmNicInput[] | null;
  uefi: boolean;
  tpm: boolean;
  agent: boolean;
  /** What is booted from, in order; null: as the API chooses for the source. */
  order: Boot[] | null;
  boot: FirstBoot;
  /** What the template gives: whether an image or ISO, GPU devices that can stay as they are, first-boot data that can be taken away. */
  given: { source: boolean; devices: readonly VmDeviceInput[]; boot: FirstBoot } | null;
  optional: boolean;
  start: boolean;
}

export const newDraft = (name: string, image: string, pool: string): Draft => ({
  name,
  description: '',
  source: 'image',
  image,
  iso: '',
  volume: '',
  volumeFormat: '',
  template: '',
  os: 'linux',
  drivers: '',
  size: SIZES.small,
  pool,
  disks: [],
  nics: null,
  uefi: false,
  tpm: false,
  agent: true,
  order: null,
  boot: NO_FIRST_BOOT,
  given: null,
  optional: false,
  start: true,
});

/** Another kind of guest, and what suits it. */
export const withOs = (draft: Draft, os: Os): Draft =>
  os === draft.os ? draft : { ...draft, os, uefi: os === 'windows', tpm: os === 'windows', drivers: os === 'windows' ? draft.drivers : '' };

/** What an ISO of that name most likely installs. */
export const guessOs = (iso: string): Os =>
  /win(dows)?[-_. ]?(\d|server|srv)|windows/i.test(iso) && !/virtio/i.test(iso) ? 'windows' : 'linux';

/** What the page knows beside the draft. */
export interface World {
  nameTaken: boolean;
  minMemoryMib: number;
  imageBytes: number;
  /** The image reads first-boot data. */
  cloudInit: boolean;
  pools: readonly Pool[] | undefined;
}

/** First-boot data is for a fresh system: an image, or Windows' Setup. What a template gives is shown wherever it goes. */
export function hasFirstBoot({ os, source, given }: Draft, world: World): boolean {
  if (os === 'windows') return source === 'iso' || source === 'template';
  const gives = source === 'template' && given !== null && commonInput(given.boot, os).cloud_init !== undefined;
  return os === 'linux' && (gives || (world.cloudInit && (source === 'image' || source === 'template')));
}

/** Why there is no first boot to fill in; "" when there is one. */
export function whyNoFirstBoot(draft: Draft, world: World): string {
  const words = t.wizard.noBoot;
  if (hasFirstBoot(draft, world)) return '';
  if (draft.source === 'volume') return words.volume;
  if (draft.os === 'other') return words.other;
  if (draft.os === 'windows') return words.windows;
  if (draft.source === 'template' && draft.image === '') return words.template;
  return draft.source === 'iso' ? words.iso : words.image;
}

const GIB = 1024 ** 3;

/** The template leaves open what the VM begins with, or what it names is gone. */
export const asksSource = ({ source, given }: Draft) => source === 'template' && given !== null && !given.source;

/** What the source boots from when nobody says: an empty disk does not boot, and an installed one goes first. */
export const usedOrder = ({ order, iso, source }: Draft): readonly Boot[] =>
  order ?? (iso && (source === 'iso' || source === 'template') ? ['disk', 'cdrom'] : ['disk']);

/** What disks of @gib more in @pool mean; "" when they fit. Thin ones may be larger than the room there is, but not than the pool. */
export function poolProblem(pools: readonly Pool[] | undefined, name: string, gib: number): { text: string; stops: boolean } {
  const pool = pools?.find((one) => one.name === name);
  if (pool?.capacity_bytes != null && gib * GIB > pool.capacity_bytes)
    return { text: t.wizard.largerThanPool(bytes(pool.capacity_bytes), name), stops: true };
  if (!pool || pool.free_bytes == null || gib * GIB <= pool.free_bytes) return { text: '', stops: false };
  const room = bytes(pool.free_bytes);
  return pool.thin ? { text: t.wizard.tooLarge(room, name), stops: false } : { text: t.wizard.tooLargeThick(room, name), stops: true };
}

/** GiB that the draft asks of a pool. */
export const gibIn = (draft: Draft, pool: string) =>
  (draft.source !== 'volume' && draft.pool === pool ? draft.size.disk_gib : 0) +
  draft.disks.reduce((sum, disk) => sum + (disk.pool === pool ? disk.size_gib : 0), 0);

export type Problems = Partial<Record<'name' | 'source' | 'memory_mib' | 'disk_gib' | 'disks' | 'order' | 'boot', string>>;

/** What is wrong as far as the page can tell; the API has the last word. */
export function problemsOf(draft: Draft, world: World): Problems {
  const words = t.wizard;
  const problems: Problems = {};
  if (!limits.VmInput.name.pattern.test(draft.name)) problems.name = words.nameHelp;
  if (world.nameTaken) problems.name = words.nameTaken;
  if (!draft[draft.source] || (asksSource(draft) && !draft.image && !draft.iso)) problems.source = ' ';
  if (draft.size.memory_mib < world.minMemoryMib) problems.memory_mib = words.memoryTooSmall(mib(world.minMemoryMib));
  if ((draft.source === 'image' || draft.source === 'template') && draft.size.disk_gib * GIB < world.imageBytes)
    problems.disk_gib = words.diskTooSmall(bytes(world.imageBytes));
  const pools = new Set([draft.pool, ...draft.disks.map((disk) => disk.pool)]);
  const stops = [...pools].map((pool) => poolProblem(world.pools, pool, gibIn(draft, pool))).find((one) => one.stops);
  if (stops) problems.disks = stops.text;
  if (draft.order?.length === 0) problems.order = t.hardware.bootNone;
  if (hasFirstBoot(draft, world) && !firstBootOk(draft.boot, draft.os)) problems.boot = ' ';
  return problems;
}

const STEP_OF: Record<keyof Problems, StepId> = {
  name: 'source',
  source: 'source',
  memory_mib: 'size',
  disk_gib: 'size',
  disks: 'size',
  order: 'size',
  boot: 'boot',
};

/** Whether nothing is wrong in that step. */
export const stepOk = (problems: Problems, step: StepId) =>
  !(Object.keys(problems) as (keyof Problems)[]).some((field) => STEP_OF[field] === step);

const FIELDS_OF: Partial<Record<StepId, readonly Field[]>> = {
  source: ['name', 'description', 'image', 'iso', 'volume', 'format', 'template', 'os', 'cdroms', 'file'],
  size: [
    'vcpus',
    'memory_mib',
    'disk_gib',
    'size_gib',
    'pool',
    'disks',
    'nics',
    'network',
    'mac',
    'model',
    'bus',
    'uefi',
    'tpm',
    'agent',
    'boot',
  ],
  boot: [
    'cloud_init',
    'windows',
    'user',
    'password',
    'ssh_keys',
    'packages',
    'hostname',
    'user_data',
    'address',
    'gateway',
    'dns',
    'language',
    'time_zone',
    'product_key',
    'organization',
    'edition',
  ],
  gpu: ['devices', 'group', 'count', 'optional'],
};

/** Where the field that the API refused is. */
export function stepOfField(field: string): StepId | null {
  const first = /^[a-z_]+/.exec(field)?.[0];
  return (Object.keys(FIELDS_OF) as StepId[]).find((step) => FIELDS_OF[step]?.some((one) => one === first)) ?? null;
}

function sourceInput(draft: Draft): Partial<VmInput> {
  const { vcpus, memory_mib, disk_gib } = draft.size;
  const size = { vcpus, memory_mib };
  switch (draft.source) {
    case 'image':
      return { image: draft.image, ...size, disk_gib, pool: draft.pool };
    case 'iso':
      return { iso: draft.iso, ...size, disk_gib, pool: draft.pool, ...(draft.drivers && { cdroms: [{ file: draft.drivers }] }) };
    case 'template':
      return {
        template: draft.template,
        ...(asksSource(draft) && (draft.iso ? { iso: draft.iso } : { image: draft.image })),
        ...size,
        disk_gib,
        pool: draft.pool,
      };
    case 'volume': {
      const at = draft.volume.indexOf(':');
      const format = diskFormat(draft.volumeFormat);
      return { volume: { pool: draft.volume.slice(0, at), name: draft.volume.slice(at + 1), ...(format && { format }) }, ...size };
    }
  }
}

/** A template's devices stand as they are, with all that the wizard does not show, unless another choice was made. */
export function keepsDevices({ source, given, optional }: Draft, group: string): boolean {
  const first = given?.devices[0];
  return source === 'template' && given !== null && (first?.group ?? '') === group && (first?.optional ?? false) === optional;
}

/** What is sent. @group: of the GPU device; "" for none. */
export function vmInput(draft: Draft, world: World, group: string): VmInput {
  return {
    name: draft.name,
    ...(draft.description && { description: draft.description }),
    ...sourceInput(draft),
    os: draft.os,
    uefi: draft.uefi,
    tpm: draft.tpm,
    agent: draft.agent,
    ...(draft.order && { boot: draft.order }),
    // A template's list stands unless another is given.
    ...((draft.disks.length > 0 || draft.source === 'template') && { disks: draft.disks }),
    ...(draft.nics && { nics: draft.nics }),
    ...(hasFirstBoot(draft, world) &&
      (draft.source === 'template' && draft.given
        ? insteadOf(draft.given.boot, draft.boot, draft.os)
        : firstBootInput(draft.boot, draft.os))),
    ...(!keepsDevices(draft, group) && { devices: group ? [{ group, count: 1, optional: draft.optional }] : [] }),
    start: draft.start,
  };
}
