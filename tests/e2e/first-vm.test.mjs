// SPDX-License-Identifier: Apache-2.0
// From a fresh host, where no card is cut, to a VM that holds a quarter of one; then another size for a VM that runs. Clicks are
// counted from the overview; typing a name is not one.
import { axe, login, newPage, patience, picture } from './lib.mjs';

export const host = 'small';

const name = 'first-1';
const ended = (task) => !['queued', 'running'].includes(task.state);

function counter() {
  const clicks = async (locator) => {
    await locator.click();
    clicks.count += 1;
  };
  clicks.count = 0;
  return clicks;
}

async function items(page, path) {
  return (await (await page.request.get(`/api/v1/${path}`)).json()).items;
}

async function vmOf(page) {
  const answer = await page.request.get(`/api/v1/vms/${name}`);
  return answer.ok() ? answer.json() : null;
}

// The answer of @look once @good says so, asked for at most @seconds.
async function until(page, seconds, look, good) {
  const end = Date.now() + seconds * 1000 * patience;
  for (;;) {
    const found = await look();
    if (good(found)) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${JSON.stringify(found)}`);
    await page.waitForTimeout(250);
  }
}

// Answers to requests for @url wait until the function that this returns is called.
async function hold(page, url) {
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  await page.route(url, async (route) => {
    await gate;
    await route.continue().catch(() => {}); // the page may have gone on without it
  });
  return release;
}

const newest = (page) => async () => (await items(page, 'tasks?limit=1'))[0];

async function toGpuStep(page, click) {
  await click(page.getByRole('main').getByRole('button', { name: 'Create virtual machine' }));
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await click(page.getByRole('button', { name: 'Next' }));
  await click(page.getByRole('button', { name: 'Next' }));
}

async function staleIsRefused({ instance, browser, assert }) {
  const page = await newPage(browser, instance, { dark: true });
  await login(page, instance);
  await toGpuStep(page, counter());
  await picture(page, 'first-vm-choice-dark');
  assert.deepEqual(await axe(page), []);
  await page.getByRole('radio', { name: '2g.20gb on GPU 0', exact: true }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('Nothing is interrupted').waitFor();
  await picture(page, 'first-vm-review-dark');
  assert.deepEqual(await axe(page), []);
  // What the server says when the card changed just before the click.
  const error = { code: 'stale', message: 'The card changed since the preview.', next: 'Preview again.', details: {} };
  await page.route('**/apply', (route) => route.fulfill({ status: 409, json: { error } }), { times: 1 });
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('The card changed meanwhile').waitFor();
  await page.getByRole('button', { name: 'Preview again' }).click();
  await page.getByText('Nothing is interrupted').waitFor();
  assert.deepEqual(await items(page, 'vms'), []);
  assert.deepEqual(await items(page, 'tasks'), []);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByText('No virtual machines yet').waitFor();
  assert.deepEqual(page.faults, []);
}

async function failedCut({ instance, browser, assert }) {
  await instance.sim('inject', 'nvml', 'nvmlDeviceCreateGpuInstanceWithPlacement', '999', '--count', '1');
  const page = await newPage(browser, instance);
  await login(page, instance);
  await toGpuStep(page, counter());
  await page.getByRole('radio', { name: '2g.20gb on GPU 0', exact: true }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('Cutting the card did not succeed, and no VM was made').waitFor();
  // The wish is kept, and a new preview is there to try again with.
  await page.getByText('Nothing is interrupted').waitFor();
  await page.getByRole('button', { name: 'Create', exact: true, disabled: false }).waitFor();
  await picture(page, 'first-vm-failed');
  assert.deepEqual(await axe(page), []);
  assert.notEqual((await newest(page)()).state, 'done');
  assert.deepEqual(await items(page, 'vms'), []);
  await instance.sim('inject', 'clear');
  assert.deepEqual(page.faults, []);
}

async function firstVm({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  assert.deepEqual(await items(page, 'resource-groups'), [], 'no card is cut');
  const click = counter();
  await toGpuStep(page, click);
  await picture(page, 'first-vm-choice');
  assert.equal(await page.getByRole('radio', { checked: true }).count(), 1);
  await click(page.getByRole('radio', { name: '2g.20gb on GPU 0', exact: true }));
  await click(page.getByRole('button', { name: 'Next' }));
  await page.getByText('Nothing is interrupted').waitFor();
  await page.getByRole('button', { name: 'Create', exact: true, disabled: false }).waitFor();
  await picture(page, 'first-vm-review');
  assert.deepEqual(await axe(page), []);
  const release = await hold(page, '**/resource-groups');
  await click(page.getByRole('button', { name: 'Create', exact: true }));
  await page.getByRole('article').first().waitFor();
  await picture(page, 'first-vm-cutting');
  assert.deepEqual(await axe(page), []);
  release();
  await page.waitForURL(/\/vms$/);
  assert.ok(click.count <= 6, `${click.count} clicks for the first VM with a quarter of a card`);
  const vm = await until(
    page,
    180,
    () => vmOf(page),
    (one) => one?.state === 'running',
  );
  assert.deepEqual(
    vm.devices[0].parts.map((part) => part.profile),
    ['2g.20gb'],
  );
  assert.deepEqual(await axe(page), [], 'the open task drawer');
  await picture(page, 'first-vm-made');
  assert.deepEqual(page.faults, []);
}

async function anotherSize({ instance, browser, assert }) {
  await instance.facet('gpu', 'carve', '0', '2g=1', '1g=1', '--yes');
  const page = await newPage(browser, instance);
  await login(page, instance);
  const click = counter();
  await click(page.getByRole('main').getByRole('link', { name, exact: true }));
  await click(page.getByRole('button', { name: 'Change GPU' }));
  await page
    .getByRole('dialog')
    .getByRole('radio', { name: /1g\.10gb/ })
    .waitFor();
  await picture(page, 'change-gpu');
  assert.deepEqual(await axe(page), [], 'the dialog');
  await click(page.getByRole('dialog').getByRole('radio', { name: /1g\.10gb/ }));
  await click(page.getByRole('dialog').getByRole('button', { name: 'Save' }));
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.ok(click.count <= 4, `${click.count} clicks for another size of GPU`);
  await page.getByText('At the next start').waitFor();
  await picture(page, 'change-gpu-saved');
  let vm = await vmOf(page);
  assert.equal(vm.state, 'running');
  assert.ok(vm.pending_changes.length > 0);
  assert.deepEqual(
    vm.devices.flatMap((d) => d.parts.map((part) => part.profile)),
    ['2g.20gb'],
    'it keeps what it has while it runs',
  );
  for (const turn of [
    ['stop', { force: true }, 'off'],
    ['start', undefined, 'running'],
  ]) {
    const [verb, data, state] = turn;
    const answer = await page.request.post(`/api/v1/vms/${vm.id}/${verb}`, { headers: { Origin: instance.url }, data });
    assert.equal(answer.status(), 202, await answer.text());
    await until(page, 120, newest(page), ended);
    vm = await vmOf(page);
    assert.equal(vm.state, state);
  }
  assert.deepEqual(
    vm.devices.flatMap((d) => d.parts.map((part) => part.profile)),
    ['1g.10gb'],
  );
  assert.deepEqual(page.faults, []);
}

async function leavingMakesNoVm({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  const before = (await items(page, 'vms')).length;
  await page.getByRole('main').getByRole('button', { name: 'Create virtual machine' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('never');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('Cut from free room').first().waitFor();
  await page.getByRole('radio', { name: '3g.40gb on GPU 0', exact: true }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  // The cut begins when the wizard has been left: however quick it is, it ends after that.
  const release = await hold(page, '**/apply');
  const asked = page.waitForRequest('**/apply');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await asked;
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.waitForURL(/\/vms$/);
  release();
  const task = await until(page, 120, newest(page), (one) => one.kind === 'apply' && ended(one));
  assert.equal(task.state, 'done');
  const listed = await until(
    page,
    30,
    () => items(page, 'resource-groups'),
    (list) => list.some((g) => g.rules.profile === '3g.40gb'),
  );
  assert.ok(listed);
  assert.equal((await newest(page)()).id, task.id, 'nothing came after the cut');
  assert.equal((await items(page, 'vms')).length, before);
  assert.deepEqual(page.faults, []);
}

// Everything that opens over a page, and the pages of things that are not there.
async function dialogs({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: 'Sign in to Facet' }).waitFor();
  await login(page, instance);
  const look = async (label) => {
    await picture(page, label);
    assert.deepEqual(await axe(page), [], label);
  };
  const dialog = async (label) => {
    await page.getByRole('dialog').waitFor();
    await look(label);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  const post = (path, data) => page.request.post(`/api/v1/${path}`, { headers: { Origin: instance.url }, data });
  const group = await (await post('resource-groups', { name: 'mine', rules: { profile: '1g.10gb' } })).json();
  const vm = await vmOf(page);
  await page.goto('/gpus/groups');
  await page.getByRole('button', { name: 'Create resource group' }).click();
  await dialog('group-create');
  await page.goto(`/gpus/groups/${group.id}`);
  await page.getByRole('heading', { level: 1, name: 'mine' }).waitFor();
  await look('group');
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog('group-edit');
  await page.getByRole('button', { name: 'Delete' }).click();
  await dialog('group-delete');
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Create token' }).first().click();
  await dialog('token');
  await page.goto(`/vms/${vm.id}`);
  await page.getByRole('button', { name: 'More actions' }).click();
  await look('vm-more');
  await page.getByRole('menuitem', { name: 'Force off' }).click();
  await dialog('vm-force-off');
  await page.getByRole('button', { name: /^(Tasks|\d+ tasks? running)$/ }).click();
  await page.getByRole('article').first().waitFor();
  await look('task-drawer');
  const missing = {
    '/vms/no-such-vm': 'Virtual machines',
    '/gpus/cards/no-such-card': 'Cards',
    '/gpus/groups/no-such-group': 'Resource groups',
  };
  for (const [path, list] of Object.entries(missing)) {
    await page.goto(path);
    const main = page.getByRole('main');
    await main.getByRole('heading', { level: 1 }).waitFor();
    await look(`missing-${path.split('/').at(-1)}`);
    await main.getByRole('link', { name: list, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: list, exact: true }).waitFor();
  }
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['a plan that went stale is refused in the wizard, and nothing is done', staleIsRefused],
  ['a cut that fails says so and makes no VM', failedCut],
  ['on a fresh host the first VM with a quarter of a card takes at most six clicks', firstVm],
  ['another size of GPU for a running VM takes at most four clicks', anotherSize],
  ['leaving the wizard while it cuts leaves a cut card and no VM', leavingMakesNoVm],
  ['dialogs, the task drawer and pages of missing things are accessible', dialogs],
];
