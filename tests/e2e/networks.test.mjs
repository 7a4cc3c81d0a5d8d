// SPDX-License-Identifier: Apache-2.0
// Networks as a person makes, changes and deletes them, with the preview in sight; who is where; light and dark.
import { axe, login, newPage, picture } from './lib.mjs';

export const host = 'small';

const form = (page) => page.getByRole('dialog');

async function open(page, instance, path) {
  await login(page, instance);
  await page.goto(path);
}

async function create({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await open(page, instance, '/networks');
  await page.getByRole('link', { name: 'facet', exact: true }).waitFor(); // the first one is there
  await page.getByRole('heading', { name: 'Interfaces of this host' }).waitFor();
  await picture(page, 'networks');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('button', { name: 'Create network' }).click();
  const button = form(page).getByRole('button', { name: 'Create', exact: true });
  await form(page).getByLabel('Name').fill('lab');
  await form(page).locator('#network-kind').selectOption('isolated');
  // What cannot be says so under the form, or at the field, and the button waits.
  const taken = (await (await page.request.get('/api/v1/networks/facet')).json()).subnet;
  await form(page).locator('#network-subnet').fill(taken);
  await form(page).getByText('This subnet has addresses of the network “facet”.').waitFor();
  assert.equal(await button.isDisabled(), true);
  await picture(page, 'network-create-refused');
  await form(page).locator('#network-subnet').fill('127.0.1.0/24');
  await form(page).getByText('The subnet has addresses that no guest can have').waitFor();
  // What is the Internet's takes a word of consent behind NAT, and none when it is routed here.
  await form(page).locator('#network-kind').selectOption('nat');
  await form(page).locator('#network-subnet').fill('8.8.8.0/24');
  await form(page).getByLabel('I know that these addresses belong to others').waitFor();
  assert.equal(await button.isDisabled(), true);
  await picture(page, 'network-create-public');
  assert.deepEqual(await axe(page), []);
  await form(page).locator('#network-kind').selectOption('routed');
  await form(page).getByText('only when they know that 8.8.8.0/24 is behind this host').waitFor();
  assert.equal(await button.isDisabled(), false);
  await form(page).locator('#network-kind').selectOption('isolated');
  await form(page).locator('#network-subnet').fill('10.0.0.0/8');
  await form(page).getByText('DHCP hands out 10.0.0.2 to 10.0.255.255.').waitFor();
  await form(page).locator('#network-subnet').fill('10.20.0.0/24');
  await form(page).getByText('DHCP hands out 10.20.0.2 to 10.20.0.254.').waitFor();
  await picture(page, 'network-create');
  assert.deepEqual(await axe(page), []);
  await button.click();
  await page.getByRole('link', { name: 'lab', exact: true }).waitFor();
  const made = await (await page.request.get('/api/v1/networks/lab')).json();
  assert.equal(made.active && made.kind === 'isolated' && made.subnet === '10.20.0.0/24', true, JSON.stringify(made));
  assert.deepEqual(page.faults, []);
}

// The kinds that are put on what the host has: nothing here, and what to do instead.
async function hostKinds({ instance, browser, assert }) {
  const page = await newPage(browser, instance, { dark: true });
  await open(page, instance, '/networks');
  await page.getByRole('button', { name: 'Create network' }).click();
  await form(page).locator('#network-kind').selectOption('bridge');
  await form(page).getByText('This host has no bridge of its own.').waitFor();
  await form(page).locator('#network-vlan').fill('5000');
  await form(page).getByText('A tag is a number from 1 to 4094.').waitFor();
  await picture(page, 'network-create-bridge-dark');
  await form(page).locator('#network-kind').selectOption('direct');
  await form(page).locator('#network-interface').waitFor();
  assert.deepEqual(await axe(page), []);
  await form(page).getByRole('button', { name: 'Cancel' }).click();
  assert.deepEqual(page.faults, []);
}

async function edit({ instance, browser, assert }) {
  const page = await newPage(browser, instance, { dark: true });
  await open(page, instance, '/networks/lab');
  await page.getByRole('button', { name: 'Edit' }).click();
  await form(page).locator('#network-first').fill('10.20.0.100');
  await form(page).locator('#network-last').fill('10.20.0.110');
  await form(page).getByText('DHCP hands out 10.20.0.100 to 10.20.0.110 instead of').waitFor();
  await form(page).getByText('No VM loses its link').waitFor();
  await picture(page, 'network-edit-dark');
  assert.deepEqual(await axe(page), []);
  await form(page).getByRole('button', { name: 'Save' }).click();
  await form(page).waitFor({ state: 'detached' });
  await page.getByText('10.20.0.100 to 10.20.0.110').waitFor();
  // A change by others shows without asking.
  await instance.facet('network', 'edit', 'lab', '--dhcp', 'none');
  await page.getByText('Nothing', { exact: true }).waitFor();
  await instance.facet('network', 'edit', 'lab', '--dhcp', '10.20.0.100-10.20.0.110');
  await page.getByText('10.20.0.100 to 10.20.0.110').waitFor();
  assert.deepEqual(page.faults, []);
}

// Stopped by somebody with virsh: the page says so and starts it again.
async function stopped({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await open(page, instance, '/networks/lab');
  await page.getByText('10.20.0.100 to 10.20.0.110').waitFor();
  const start = page.getByRole('button', { name: 'Start', exact: true });
  assert.equal(await start.count(), 0);
  await instance.virsh('net-destroy', 'lab');
  await start.waitFor();
  await picture(page, 'network-stopped');
  assert.deepEqual(await axe(page), []);
  await start.click();
  await start.waitFor({ state: 'detached' });
  assert.match(await instance.virsh('net-info', 'lab'), /Active:\s+yes/);
  assert.deepEqual(page.faults, []);
}

// A VM is seen in its network, holds it, and leads back to it.
async function whoIsWhere({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await open(page, instance, '/networks/lab');
  await page.getByText('No VM is attached to it').waitFor();
  await instance.facet('network', 'fix', 'lab', '52:54:00:aa:bb:01', '10.20.0.50');
  await instance.facet('vm', 'create', 'web-1', '--network', 'lab=52:54:00:aa:bb:01');
  const nics = page.getByRole('grid', { name: 'VMs in this network' });
  await nics.getByRole('link', { name: 'web-1' }).waitFor();
  await nics.getByText('10.20.0.50').waitFor();
  await picture(page, 'network');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('button', { name: 'Delete' }).hover();
  await page.getByText('Attached to it: web-1.').waitFor();
  await nics.getByRole('link', { name: 'web-1' }).click();
  await page.getByRole('link', { name: 'lab', exact: true }).first().waitFor();
  await instance.facet('vm', 'delete', 'web-1', '--yes');
  assert.deepEqual(page.faults, []);
}

// A change that cuts VMs says so, is followed in the drawer to its end, and keeps others out meanwhile.
async function restart({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await open(page, instance, '/networks/lab');
  await instance.facet('vm', 'create', 'web-2', '--cpus', '1', '--memory', '256', '--network', 'lab=52:54:00:aa:bb:02', '--start');
  await page.getByRole('grid', { name: 'VMs in this network' }).getByText('10.20.0.').waitFor(); // its system has come up
  const before = await (await page.request.get('/api/v1/networks/lab')).json();
  const fixed = page.getByRole('grid', { name: 'Addresses', exact: true });
  await page.getByRole('button', { name: 'Add fixed address' }).click();
  await form(page).locator('#lease-vm').selectOption({ label: 'web-2 · 52:54:00:aa:bb:02' });
  await form(page).getByRole('textbox', { name: 'Address', exact: true }).fill('10.20.0.60');
  await picture(page, 'network-lease');
  assert.deepEqual(await axe(page), []);
  await form(page).getByRole('button', { name: 'Add' }).click();
  await form(page).waitFor({ state: 'detached' });
  await fixed.getByText('10.20.0.60').waitFor();
  await page.getByRole('button', { name: 'Edit' }).click();
  await form(page).locator('#network-subnet').fill('10.30.0.0/24');
  await form(page).getByText('web-2 loses its link for some seconds').waitFor();
  await form(page).getByText('52:54:00:aa:bb:02 gets 10.30.0.60 instead of 10.20.0.60').waitFor(); // fixed ones go along
  await picture(page, 'network-edit-cuts');
  assert.deepEqual(await axe(page), []);
  await form(page).getByRole('button', { name: 'Save' }).click();
  const task = page.getByRole('article', { name: 'Change network lab' }).first();
  await task.getByText('Plug VM web-2 in again').waitFor();
  await task.getByText('Network lab is changed; 1 VM is plugged in again.').waitFor();
  await picture(page, 'network-changed');
  assert.deepEqual(await axe(page), []);
  await task.getByRole('link', { name: 'lab' }).click();
  await page.getByText('10.30.0.0/24', { exact: true }).waitFor();
  await fixed.getByText('10.30.0.60').waitFor();
  await fixed.getByRole('row', { name: '10.30.0.50' }).getByRole('button', { name: 'No longer fixed' }).click();
  await fixed.getByText('10.30.0.50').waitFor({ state: 'detached' });
  const after = await (await page.request.get('/api/v1/networks/lab')).json();
  assert.notEqual(after.bridge, before.bridge);
  await instance.facet('vm', 'stop', 'web-2', '--force');
  await instance.facet('vm', 'delete', 'web-2', '--yes');
  assert.deepEqual(page.faults, []);
}

async function remove({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await open(page, instance, '/networks/lab');
  await page.getByText('No VM is attached to it').waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await form(page).getByText('The network lab goes').waitFor();
  await picture(page, 'network-delete');
  assert.deepEqual(await axe(page), []);
  await form(page).getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'Networks', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'lab', exact: true }).waitFor({ state: 'detached' });
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['a network is made, with what will happen in sight', create],
  ['kinds that are put on what the host has', hostKinds],
  ['DHCP is changed; changes by others show', edit],
  ['one that somebody stopped is started', stopped],
  ['who is where', whoIsWhere],
  ['a change that cuts VMs is a task', restart],
  ['a network is deleted', remove],
];
