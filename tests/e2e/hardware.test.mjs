// SPDX-License-Identifier: Apache-2.0
// What a VM is made of, seen and changed on its page: each edit says when it takes effect, a refusal stands at its field, and what
// waits for the next start is on show.
import { mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { axe, login, newPage, patience, picture } from './lib.mjs';

export const host = 'small';

const name = 'hw-1';
// The library is shared by all instances of ./dev run.
const discs = [`first-${process.pid}.iso`, `second-${process.pid}.iso`];
let removed = ''; // the volume of the disk that was taken away
const LONG_S = 180 * patience;

async function until(page, look, what) {
  const end = Date.now() + LONG_S * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await page.waitForTimeout(250);
  }
}

const vmOf = async (page) => {
  const answer = await page.request.get(`/api/v1/vms/${name}`);
  return answer.ok() ? answer.json() : null;
};
const post = (page, instance, path, data) => page.request.post(`/api/v1/${path}`, { headers: { Origin: instance.url }, data });

async function hardwareOf(browser, instance, options) {
  const page = await newPage(browser, instance, options);
  await login(page, instance);
  await page.goto(`/vms/${(await vmOf(page)).id}/hardware`);
  await page.getByRole('region', { name: 'Processor and memory' }).waitFor();
  return page;
}

/** Two files that say that they are ISOs. */
async function isos(instance) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'facet-media-'));
  for (const disc of discs) {
    const file = await open(path.join(folder, disc), 'w');
    await file.truncate(1024 * 1024);
    await file.write(Buffer.from('CD001'), 0, 5, 0x8001);
    await file.close();
    await instance.facet('file', 'upload', path.join(folder, disc));
  }
  await rm(folder, { recursive: true });
}

async function prepare({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  const images = (await (await page.request.get('/api/v1/images')).json()).items;
  const made = await post(page, instance, 'vms', { name, image: images[0].id, memory_mib: 256, disk_gib: 1 });
  assert.equal(made.status(), 202, await made.text());
  await until(page, async () => (await vmOf(page))?.state === 'off', 'the VM is made');
}

async function whileOff({ instance, browser, assert }) {
  const page = await hardwareOf(browser, instance);
  await picture(page, 'hardware');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('button', { name: 'Edit processor and memory' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The VM is off. The change takes effect when it starts.').waitFor();
  await dialog.getByRole('spinbutton', { name: 'vCPUs' }).fill('2');
  await picture(page, 'hardware-size');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await vmOf(page)).vcpus, 2);

  // Boot order by keyboard.
  await page.getByRole('button', { name: 'Edit start and firmware' }).click();
  await dialog.getByRole('checkbox', { name: 'Network' }).check();
  await dialog.getByRole('button', { name: 'Network: earlier' }).focus();
  await page.keyboard.press('Enter');
  await picture(page, 'hardware-start');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  const { boot } = await vmOf(page);
  assert.ok(boot.indexOf('network') === boot.length - 2, boot.join());

  await page.getByRole('button', { name: 'Start with the host' }).click();
  await dialog.getByText('It takes effect at once.').waitFor();
  await dialog.getByRole('checkbox', { name: 'Start this VM when the host starts' }).check();
  await dialog.getByRole('spinbutton', { name: 'Order' }).fill('7');
  await picture(page, 'hardware-autostart');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Yes, place 7').waitFor();
  assert.deepEqual(page.faults, []);
}

async function nics({ instance, browser, assert }) {
  const page = await hardwareOf(browser, instance, { dark: true });
  const before = (await vmOf(page)).nics.length;
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Add network interface' }).click();
  await dialog.getByRole('textbox', { name: 'MAC address' }).fill('52:54:00:zz:00:01');
  await dialog.getByRole('button', { name: 'Add' }).click();
  // The API refuses it, and what it says stands at the field.
  await until(
    page,
    () => dialog.getByRole('textbox', { name: 'MAC address' }).evaluate((field) => field.getAttribute('aria-invalid') === 'true'),
    'the field is marked',
  );
  await picture(page, 'hardware-nic-refused-dark');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('textbox', { name: 'MAC address' }).fill('52:54:00:00:77:01');
  await dialog.getByLabel('Model').selectOption('e1000e');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await dialog.waitFor({ state: 'detached' });
  let vm = await vmOf(page);
  assert.equal(vm.nics.length, before + 1);
  assert.deepEqual([vm.nics[before].mac, vm.nics[before].model], ['52:54:00:00:77:01', 'e1000e']);
  await page.getByRole('button', { name: `Remove network interface ${before + 1}` }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await dialog.waitFor({ state: 'detached' });
  vm = await vmOf(page);
  assert.equal(vm.nics.length, before);
  assert.deepEqual(page.faults, []);
}

async function whileRunning({ instance, browser, assert }) {
  const page = await hardwareOf(browser, instance);
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await until(page, async () => (await vmOf(page)).state === 'running', 'the VM runs');
  await page.getByRole('button', { name: 'Shut down' }).waitFor();
  await page.getByRole('button', { name: 'Edit processor and memory' }).click();
  await dialog.getByText('The change takes effect at its next start').waitFor();
  await dialog.getByRole('spinbutton', { name: 'vCPUs' }).fill('1');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('At the next start').waitFor();
  await picture(page, 'hardware-pending');
  assert.deepEqual(await axe(page), []);
  assert.ok((await vmOf(page)).pending_changes.length > 0);
  assert.deepEqual(page.faults, []);
}

async function disks({ instance, browser, assert }) {
  const page = await hardwareOf(browser, instance);
  const dialog = page.getByRole('dialog');
  const rows = page.getByRole('region', { name: 'Disks' });
  await page.getByRole('button', { name: 'Add disk' }).click();
  await dialog.getByText(/are free in facet/).waitFor();
  await dialog.getByRole('spinbutton', { name: 'Size (GiB)' }).fill('2');
  await picture(page, 'hardware-disk');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Add' }).click();
  // It runs: the disk is there without a restart.
  await until(page, async () => (await vmOf(page)).disks.length === 2, 'the disk is there');
  await rows.getByText('vdb').waitFor();
  const added = (await vmOf(page)).disks.find((disk) => disk.target === 'vdb');
  assert.equal(added.size_gib, 2);
  await until(
    page,
    async () => (await page.request.get('/api/v1/tasks?limit=1')).json().then(({ items }) => items[0].state === 'done'),
    'the task ends',
  );
  await page.getByRole('button', { name: 'Grow disk vdb' }).click();
  await dialog.getByRole('spinbutton', { name: 'Size (GiB)' }).fill('3');
  await dialog.getByRole('button', { name: 'Grow' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await vmOf(page)).disks.find((disk) => disk.target === 'vdb').size_gib, 3);
  await picture(page, 'hardware-disks');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('button', { name: 'Remove disk vdb' }).click();
  await dialog.getByRole('radio', { name: 'Keep the data' }).waitFor();
  await picture(page, 'hardware-disk-remove');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Remove' }).click();
  // The demonstration guest does not let go of it: then it goes with the next start, and the page says so.
  await until(
    page,
    async () => {
      const vm = await vmOf(page);
      return vm.disks.length === 1 || vm.pending_changes.some((line) => line.includes('vdb'));
    },
    'the disk goes',
  );
  removed = added.volume;
  await until(
    page,
    async () =>
      (await page.request.get('/api/v1/tasks?limit=1'))
        .json()
        .then(({ items }) => items[0].kind === 'vm.disk' && items[0].state === 'done'),
    'the task ends',
  );
  assert.deepEqual(page.faults, []);
}

// A medium is changed at once, whether the VM runs or not; libvirt has it where the page says so.
async function media({ instance, browser, assert }) {
  const page = await hardwareOf(browser, instance);
  const dialog = page.getByRole('dialog');
  const drives = page.getByRole('region', { name: 'CD drives' });
  const files = async () => (await vmOf(page)).cdroms.map((drive) => drive.file);
  const change = async (medium) => {
    await page.getByRole('button', { name: 'Change medium: CD drive sda' }).click();
    await dialog.getByText('It takes effect at once.').waitFor();
    await dialog.getByLabel('Medium', { exact: true }).selectOption(medium);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  try {
    await isos(instance);
    await drives.getByText('This VM has no CD drive.').waitFor();
    await drives.getByRole('button', { name: 'Add CD drive' }).click();
    await dialog.getByText('The VM is off. The change takes effect when it starts.').waitFor();
    await dialog.getByLabel('Medium', { exact: true }).selectOption('');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await drives.getByText('Empty').waitFor();
    // Off.
    await change(discs[0]);
    await drives.getByText(discs[0]).waitFor();
    assert.deepEqual(await files(), [discs[0]]);
    assert.match(await instance.virsh('dumpxml', (await vmOf(page)).id), new RegExp(`<source file='[^']*${discs[0]}'`));
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await until(page, async () => (await vmOf(page)).state === 'running', 'the VM runs');
    // Running: another, out, and in again; by keyboard too.
    await change(discs[1]);
    await drives.getByText(discs[1]).waitFor();
    let xml = await instance.virsh('dumpxml', (await vmOf(page)).id);
    assert.ok(xml.includes(discs[1]) && !xml.includes(discs[0]), xml);
    await change('');
    await drives.getByText('Empty').waitFor();
    xml = await instance.virsh('dumpxml', (await vmOf(page)).id);
    assert.ok(!xml.includes(discs[1]) && xml.includes("device='cdrom'"), xml);
    await page.getByRole('button', { name: 'Change medium: CD drive sda' }).focus();
    await page.keyboard.press('Enter');
    await dialog.getByLabel('Medium', { exact: true }).focus();
    for (let i = 0; i < 20 && (await dialog.getByLabel('Medium', { exact: true }).inputValue()) !== discs[0]; i += 1)
      await page.keyboard.press('ArrowDown');
    await picture(page, 'hardware-medium');
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Save');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await drives.getByText(discs[0]).waitFor();
    assert.deepEqual((await vmOf(page)).pending_changes, []);
    // A drive goes with the next start, and the page says so.
    await drives.getByRole('button', { name: 'Remove CD drive sda' }).click();
    await dialog.getByText('The change takes effect at its next start').waitFor();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('At the next start').waitFor();
    await picture(page, 'hardware-media');
  } finally {
    await post(page, instance, `vms/${name}/stop`, { force: true });
    await until(page, async () => (await vmOf(page)).state === 'off', 'the VM is off');
    await page.request.patch(`/api/v1/vms/${name}`, { headers: { Origin: instance.url, 'If-Match': '*' }, data: { cdroms: [] } });
    for (const disc of discs) await page.request.delete(`/api/v1/files/${disc}`, { headers: { Origin: instance.url } });
  }
  assert.deepEqual(page.faults, []);
}

async function power({ instance, browser, assert }) {
  const page = await hardwareOf(browser, instance);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Pause' }).click();
  await until(page, async () => (await vmOf(page)).state === 'paused', 'the VM is paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await until(page, async () => (await vmOf(page)).state === 'running', 'the VM runs on');
  // What waits takes effect.
  await page.getByRole('button', { name: 'Restart to apply' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('checkbox').check();
  await picture(page, 'hardware-apply');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Restart to apply' }).click();
  await dialog.waitFor({ state: 'detached', timeout: LONG_S * 1000 });
  const vm = await until(
    page,
    async () => {
      const now = await vmOf(page);
      return now.state === 'running' && now.pending_changes.length === 0 && now;
    },
    'nothing waits',
  );
  assert.equal(vm.vcpus, 1);
  assert.deepEqual(
    vm.disks.map((disk) => disk.target),
    ['vda'],
  );
  const kept = (await (await page.request.get('/api/v1/volumes?pool=facet')).json()).items;
  assert.ok(
    kept.some((volume) => volume.name === removed && volume.used_by.length === 0),
    'its data stays',
  );
  assert.deepEqual(page.faults, []);
}

// Saved by somebody with virsh: its page lets it go on, and drops what was saved only when asked twice.
async function saved({ instance, browser, assert }) {
  const page = await hardwareOf(browser, instance);
  await instance.virsh('managedsave', name);
  await page.getByText('was saved with its memory').waitFor();
  await picture(page, 'vm-saved');
  await page.getByRole('button', { name: 'Continue' }).click();
  await until(page, async () => (await vmOf(page)).state === 'running', 'the VM goes on');
  await instance.virsh('managedsave', name);
  await page.getByRole('button', { name: 'Continue' }).waitFor();
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Drop saved memory' }).click();
  const dialog = page.getByRole('dialog');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Drop saved memory' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await until(page, async () => (await vmOf(page)).state === 'running', 'the VM starts anew');
  assert.deepEqual(page.faults, []);
}

async function deletion({ instance, browser, assert }) {
  const page = await hardwareOf(browser, instance);
  await post(page, instance, `vms/${name}/stop`, { force: true });
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
  const { volume } = (await vmOf(page)).disks[0];
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 disk is deleted').waitFor();
  await dialog.getByRole('checkbox', { name: /^vda/ }).uncheck();
  await dialog.getByText(`${volume} stays.`).waitFor();
  await picture(page, 'vm-delete');
  assert.deepEqual(await axe(page), []);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await until(page, async () => (await vmOf(page)) === null, 'the VM is gone');
  const left = (await (await page.request.get('/api/v1/volumes?pool=facet')).json()).items.map((one) => one.name);
  assert.ok(left.includes(volume), left.join());
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['a VM is made', prepare],
  ['processor, memory, boot order and autostart of a VM that is off', whileOff],
  ['network interfaces come and go, and a bad address is refused at its field', nics],
  ['a CD is put in, changed and taken out, while the VM is off and while it runs', media],
  ['a VM that runs says what waits for its next start', whileRunning],
  ['disks are added, grown and removed while the VM runs, and the data stays when asked', disks],
  ['pause, resume, and a restart that applies what waits', power],
  ['a VM that virsh saved goes on, or loses that memory', saved],
  ['deleting asks which disks go', deletion],
];
