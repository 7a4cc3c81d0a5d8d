// SPDX-License-Identifier: Apache-2.0
// The list of VMs with none, five and a thousand of them, on libvirt's test driver; what it asks of the API, and what events make it ask.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { axe, login, newPage, picture, top } from './lib.mjs';

const MANY = 1000;
const build = process.env.FACET_BUILD ?? path.join(top, 'build');

async function program(...places) {
  for (const place of places) {
    try {
      await access(path.join(build, place));
      return path.join(build, place);
    } catch {
      /* another place */
    }
  }
  throw new Error(`${places[0]} is not built`);
}

class Node {
  static async start(n) {
    const node = new Node();
    node.child = spawn(
      'python3',
      [
        path.join(top, 'tests/support/many_vms.py'),
        String(n),
        path.join(top, 'ui/dist'),
        await program('sim/ctl/facet-sim'),
        await program('src/bin/facet-helper'),
        await program('src/bin/facetd'),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    node.ended = once(node.child, 'exit');
    const [line] = await Promise.race([
      once(createInterface({ input: node.child.stdout }), 'line'),
      node.ended.then(() => {
        throw new Error('it did not come up');
      }),
    ]);
    Object.assign(node, JSON.parse(line));
    return node;
  }

  async stop() {
    this.child.stdin.end();
    const [status] = await this.ended;
    return status;
  }
}

export const start = () => Node.start(MANY);

/** The paths that the page asks of the API from now on. */
function requests(page) {
  const seen = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith('/api/v1/')) seen.push(url.pathname.slice('/api/v1'.length) + url.search);
  });
  return seen;
}

const rows = (page) => page.getByRole('grid', { name: 'Virtual machines' }).locator('tbody tr');
const names = (page) => rows(page).locator('td[data-label="Name"] a').allTextContents();
const settled = (page) => page.locator('.pf-v6-c-skeleton').first().waitFor({ state: 'detached' });

async function asksLittle({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await settled(page);
  await page.waitForLoadState('networkidle').catch(() => {}); // the stream of events never ends
  const seen = requests(page);
  await page.getByRole('link', { name: 'Virtual machines', exact: true }).click();
  await rows(page).first().waitFor();
  assert.equal(await rows(page).count(), 50);
  await page.waitForTimeout(1500); // what comes late counts too
  console.log(`# requests of the page: ${seen.length} (${seen.join(' ')})`);
  assert.ok(seen.length <= 3, seen.join(' '));
  assert.ok(
    seen.every((path) => !path.startsWith('/vms') || path.includes('limit=')),
    'nobody asks for all VMs',
  );
  const cold = await newPage(browser, instance);
  await login(cold, instance);
  const first = requests(cold);
  const files = [];
  cold.on('request', (request) => {
    if (!request.url().includes('/api/')) files.push(new URL(request.url()).pathname);
  });
  await cold.goto('/vms');
  await rows(cold).first().waitFor();
  await cold.waitForTimeout(1500);
  console.log(`# requests of a reload with everything around the page: ${first.length} (${first.join(' ')})`);
  console.log(`# and ${files.length} files (${files.join(' ')})`);
  assert.ok(first.length <= 3, first.join(' '));
  // What stands around the list came with the stream: the overview has its cards and VMs without asking for them.
  await cold.getByRole('link', { name: 'Overview', exact: true }).click();
  await cold
    .getByRole('link', { name: /^GPU \d/ })
    .first()
    .waitFor();
  await settled(cold);
  const brought = first.filter((path) => /^\/(nodes|gpus|tasks)|sort=attention/.test(path));
  assert.deepEqual(brought, [], first.join(' '));
  assert.deepEqual(cold.faults, []);
  assert.deepEqual(page.faults, []);
}

async function findsItsPlaceAgain({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.goto('/vms');
  await rows(page).first().waitFor();
  assert.deepEqual((await names(page)).slice(0, 3), ['build-2', 'build-7', 'build-12']); // as people count
  await page.getByLabel('Filter by name or description').fill('web');
  await page.getByRole('button', { name: 'All 200' }).waitFor();
  await page.getByRole('button', { name: /^Running \d/ }).click();
  await page.getByRole('button', { name: /^Others’ \d/ }).click();
  await page.getByRole('button', { name: 'Memory' }).click();
  await page.waitForURL(/sort=memory/);
  await page.getByRole('button', { name: 'Go to next page' }).first().click();
  await page.waitForURL(/page=2/);
  const url = new URL(page.url());
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    q: 'web',
    state: 'running',
    ours: 'false',
    sort: 'memory',
    order: 'desc',
    page: '2',
  });
  await settled(page);
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length > 0);
  const before = await names(page);
  const wanted = (
    await (await page.request.get(`/api/v1/vms?limit=50&offset=50&q=web&state=running&ours=false&sort=memory&order=desc`)).json()
  ).items;
  assert.deepEqual(
    before,
    wanted.map((vm) => vm.name),
  );
  await picture(page, 'vms-1000-filtered');
  await page.reload();
  await rows(page).first().waitFor();
  assert.deepEqual(await names(page), before, 'a reload keeps the place');
  await rows(page).first().getByRole('link').first().click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.goBack();
  await rows(page).first().waitFor();
  assert.equal(page.url(), url.href, 'back keeps the place');
  await page.getByLabel('Filter by name or description').fill('nothing like it');
  await page.getByText('Nothing matches').waitFor();
  await picture(page, 'vms-1000-nothing');
  await page.getByRole('button', { name: 'Clear filter' }).click();
  await page.getByRole('button', { name: 'All 1,000' }).waitFor();
  assert.deepEqual(page.faults, []);
}

async function searchesOnTheServer({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('llm-994');
  await page.getByRole('menuitem', { name: /llm-994/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'llm-994' }).waitFor();
  assert.deepEqual(page.faults, []);
}

/** A storm: somebody else changes VMs as fast as the API takes it, while the page looks on. */
async function staysCalm({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.goto('/vms?q=number&state=off&per=20');
  await rows(page).first().waitFor();
  const all = (await (await page.request.get('/api/v1/vms?limit=100&q=number&state=off')).json()).items;
  const shown = new Map(all.map((vm) => [vm.id, vm]));
  const describe = async (vm, description) => {
    const answer = await page.request.patch(`/api/v1/vms/${vm.id}`, {
      headers: { Authorization: `Bearer ${instance.token}`, 'If-Match': `"${shown.get(vm.id).revision}"` },
      data: { description },
    });
    assert.equal(answer.status(), 200, await answer.text());
    shown.set(vm.id, await answer.json());
  };
  const row = (vm) => rows(page).filter({ has: page.getByRole('link', { name: vm.name, exact: true }) });
  await describe(all[0], 'number one');
  await row(all[0]).getByText('number one').waitFor(); // followed by itself
  await describe(all[1], 'the filter does not take this one');
  await row(all[1]).waitFor({ state: 'detached' });
  const seen = requests(page);
  const begin = Date.now();
  let changes = 0;
  for (let round = 0; round < 4; round++) {
    await Promise.all(all.slice(2).map((vm) => describe(vm, `number ${round}`)));
    changes += all.length - 2;
  }
  await row(all[2]).getByText('number 3').waitFor();
  await page.waitForTimeout(3000); // what comes late counts too
  const seconds = (Date.now() - begin) / 1000;
  console.log(`# ${changes} changes in ${seconds.toFixed(1)} s made the page ask ${seen.length} times (${seen.join(' ')})`);
  const most = Math.ceil(seconds / 2) + 1; // of each kind of thing one request in two seconds
  for (const kind of new Set(seen)) {
    const n = seen.filter((path) => path === kind).length;
    assert.ok(n <= most, `${n} × ${kind}`);
  }
  assert.deepEqual(page.faults, []);
}

const looks =
  (label, wanted) =>
  async ({ instance, browser, assert }) => {
    const other = wanted === MANY ? instance : await Node.start(wanted);
    try {
      for (const width of [1440, 1024]) {
        for (const dark of [false, true]) {
          const page = await newPage(browser, other, { width, dark });
          await login(page, other);
          for (const [name, path] of [
            ['vms', '/vms'],
            ['overview', '/'],
          ]) {
            await page.goto(path);
            await page.getByRole('heading', { level: 1 }).waitFor();
            await settled(page);
            await picture(page, `${name}-${label}-${width}-${dark ? 'dark' : 'light'}`);
            assert.deepEqual(await axe(page), [], `${name} ${width}`);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth), false, 'nothing sticks out');
          }
          assert.deepEqual(page.faults, []);
          await page.context().close();
        }
      }
    } finally {
      if (other !== instance) await other.stop();
    }
  };

export const tests = [
  ['the list of 1,000 VMs takes at most 3 requests, from within and as the first page', asksLittle],
  ['filter, order and page are in the address', findsItsPlaceAgain],
  ['Ctrl-K finds a VM among 1,000', searchesOnTheServer],
  ['many events do not make many requests', staysCalm],
  ['the list and the overview with 1,000 VMs', looks('1000', MANY)],
  ['the list and the overview with 5 VMs', looks('5', 5)],
  ['the list and the overview without VMs', looks('0', 0)],
];
