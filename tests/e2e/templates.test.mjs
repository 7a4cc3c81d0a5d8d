// SPDX-License-Identifier: Apache-2.0
// A template is made, changed, filled into the wizard and made from a VM; a VM of virsh's is adopted and released; what
// starts with the host is listed.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { axe, login, newPage, patience, picture } from './lib.mjs';

const long = { timeout: 90_000 * patience };

async function api(page, instance, method, where, data, headers = {}) {
  const answer = await page.request.fetch(`/api/v1${where}`, { method, data, headers: { Origin: instance.url, ...headers } });
  const text = await answer.text();
  if (!answer.ok()) throw new Error(`${method} ${where}: ${answer.status()} ${text}`);
  return text ? JSON.parse(text) : null;
}

async function done(page, instance, task) {
  for (;;) {
    const now = await api(page, instance, 'GET', `/tasks/${task.id}`);
    if (now.ended_ms) return now;
    await page.waitForTimeout(200);
  }
}

async function makeVm(page, instance, input) {
  const end = await done(page, instance, await api(page, instance, 'POST', '/vms', input));
  if (end.state !== 'done') throw new Error(JSON.stringify(end));
}

async function edit(page, name) {
  await page.getByRole('button', { name: `Actions of ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Edit template' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name', exact: true }).waitFor();
}

async function templates({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.getByRole('link', { name: 'Templates' }).click();
  await page.getByText('No templates yet').waitFor();
  const empty = page.locator('.pf-v6-c-empty-state').getByRole('button', { name: 'Create template' });
  assert.deepEqual(await axe(page), []);
  await picture(page, 'templates-none');
  await empty.focus();
  await page.keyboard.press('Enter');
  const form = page.getByRole('dialog');
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('web');
  await form.getByLabel('Image or ISO').selectOption({ index: 1 });
  await form.getByRole('spinbutton', { name: 'Memory (GiB)' }).fill('1');
  assert.deepEqual(await axe(page), []);
  await picture(page, 'templates-form');
  await form.getByRole('button', { name: 'Create' }).click();
  const row = page.getByRole('row', { name: /^web/ });
  await row.waitFor();
  const [made] = (await api(page, instance, 'GET', '/templates')).items;
  assert.equal(made.input.memory_mib, 1024);
  await edit(page, 'web');
  await form.getByLabel('Description').fill('Small web servers');
  await form.getByRole('button', { name: 'Save' }).click();
  await row.getByText('Small web servers').waitFor();
  await row.getByText('2 vCPUs · 1 GiB · 10 GiB of disk').waitFor();
  await row.getByRole('button', { name: 'New VM from it' }).click();
  await page.waitForURL((url) => url.pathname === '/vms/create' && url.searchParams.get('template') === made.id);

  // A VM from it, and a template from the VM.
  await makeVm(page, instance, { name: 'web-1', template: 'web' });
  const vm = await api(page, instance, 'GET', '/vms/web-1');
  assert.equal(vm.memory_mib, 1024);
  assert.equal(vm.template, made.id);
  await page.goto(`/vms/${vm.id}`);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Save as template' }).click();
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('web'); // that name is taken: said at the field
  await form.getByRole('button', { name: 'Save as template' }).click();
  await form.getByText('There is a template “web” already.').waitFor();
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('web-saved');
  await form.getByRole('button', { name: 'Save as template' }).click();
  await page.getByText('Template web-saved is made.').waitFor();

  // What it needs and is gone is shown with it.
  const group = await api(page, instance, 'POST', '/resource-groups', { name: 'short-lived', rules: { profile: '3g.40gb' } });
  await api(page, instance, 'POST', '/resource-groups', { name: 'long-lived', rules: { profile: '2g.20gb' } });
  await api(page, instance, 'POST', '/templates', { name: 'frail', input: { devices: [{ group: group.id }] } });
  await api(page, instance, 'DELETE', `/resource-groups/${group.id}`, undefined, { 'If-Match': '*' });
  await page.goto('/templates');
  const frail = page.getByRole('row', { name: /^frail/ });
  await frail.getByText('Cannot be used as it is').waitFor();
  await frail.getByText('A group that is gone').waitFor();
  assert.ok(!(await frail.innerText()).includes(group.id), 'an id is not for reading');
  assert.deepEqual(await axe(page), []);
  await picture(page, 'templates-list');
  // Another group in its place mends it.
  await edit(page, 'frail');
  await form.getByText('Choose another one, or remove the device.').waitFor();
  await picture(page, 'templates-form-gone');
  await form.getByRole('group', { name: 'GPU device 1' }).getByLabel('Resource group').selectOption('long-lived');
  await form.getByRole('button', { name: 'Save' }).click();
  await frail.getByText('Cannot be used as it is').waitFor({ state: 'detached' });
  await frail.getByText('long-lived').waitFor();
  await page.getByRole('button', { name: 'Actions of frail' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await frail.waitFor({ state: 'detached' });

  // With the host.
  await api(page, instance, 'PATCH', `/vms/${vm.id}`, { autostart: { enabled: true, order: 5, delay_s: 10 } }, { 'If-Match': '*' });
  await page.goto('/nodes');
  await page.getByRole('grid', { name: 'Start with the host' }).getByText('web-1').waitFor();
  assert.deepEqual(await axe(page), []);
  await page.getByRole('grid', { name: 'Start with the host' }).scrollIntoViewIfNeeded();
  await picture(page, 'autostart');
  assert.deepEqual(page.faults, []);
}

// Everything that a template holds, changed in its form and there again when it is opened.
async function everything({ instance, browser, assert }) {
  const page = await newPage(browser, instance, { width: 1024, dark: true });
  await login(page, instance);
  const groups = Object.fromEntries((await api(page, instance, 'GET', '/resource-groups')).items.map((one) => [one.name, one.id]));
  const kept = { autostart: { enabled: true, order: 7, delay_s: 1 } };
  const made = await api(page, instance, 'POST', '/templates', {
    name: 'whole',
    input: { vcpus: 1, memory_mib: 512, disk_gib: 1, ...kept },
  });
  await page.goto('/templates');
  await edit(page, 'whole');
  const form = page.getByRole('dialog');
  await picture(page, 'templates-form-1024-dark');
  await form.getByRole('button', { name: 'Add a GPU device' }).click();
  const device = form.getByRole('group', { name: 'GPU device 1' });
  await device.getByLabel('Resource group').selectOption('long-lived');
  await device.getByRole('spinbutton', { name: 'Parts' }).fill('2');
  await device.getByRole('checkbox').check();
  await form.getByRole('button', { name: /^More: disks, network, firmware/ }).click();
  await form.getByRole('button', { name: 'Add a disk' }).click();
  await form.getByRole('group', { name: 'Disk 2' }).getByRole('spinbutton').fill('3');
  await form.getByRole('button', { name: 'Add a network interface' }).click();
  await form.getByRole('group', { name: 'Network interface 2' }).getByLabel('Model').selectOption('e1000e');
  assert.equal(await form.getByLabel('MAC address').count(), 0, 'an address is one VM’s');
  await form.getByRole('checkbox', { name: 'Network', exact: true }).check();
  await form.getByRole('radio', { name: 'UEFI' }).check();
  await form.getByRole('checkbox', { name: 'Give it a TPM 2.0' }).check();
  await picture(page, 'templates-form-more-1024-dark');
  assert.deepEqual(await axe(page), []);
  await form.getByRole('button', { name: /^First boot/ }).click();
  await form.getByRole('textbox', { name: 'User', exact: true }).fill('ops');
  assert.equal(await form.getByLabel('Password').count(), 0, 'no template holds a password');
  await picture(page, 'templates-form-boot-1024-dark');
  assert.deepEqual(await axe(page), []);
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  const { input } = await api(page, instance, 'GET', `/templates/${made.id}`);
  assert.deepEqual(input, {
    vcpus: 1,
    memory_mib: 512,
    disk_gib: 1,
    pool: 'facet',
    os: 'linux',
    uefi: true,
    tpm: true,
    agent: true,
    boot: ['disk', 'network'],
    disks: [{ pool: 'facet', size_gib: 3 }],
    nics: [{ network: 'facet' }, { network: 'facet', model: 'e1000e' }],
    devices: [{ group: groups['long-lived'], count: 2, optional: true }],
    cloud_init: { user: 'ops' },
    ...kept,
  });
  await page
    .getByRole('row', { name: /^whole/ })
    .getByText('2 × long-lived')
    .waitFor();
  // Opened again, it shows what it has; a size that no pool has is refused at its field.
  await edit(page, 'whole');
  await form.getByRole('button', { name: /^More: disks, network, firmware 1 further disk/ }).waitFor();
  await form.getByRole('button', { name: /^First boot User ops/ }).waitFor();
  assert.ok(await form.getByRole('group', { name: 'GPU device 1' }).getByRole('checkbox').isChecked());
  await form.getByRole('spinbutton', { name: 'Disk (GiB)' }).first().fill('60000');
  await form.getByText(/^facet holds .* in all/).waitFor();
  assert.ok(await form.getByRole('button', { name: 'Save' }).isDisabled());
  assert.deepEqual(page.faults, []);
}

async function adoption({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  const folder = path.join(instance.state, 'foreign');
  await mkdir(folder, { recursive: true });
  await copyFile(process.execPath, path.join(folder, 'theirs.raw')); // any bytes: it is not started
  const xml = `<domain type='qemu'><name>theirs</name><title>made with virsh</title><memory unit='MiB'>256</memory><vcpu>2</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/><apic/></features><cpu mode='maximum'/>
    <devices><disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='${folder}/theirs.raw'/>
    <target dev='vda' bus='virtio'/></disk><sound model='ich9'/><video><model type='vga'/></video><memballoon model='none'/></devices></domain>`;
  await writeFile(path.join(folder, 'theirs.xml'), xml);
  await instance.virsh('define', path.join(folder, 'theirs.xml'));
  await page.getByRole('link', { name: 'Virtual machines', exact: true }).click();
  await page.getByRole('link', { name: 'theirs' }).click(long);
  await page.getByText('Not managed by Facet').waitFor();
  await picture(page, 'adopt-foreign');
  await page.getByRole('button', { name: 'Manage with Facet' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Its sound card').waitFor();
  await dialog.getByRole('button', { name: /What stays as it is/ }).click();
  await dialog.getByText('2 vCPUs').waitFor();
  assert.deepEqual(await axe(page), []);
  await picture(page, 'adopt-preview');
  await dialog.getByRole('button', { name: 'Manage with Facet' }).click();
  await page.getByText('theirs is managed by Facet now.').waitFor();
  await page.getByText('Not managed by Facet').waitFor({ state: 'detached' });
  assert.equal((await api(page, instance, 'GET', '/vms/theirs')).ours, true);
  await picture(page, 'adopt-done');
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Release from Facet' }).click();
  await dialog.getByRole('button', { name: 'Release from Facet' }).click();
  await page.getByText('Not managed by Facet').waitFor();
  const after = await instance.virsh('dumpxml', '--inactive', 'theirs');
  assert.ok(!after.includes('urn:facet') && after.includes('ich9'));
  await instance.virsh('undefine', 'theirs');
  await page.getByRole('heading', { name: 'theirs', exact: true }).waitFor({ state: 'detached' });
  assert.ok((await readFile(path.join(folder, 'theirs.raw'))).length > 0);
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['templates are made, used, saved from a VM, and say what is gone', templates],
  ['a template’s form changes all that it holds', everything],
  ['a VM of virsh is adopted and released', adoption],
];
