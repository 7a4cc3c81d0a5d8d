// SPDX-License-Identifier: Apache-2.0
// What a VM is made of, seen and changed on its page: each edit says when it takes effect, a refusal stands at its field, and what
// waits for the next start is on show.
import { axe, login, newPage, patience, picture } from './lib.mjs';

export const host = 'small';

const name = 'hw-1';
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
  await dialog.getByText('The VM is off: it has this when it starts.').waitFor();
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
  await until(page, () => dialog.getByRole('textbox', { name: 'MAC address' }).evaluate((field) => field.getAttribute('aria-invalid') === 'true'), 'the field is marked');
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
  await dialog.getByText('this takes effect at its next start').waitFor();
  await dialog.getByRole('spinbutton', { name: 'vCPUs' }).fill('1');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('At the next start').waitFor();
  await picture(page, 'hardware-pending');
  assert.deepEqual(await axe(page), []);
  assert.ok((await vmOf(page)).pending_changes.length > 0);
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['a VM is made', prepare],
  ['processor, memory, boot order and autostart of a VM that is off', whileOff],
  ['network interfaces come and go, and a bad address is refused at its field', nics],
  ['a VM that runs says what waits for its next start', whileRunning],
];
