// SPDX-License-Identifier: Apache-2.0
// The API reference: whoever comes reads it, signed in or not; it is the contract of this facetd.
import { axe, login, newPage, picture } from './lib.mjs';

const operations = (page) => page.locator('.apidocs-operation');

/** A page of the reference without sign-in, and what its console says. */
async function open(browser, instance, options, hash = '') {
  const page = await newPage(browser, instance, options);
  page.on('console', (message) => {
    if (message.type() === 'error') page.faults.push(message.text());
  });
  await page.goto(`/reference${hash}`);
  await operations(page).first().waitFor();
  return page;
}

async function hasAll({ instance, browser, assert }) {
  const page = await open(browser, instance);
  const contract = await page.evaluate(() => fetch('/api/v1/openapi.json').then((answer) => answer.json()));
  const all = Object.values(contract.paths).flatMap((item) => Object.values(item).filter((value) => value.operationId)).length;
  assert.equal(await operations(page).count(), all);
  assert.deepEqual(
    await page.getByRole('navigation', { name: 'Kinds of objects' }).getByRole('link').allTextContents(),
    contract.tags.map((tag) => tag.name),
  );
  const asked = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin));
  assert.ok(
    asked.every((origin) => origin === instance.url),
    'nothing comes from elsewhere',
  );
  assert.deepEqual(page.faults, []);
}

async function isFound({ instance, browser, assert }) {
  const page = await open(browser, instance);
  await page.getByRole('textbox', { name: 'Find an operation' }).fill('snapshot delete');
  await page.locator('#createVm').waitFor({ state: 'detached' });
  await page.locator('#deleteSnapshot').getByRole('button').click();
  await page.getByRole('grid', { name: 'Parameters: deleteSnapshot' }).getByText('If-Match').waitFor();
  assert.match(page.url(), /#deleteSnapshot$/);
  await page.getByRole('textbox', { name: 'Find an operation' }).fill('no such thing');
  await page.getByText('No operation has all these words').waitFor();
  assert.deepEqual(page.faults, []);
}

/** An address that names an operation shows it, in each theme and width. */
async function looksRight({ instance, browser, assert }) {
  for (const width of [1024, 1440]) {
    for (const dark of [false, true]) {
      const name = `reference-${width}-${dark ? 'dark' : 'light'}`;
      const page = await open(browser, instance, { width, dark });
      await picture(page, name);
      assert.deepEqual(await axe(page), [], name);
      await page.goto('/reference#createPlan');
      await page.getByRole('grid', { name: 'Body: createPlan' }).waitFor();
      await picture(page, `${name}-open`);
      assert.deepEqual(await axe(page), [], name);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name}: too wide`);
      const groups = page.getByRole('navigation', { name: 'Kinds of objects' });
      if (!(await groups.isVisible())) await page.getByRole('button', { name: 'Kinds of objects' }).click();
      await groups.getByRole('link', { name: 'Networks' }).click();
      await page.locator('#listNetworks').waitFor();
      assert.deepEqual(page.faults, []);
      await page.context().close();
    }
  }
}

async function isInTheMenu({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.getByRole('banner').getByRole('button', { name: instance.user }).click();
  const [reference] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('menuitem', { name: 'API reference' }).click(),
  ]);
  await operations(reference).first().waitFor();
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['the reference has every operation of the contract, without sign-in', hasAll],
  ['an operation is found by its words', isFound],
  ['the reference is readable in both themes and widths', looksRight],
  ['the menu of who is signed in leads to it', isInTheMenu],
];
