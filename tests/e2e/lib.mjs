// SPDX-License-Identifier: Apache-2.0
// What every browser test needs: an instance of its own, a browser, a signed-in page, axe, pictures.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { chromium } from 'playwright-core';

export const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const out = path.join(top, 'tests/e2e/out');
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const exec = promisify(execFile);

// Seconds that a step may take; machines under load get more by FACET_E2E_PATIENCE=2 and the like.
export const patience = Number(process.env.FACET_E2E_PATIENCE ?? 1);

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A running `./dev run` with state of its own. */
export class Instance {
  static async start({ host = 'small' } = {}) {
    const instance = new Instance();
    instance.state = await mkdtemp(path.join(os.tmpdir(), 'facet-e2e-'));
    instance.env = { ...process.env, FACET_DEV_STATE: instance.state };
    instance.text = '';
    const port = await freePort();
    instance.child = spawn(path.join(top, 'dev'), ['run', '--host', host, '--port', String(port)], {
      cwd: top,
      env: instance.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    instance.ended = new Promise((resolve) => instance.child.on('exit', (code, signal) => resolve(code ?? signal)));
    try {
      await instance.untilReady(180 * patience);
    } catch (error) {
      await instance.stop();
      throw error;
    }
    return instance;
  }

  untilReady(seconds) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready within ${seconds} s:\n${this.text}`)), seconds * 1000);
      const take = (chunk) => {
        this.text += chunk;
        const url = /^Facet is ready at (https:\/\/127\.0\.0\.1:\d+)$/m.exec(this.text);
        const login = /^login: (\S+) \/ (\S+)$/m.exec(this.text);
        if (url && login) {
          clearTimeout(timer);
          [this.url, this.user, this.password] = [url[1], login[1], login[2]];
          resolve();
        }
      };
      this.child.stdout.setEncoding('utf8').on('data', take);
      this.child.stderr.setEncoding('utf8').on('data', take);
      this.ended.then((status) => {
        clearTimeout(timer);
        reject(new Error(`./dev run ended with ${status}:\n${this.text}`));
      });
    });
  }

  /** `facet ARGS…` against this instance: {stdout, stderr}; rejects when it fails. */
  facet(...args) {
    return exec(path.join(top, 'dev'), ['facet', ...args], { env: this.env, cwd: top });
  }

  /** `facet-sim ARGS…` against this instance's simulated host. */
  sim(...args) {
    return exec(path.join(top, 'dev'), ['sim', ...args], { env: this.env, cwd: top });
  }

  /** `virsh ARGS…` with this instance's libvirt, as its owner would type it: what it prints. */
  async virsh(...args) {
    const command = (await exec('ps', ['-eo', 'args'])).stdout
      .split('\n')
      .find((line) => line.includes(this.state) && line.includes('--libvirt '));
    const uri = /--libvirt (\S+)/.exec(command ?? '')?.[1] ?? '';
    return (await exec('virsh', ['-q', '-c', uri, ...args])).stdout;
  }

  /** Processes of this instance whose command line has @text. */
  async processes(text) {
    const lines = (await exec('ps', ['-eo', 'pid,args'])).stdout
      .split('\n')
      .filter((line) => line.includes(this.state) && line.includes(text));
    return lines.map((line) => ({ pid: Number.parseInt(line, 10), args: line.trim().replace(/^\d+ /, '') }));
  }

  /** facetd ends, and is not started again until the function that this returns is called. */
  async facetdAway() {
    const all = await this.processes('/facetd --socket');
    const keeper = all.find(({ args }) => args.includes('tools/dev/keep'));
    const facetd = all.find(({ args }) => !args.includes('tools/dev/keep'));
    if (!keeper || !facetd) throw new Error('no facetd of this instance runs');
    process.kill(keeper.pid, 'SIGSTOP');
    process.kill(facetd.pid, 'SIGKILL');
    return () => process.kill(keeper.pid, 'SIGCONT');
  }

  async stop() {
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), 60_000);
    const status = await this.ended;
    clearTimeout(late);
    await rm(this.state, { recursive: true, force: true, maxRetries: 3 });
    return status;
  }
}

export async function startBrowser() {
  await mkdir(out, { recursive: true });
  const args = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-dev-shm-usage',
  ];
  // Chromium has no sandbox for root.
  return chromium.launch({
    executablePath: process.env.FACET_CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: process.getuid() !== 0,
    headless: true,
    args,
  });
}

/** A page in a fresh profile; what it throws or logs as an error is kept in page.faults. */
export async function newPage(browser, instance, { width = 1440, height = 900, dark = false } = {}) {
  const context = await browser.newContext({
    baseURL: instance.url,
    ignoreHTTPSErrors: true, // the certificate is the instance's own
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000 * patience);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(String(error)));
  return page;
}

export async function login(page, instance) {
  await page.goto('/');
  await page
    .getByLabel(/^user ?name/i)
    .first()
    .fill(instance.user);
  await page.locator('input[type=password]').fill(instance.password);
  await page.getByRole('button', { name: /log in|sign in/i }).click();
  await page.getByRole('banner').getByRole('button', { name: instance.user }).waitFor();
}

/** Serious and critical faults of accessibility, one sentence each. */
export async function axe(page) {
  await page.evaluate(axeSource); // not a script tag: the page's security policy would refuse it
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map(
      (v) =>
        `${v.impact} ${v.id}: ${v.help} — ${v.nodes
          .map((n) => n.target.join(' '))
          .slice(0, 4)
          .join('; ')}`,
    );
}

export async function picture(page, name) {
  await page.screenshot({ path: path.join(out, `${name}.png`), animations: 'disabled' });
}
