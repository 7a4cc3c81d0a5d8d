// SPDX-License-Identifier: Apache-2.0
// Search over everything that the page holds: names first by how early the words appear in them.
export interface Found {
  /** What it is, in a word that is shown before its name. */
  kind: string;
  key: string;
  name: string;
  /** What else it is found by. */
  more: string;
  to: string;
  /** Among equals, objects (left out) come before pages, and what is past comes last. */
  rank?: 'page' | 'past';
}

const rankOf = ({ rank }: Found) => (rank === 'past' ? 2 : rank === 'page' ? 1 : 0);

/** Every word of @text must occur in the name or the rest; hits in the name, and early ones, come first. */
export function search(all: readonly Found[], text: string, most = 12): Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const scored = all.flatMap((item) => {
    const name = item.name.toLowerCase();
    const rest = item.more.toLowerCase();
    let score = 0;
    for (const word of words) {
      const at = name.indexOf(word);
      if (at < 0 && !rest.includes(word)) return [];
      score += at < 0 ? 100 : at;
    }
    return [{ item, score }];
  });
  return scored
    .sort((a, b) => a.score - b.score || rankOf(a.item) - rankOf(b.item))
    .slice(0, most)
    .map(({ item }) => item);
}
