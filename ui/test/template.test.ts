// SPDX-License-Identifier: Apache-2.0
// A template in the wizard, and in its own form: nothing that it keeps is lost, and nothing of an earlier choice stays.
import { expect, test } from 'vitest';
import type { Template } from '@/contract/types';
import { inputOf, templateDraft, templateInput, templateProblems, type TemplateVm } from '@/pages/templates/input';
import { newDraft, vmInput, type World } from '@/widgets/vm-form/draft';
import { NO_FIRST_BOOT } from '@/widgets/vm-form/firstboot';
import { fromTemplate } from '@/widgets/vm-form/template';

const template = (input: TemplateVm, problems: Template['problems'] = []): Template => ({
  id: 't1',
  node: 'n',
  project: 'p',
  revision: 1,
  name: 'web',
  description: '',
  input: { ...input },
  problems,
  created_ms: 0,
});
const world: World = { nameTaken: false, minMemoryMib: 0, imageBytes: 0, cloudInit: true, pools: undefined };
const plain = newDraft('web-1', 'debian', 'facet');

const FULL: TemplateVm = {
  description: 'of the VM',
  image: 'debian',
  vcpus: 4,
  memory_mib: 8192,
  disk_gib: 40,
  pool: 'fast',
  os: 'linux',
  uefi: true,
  tpm: true,
  agent: false,
  boot: ['network', 'disk'],
  disks: [
    { pool: 'facet', size_gib: 7, bus: 'sata' },
    { pool: 'fast', size_gib: 9 },
  ],
  nics: [{ network: 'lan', model: 'e1000e' }, { network: 'dmz' }],
  devices: [{ group: 'g1', count: 2, optional: true }, { group: 'g2' }],
  cdroms: [{ file: 'tools.iso' }],
  autostart: { enabled: true, order: 5, delay_s: 10 },
  cloud_init: {
    user: 'ops',
    ssh_keys: ['ssh-ed25519 AAAA ops@x'],
    packages: ['vim', 'qemu-guest-agent'],
    hostname: 'web',
    network: { address: '10.0.0.5/24', gateway: '10.0.0.1', dns: ['10.0.0.2'] },
  },
};

const WINDOWS: TemplateVm = {
  iso: 'win11.iso',
  vcpus: 4,
  memory_mib: 8192,
  disk_gib: 80,
  pool: 'facet',
  os: 'windows',
  uefi: true,
  tpm: true,
  agent: true,
  windows: { user: 'Anna', language: 'de-DE', time_zone: 'W. Europe Standard Time', organization: 'Facet', edition: 'Windows 11 Pro' },
};

test('the form gives back every field that a template holds', () => {
  for (const input of [FULL, WINDOWS]) {
    const one = template(input);
    expect(templateInput(templateDraft(one, 'facet'), inputOf(one))).toEqual(input);
  }
  const own = template({ ...FULL, cloud_init: { hostname: 'h', user_data: '#!/bin/sh' } });
  expect(templateInput(templateDraft(own, 'facet'), inputOf(own))).toEqual(inputOf(own));
});

test('the form sends what was changed, and takes away what was emptied', () => {
  const one = template(FULL);
  const { draft } = templateDraft(one, 'facet');
  const sent = templateInput(
    {
      draft: {
        ...draft,
        image: '',
        iso: 'a.iso',
        os: 'other',
        order: null,
        disks: [],
        nics: null,
        size: { vcpus: 1, memory_mib: 512, disk_gib: 2 },
      },
      devices: [],
    },
    inputOf(one),
  );
  expect(sent).toEqual({
    description: 'of the VM',
    cdroms: FULL.cdroms,
    autostart: FULL.autostart,
    iso: 'a.iso',
    vcpus: 1,
    memory_mib: 512,
    disk_gib: 2,
    pool: 'fast',
    os: 'other',
    uefi: true,
    tpm: true,
    agent: false,
  });
});

test('a new template begins with what the wizard begins with, and keeps no secret', () => {
  const made = templateDraft(undefined, 'facet');
  expect(templateInput(made, {})).toEqual({
    vcpus: 2,
    memory_mib: 2048,
    disk_gib: 10,
    pool: 'facet',
    os: 'linux',
    uefi: false,
    tpm: false,
    agent: true,
  });
  const secret = { ...NO_FIRST_BOOT, user: 'Anna', password: 'p', productKey: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE' };
  for (const os of ['linux', 'windows'] as const) {
    const text = JSON.stringify(templateInput({ ...made, draft: { ...made.draft, os, boot: secret } }, {}));
    expect(text).toContain('Anna');
    expect(text).not.toMatch(/password|AAAAA/);
  }
  expect(templateInput({ ...made, draft: { ...made.draft, iso: 'a.iso', boot: secret } }, {})).not.toHaveProperty('cloud_init');
});

test('what cannot be saved', () => {
  const made = templateDraft(undefined, 'facet');
  expect(templateProblems(made, undefined)).toEqual({ pool: '', order: false, boot: false });
  const user = { ...NO_FIRST_BOOT, user: 'anna' };
  expect(templateProblems({ ...made, draft: { ...made.draft, boot: user } }, undefined).boot).toBe(false);
  expect(templateProblems({ ...made, draft: { ...made.draft, boot: { ...user, user: 'Anna B' }, order: [] } }, undefined)).toMatchObject({
    order: true,
    boot: true,
  });
});

test('the wizard shows what the template says and sends only what differs of devices', () => {
  const { draft, group } = fromTemplate(plain, template(FULL));
  expect(group).toBe('g1');
  expect(draft).toMatchObject({
    source: 'template',
    template: 't1',
    size: { vcpus: 4, memory_mib: 8192, disk_gib: 40 },
    pool: 'fast',
    uefi: true,
    tpm: true,
    agent: false,
    order: ['network', 'disk'],
    optional: true,
  });
  const sent = vmInput(draft, world, group);
  expect(sent).toMatchObject({ template: 't1', disks: FULL.disks, nics: FULL.nics, boot: ['network', 'disk'], description: 'of the VM' });
  expect(sent).not.toHaveProperty('devices');
  expect(sent).not.toHaveProperty('image');
});

test('another template leaves nothing of the one before', () => {
  const first = fromTemplate(plain, template(WINDOWS)).draft;
  const second = fromTemplate(first, template({ image: 'debian' })).draft;
  expect(second).toMatchObject({
    os: 'linux',
    uefi: false,
    tpm: false,
    iso: '',
    image: 'debian',
    order: null,
    disks: [],
    nics: null,
    boot: NO_FIRST_BOOT,
    description: '',
  });
  expect(second.name).toBe('web-1');
  // Windows has its firmware and TPM when the template says nothing of them.
  expect(fromTemplate(plain, template({ iso: 'w.iso', os: 'windows' })).draft).toMatchObject({ uefi: true, tpm: true });
});

test('a source that the template lacks or that is gone is asked for', () => {
  expect(fromTemplate(plain, template({})).draft).toMatchObject({ image: '', iso: '', given: { source: false } });
  expect(fromTemplate(plain, template(FULL)).draft.given?.source).toBe(true);
  const gone = fromTemplate(plain, template(FULL, [{ field: 'image', sentence: 'The image “debian” is gone.' }])).draft;
  expect(gone).toMatchObject({ image: '', given: { source: false } });
  // The form shows it all the same, so that it is seen and changed.
  expect(templateDraft(template(FULL, [{ field: 'image', sentence: '' }]), 'facet').draft.image).toBe('debian');
});
