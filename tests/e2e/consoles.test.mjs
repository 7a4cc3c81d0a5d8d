// SPDX-License-Identifier: Apache-2.0
// Consoles: what is typed and pasted arrives, a second viewer is asked before it takes the serial line over and told who did, a
// screen is shared, and full screen, special keys and a window of one's own work.
import { axe, login, newPage, patience, picture } from './lib.mjs';

export const host = 'small';

const name = 'con-1';
const BOOT_MS = 180_000 * patience;

async function until(page, look, what) {
  const end = Date.now() + BOOT_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await page.waitForTimeout(250);
  }
}

const vmOf = async (page) => {
  const answer = await page.request.get(`/api/v1/vms/${name}`);
  return answer.ok() ? answer.json() : null;
};

async function prepare({ instance, browser }) {
  const page = await newPage(browser, instance);
  await login(page, instance);
  const images = (await (await page.request.get('/api/v1/images')).json()).items;
  await page.request.post('/api/v1/vms', {
    headers: { Origin: instance.url },
    data: { name, image: images[0].id, memory_mib: 256, start: true },
  });
  await until(page, async () => (await vmOf(page))?.state === 'running', 'the VM runs');
}

async function open(browser, instance, path, options) {
  const page = await newPage(browser, instance, options);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: instance.url });
  await login(page, instance);
  await page.goto(`/vms/${(await vmOf(page)).id}/${path}`);
  return page;
}

const connected = (page) => page.getByText('Connected', { exact: true }).waitFor();
const shown = (page) => page.locator('.xterm-rows').innerText();

/** Presses Enter until the guest's shell answers. */
async function shell(page) {
  await until(
    page,
    async () => {
      await page.locator('.xterm-helper-textarea').focus();
      await page.keyboard.type("echo sh''ell\n");
      await page.waitForTimeout(1500);
      return /^shell/m.test(await shown(page));
    },
    'the shell answers',
  );
}

async function clipboard({ instance, browser, assert }) {
  const page = await open(browser, instance, 'console?kind=serial');
  await connected(page);
  await shell(page);
  const copied = (text) => page.evaluate((value) => navigator.clipboard.writeText(value), text);
  // One line goes at once.
  await copied("echo one''line");
  await page.getByRole('button', { name: 'Paste', exact: true }).click();
  await page.keyboard.press('Enter');
  await until(page, async () => /^oneline/m.test(await shown(page)), 'the pasted line');
  // Several are shown first, since the guest would run each as it comes.
  await copied("echo fi''rst\necho sec''ond\n");
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.press('Control+Shift+V');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('These are 2 lines').waitFor();
  await picture(page, 'console-paste');
  assert.deepEqual(await axe(page), []);
  await page.waitForTimeout(500);
  assert.doesNotMatch(await shown(page), /^first/m);
  await dialog.getByRole('button', { name: 'Send' }).click();
  await until(page, async () => /^second/m.test(await shown(page)), 'the pasted lines');
  // What is selected is copied.
  const word = await page.locator('.xterm-rows').getByText('second', { exact: true }).first().boundingBox();
  await page.mouse.dblclick(word.x + 12, word.y + word.height / 2);
  await until(page, async () => /second/.test(await page.evaluate(() => navigator.clipboard.readText())), 'the selection is copied');
  // The guest takes Tab; three keys lead out of it.
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.press('Tab');
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains('xterm-helper-textarea')));
  await page.keyboard.press('Control+Alt+Shift');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Paste');
  await picture(page, 'console-serial');
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(page.faults, []);
}

async function takingOver({ instance, browser, assert }) {
  const first = await open(browser, instance, 'console?kind=serial');
  await connected(first);
  const second = await open(browser, instance, 'console?kind=serial', { dark: true });
  await second.getByText(/^admin is watching since \d\d:\d\d:\d\d$/).waitFor();
  await first.getByText('Connected', { exact: true }).waitFor();
  await picture(second, 'console-watched-dark');
  assert.deepEqual(await axe(second), []);
  await second.getByRole('button', { name: 'Take over' }).click();
  await connected(second);
  await first.getByText('admin took this console over.').waitFor();
  await picture(first, 'console-taken');
  assert.deepEqual(await axe(first), []);
  await shell(second);
  await first.getByRole('button', { name: 'Take over' }).click();
  await connected(first);
  await second.getByText('admin took this console over.').waitFor();
  // Whoever waits gets in when the other leaves, and one who comes after that is asked in turn.
  const third = await open(browser, instance, 'console?kind=serial');
  await third.getByText(/^admin is watching since/).waitFor();
  await first.close();
  await connected(third);
  await third.reload();
  await connected(third);
  assert.deepEqual([...first.faults, ...second.faults, ...third.faults], []);
}

/** What is sent on WebSockets from here on, as key events of RFB: "down 0xffe3". */
function keyEvents(page) {
  const events = [];
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const bytes = Buffer.from(payload);
      if (bytes.length === 8 && bytes[0] === 4) events.push(`${bytes[1] ? 'down' : 'up'} ${bytes.readUInt32BE(4).toString(16)}`);
      if (bytes.length === 12 && bytes[0] === 255 && bytes[1] === 0)
        events.push(`${bytes.readUInt16BE(2) ? 'down' : 'up'} ${bytes.readUInt32BE(4).toString(16)}`);
    }),
  );
  return events;
}

async function screen({ instance, browser, assert }) {
  const page = await newPage(browser, instance);
  const events = keyEvents(page);
  await login(page, instance);
  const { id } = await vmOf(page);
  await page.goto(`/vms/${id}/console?kind=screen`);
  await connected(page);
  await page.locator('.fct-console canvas').waitFor();
  assert.equal(await page.getByText('people are watching').count(), 0);
  await page.getByRole('button', { name: 'Type text' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('é');
  await dialog.getByText('A US keyboard has no key for é').waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Send' }).isDisabled());
  await dialog.getByRole('textbox').fill('aB\n');
  await picture(page, 'console-type');
  assert.deepEqual(await axe(page), []);
  events.length = 0;
  await dialog.getByRole('button', { name: 'Send' }).click();
  await until(page, async () => events.length >= 8, 'the text is typed');
  assert.deepEqual(events, ['down 61', 'up 61', 'down ffe1', 'down 42', 'up 42', 'up ffe1', 'down ff0d', 'up ff0d']);

  // Somebody else looks on: both are told, nobody is pushed out.
  const other = await open(browser, instance, 'console?kind=screen', { dark: true });
  await connected(other);
  await page.getByText('2 people are watching').waitFor();
  await other.getByText('2 people are watching').waitFor();
  await connected(page);
  await picture(other, 'console-screen-dark');
  assert.deepEqual(await axe(other), []);
  await other.close();
  await page.getByText('2 people are watching').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Send keys' }).click();
  await picture(page, 'console-keys');
  assert.deepEqual(await axe(page), []);
  events.length = 0;
  await page.getByRole('menuitem', { name: 'Ctrl-Alt-F2' }).click();
  await until(page, async () => events.length >= 6, 'the keys are sent');
  assert.deepEqual(events, ['down ffe3', 'down ffe9', 'down ffbf', 'up ffbf', 'up ffe9', 'up ffe3']);

  await page.getByRole('button', { name: 'Full screen' }).click();
  await page.getByRole('button', { name: 'Leave full screen' }).waitFor();
  assert.ok(await page.evaluate(() => document.fullscreenElement.classList.contains('fct-frame')));
  await page.getByRole('button', { name: 'Send keys' }).click();
  await page.getByRole('menuitem', { name: 'Ctrl-Alt-F1' }).waitFor();
  await picture(page, 'console-full-screen');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Leave full screen' }).click();
  await page.getByRole('button', { name: 'Full screen' }).waitFor();
  events.length = 0;
  await page.getByRole('button', { name: 'Ctrl-Alt-Del' }).click();
  await until(page, async () => events.length >= 6, 'the keys are sent');
  assert.deepEqual(events, ['down ffe3', 'down ffe9', 'down ffff', 'up ffff', 'up ffe9', 'up ffe3']);
  assert.deepEqual(page.faults, []);
}

async function window_({ instance, browser, assert }) {
  const page = await open(browser, instance, 'console?kind=serial');
  await connected(page);
  const popup = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Open in a window' }).click();
  const own = await popup;
  own.faults = [];
  own.on('pageerror', (error) => own.faults.push(String(error)));
  // The page has the line: its window asks like everybody else.
  await own.getByRole('button', { name: 'Take over' }).click();
  await connected(own);
  await own.getByRole('heading', { level: 1, name }).waitFor();
  assert.equal(await own.getByRole('navigation').count(), 0);
  await picture(own, 'console-window');
  assert.deepEqual(await axe(own), []);
  const answer = await page.request.post(`/api/v1/vms/${name}/stop`, { headers: { Origin: instance.url }, data: { force: true } });
  assert.equal(answer.status(), 202);
  await own.getByText('The console opens when the VM runs').waitFor();
  await picture(own, 'console-window-off');
  assert.deepEqual(await axe(own), []);
  assert.deepEqual([...page.faults, ...own.faults], []);
}

export const tests = [
  ['a VM runs', prepare],
  ['the serial console copies and pastes, and lets the keyboard out', clipboard],
  ['a second viewer of the serial console is asked, and the first is told who took it', takingOver],
  ['a screen is shared, text is typed, special keys are sent, full screen works', screen],
  ['a console has a window of its own', window_],
];
