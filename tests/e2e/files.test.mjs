// SPDX-License-Identifier: Apache-2.0
// An image goes up in the browser, is cut off on the way, goes on, is offered for VMs, comes down again and is deleted.
import { readFile } from 'node:fs/promises';
import { axe, login, newPage, patience, picture } from './lib.mjs';

const name = `e2e-${process.pid}.img`;
const size = 3 * 1024 * 1024 + 512;
const data = Buffer.alloc(size);
for (let i = 0; i < size; i += 4096) data.writeUInt32LE(i, Math.min(i, size - 4));

async function choose(page, button) {
  const chooser = page.waitForEvent('filechooser');
  await button.click();
  await (await chooser).setFiles({ name, mimeType: 'application/octet-stream', buffer: data });
}

async function life({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.getByRole('link', { name: 'Files' }).click();
  const row = page.getByRole('row', { name });
  try {
    // The first try ends before its first byte: what was begun stays, and goes on.
    await page.route('**/content', (route) => route.abort(), { times: 1 });
    await choose(page, page.getByRole('button', { name: 'Upload' }));
    await page.getByText('The connection broke.').waitFor();
    await row.getByText('Not complete').waitFor();
    assert.deepEqual(await axe(page), []);
    await picture(page, 'files-not-complete');
    await choose(page, row.getByRole('button', { name: 'Go on' }));
    await row.getByText('Ready').waitFor({ timeout: 60_000 * patience });
    await picture(page, 'files-ready');
    const images = (await (await page.request.get('/api/v1/images')).json()).items;
    assert.ok(images.some((image) => image.name === name));

    await row.getByRole('button', { name: `Actions of ${name}` }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Download' }).click();
    assert.ok(data.equals(await readFile(await (await download).path())));

    // The same name again is refused with its reason.
    await choose(page, page.getByRole('button', { name: 'Upload' }));
    await page.getByText(`There is a file ${name} already.`).waitFor();
    await row.getByRole('button', { name: `Actions of ${name}` }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
  } finally {
    // The folder of images is shared by all instances of ./dev run.
    await page.request.delete(`/api/v1/files/${name}`, { headers: { Origin: instance.url } });
  }
  assert.deepEqual(page.faults, []);
}

/** Holds what is sent until the function that this returns is called. */
async function hold(page) {
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  await page.route(
    '**/content',
    async (route) => {
      await gate;
      await route.continue().catch(() => {});
    },
    { times: 1 },
  );
  return release;
}

async function elsewhere({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await page.getByRole('link', { name: 'Files' }).click();
  try {
    const release = await hold(page);
    await choose(page, page.getByRole('button', { name: 'Upload' }));
    await page.getByRole('progressbar', { name: `Sending ${name}` }).waitFor();
    await page.getByRole('link', { name: 'Volumes' }).click();
    await page.getByRole('button', { name: '1 task running' }).click();
    await page.getByRole('progressbar', { name: `Sending ${name}` }).waitFor();
    assert.deepEqual(await axe(page), []);
    await picture(page, 'files-sending-elsewhere');
    release();
    await page.getByText(`${name} is ready`).waitFor({ timeout: 60_000 * patience });
    await page.getByRole('link', { name: 'Files' }).click();
    await page.getByRole('row', { name }).getByText('Ready').waitFor();
  } finally {
    await page.request.delete(`/api/v1/files/${name}`, { headers: { Origin: instance.url } });
  }
  assert.deepEqual(page.faults, []);
}

export const tests = [
  ['an image goes up, breaks off, goes on, comes down and goes', life],
  ['an upload goes on while other pages are looked at', elsewhere],
];
