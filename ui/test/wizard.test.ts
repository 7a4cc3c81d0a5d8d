// SPDX-License-Identifier: Apache-2.0
// The VM wizard without a page: what is sent for each source, what the page refuses, what another choice takes along.
import { expect, test } from 'vitest';
import type { Pool } from '@/contract/types';
import { t } from '@/strings';
import {
  asksSource,
  gibIn,
  guessOs,
  hasFirstBoot,
  keepsDevices,
  newDraft,
  poolProblem,
  problemsOf,
  stepOfField,
  stepOk,
  usedOrder,
  vmInput,
  whyNoFirstBoot,
  withOs,
  type Draft,
  type World,
} from '@/widgets/vm-form/draft';
import { NO_FIRST_BOOT } from '@/widgets/vm-form/firstboot';

const GIB = 1024 ** 3;

function pool(name: string, more: Partial<Pool> = {}): Pool {
  const plain: Pool = {
    id: name,
    node: 'n',
    project: 'p',
    revision: 1,
    name,
    ours: true,
    kind: 'dir',
    good_for: '',
    state: 'running',
    path: `/${name}`,
    source: '',
    capacity_bytes: 100 * GIB,
    allocated_bytes: 60 * GIB,
    free_bytes: 40 * GIB,
    promised_bytes: 0,
    autostart: true,
    thin: true,
    default: name === 'facet',
    volumes: 0,
    warning: null,
  };
  return { ...plain, ...more };
}

const world = (more: Partial<World> = {}): World => ({
  nameTaken: false,
  minMemoryMib: 0,
  imageBytes: 0,
  cloudInit: true,
  pools: [pool('facet'), pool('fast', { thin: false })],
  ...more,
});
const draft = (more: Partial<Draft> = {}): Draft => ({ ...newDraft('db-1', 'debian', 'facet'), ...more });
const given = (more: Partial<NonNullable<Draft['given']>> = {}) => ({ source: true, devices: [], boot: NO_FIRST_BOOT, ...more });

const COMMON = { name: 'db-1', vcpus: 2, memory_mib: 2048, os: 'linux', uefi: false, tpm: false, agent: true, devices: [], start: true };

test('what every source sends', () => {
  expect(vmInput(draft(), world(), '')).toEqual({ ...COMMON, image: 'debian', disk_gib: 10, pool: 'facet' });
  expect(vmInput(draft({ source: 'iso', iso: 'netinst.iso' }), world(), '')).toEqual({
    ...COMMON,
    iso: 'netinst.iso',
    disk_gib: 10,
    pool: 'facet',
  });
  expect(vmInput(draft({ source: 'volume', volume: 'fast:old:disk' }), world(), '')).toEqual({
    ...COMMON,
    volume: { pool: 'fast', name: 'old:disk' },
  });
  expect(vmInput(draft({ source: 'template', template: 't1', given: given() }), world(), '')).toEqual({
    name: 'db-1',
    template: 't1',
    vcpus: 2,
    memory_mib: 2048,
    disk_gib: 10,
    pool: 'facet',
    os: 'linux',
    uefi: false,
    tpm: false,
    agent: true,
    disks: [],
    start: true,
  });
});

test('every further choice is sent as it was made', () => {
  const all = draft({
    description: 'the old one',
    uefi: true,
    tpm: true,
    agent: false,
    start: false,
    order: ['network', 'disk'],
    disks: [
      { pool: 'fast', size_gib: 7 },
      { pool: 'facet', size_gib: 8, bus: 'sata' },
    ],
    nics: [{ network: 'lan', model: 'e1000e', mac: '52:54:00:00:00:01' }, { network: 'dmz' }],
    boot: { ...NO_FIRST_BOOT, user: 'anna', password: 'p' },
    optional: true,
  });
  expect(vmInput(all, world(), 'group-1')).toEqual({
    ...COMMON,
    image: 'debian',
    disk_gib: 10,
    pool: 'facet',
    description: 'the old one',
    uefi: true,
    tpm: true,
    agent: false,
    start: false,
    boot: ['network', 'disk'],
    disks: [
      { pool: 'fast', size_gib: 7 },
      { pool: 'facet', size_gib: 8, bus: 'sata' },
    ],
    nics: [{ network: 'lan', model: 'e1000e', mac: '52:54:00:00:00:01' }, { network: 'dmz' }],
    cloud_init: { user: 'anna', password: 'p' },
    devices: [{ group: 'group-1', count: 1, optional: true }],
  });
  // No network is a choice; nothing said is none.
  expect(vmInput(draft({ nics: [] }), world(), '').nics).toEqual([]);
  expect(vmInput(draft(), world(), '')).not.toHaveProperty('nics');
});

test('Windows: the ISO, its drivers and the answers', () => {
  const windows = withOs(draft({ source: 'iso', iso: 'win11.iso' }), 'windows');
  const sent = vmInput({ ...windows, drivers: 'virtio-win.iso', boot: { ...NO_FIRST_BOOT, user: 'Anna', password: 'p' } }, world(), '');
  expect(sent).toMatchObject({
    iso: 'win11.iso',
    cdroms: [{ file: 'virtio-win.iso' }],
    os: 'windows',
    uefi: true,
    tpm: true,
    windows: { user: 'Anna', password: 'p' },
  });
  expect(sent).not.toHaveProperty('cloud_init');
  expect(vmInput(windows, world(), '')).not.toHaveProperty('windows');
});

test('another guest system brings what suits it, the same one changes nothing', () => {
  const own = draft({ uefi: true });
  expect(withOs(own, 'linux')).toBe(own);
  expect(withOs(own, 'windows')).toMatchObject({ os: 'windows', uefi: true, tpm: true });
  expect(withOs(draft({ os: 'windows', uefi: true, tpm: true, drivers: 'd.iso' }), 'other')).toMatchObject({
    uefi: false,
    tpm: false,
    drivers: '',
  });
  expect(['Win11_24H2.iso', 'windows-server.iso', 'de_windows_10.iso'].map(guessOs)).toEqual(['windows', 'windows', 'windows']);
  expect(['virtio-win-0.1.iso', 'debian-12.iso', 'darwin.iso', ''].map(guessOs)).toEqual(['linux', 'linux', 'linux', 'linux']);
});

test('where no first boot is asked for, the wizard says why', () => {
  const drafts = [draft(), draft({ source: 'volume' }), draft({ os: 'other' }), draft({ os: 'windows' }), draft({ source: 'iso' })];
  const said = drafts.map((one) => whyNoFirstBoot(one, world()));
  expect(said).toEqual(['', t.wizard.noBoot.volume, t.wizard.noBoot.other, t.wizard.noBoot.windows, t.wizard.noBoot.iso]);
  expect(whyNoFirstBoot(draft(), world({ cloudInit: false }))).toBe(t.wizard.noBoot.image);
});

test('first boot is asked for where somebody reads it', () => {
  expect(hasFirstBoot(draft(), world())).toBe(true);
  expect(hasFirstBoot(draft(), world({ cloudInit: false }))).toBe(false);
  expect(hasFirstBoot(draft({ source: 'iso' }), world())).toBe(false);
  expect(hasFirstBoot(draft({ source: 'volume' }), world())).toBe(false);
  expect(hasFirstBoot(draft({ os: 'windows' }), world())).toBe(false);
  expect(hasFirstBoot(draft({ source: 'iso', os: 'windows' }), world())).toBe(true);
  expect(hasFirstBoot(draft({ os: 'other' }), world())).toBe(false);
  // A template's data is shown though its image may not read it: its password is asked for here.
  const ops = { ...NO_FIRST_BOOT, user: 'ops' };
  expect(hasFirstBoot(draft({ source: 'template', given: given({ boot: ops }) }), world({ cloudInit: false }))).toBe(true);
  expect(hasFirstBoot(draft({ source: 'template', given: given() }), world({ cloudInit: false }))).toBe(false);
  // What was filled in for an image is kept, and not sent for a disk that has its users.
  const filled = draft({ boot: { ...NO_FIRST_BOOT, user: 'anna', password: 'p' }, source: 'volume', volume: 'facet:a' });
  expect(vmInput(filled, world(), '')).not.toHaveProperty('cloud_init');
});

test('what is booted from when nobody says', () => {
  expect(usedOrder(draft({ iso: 'a.iso' }))).toEqual(['disk']);
  expect(usedOrder(draft({ iso: 'a.iso', source: 'iso' }))).toEqual(['disk', 'cdrom']);
  expect(usedOrder(draft({ order: ['network'] }))).toEqual(['network']);
});

test('names, sizes and sources that cannot be are refused at their step', () => {
  expect(problemsOf(draft(), world())).toEqual({});
  for (const name of ['', '-a', 'a b', 'a/b', '<a>', 'ä', 'a'.repeat(64)])
    expect(problemsOf(draft({ name }), world())).toHaveProperty('name');
  expect(problemsOf(draft({ name: 'a'.repeat(63) }), world())).toEqual({});
  expect(problemsOf(draft(), world({ nameTaken: true }))).toHaveProperty('name');
  for (const source of ['image', 'iso', 'volume', 'template'] as const)
    expect(problemsOf(draft({ image: '', source }), world())).toHaveProperty('source');
  const small = problemsOf(draft(), world({ minMemoryMib: 4096, imageBytes: 11 * GIB }));
  expect(Object.keys(small).sort()).toEqual(['disk_gib', 'memory_mib']);
  expect(stepOk(small, 'source')).toBe(true);
  expect(stepOk(small, 'size')).toBe(false);
  expect(problemsOf(draft({ order: [] }), world())).toHaveProperty('order');
  expect(problemsOf(draft({ boot: { ...NO_FIRST_BOOT, user: 'anna' } }), world())).toHaveProperty('boot');
  expect(problemsOf(draft({ source: 'iso', iso: 'a.iso', boot: { ...NO_FIRST_BOOT, user: 'anna' } }), world())).toEqual({});
});

test('disks of one pool count together', () => {
  const disks = [
    { pool: 'facet', size_gib: 20 },
    { pool: 'fast', size_gib: 41 },
  ];
  expect(gibIn(draft({ disks }), 'facet')).toBe(30);
  expect(gibIn(draft({ disks, source: 'volume' }), 'facet')).toBe(20);
  // Thin: more than is free is only said, more than there is is refused; thick: more than is free is refused.
  expect(poolProblem(world().pools, 'facet', 41)).toMatchObject({ stops: false });
  expect(poolProblem(world().pools, 'facet', 41).text).not.toBe('');
  expect(poolProblem(world().pools, 'facet', 101)).toMatchObject({ stops: true });
  expect(poolProblem(world().pools, 'fast', 40)).toEqual({ text: '', stops: false });
  expect(poolProblem(world().pools, 'fast', 41)).toMatchObject({ stops: true });
  expect(poolProblem([pool('odd', { capacity_bytes: null, free_bytes: null })], 'odd', 1e6)).toEqual({ text: '', stops: false });
  expect(poolProblem(world().pools, 'gone', 1e6)).toEqual({ text: '', stops: false });
  expect(problemsOf(draft({ disks }), world())).toHaveProperty('disks');
  expect(problemsOf(draft({ disks: [{ pool: 'facet', size_gib: 91 }] }), world())).toHaveProperty('disks');
  expect(problemsOf(draft({ disks: [{ pool: 'facet', size_gib: 90 }] }), world())).toEqual({});
});

test('a refusal of the API leads to the step of its field', () => {
  const steps = {
    name: 'source',
    iso: 'source',
    'cdroms[1].file': 'source',
    file: 'source',
    'disks[1].size_gib': 'size',
    disk_gib: 'size',
    mac: 'size',
    boot: 'size',
    'cloud_init.user': 'boot',
    'windows.password': 'boot',
    devices: 'gpu',
    group: 'gpu',
  };
  for (const [field, step] of Object.entries(steps)) expect([field, stepOfField(field)]).toEqual([field, step]);
  expect(stepOfField('unheard_of')).toBe(null);
  expect(stepOfField('')).toBe(null);
});

test('a template’s devices stay as they are until another choice is made', () => {
  const three = [{ group: 'g1', count: 2, optional: true }, { group: 'g2' }];
  const from = draft({ source: 'template', template: 't', optional: true, given: given({ devices: three }) });
  expect(keepsDevices(from, 'g1')).toBe(true);
  expect(vmInput(from, world(), 'g1')).not.toHaveProperty('devices');
  expect(vmInput({ ...from, optional: false }, world(), 'g1').devices).toEqual([{ group: 'g1', count: 1, optional: false }]);
  expect(vmInput(from, world(), '').devices).toEqual([]);
  expect(keepsDevices({ ...from, source: 'image' }, 'g1')).toBe(false);
  // None given, none wanted: nothing is sent, and a device that is wanted is.
  const none = draft({ source: 'template', template: 't', given: given() });
  expect(vmInput(none, world(), '')).not.toHaveProperty('devices');
  expect(vmInput(none, world(), 'g1').devices).toHaveLength(1);
});

test('a template that leaves its source open asks for one', () => {
  const open = draft({ source: 'template', template: 't', image: '', given: given({ source: false }) });
  expect(asksSource(open)).toBe(true);
  expect(problemsOf(open, world())).toHaveProperty('source');
  expect(vmInput({ ...open, image: 'debian' }, world(), '')).toMatchObject({ template: 't', image: 'debian' });
  const iso = vmInput({ ...open, iso: 'a.iso' }, world(), '');
  expect(iso).toMatchObject({ iso: 'a.iso' });
  expect(iso).not.toHaveProperty('image');
  expect(problemsOf({ ...open, iso: 'a.iso' }, world())).toEqual({});
  expect(vmInput(draft({ source: 'template', template: 't', image: 'debian', given: given() }), world(), '')).not.toHaveProperty('image');
});

test('first-boot data in place of a template’s: what was emptied goes', () => {
  const had = { ...NO_FIRST_BOOT, user: 'ops', packages: 'vim', agent: true, hostname: 'h' };
  const from = (boot: Partial<typeof had>, os: Draft['os'] = 'linux', old = had) => {
    const { cloud_init, windows } = vmInput(
      draft({ source: 'template', template: 't', os, boot: { ...old, ...boot }, given: given({ boot: old }) }),
      world(),
      '',
    );
    return { cloud_init, windows };
  };
  expect(from({ password: 'p' }).cloud_init).toEqual({ user: 'ops', password: 'p', packages: ['vim', 'qemu-guest-agent'], hostname: 'h' });
  expect(from({ password: 'p', packages: '', agent: false, hostname: '' }).cloud_init).toEqual({
    user: 'ops',
    password: 'p',
    packages: null,
    hostname: null,
  });
  expect(from({ userData: '#!/bin/sh' }).cloud_init).toEqual({ user: null, packages: null, hostname: 'h', user_data: '#!/bin/sh' });
  expect(from(NO_FIRST_BOOT).cloud_init).toBe(null);
  const windows = { ...NO_FIRST_BOOT, language: 'de-DE', edition: 'Pro' };
  expect(from({ user: 'Anna', password: 'p', edition: '' }, 'windows', windows).windows).toEqual({
    user: 'Anna',
    password: 'p',
    language: 'de-DE',
    edition: null,
  });
  expect(from({}, 'windows', windows).windows).toBe(null);
  expect(from({ user: 'anna', password: 'p' }, 'linux', NO_FIRST_BOOT).cloud_init).toEqual({ user: 'anna', password: 'p' });
});
