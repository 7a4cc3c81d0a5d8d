// SPDX-License-Identifier: Apache-2.0
// Search over everything that the page holds: names first by how early the words appear in them.
export interface Found {
  kind: 'page' | 'gpu' | 'vm' | 'group' | 'network' | 'pool' | 'volume' | 'file' | 'template' | 'task';
  key: string;
  name: string;
  more: string;
  to: string;
}

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
  return scored.sort((a, b) => a.score - b.score).slice(0, most).map(({ item }) => item);
}
