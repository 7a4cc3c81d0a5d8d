// SPDX-License-Identifier: Apache-2.0
// Runs the tests in *.test.mjs one after another and speaks TAP. Each file exports `tests`: a list of [name, function] that get
// { instance, browser }, and may export `host`, the simulated host it wants, or `start`, which gives another instance than ./dev run.
// Arguments are parts of file names.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Instance, out, picture, startBrowser, top } from './lib.mjs';

const folder = path.join(top, 'tests/e2e');
const wanted = process.argv.slice(2);
let number = 0;
let failed = 0;

function comment(text) {
  for (const line of String(text).split('\n')) console.log(`# ${line}`);
}

function report(ok, name, error) {
  number += 1;
  console.log(`${ok ? 'ok' : 'not ok'} ${number} - ${name.replaceAll('#', '')}`);
  if (!ok) {
    failed += 1;
    comment(error?.stack ?? error);
  }
}

// A failure leaves a picture of every page that is open.
async function pictures(browser, name) {
  const pages = browser.contexts().flatMap((context) => context.pages());
  for (const [index, page] of pages.entries()) {
    await picture(page, `failed-${name.replace(/\W+/g, '-')}-${index}`).catch(() => {});
  }
}

async function runFile(file) {
  const module = await import(pathToFileURL(path.join(folder, file)));
  comment(file);
  let instance;
  let browser;
  try {
    instance = module.start ? await module.start() : await Instance.start({ host: module.host ?? 'small' });
    browser = await startBrowser();
  } catch (error) {
    report(false, `${file}: an instance and a browser`, error);
    await instance?.stop();
    return;
  }
  for (const [name, run] of module.tests) {
    try {
      await run({ instance, browser, assert });
      report(true, name);
    } catch (error) {
      await pictures(browser, name);
      report(false, name, error);
    }
    await Promise.all(browser.contexts().map((context) => context.close()));
  }
  await browser.close();
  const status = await instance.stop();
  report(status === (module.start ? 0 : 143), `${file}: the instance ends when told to`, `status ${status}`);
}

const files = (await readdir(folder)).filter((f) => f.endsWith('.test.mjs')).sort();
for (const file of files) {
  if (wanted.length === 0 || wanted.some((w) => file.includes(w))) await runFile(file);
}
console.log(`1..${number}`);
if (failed > 0) comment(`pictures are in ${out}`);
process.exit(failed > 0 ? 1 : 0);
