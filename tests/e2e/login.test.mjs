// SPDX-License-Identifier: Apache-2.0
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
  await page.getByLabel(/^user ?name/i).first().fill(instance.user);
  await page.locator('input[type=password]').fill('not the password');
  await page.getByRole('button', { name: /log in|sign in/i }).click();
  await page.getByText(/wrong|incorrect|not right|do not match/i).first().waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
}

async function signIn({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['the login page comes up and is accessible', pageIsThere],
  ['a wrong password lets nobody in and says so', wrongPassword],
  ['the administrator signs in', signIn],
];
