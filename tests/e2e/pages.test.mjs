// SPDX-License-Identifier: Apache-2.0
// Every page on a host with many kinds of cards: it comes up, throws nothing, is accessible; light and dark, wide and narrow.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { axe, login, newPage, patience, picture } from './lib.mjs';

export const host = 'lab';

/** As they are on a host where nobody has made anything yet. */
const empty = {
  vms: '/vms',
  templates: '/templates',
  pools: '/storage/pools',
  pool: '/storage/pools/facet',
  volumes: '/storage/volumes',
  networks: '/networks',
  nodes: '/nodes',
};

const pages = {
  ...empty,
  overview: '/',
  cards: '/gpus/cards',
  groups: '/gpus/groups',
  'vm-create': '/vms/create',
  'other-pool': '/storage/pools/scratch',
  files: '/storage/files',
  network: '/networks/facet',
  tasks: '/activity/tasks',
  events: '/activity/events',
  audit: '/activity/audit',
  nodes: '/nodes',
  settings: '/settings',
  account: '/settings/account',
  'not-there': '/no/such/page',
  'vm-not-there': '/vms/no-such-vm',
};

/** Names may have 63 characters; nothing beside them may be pushed out of the page. */
const web = 'web-1-of-the-render-farm-in-the-basement-whose-name-is-too-long';

const vmTabs = ['', '/hardware', '/snapshots', '/guest', '/console', '/metrics', '/events'];

async function look(page, label, where, assert) {
  await page.goto(where);
  await page.getByRole('main').getByRole('heading').first().waitFor();
  await page.waitForLoadState('load');
  await page.locator('.pf-v6-c-skeleton').first().waitFor({ state: 'detached' });
  await picture(page, label);
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll('main table, main .pf-v6-c-card')]
      .filter((one) => one.getBoundingClientRect().right > document.querySelector('main').getBoundingClientRect().right)
      .map((one) => one.getAttribute('aria-label') ?? one.textContent.slice(0, 40)),
  );
  assert.deepEqual(wide, [], `${label}: wider than the page`);
  assert.deepEqual(await axe(page), [], label);
}

const bare =
  (dark, width) =>
  async ({ instance, browser, assert }) => {
    const page = await newPage(browser, instance, { dark, width });
    await login(page, instance);
    for (const [name, where] of Object.entries(empty)) await look(page, `${name}-none-${width}-${dark ? 'dark' : 'light'}`, where, assert);
    assert.deepEqual(page.faults, []);
  };

const round =
  (dark, width) =>
  async ({ instance, browser, assert }) => {
    const page = await newPage(browser, instance, { dark, width });
    await login(page, instance);
    const kind = `${width}-${dark ? 'dark' : 'light'}`;
    for (const [name, where] of Object.entries(pages)) await look(page, `${name}-${kind}`, where, assert);
    const vms = (await (await page.request.get('/api/v1/vms')).json()).items;
    for (const vm of vms) {
      for (const tab of vmTabs) await look(page, `vm-${vm.state}${tab.replace('/', '-')}-${kind}`, `/vms/${vm.id}${tab}`, assert);
    }
    assert.deepEqual(vms.map((vm) => vm.state).sort(), ['off', 'running']);
    const gpus = (await (await page.request.get('/api/v1/gpus')).json()).items;
    await look(page, `card-${kind}`, `/gpus/cards/${gpus[0].id}`, assert);
    await look(page, `carve-${kind}`, `/gpus/cards/${gpus[4].id}/carve`, assert);
    assert.deepEqual(page.faults, []);
  };

async function partsToCut({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.goto('/vms/create');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('Cut from free room').first().waitFor();
  await picture(page, 'vm-create-parts');
  assert.ok(await page.getByRole('radio', { name: '2g.20gb on GPU 0', exact: true }).isEnabled());
  assert.ok(await page.getByRole('radio', { name: '7g.80gb on GPU 1', exact: true }).isEnabled(), 'a card in one piece');
  assert.ok(await page.getByRole('radio', { name: '4g.96gb on GPU 4', exact: true }).isDisabled(), 'no room left for it');
  assert.equal(await page.getByRole('radio', { name: '3g.40gb on GPU 0', exact: true }).count(), 0, 'one is free already');
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(page.faults, []);
}

async function prepare({ instance }) {
  await instance.facet('gpu', 'carve', '0', '3g=1', '1g=2', '--yes');
  await instance.facet('gpu', 'carve', '4', '2g=1', '1g=1', '--yes');
  await instance.sim('lose', '2');
}

async function make({ instance, browser, assert }) {
  const scratch = path.join(instance.state, 'scratch');
  await mkdir(scratch);
  await instance.facet('pool', 'create', 'scratch', '--dir', scratch);
  await instance.facet('volume', 'create', 'scratch:data.qcow2', '--size', '2');
  await instance.facet('vm', 'create', web, '--cpus', '2', '--memory', '256');
  await instance.facet('vm', 'snapshot', 'create', web, 'before-update');
  await instance.facet('vm', 'autostart', web, '--order', '10', '--wait', '30');
  await instance.facet('template', 'create', 'web', '--from-vm', web);
  await instance.facet('vm', 'create', 'db-1', '--cpus', '1', '--memory', '256', '--start');
  const page = await newPage(browser, instance);
  await login(page, instance);
  const end = Date.now() + 180_000 * patience;
  const state = async () => (await (await page.request.get('/api/v1/vms/db-1')).json()).state;
  while ((await state()) !== 'running') {
    assert.ok(Date.now() < end, 'db-1 runs');
    await page.waitForTimeout(500);
  }
}

/** The drawer opens by itself when something is begun; what a row offers must not go under it. */
async function besideTheDrawer({ instance, browser, assert }) {
  for (const width of [1440, 1200]) {
    const page = await newPage(browser, instance, { width });
    await login(page, instance);
    await page.goto('/vms');
    await page.getByRole('banner').getByRole('button', { name: 'Tasks', exact: true }).click();
    await page.getByRole('button', { name: 'Close tasks' }).waitFor();
    for (const name of [web, 'db-1']) {
      const seen = await page.getByRole('button', { name: `Actions of ${name}` }).evaluate((one) => {
        const { left, top, width, height } = one.getBoundingClientRect();
        return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
      });
      assert.ok(seen, `${width}: the actions of ${name} can be reached`);
    }
    await picture(page, `vms-drawer-${width}`);
    assert.deepEqual(page.faults, []);
  }
}

async function phone({ instance, browser, assert }) {
  const page = await newPage(browser, instance, { width: 390, height: 844 });
  await login(page, instance);
  await page.goto('/vms/create');
  const ends = [
    page.getByRole('banner').getByRole('button', { name: instance.user }),
    page.getByRole('main').getByRole('button', { name: 'Cancel' }),
  ];
  for (const one of ends) {
    const { x, width } = await one.boundingBox();
    assert.ok(x >= 0 && x + width <= 390, 'it is not cut off');
  }
  assert.deepEqual(page.faults, []);
}

async function keyboard({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('GPU 4');
  await page.getByRole('menuitem', { name: /GPU 4 RTX PRO 6000/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/gpus\/cards\/gpu-/);
  await page.goBack();
  assert.equal(new URL(page.url()).pathname, '/');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('scratch');
  await page.getByRole('menuitem', { name: 'Pool scratch' }).waitFor();
  await page.getByRole('menuitem', { name: 'Volume data.qcow2' }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/storage/pools/scratch');
}

async function reset({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.goto('/vms/db-1');
  await page.getByRole('button', { name: 'More actions', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Reset', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: /Reset db-1/ });
  await dialog.getByText('The guest is not asked').waitFor();
  assert.deepEqual(await axe(page), []);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'More actions', 'the focus is where it was');
  await page.getByRole('button', { name: 'More actions', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Reset', exact: true }).click();
  await dialog.getByRole('button', { name: 'Reset', exact: true }).click();
  await page.getByRole('article', { name: /db-1/ }).first().getByText('Done', { exact: true }).waitFor();
  const [task] = (await (await page.request.get('/api/v1/tasks?limit=1')).json()).items;
  assert.deepEqual([task.kind, task.state], ['vm.reboot', 'done']);
  assert.deepEqual(page.faults, []);
}

/** The banner is there to be read: what is at its middle is the banner itself. */
async function seesBanner(page) {
  const banner = page.getByRole('status').filter({ hasText: 'Connection lost' });
  await banner.waitFor();
  return banner.evaluate((one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  });
}

async function away({ instance, browser, assert }) {
  const wide = await newPage(browser, instance);
  const narrow = await newPage(browser, instance, { width: 390, height: 844, dark: true });
  for (const page of [wide, narrow]) await login(page, instance);
  await narrow.getByRole('main').evaluate((main) => main.scrollTo(0, 200));
  const back = await instance.facetdAway();
  try {
    for (const page of [wide, narrow]) assert.ok(await seesBanner(page), 'the banner can be seen');
    await picture(wide, 'away-1440-light');
    await picture(narrow, 'away-390-dark');
    assert.deepEqual(await axe(wide), []);
  } finally {
    back();
  }
  for (const page of [wide, narrow]) await page.getByText('Connection lost').waitFor({ state: 'detached', timeout: 60_000 * patience });
  assert.deepEqual([...wide.faults, ...narrow.faults], []);
}

/** Of a page that this browser has not loaded yet. */
async function awayPage({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  const main = page.getByRole('main');
  const back = await instance.facetdAway();
  try {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Networks', exact: true }).click();
    await main.getByText('Facet does not answer').waitFor();
    await main.getByRole('button', { name: 'Try again' }).click();
    await main.getByText('Facet does not answer').waitFor();
    await picture(page, 'away-page-1440-light');
    assert.deepEqual(await axe(page), []);
  } finally {
    back();
  }
  await page.getByRole('heading', { name: 'Networks', exact: true }).waitFor({ timeout: 60_000 * patience });
  assert.equal(new URL(page.url()).pathname, '/networks');
  assert.deepEqual(page.faults, []);
}

async function signOut({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.request.delete('/api/v1/session', { headers: { Origin: instance.url } });
  assert.equal((await page.request.get('/api/v1/gpus')).status(), 401);
  await page.goto('/gpus/cards');
  await page.getByRole('button', { name: /log in|sign in/i }).waitFor();
}

export const tests = [
  ['the command line carves two cards, and one is lost', prepare],
  ['nothing made yet, light, 1440 wide', bare(false, 1440)],
  ['nothing made yet, dark, 1440 wide', bare(true, 1440)],
  ['nothing made yet, light, 1024 wide', bare(false, 1024)],
  ['a pool, a volume, a template, and two VMs of which one runs', make],
  ['every page, light, 1440 wide', round(false, 1440)],
  ['every page, dark, 1440 wide', round(true, 1440)],
  ['every page, light, 1024 wide', round(false, 1024)],
  ['beside the open drawer the actions of every VM can be reached', besideTheDrawer],
  ['on a phone neither the user menu nor the wizard is cut off', phone],
  ['parts that can be cut, where room is free, and what has no room', partsToCut],
  ['search by keyboard, and back', keyboard],
  ['a reset is asked for, and done', reset],
  ['while facetd is away a banner says so, and goes when it is back', away],
  ['a page that is first opened while facetd is away comes when it is back', awayPage],
  ['after signing out the API and the page ask again', signOut],
];
