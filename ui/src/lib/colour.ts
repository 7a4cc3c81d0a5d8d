// SPDX-License-Identifier: Apache-2.0
// A VM keeps its colour everywhere and for good: it follows from its name alone.

export const HUES = 14;

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193) >>> 0;
  }
  // FNV's low bits are weak for names that differ in their last digit only.
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 0;
}

/** 0 … HUES-1: the number of a CSS class fct-hue-N (facet.css). */
export const hueOf = (name: string) => (hash(name) >>> 8) % HUES;
