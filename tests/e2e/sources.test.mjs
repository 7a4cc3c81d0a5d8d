// SPDX-License-Identifier: Apache-2.0
// What the wizard makes a VM of, beside an image: an installer's ISO under UEFI, which the guest's firmware finds in its drive; a disk
// that is there and stays; a template; Windows' Setup with its answers. What the review says is what libvirt then has.
import { mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { axe, login, newPage, patience, picture } from './lib.mjs';

export const host = 'small';

const LONG_S = 300 * patience; // a guest without KVM on a busy machine; a bound, not a demand
// The library is shared by all instances of ./dev run.
const linux = `netinst-${process.pid}.iso`;
const windows = `Win11-${process.pid}.iso`;
const drivers = `virtio-win-${process.pid}.iso`;

/** All that the console of the page is sent from here on; the screen shows it for a moment only. */
function heard(page) {
  const said = { text: '' };
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      said.text += Buffer.from(payload).toString('latin1');
    }),
  );
  return said;
}

const get = async (page, what) => (await page.request.get(`/api/v1/${what}`)).json();

async function until(page, look, what) {
  const end = Date.now() + LONG_S * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await page.waitForTimeout(300);
  }
}

async function api(page, instance, method, where, data, headers = {}) {
  const answer = await page.request.fetch(`/api/v1/${where}`, { method, data, headers: { Origin: instance.url, ...headers } });
  const text = await answer.text();
  if (!answer.ok()) throw new Error(`${method} ${where}: ${answer.status()} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** The wizard with its name filled in and a source chosen. */
async function wizard(browser, instance, name, source, options) {
  const page = await newPage(browser, instance, options);
  await login(page, instance);
  await page.goto('/vms/create');
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('radio', { name: source, exact: true }).check();
  return page;
}

const next = (page) => page.getByRole('button', { name: 'Next' }).click();
const review = (page) => page.getByRole('button', { name: 'Review', exact: true }).last().click();
/** What the review says of @term. */
const fact = (page, term) =>
  page
    .locator('dl > div', { has: page.getByText(term, { exact: true }) })
    .locator('dd')
    .innerText();

/** Presses Create and waits for the VM's making to end. */
async function create(page, assert) {
  const makings = async () => (await get(page, 'tasks?limit=50')).items.filter((one) => one.kind === 'vm.create');
  const before = (await makings()).map(({ id }) => id);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.waitForURL(/\/vms$/);
  const task = await until(page, async () => (await makings()).find((one) => !before.includes(one.id) && one.ended_ms), 'the VM is made');
  assert.equal(task.state, 'done', JSON.stringify(task));
}

async function prepare({ instance, browser }) {
  const page = await newPage(browser, instance);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'facet-sources-'));
  await login(page, instance);
  await page.goto('/storage/files');
  try {
    for (const name of [linux, windows, drivers]) {
      const file = await open(path.join(folder, name), 'w');
      await file.truncate(1024 * 1024);
      await file.write(Buffer.from('CD001'), 0, 5, 0x8001);
      await file.close();
      await instance.facet('file', 'upload', path.join(folder, name));
    }
    await instance.facet('volume', 'create', 'facet:kept.qcow2', '--size', '1');
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function fromIso({ instance, browser, assert }) {
  const page = await wizard(browser, instance, 'iso-1', 'ISO');
  await page.getByRole('radio', { name: linux }).check();
  assert.equal(await page.getByLabel('Guest system').inputValue(), 'linux');
  await picture(page, 'wizard-iso-source');
  assert.deepEqual(await axe(page), []);
  await next(page);
  await page.getByRole('spinbutton', { name: 'Memory (GiB)' }).fill('0.5');
  await page.getByRole('spinbutton', { name: 'Disk (GiB)' }).fill('1');
  await page.getByRole('button', { name: /^More: disks, network, firmware/ }).click();
  for (const [at, size] of [
    [2, '2'],
    [3, '3'],
  ]) {
    await page.getByRole('button', { name: 'Add a disk' }).click();
    await page
      .getByRole('group', { name: `Disk ${at}` })
      .getByRole('spinbutton', { name: 'Disk (GiB)' })
      .fill(size);
  }
  await page.getByRole('button', { name: 'Add a network interface' }).click();
  await page.getByRole('group', { name: 'Network interface 2' }).getByLabel('Model').selectOption('e1000e');
  const order = page.getByRole('list', { name: 'Boot order' });
  assert.deepEqual(
    await Promise.all(['Disk', 'CD drive', 'Network'].map((name) => order.getByRole('checkbox', { name, exact: true }).isChecked())),
    [true, true, false],
  );
  await page.getByRole('radio', { name: 'UEFI' }).check();
  await page.getByRole('checkbox', { name: 'Give it a TPM 2.0' }).check();
  await picture(page, 'wizard-iso-size');
  assert.deepEqual(await axe(page), []);
  await review(page);
  await page.getByText('CD drives', { exact: true }).waitFor();
  assert.equal(await fact(page, 'CD drives'), linux);
  assert.equal(await fact(page, 'Boot order'), 'Disk, CD drive');
  assert.equal(await fact(page, 'Firmware'), 'UEFI, TPM 2.0');
  assert.equal(await fact(page, 'Disks'), '1 GiB facet, 2 GiB facet, 3 GiB facet');
  await picture(page, 'wizard-iso-review');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('checkbox', { name: 'Start it when it is made' }).uncheck();
  await create(page, assert);
  const vm = await get(page, 'vms/iso-1');
  assert.deepEqual(
    vm.disks.map(({ target, size_gib }) => [target, size_gib]),
    [
      ['vda', 1],
      ['vdb', 2],
      ['vdc', 3],
    ],
  );
  assert.deepEqual([vm.uefi, vm.tpm, vm.boot, vm.cdroms.map(({ file }) => file)], [true, true, ['disk', 'cdrom'], [linux]]);
  assert.deepEqual(
    vm.nics.map(({ model }) => model),
    ['virtio', 'e1000e'],
  );
  // The firmware looks into the drive, after the disks, which are empty: it says so on the serial line.
  const console = heard(page);
  await page.goto(`/vms/${vm.id}/console`);
  await page.getByRole('button', { name: 'Start', exact: true }).first().click();
  // Where the guest is quick it has said so before anybody listened: it begins anew.
  await page.getByText('Connected', { exact: true }).waitFor({ timeout: LONG_S * 1000 });
  await until(page, async () => (await get(page, 'tasks?limit=20')).items.every((one) => one.ended_ms), 'its start has ended');
  await api(page, instance, 'POST', `vms/${vm.id}/reboot`, { force: true });
  await until(page, async () => /DVD-ROM/.test(console.text), 'the firmware tries the CD');
  const xml = await instance.virsh('dumpxml', vm.id);
  assert.match(xml, /<loader[^>]*type='pflash'/);
  assert.match(xml, /<tpm model='tpm-crb'>|<tpm model='tpm-tis'>/);
  assert.match(xml, new RegExp(`<source file='[^']*${linux}'`));
  assert.equal((xml.match(/<interface /g) ?? []).length, 2);
  assert.equal((xml.match(/device='disk'/g) ?? []).length, 3);
  await page.goto(`/vms/${vm.id}/hardware`);
  await page.getByRole('region', { name: 'CD drives' }).getByText(linux).waitFor();
  await picture(page, 'sources-iso-hardware');
  await api(page, instance, 'POST', `vms/${vm.id}/stop`, { force: true });
  assert.deepEqual(page.faults, []);
}

async function fromVolume({ instance, browser, assert }) {
  const page = await wizard(browser, instance, 'vol-1', 'Existing disk', { dark: true, width: 1024 });
  await page.getByRole('radio', { name: 'kept.qcow2' }).check();
  await picture(page, 'wizard-volume-source-1024-dark');
  await next(page);
  assert.equal(await page.getByRole('spinbutton', { name: 'Disk (GiB)' }).count(), 0, 'it has its size');
  await page.getByRole('spinbutton', { name: 'Memory (GiB)' }).fill('0.25');
  await picture(page, 'wizard-volume-size-1024-dark');
  await review(page);
  await page.getByText('Existing disk', { exact: true }).waitFor();
  assert.equal(await fact(page, 'Disks'), 'kept.qcow2');
  await picture(page, 'wizard-volume-review-1024-dark');
  assert.deepEqual(await axe(page), []);
  await create(page, assert);
  const vm = await get(page, 'vms/vol-1');
  assert.equal(vm.state, 'running');
  assert.deepEqual(
    vm.disks.map(({ volume, made }) => [volume, made]),
    [['kept.qcow2', false]],
  );
  await api(page, instance, 'POST', `vms/${vm.id}/stop`, { force: true });
  await until(page, async () => (await get(page, `vms/${vm.id}`)).state === 'off', 'it is off');
  // Deleting the VM leaves what was not made for it.
  await page.goto(`/vms/${vm.id}`);
  await page.getByRole('button', { name: 'More actions', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('kept.qcow2 stays.').waitFor();
  await picture(page, 'sources-volume-delete-1024-dark');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await until(page, async () => (await page.request.get(`/api/v1/vms/${vm.id}`)).status() === 404, 'the VM is gone');
  const kept = (await get(page, 'volumes?pool=facet')).items.find((one) => one.name === 'kept.qcow2');
  assert.deepEqual(kept?.used_by, []);
  assert.deepEqual(page.faults, []);
}

async function fromTemplate({ instance, browser, assert }) {
  const plain = await newPage(browser, instance);
  await login(plain, instance);
  const [image] = (await get(plain, 'images')).items;
  const input = {
    vcpus: 1,
    memory_mib: 256,
    disk_gib: 1,
    disks: [{ size_gib: 1, bus: 'sata' }],
    nics: [{ network: 'facet', model: 'e1000e' }],
    boot: ['network', 'disk'],
    cloud_init: { user: 'ops', packages: ['vim'] },
  };
  await api(plain, instance, 'POST', 'templates', { name: 'web', description: 'Small web servers', input: { ...input, image: image.id } });
  await api(plain, instance, 'POST', 'templates', { name: 'open', description: 'Any image', input: { vcpus: 1, memory_mib: 256 } });
  const page = await wizard(browser, instance, 'tpl-1', 'Template', { width: 1024 });
  // One that leaves its source open asks for it, and goes on when it has one.
  await page.getByRole('radio', { name: 'open' }).check();
  const begin = page.getByLabel('Image or ISO');
  await begin.waitFor();
  assert.ok(await page.getByRole('button', { name: 'Next' }).isDisabled());
  await picture(page, 'wizard-template-open-1024');
  assert.deepEqual(await axe(page), []);
  await begin.selectOption(`image:${image.id}`);
  assert.ok(await page.getByRole('button', { name: 'Next' }).isEnabled());
  await page.getByRole('radio', { name: 'web' }).check();
  await begin.waitFor({ state: 'detached' });
  await picture(page, 'wizard-template-source-1024');
  await next(page);
  assert.equal(await page.getByRole('spinbutton', { name: 'Memory (GiB)' }).inputValue(), '0.25');
  await page.getByRole('button', { name: /^More: disks, network, firmware/ }).click();
  assert.equal(await page.getByRole('group', { name: 'Disk 2' }).getByRole('spinbutton').inputValue(), '1');
  await picture(page, 'wizard-template-size-1024');
  assert.deepEqual(await axe(page), []);
  await next(page);
  // The password that no template holds; and a package that this VM shall not have.
  assert.equal(await page.getByRole('textbox', { name: 'User', exact: true }).inputValue(), 'ops');
  await page.locator('#boot-password').fill('wintergreen 7');
  await page.getByRole('button', { name: 'Host name and packages' }).click();
  await page.getByRole('textbox', { name: 'Packages' }).fill('');
  await picture(page, 'wizard-template-boot-1024');
  await review(page);
  await page.getByText('User ops').waitFor();
  assert.equal(await fact(page, 'Boot order'), 'Network, Disk');
  assert.equal(await fact(page, 'Disks'), '1 GiB facet, 1 GiB facet');
  await picture(page, 'wizard-template-review-1024');
  await page.getByRole('checkbox', { name: 'Start it when it is made' }).uncheck();
  await create(page, assert);
  const vm = await get(page, 'vms/tpl-1');
  assert.deepEqual([vm.vcpus, vm.memory_mib, vm.boot, vm.nics[0].model], [1, 256, ['network', 'disk'], 'e1000e']);
  assert.deepEqual(
    vm.disks.filter(({ kind }) => kind === 'disk').map(({ bus }) => bus),
    ['virtio', 'sata'],
  );
  assert.deepEqual([vm.cloud_init.user, vm.cloud_init.packages, vm.cloud_init.has_password], ['ops', [], true]);
  await page.goto(`/vms/${vm.id}`);
  await page.getByText('1 vCPU · 256 MiB').waitFor();
  assert.deepEqual([...plain.faults, ...page.faults], []);
}

async function windowsSetup({ instance, browser, assert }) {
  const page = await wizard(browser, instance, 'win-1', 'ISO', { dark: true });
  await page.getByRole('radio', { name: windows }).check();
  assert.equal(await page.getByLabel('Guest system').inputValue(), 'windows');
  await page.getByLabel('Disc with drivers').selectOption({ label: drivers });
  await picture(page, 'wizard-windows-source-dark');
  assert.deepEqual(await axe(page), []);
  await next(page);
  await page.getByRole('spinbutton', { name: 'Disk (GiB)' }).fill('2');
  await next(page);
  await page.getByRole('textbox', { name: 'User', exact: true }).fill('Anna');
  assert.ok(await page.getByRole('button', { name: 'Next' }).isDisabled(), 'the administrator needs a password');
  await page.locator('#boot-password').fill('wintergreen 7');
  await page.getByRole('button', { name: 'Language, edition and key' }).click();
  await page.getByRole('textbox', { name: 'Language' }).fill('de-DE');
  await picture(page, 'wizard-windows-boot-dark');
  assert.deepEqual(await axe(page), []);
  await review(page);
  await page.getByText('Setup runs by itself, user Anna').waitFor();
  assert.equal(await fact(page, 'CD drives'), `${windows}, ${drivers}, Answers for Setup`);
  assert.equal(await fact(page, 'Firmware'), 'UEFI, TPM 2.0');
  await picture(page, 'wizard-windows-review-dark');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('checkbox', { name: 'Start it when it is made' }).uncheck();
  await create(page, assert);
  const vm = await get(page, 'vms/win-1');
  assert.deepEqual([vm.os, vm.uefi, vm.tpm, vm.windows.user, vm.windows.language], ['windows', true, true, 'Anna', 'de-DE']);
  assert.deepEqual(
    vm.disks.filter(({ kind }) => kind === 'disk').map(({ bus }) => bus),
    ['sata'],
  );
  assert.deepEqual(
    vm.nics.map(({ model }) => model),
    ['e1000e'],
    'a card that it has a driver for',
  );
  assert.ok(!JSON.stringify(vm).includes('wintergreen'));
  const xml = await instance.virsh('dumpxml', vm.id);
  for (const file of [windows, drivers, 'win-1-seed.iso']) assert.match(xml, new RegExp(`${file}'`), xml);
  assert.equal((xml.match(/device='cdrom'/g) ?? []).length, 3);
  await page.goto(`/vms/${vm.id}/hardware`);
  await page.getByRole('region', { name: 'CD drives' }).getByText(drivers).waitFor();
  await picture(page, 'sources-windows-hardware-dark');
  assert.deepEqual(page.faults, []);
}

async function tidy({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  for (const name of ['iso-1', 'tpl-1', 'win-1']) {
    await until(page, async () => (await get(page, `vms/${name}`)).state === 'off', `${name} is off`);
    await api(page, instance, 'DELETE', `vms/${name}`, undefined, { 'If-Match': '*' });
    await until(page, async () => (await page.request.get(`/api/v1/vms/${name}`)).status() === 404, `${name} is gone`);
  }
  const left = (await get(page, 'volumes?pool=facet')).items.map(({ name }) => name);
  assert.deepEqual(left, ['kept.qcow2']);
  for (const name of [linux, windows, drivers]) await api(page, instance, 'DELETE', `files/${name}`);
}

export const tests = [
  ['three ISOs and a disk are there', prepare],
  ['from an ISO: UEFI, TPM, three disks, two NICs; the guest’s firmware finds the CD', fromIso],
  ['from a disk that is there, which stays when the VM goes', fromVolume],
  ['from a template, and from one that leaves its source open', fromTemplate],
  ['Windows’ Setup with drivers and answers', windowsSetup],
  ['all goes but the disk that was there', tidy],
];
