// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { cleanPaste, keysOf } from '@/lib/keys';

describe('keysOf', () => {
  it('has a key for everything that ASCII prints, each its own', () => {
    const all = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)).join('');
    const { keys, without } = keysOf(all);
    expect(without).toEqual([]);
    expect(keys.map((key) => String.fromCharCode(key.keysym)).join('')).toBe(all);
    expect(new Set(keys.map((key) => `${key.code} ${key.shift}`)).size).toBe(all.length);
  });
  it('holds Shift for what a US keyboard has above', () => {
    expect(keysOf('aA1!').keys).toEqual([
      { keysym: 0x61, code: 'KeyA', shift: false },
      { keysym: 0x41, code: 'KeyA', shift: true },
      { keysym: 0x31, code: 'Digit1', shift: false },
      { keysym: 0x21, code: 'Digit1', shift: true },
    ]);
    expect(keysOf('_"|?').keys.map((key) => [key.code, key.shift])).toEqual([
      ['Minus', true],
      ['Quote', true],
      ['Backslash', true],
      ['Slash', true],
    ]);
  });
  it('takes every line end for one Enter', () => {
    expect(keysOf('a\r\nb\rc\n').keys.map((key) => key.code)).toEqual(['KeyA', 'Enter', 'KeyB', 'Enter', 'KeyC', 'Enter']);
  });
  it('names what it cannot type, once', () => {
    const { keys, without } = keysOf('é€é😀x');
    expect(without).toEqual(['é', '€', '😀']);
    expect(keys.map((key) => key.code)).toEqual(['KeyX']);
  });
});

describe('cleanPaste', () => {
  it('lets nothing through that could end a bracketed paste', () => {
    expect(cleanPaste('ls\u001b[201~\r\nrm\t-r\u0000 x\u009b201~\u007f')).toBe('ls[201~\r\nrm\t-r x201~');
  });
});
