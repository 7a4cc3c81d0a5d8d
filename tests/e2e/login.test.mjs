// SPDX-License-Identifier: Apache-2.0
// Who gets in, who does not, what is kept of both, and another password.
import { readFile } from 'node:fs/promises';
import { axe, login, newPage, picture } from './lib.mjs';

export const host = 'small';

async function pageIsThere({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await page.goto('/');
  await page.getByRole('button', { name: /log in|sign in/i }).waitFor();
  await picture(page, 'login');
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(page.faults, []);
}

async function wrongPassword({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await page.goto('/');
  await page
    .getByLabel(/^user ?name/i)
    .first()
    .fill(instance.user);
  await page.locator('input[type=password]').fill('not the password');
  await page.getByRole('button', { name: /log in|sign in/i }).click();
  await page
    .getByText(/wrong|incorrect|not right|do not match/i)
    .first()
    .waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
}

async function signIn({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(page.faults, []);
}

// What the tests before left: a name that was tried in vain, and sign-ins that can be taken along.
async function audit({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.goto('/activity/audit');
  const refused = page.getByRole('region', { name: 'Refused sign-ins and requests' });
  await refused.getByRole('gridcell', { name: instance.user }).first().waitFor();
  await picture(page, 'audit-refused');
  assert.deepEqual(await axe(page), []);
  for (const [name, file, begins] of [
    ['Export (JSON lines)', 'audit.jsonl', /^\{.*session\.login/],
    ['Export (CSV)', 'audit.csv', /^[a-z_,]+\r?\n.*session\.login/],
  ]) {
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name }).click();
    assert.equal((await download).suggestedFilename(), file);
    assert.match(await readFile(await (await download).path(), 'utf8'), begins);
  }
  assert.deepEqual(page.faults, []);
}

async function password({ instance, browser, assert }) {
  const [page, other] = [await newPage(browser, instance), await newPage(browser, instance)];
  await login(page, instance);
  await login(other, instance);
  await page.goto('/settings/account');
  await page.getByRole('button', { name: 'Change password' }).click();
  const form = page.getByRole('dialog', { name: 'Change password' });
  const button = form.getByRole('button', { name: 'Change password' });
  const next = `${instance.password} and more`;
  await form.locator('#old-password').fill('not the password');
  await form.locator('#new-password').fill(next);
  await form.locator('#again-password').fill('another');
  await form.getByText('The two passwords are not the same.').waitFor();
  assert.equal(await button.isDisabled(), true);
  await form.locator('#again-password').fill(next);
  await button.click();
  await form.getByText('The old password is wrong.').waitFor();
  await picture(page, 'password');
  assert.deepEqual(await axe(page), []);
  await form.locator('#old-password').fill(instance.password);
  await button.click();
  await page.getByText('The password is changed.').waitFor();
  assert.equal((await page.request.get('/api/v1/gpus')).status(), 200, 'who changed it stays');
  assert.equal((await other.request.get('/api/v1/gpus')).status(), 401, 'the other session ended');
  instance.password = next;
  await login(await newPage(browser, instance), instance);
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['the login page comes up and is accessible', pageIsThere],
  ['a wrong password lets nobody in and says so', wrongPassword],
  ['the administrator signs in', signIn],
  ['the audit shows who was refused, and can be taken along', audit],
  ['another password ends the other sessions', password],
];
