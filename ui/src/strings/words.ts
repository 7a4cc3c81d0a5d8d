// SPDX-License-Identifier: Apache-2.0
// Counts and lists inside of sentences.
/** "1 card", "2 cards". */
export const plural = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/** "llm-a", "llm-a and ct-7", "llm-a, ct-7 and 3 more". */
export function names(list: readonly string[], most = 3): string {
  if (list.length === 0) return '';
  const shown = list.slice(0, most);
  const rest = list.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  const last = shown.pop() ?? '';
  return shown.length ? `${shown.join(', ')} and ${last}` : last;
}
