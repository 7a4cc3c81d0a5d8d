// SPDX-License-Identifier: Apache-2.0
// The sidebar from what the pages say of themselves.
import type { Entry, Manifest } from '@/widgets/manifest';

/** Entries under a heading; without one, a single entry. */
export interface Block {
  section?: string;
  /** What the addresses in it begin with. */
  prefix: string;
  folds: boolean;
  entries: Entry[];
}

const prefixOf = (path: string) => `/${path.split('/')[1] ?? ''}`;

/** Neighbours of one section are one block, from whichever pages they are. */
export function blocksOf(pages: readonly Pick<Manifest, 'nav'>[]): Block[] {
  const blocks: Block[] = [];
  for (const entry of pages.flatMap((page) => page.nav)) {
    const last = blocks.at(-1);
    if (entry.section !== undefined && entry.section === last?.section) last.entries.push(entry);
    else blocks.push({ section: entry.section, prefix: prefixOf(entry.to), folds: entry.folds ?? false, entries: [entry] });
  }
  return blocks;
}
