// SPDX-License-Identifier: Apache-2.0
// The whole way through the house, as a person goes it: carve an A100, see the picture change, make a VM that holds a slice, see
// it boot on its console, delete it, and take the carving back.
import { axe, login, newPage, patience, picture } from './lib.mjs';

export const host = 'small';

const name = 'demo-1';

// The blocks of the card's picture, as a screen reader says them.
async function blocks(page) {
  return (await page.locator('.fct-card--full .fct-seg__profile').allTextContents()).sort();
}

async function openCard(page) {
  await page.getByRole('link', { name: 'Cards', exact: true }).click();
  await page.getByRole('link', { name: 'GPU 0', exact: true }).first().click();
  await page.getByRole('heading', { name: /GPU 0/ }).first().waitFor();
}

async function more(page, profile, count) {
  for (let i = 0; i < count; i += 1) {
    await page
      .getByRole('button', { name: new RegExp(`more.*${profile.replace('.', '\\.')}`, 'i') })
      .first()
      .click();
  }
}

async function newestTask(page) {
  return (await (await page.request.get('/api/v1/tasks?limit=1')).json()).items[0];
}

// Does `act`, waits for the task that it begins and follows it to its end, for at most `seconds`.
async function task(page, seconds, act) {
  const before = await newestTask(page);
  await act();
  const until = Date.now() + seconds * 1000 * patience;
  for (;;) {
    const newest = await newestTask(page);
    if (newest && newest.id !== before?.id && !['queued', 'running'].includes(newest.state)) return newest;
    if (Date.now() > until) throw new Error(`no task ended: ${JSON.stringify(newest)}`);
    await page.waitForTimeout(250);
  }
}

async function carve({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await openCard(page);
  assert.deepEqual(await blocks(page), []);
  await page.getByRole('button', { name: 'Re-carve' }).click();
  await more(page, '3g.40gb', 1);
  await more(page, '2g.20gb', 1);
  await more(page, '1g.10gb', 2);
  // MIG on, and four instances with their compute instances: the preview of the last click has come.
  await page.getByText('9 steps').waitFor();
  await page.getByRole('button', { name: 'Re-carve GPU 0', disabled: false }).waitFor();
  await page.getByText('Nothing is interrupted').first().waitFor();
  await picture(page, 'carve-preview');
  assert.deepEqual(await axe(page), []);
  const done = await task(page, 120, () => page.getByRole('button', { name: 'Re-carve GPU 0' }).click());
  assert.equal(done.state, 'done', JSON.stringify(done.error));
  assert.equal(done.outcome, 'GPU 0 has the wanted layout.');
  await page.goto('/gpus/cards');
  await openCard(page);
  const expected = ['1g.10gb', '1g.10gb', '2g.20gb', '3g.40gb'];
  await page.locator('.fct-card--full .fct-seg__profile').nth(3).waitFor();
  assert.deepEqual(await blocks(page), expected);
  await picture(page, 'card-carved');
  assert.deepEqual(page.faults, []);
  const gpu = await (await page.request.get('/api/v1/gpus/0')).json();
  assert.deepEqual(gpu.mig.instances.map((i) => i.profile).sort(), expected);
}

async function createVm({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  let clicks = 0;
  const click = async (locator) => {
    await locator.click();
    clicks += 1;
  };
  await click(
    page
      .getByRole('button', { name: 'Create virtual machine' })
      .or(page.getByRole('link', { name: 'Create virtual machine' }))
      .first(),
  );
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await click(page.getByRole('button', { name: 'Next' }));
  await click(page.getByRole('button', { name: 'Next' }));
  await click(page.getByRole('radio', { name: /2g\.20gb/ }).first());
  await picture(page, 'vm-wizard-gpu');
  assert.deepEqual(await axe(page), []);
  await click(page.getByRole('button', { name: 'Next' }));
  const done = await task(page, 180, () => click(page.getByRole('button', { name: 'Create', exact: true })));
  assert.ok(clicks <= 6, `${clicks} clicks for the first VM with a quarter of a card`);
  assert.equal(done.state, 'done', JSON.stringify(done));
  assert.deepEqual(page.faults, []);
}

async function vmOf(page) {
  const answer = await page.request.get(`/api/v1/vms/${name}`);
  return answer.json();
}

async function console_({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.getByRole('link', { name: 'Virtual machines', exact: true }).click();
  await page.getByRole('link', { name, exact: true }).click();
  await page
    .getByRole('heading', { name: new RegExp(name) })
    .first()
    .waitFor();
  const vm = await vmOf(page);
  assert.equal(vm.state, 'running');
  assert.equal(vm.devices[0].attach, 'standin');
  assert.equal(vm.devices[0].parts.length, 1);
  assert.equal(vm.devices[0].parts[0].profile, '2g.20gb');
  await page.getByRole('tab', { name: 'Console' }).click();
  await page.waitForURL(/\/console/);
  const screen = page.locator('.xterm-rows').first();
  await screen.waitFor();
  // The guest's banner may have gone by: a key brings the prompt, and a command shows the part by its label.
  const terminal = page.locator('.xterm-helper-textarea').first();
  const until = Date.now() + 120_000 * patience;
  let text = '';
  while (!/SIMULATED[^]*2g\.20gb/.test(text)) {
    if (Date.now() > until) throw new Error(`the console does not show the part:\n${text}`);
    await terminal.focus();
    await page.keyboard.type('cat /sys/bus/pci/devices/*/label\n');
    await page.waitForTimeout(3000);
    text = await screen.innerText();
  }
  await picture(page, 'vm-console');
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(page.faults, []);
}

async function secondVmIsRefused({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  const groups = (await (await page.request.get('/api/v1/resource-groups')).json()).items;
  const group = groups.find((g) => g.rules.profile === '2g.20gb');
  assert.equal(group.free, 0);
  const images = (await (await page.request.get('/api/v1/images')).json()).items;
  const made = await task(page, 120, () =>
    page.request.post('/api/v1/vms', {
      headers: { Origin: instance.url },
      data: { name: 'late', image: images[0].id, memory_mib: 256, devices: [{ group: group.id }] },
    }),
  );
  assert.equal(made.state, 'done');
  await page.goto('/vms');
  await page.getByRole('link', { name: 'late', exact: true }).click();
  await page.getByText('Why can’t this VM start?').first().click();
  await page.getByText(new RegExp(name)).first().waitFor();
  await picture(page, 'vm-why');
  assert.deepEqual(await axe(page), []);
  await instance.facet('vm', 'delete', 'late', '--yes');
}

async function deleteVm({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.getByRole('link', { name: 'Virtual machines', exact: true }).click();
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Force off' }).click();
  const off = () => page.getByRole('dialog').getByRole('button', { name: 'Force off' }).click();
  assert.equal((await task(page, 60, off)).state, 'done');
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const gone = () => page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  assert.equal((await task(page, 60, gone)).state, 'done');
  await page.goto('/vms');
  await page.getByText('No virtual machines yet').waitFor();
  assert.equal((await page.request.get(`/api/v1/vms/${name}`)).status(), 404);
  const groups = (await (await page.request.get('/api/v1/resource-groups')).json()).items;
  assert.equal(groups.find((g) => g.rules.profile === '2g.20gb').free, 1);
}

async function undo({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.getByRole('button', { name: 'Activity' }).click();
  await page.getByRole('link', { name: 'Tasks', exact: true }).click();
  await page
    .getByText(/carve GPU 0/i)
    .first()
    .waitFor();
  const tasks = (await (await page.request.get('/api/v1/tasks')).json()).items;
  const carved = tasks.find((t) => t.kind === 'apply');
  assert.ok(carved.can_undo);
  await page.goto(`/gpus/undo/${carved.id}`);
  await page.getByText('Nothing is interrupted').first().waitFor();
  await picture(page, 'undo');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('checkbox', { name: 'I understand what is named above' }).check();
  const back = () => page.getByRole('main').getByRole('button', { name: /undo/i }).first().click();
  assert.equal((await task(page, 120, back)).state, 'done');
  const gpu = await (await page.request.get('/api/v1/gpus/0')).json();
  assert.deepEqual(gpu.mig.instances, []);
}

export const tests = [
  ['an A100 is carved into 3g+2g+1g+1g and its picture changes', carve],
  ['a VM with a quarter of the card takes at most six clicks', createVm],
  ['the VM boots, and its console shows the part it holds', console_],
  ['a VM whose group is empty says why it cannot start and who holds the part', secondVmIsRefused],
  ['the VM is turned off and deleted, and its part is free again', deleteVm],
  ['the carving is undone', undo],
];
