// SPDX-License-Identifier: Apache-2.0
// Keys that a browser keeps for itself, and text, sent to a guest's screen.
import type RFB from '@novnc/novnc';
import type { Key } from '@/lib/keys';

/** X keysym, and the name that browsers give the key's place. */
type Stroke = readonly [number, string];

const CTRL: Stroke = [0xffe3, 'ControlLeft'];
const ALT: Stroke = [0xffe9, 'AltLeft'];
const SHIFT: Stroke = [0xffe1, 'ShiftLeft'];
const SUPER: Stroke = [0xffeb, 'MetaLeft'];
const fn = (n: number): Stroke => [0xffbd + n, `F${n}`];

export const ctrlAltDel: readonly Stroke[] = [CTRL, ALT, [0xffff, 'Delete']];

export const CHORDS: readonly (readonly [string, readonly Stroke[]])[] = [
  ['Ctrl-Alt-Backspace', [CTRL, ALT, [0xff08, 'Backspace']]],
  ...[1, 2, 3, 7].map((n) => [`Ctrl-Alt-F${n}`, [CTRL, ALT, fn(n)]] as const),
  ['Alt-Tab', [ALT, [0xff09, 'Tab']]],
  ['Alt-F4', [ALT, fn(4)]],
  ['Windows key', [SUPER]],
  ['Escape', [[0xff1b, 'Escape']]],
  ['Print screen', [[0xff61, 'PrintScreen']]],
];

/** All down in order, then all up in reverse. */
export function press(rfb: RFB, chord: readonly Stroke[]): void {
  for (const [keysym, code] of chord) rfb.sendKey(keysym, code, true);
  for (const [keysym, code] of [...chord].reverse()) rfb.sendKey(keysym, code, false);
}

// A guest's keyboard holds few keys that it has not read.
const KEY_MS = 25;

/** Types @keys one after the other, for as long as @open. */
export async function typeKeys(rfb: RFB, keys: readonly Key[], open: () => boolean): Promise<void> {
  for (const { keysym, code, shift } of keys) {
    if (!open()) return;
    press(rfb, shift ? [SHIFT, [keysym, code]] : [[keysym, code]]);
    await new Promise((done) => setTimeout(done, KEY_MS));
  }
}
