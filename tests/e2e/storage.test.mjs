// SPDX-License-Identifier: Apache-2.0
// Pools and volumes on the page; an ISO of 1 GiB goes up with its progress seen and without filling facetd's memory.
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { axe, login, newPage, patience, picture } from './lib.mjs';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const iso = `e2e-${process.pid}.iso`;

/** A sparse file that says that it is an ISO 9660 image. */
async function makeIso(file) {
  const handle = await open(file, 'w');
  await handle.truncate(GIB);
  await handle.write(Buffer.from('CD001'), 0, 5, 0x8001);
  await handle.close();
}

/** Resident bytes of this instance's facetd: the one whose state lies in the instance's folder. */
async function resident(instance) {
  const pid = execFileSync('pgrep', ['-f', `facetd.*--state ${instance.state}/facetd`], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .at(-1);
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]);
}

async function bigIso({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'facet-iso-'));
  const file = path.join(folder, iso);
  await login(page, instance);
  try {
    await makeIso(file);
    await page.getByRole('link', { name: 'Files' }).click();
    const before = await resident(instance);
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Upload' }).click();
    await (await chooser).setFiles(file);
    const bar = page.getByRole('progressbar', { name: `Sending ${iso}` });
    await bar.waitFor();
    const seen = new Set();
    let most = 0;
    const row = page.getByRole('row', { name: iso });
    const deadline = Date.now() + 300_000 * patience;
    while (!(await row.getByText('Ready').isVisible())) {
      if (Date.now() > deadline) throw new Error('the upload does not end');
      if (await bar.isVisible()) seen.add(await bar.getAttribute('aria-valuenow').catch(() => null));
      most = Math.max(most, (await resident(instance)) - before);
    }
    await picture(page, 'storage-iso');
    console.log(`# ${seen.size} values of progress seen; facetd grew by ${(most / MIB).toFixed(1)} MiB`);
    assert.ok(seen.size >= 3, 'progress was seen');
    assert.ok(most < 16 * MIB, `facetd grew by ${most} bytes`);
  } finally {
    await page.request.delete(`/api/v1/files/${iso}`, { headers: { Origin: instance.url } });
    await rm(folder, { recursive: true });
  }
  assert.deepEqual(page.faults, []);
}

async function menu(page, name, item) {
  await page.getByRole('button', { name: `Actions of ${name}`, exact: true }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

async function createPool(page, instance) {
  await page.getByRole('link', { name: 'Pools' }).click();
  await page.getByRole('link', { name: 'facet', exact: true }).waitFor();
  await picture(page, 'storage-pools');
  await page.getByRole('button', { name: 'Create pool' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Name').fill('fast');
  await form.getByLabel('Folder').fill('relative');
  await form.getByRole('button', { name: 'Create' }).click();
  await form.getByText('The folder is a whole path').waitFor(); // refused with its reason, the form stays
  await picture(page, 'storage-pool-form');
  await form.getByLabel('Folder').fill(path.join(instance.state, 'fast'));
  await form.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('link', { name: 'fast', exact: true }).click();
  await page.getByRole('heading', { name: 'fast' }).waitFor();
}

async function pools({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  await createPool(page, instance);

  // a volume: made, grown, copied; the copy stands on its own
  await page.getByRole('button', { name: 'Create volume' }).click();
  let form = page.getByRole('dialog');
  await form.getByLabel('Name').fill('data.qcow2');
  await form.getByLabel('Size in GiB').fill('3');
  await picture(page, 'storage-volume-form');
  await form.getByRole('button', { name: 'Create' }).click();
  const row = page.getByRole('row', { name: 'data.qcow2' }).first();
  await row.getByText('3 GiB').waitFor({ timeout: 60_000 * patience });
  await menu(page, 'data.qcow2', 'Grow');
  form = page.getByRole('dialog');
  await form.getByLabel('Size in GiB').fill('5');
  await form.getByRole('button', { name: 'Grow' }).click();
  await row.getByText('5 GiB').waitFor({ timeout: 60_000 * patience });
  await menu(page, 'data.qcow2', 'Copy');
  await page.getByRole('dialog').getByRole('button', { name: 'Copy' }).click();
  await page
    .getByRole('row', { name: 'copy-of-data.qcow2' })
    .getByText('5 GiB')
    .waitFor({ timeout: 60_000 * patience });

  // an upload that breaks off and goes on
  const bytes = Buffer.alloc(2 * MIB + 512, 7);
  const choose = async (button) => {
    const chooser = page.waitForEvent('filechooser');
    await button.click();
    await (await chooser).setFiles({ name: 'disk.raw', mimeType: 'application/octet-stream', buffer: bytes });
  };
  await page.route('**/content', (route) => route.abort(), { times: 1 });
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  form = page.getByRole('dialog');
  await form.getByLabel('Name').fill('up.raw');
  await form.getByLabel('Format').selectOption('raw');
  await choose(form.getByRole('button', { name: 'Choose file' }));
  const up = page.getByRole('row', { name: 'up.raw' });
  await up.getByText('Upload not complete').waitFor();
  assert.deepEqual(await axe(page), []);
  await picture(page, 'storage-pool');
  await choose(up.getByRole('button', { name: 'Go on' }));
  await up.getByText('Upload not complete').waitFor({ state: 'detached', timeout: 60_000 * patience });
  const download = page.waitForEvent('download');
  await menu(page, 'up.raw', 'Download');
  assert.ok(bytes.equals(await readFile(await (await download).path())));

  // what virsh's user does shows up; the list of all, dark
  await instance.facet('volume', 'create', 'fast:cli.qcow2', '--size', '1');
  await page.getByRole('row', { name: 'cli.qcow2' }).waitFor({ timeout: 60_000 * patience });
  assert.match((await instance.facet('volume', 'list', 'fast')).stdout, /fast:cli\.qcow2 +qcow2 +1\.0 GiB/);
  assert.match((await instance.facet('pool', 'list')).stdout, /fast +dir +running/);
  const dark = await newPage(browser, instance, { dark: true });
  await login(dark, instance);
  await dark.goto('/storage/volumes');
  await dark.getByRole('row', { name: 'up.raw' }).waitFor();
  assert.deepEqual(await axe(dark), []);
  await picture(dark, 'storage-volumes-dark');
  await dark.goto('/storage/pools');
  await dark.getByRole('link', { name: 'fast', exact: true }).waitFor();
  await picture(dark, 'storage-pools-dark');

  // deleting; the pool's definition goes, its files stay
  for (const name of ['up.raw', 'copy-of-data.qcow2', 'cli.qcow2']) {
    await menu(page, name, 'Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('row', { name }).waitFor({ state: 'detached' });
  }
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('link', { name: 'facet', exact: true }).waitFor();
  await page.getByRole('link', { name: 'fast', exact: true }).waitFor({ state: 'detached' });
  await (await open(path.join(instance.state, 'fast/data.qcow2'))).close();
  assert.deepEqual([...page.faults, ...dark.faults], []);
}

export const tests = [
  ['a pool and its volumes: made, grown, copied, sent, fetched, deleted', pools],
  ['an ISO of 1 GiB goes up with progress and little memory', bigIso],
];
