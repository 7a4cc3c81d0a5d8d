// SPDX-License-Identifier: Apache-2.0
// Text as keys of a US keyboard, for screens that have no clipboard in common with the guest.

/** One key: its X keysym, the name that browsers give its place, and whether Shift is held. */
export interface Key {
  keysym: number;
  code: string;
  shift: boolean;
}

const PLAIN = "`1234567890-=[]\\;',./";
const SHIFTED = '~!@#$%^&*()_+{}|:"<>?';
const CODES = [
  'Backquote',
  'Digit1',
  'Digit2',
  'Digit3',
  'Digit4',
  'Digit5',
  'Digit6',
  'Digit7',
  'Digit8',
  'Digit9',
  'Digit0',
  'Minus',
  'Equal',
  'BracketLeft',
  'BracketRight',
  'Backslash',
  'Semicolon',
  'Quote',
  'Comma',
  'Period',
  'Slash',
];
const NAMED: Readonly<Record<string, Key>> = {
  '\n': { keysym: 0xff0d, code: 'Enter', shift: false },
  '\t': { keysym: 0xff09, code: 'Tab', shift: false },
  ' ': { keysym: 0x20, code: 'Space', shift: false },
};

function keyOf(letter: string): Key | undefined {
  const keysym = letter.charCodeAt(0);
  if (/^[a-z]$/i.test(letter)) return { keysym, code: `Key${letter.toUpperCase()}`, shift: letter !== letter.toLowerCase() };
  const plain = PLAIN.indexOf(letter);
  const at = plain >= 0 ? plain : SHIFTED.indexOf(letter);
  const code = CODES[at];
  return code === undefined ? NAMED[letter] : { keysym, code, shift: plain < 0 };
}

/** The keys that type @text, and the letters that no key types. Line ends of all kinds are Enter. */
export function keysOf(text: string): { keys: Key[]; without: string[] } {
  const keys: Key[] = [];
  const without = new Set<string>();
  for (const letter of text.replace(/\r\n?/g, '\n')) {
    const key = keyOf(letter);
    if (key) keys.push(key);
    else without.add(letter);
  }
  return { keys, without: [...without] };
}

/** What may be pasted into a terminal: no control characters but tabs and line ends, so that no text can end a bracketed paste. */
export function cleanPaste(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '');
}
