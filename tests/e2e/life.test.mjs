// SPDX-License-Identifier: Apache-2.0
// A VM's whole life on the page, with a guest that is real: a cloud image goes up, a network gives a fixed address, cloud-init makes
// the user who logs in on the serial console and finds that address; a second disk, a snapshot, the way back, a clone, and the end,
// of which libvirt and the disk know nothing any more.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { axe, login, newPage, patience, picture, top } from './lib.mjs';

export const host = 'small';

const exec = promisify(execFile);
const name = 'life-1';
const copy = 'life-2';
const user = 'anna';
const password = 'wintergreen 7';
const mac = '52:54:00:4c:1f:e1';
const address = '10.44.0.77';
const image = `cloud-${process.pid}.qcow2`;
const GUEST_S = 600 * patience; // a guest without KVM on a busy machine; a bound, not a demand

const get = async (page, what) => (await page.request.get(`/api/v1/${what}`)).json();

async function until(page, look, what) {
  const end = Date.now() + GUEST_S * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await page.waitForTimeout(500);
  }
}

// Does `act` and follows the task of this kind that it begins to its end.
async function task(page, kind, act) {
  const newest = async () => (await get(page, 'tasks?limit=20')).items.find((one) => one.kind === kind);
  const before = (await newest())?.id;
  await act();
  return until(
    page,
    async () => {
      const one = await newest();
      return one && one.id !== before && one.ended_ms !== null ? one : null;
    },
    `a task ${kind} that ends`,
  );
}

async function signedIn(browser, instance, where) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.goto(where);
  return page;
}

const vmPage = async (page, vm, tab) => page.goto(`/vms/${(await get(page, `vms/${vm}`)).id}/${tab}`);
const form = (page) => page.getByRole('dialog');

async function choose(page, action) {
  await page.getByRole('button', { name: 'More actions', exact: true }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
}

async function network({ instance, browser, assert }) {
  const page = await signedIn(browser, instance, '/networks');
  await page.getByRole('button', { name: 'Create network' }).click();
  await form(page).getByLabel('Name').fill('life');
  await form(page).locator('#network-kind').selectOption('isolated');
  await form(page).locator('#network-subnet').fill('10.44.0.0/24');
  await form(page).getByText('DHCP hands out 10.44.0.2').waitFor();
  await form(page).getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('link', { name: 'life', exact: true }).click();
  await page.getByRole('button', { name: 'Add fixed address' }).click();
  await form(page).getByRole('textbox', { name: 'MAC address' }).fill(mac);
  await form(page).getByRole('textbox', { name: 'Address', exact: true }).fill('10.45.0.1'); // not of this subnet
  await form(page).getByRole('button', { name: 'Add' }).click();
  await until(
    page,
    () =>
      form(page)
        .getByRole('textbox', { name: 'Address', exact: true })
        .evaluate((field) => field.getAttribute('aria-invalid') === 'true'),
    'the field is marked',
  );
  await picture(page, 'life-lease-refused');
  assert.deepEqual(await axe(page), []);
  await form(page).getByRole('textbox', { name: 'Address', exact: true }).fill(address);
  await form(page).getByRole('button', { name: 'Add' }).click();
  await page.getByText(address, { exact: true }).waitFor();
  await picture(page, 'life-network');
  assert.deepEqual(page.faults, []);
}

async function upload({ instance, browser, assert }) {
  const made = (await exec(path.join(top, 'tools/dev/cloud-image'), { env: instance.env })).stdout.trim();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'facet-life-'));
  const page = await signedIn(browser, instance, '/storage/files');
  try {
    await copyFile(path.join(made, 'cloud.qcow2'), path.join(folder, image));
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Upload' }).click();
    await (await chooser).setFiles(path.join(folder, image));
    await page
      .getByRole('row', { name: image })
      .getByText('Ready')
      .waitFor({ timeout: GUEST_S * 1000 });
  } finally {
    await rm(folder, { recursive: true });
  }
  assert.deepEqual(page.faults, []);
}

async function create({ instance, browser, assert }) {
  const page = await signedIn(browser, instance, '/vms/create');
  const next = () => page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('radio', { name: image }).check();
  await next();
  await page.getByRole('spinbutton', { name: 'vCPUs' }).fill('2');
  await page.getByRole('spinbutton', { name: 'Memory (GiB)' }).fill('0.75');
  await page.getByRole('spinbutton', { name: 'Disk (GiB)' }).fill('3');
  await page.getByRole('button', { name: /^More: disks, network, firmware/ }).click();
  const nic = page.getByRole('group', { name: 'Network interface 1' });
  await nic.getByLabel('Network', { exact: true }).selectOption('life');
  await nic.getByLabel('MAC address').fill(mac);
  await picture(page, 'life-wizard-size');
  assert.deepEqual(await axe(page), []);
  await next();
  await page.getByRole('textbox', { name: 'User', exact: true }).fill(user);
  await page.locator('#boot-password').fill(password);
  await picture(page, 'life-wizard-boot');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('button', { name: 'Review', exact: true }).last().click();
  await page.getByText(`User ${user}`).waitFor();
  await picture(page, 'life-wizard-review');
  const made = await task(page, 'vm.create', () => page.getByRole('button', { name: 'Create', exact: true }).click());
  assert.equal(made.state, 'done', JSON.stringify(made));
  assert.equal((await get(page, `vms/${name}`)).state, 'running');
  assert.ok(!JSON.stringify(await get(page, `vms/${name}`)).includes(password));
  assert.deepEqual(page.faults, []);
}

// Types what `line` gives until the screen shows what is looked for; the screen's text.
async function terminal(page, line, wanted) {
  const screen = page.locator('.xterm-rows').first();
  const keys = page.locator('.xterm-helper-textarea').first();
  await screen.waitFor();
  let typed = 0;
  return until(
    page,
    async () => {
      const text = await screen.innerText();
      if (wanted.test(text)) return text;
      if (Date.now() - typed > 20_000) {
        typed = Date.now();
        await keys.focus();
        await page.keyboard.type(`${line(text)}\n`);
      }
      return null;
    },
    `the console shows ${wanted}`,
  );
}

// A command whose output, not its echo, says END.
const run = (page, command, wanted) => terminal(page, () => `clear; ${command}; echo E''ND`, wanted);

async function logIn(page) {
  const end = Date.now() + GUEST_S * 1000;
  const screen = page.locator('.xterm-rows').first();
  const keys = page.locator('.xterm-helper-textarea').first();
  await screen.waitFor();
  let last = '';
  for (;;) {
    const text = (await screen.innerText()).replaceAll('\u00a0', ' ').trimEnd();
    if (new RegExp(`${user}@${name}:.*\\$$`).test(text)) return;
    if (Date.now() > end) throw new Error(`nobody could log in:\n${text}`);
    // One answer to one question: what is typed too early is lost, and asked for again.
    const answer = /login:$/.test(text) ? user : /Password:$/.test(text) ? password : null;
    if (answer !== null || text === last) {
      await keys.focus();
      await page.keyboard.type(`${answer ?? ''}\n`);
    }
    last = text;
    await page.waitForTimeout(answer === null ? 10_000 : 4000);
  }
}

async function console_({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await vmPage(page, name, 'console');
  await logIn(page);
  const text = await run(page, 'hostname; ip -4 -brief address', /10\.44\.0\.77[^]*END/);
  assert.match(text, new RegExp(name));
  await run(page, 'echo before >mark; sync; cat mark', /before[^]*END/);
  await picture(page, 'life-console');
  assert.deepEqual(await axe(page), []);
  const { leases } = await get(page, 'networks/life');
  assert.ok(
    leases.some((lease) => lease.mac === mac && lease.address === address),
    JSON.stringify(leases),
  );
  assert.deepEqual(page.faults, []);
}

async function secondDisk({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await vmPage(page, name, 'hardware');
  await page.getByRole('button', { name: 'Add disk' }).click();
  await form(page).getByText('a virtio disk is there at once').waitFor();
  await form(page).getByRole('spinbutton', { name: 'Size (GiB)' }).fill('1');
  await picture(page, 'life-disk');
  assert.deepEqual(await axe(page), []);
  const added = await task(page, 'vm.disk', () => form(page).getByRole('button', { name: 'Add' }).click());
  assert.equal(added.state, 'done', JSON.stringify(added));
  const disks = (await get(page, `vms/${name}`)).disks.filter((disk) => disk.kind === 'disk');
  assert.equal(disks.length, 2);
  await page.getByText('1 GiB', { exact: true }).waitFor();
  await picture(page, 'life-hardware');
  await vmPage(page, name, 'console');
  await logIn(page);
  await run(page, 'lsblk -dno SIZE,TYPE', /\b1G disk[^]*END/);
  assert.deepEqual(page.faults, []);
}

async function snapshot({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await vmPage(page, name, 'snapshots');
  await page.getByRole('button', { name: 'Take snapshot' }).click();
  await form(page).getByRole('textbox', { name: 'Name' }).fill('before');
  await form(page).getByRole('checkbox', { name: 'With memory' }).check();
  await picture(page, 'life-snapshot');
  assert.deepEqual(await axe(page), []);
  const taken = await task(page, 'vm.snapshot', () => form(page).getByRole('button', { name: 'Take snapshot' }).click());
  assert.equal(taken.state, 'done', JSON.stringify(taken));
  await page.getByText('You are here').waitFor();
  await vmPage(page, name, 'console');
  await logIn(page);
  await run(page, 'rm mark; echo after >mark2; sync; ls', /mark2[^]*END/);

  await vmPage(page, name, 'snapshots');
  await page.getByRole('button', { name: 'Revert before' }).click();
  await picture(page, 'life-revert');
  assert.deepEqual(await axe(page), []);
  const back = await task(page, 'vm.revert', () => form(page).getByRole('button', { name: 'Force off and revert' }).click());
  assert.equal(back.state, 'done', JSON.stringify(back));
  await until(page, async () => (await get(page, `vms/${name}`)).state === 'running', 'the VM runs again');
  await vmPage(page, name, 'console');
  await logIn(page);
  // What the guest had in memory is dropped, so that this is what the disk says.
  const text = await run(page, 'sudo sh -c "sync; echo 3 >/proc/sys/vm/drop_caches"; ls; cat mark', /before[^]*END/);
  assert.doesNotMatch(text, /mark2/);
  await picture(page, 'life-reverted');
  assert.deepEqual(page.faults, []);
}

async function clone({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await vmPage(page, name, '');
  await choose(page, 'Clone');
  await form(page).getByRole('textbox', { name: 'Name' }).fill(copy);
  await picture(page, 'life-clone');
  assert.deepEqual(await axe(page), []);
  const made = await task(page, 'vm.clone', () => form(page).getByRole('button', { name: 'Clone' }).click());
  assert.equal(made.state, 'done', JSON.stringify(made));
  const vm = await get(page, `vms/${copy}`);
  assert.equal(vm.state, 'off');
  assert.equal(vm.disks.filter((disk) => disk.kind === 'disk').length, 2);
  assert.notEqual(vm.nics[0].mac, mac);
  assert.deepEqual(page.faults, []);
}

async function end({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  assert.match(await instance.virsh('list', '--all', '--name'), new RegExp(`${name}[^]*${copy}|${copy}[^]*${name}`));
  assert.match(await instance.virsh('vol-list', 'facet'), new RegExp(name));
  await vmPage(page, name, '');
  await choose(page, 'Force off');
  assert.equal((await task(page, 'vm.stop', () => form(page).getByRole('button', { name: 'Force off' }).click())).state, 'done');
  for (const vm of [name, copy]) {
    await vmPage(page, vm, '');
    await choose(page, 'Delete');
    await picture(page, `life-delete-${vm}`);
    assert.deepEqual(await axe(page), []);
    const gone = await task(page, 'vm.delete', () => form(page).getByRole('button', { name: 'Delete' }).click());
    assert.equal(gone.state, 'done', JSON.stringify(gone));
  }
  assert.equal((await instance.virsh('list', '--all', '--name')).trim(), '');
  await instance.virsh('pool-refresh', 'facet');
  assert.equal((await instance.virsh('vol-list', 'facet')).trim(), '');
  assert.deepEqual(
    (await readdir(path.join(instance.state, 'facetd/disks'))).filter((file) => !file.startsWith('.')),
    [],
  );
  await page.goto('/networks/life');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await form(page).getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('link', { name: 'facet', exact: true }).waitFor();
  assert.doesNotMatch(await instance.virsh('net-list', '--all', '--name'), /life/);
  assert.deepEqual(page.faults, []);
}

// The folder of images is shared by all instances of ./dev run.
async function tidy({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  const answer = await page.request.delete(`/api/v1/files/${image}`, { headers: { Origin: instance.url } });
  assert.equal(answer.status(), 204);
}

export const tests = [
  ['a network with a fixed address', network],
  ['a cloud image goes up', upload],
  ['a VM is made from it with cloud-init', create],
  ['its user logs in on the serial console; it has the fixed address', console_],
  ['a second disk, while it runs', secondDisk],
  ['a snapshot, and the way back', snapshot],
  ['a clone', clone],
  ['the end: libvirt and the disk know nothing any more', end],
  ['the image is deleted', tidy],
];
