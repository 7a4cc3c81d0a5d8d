// SPDX-License-Identifier: Apache-2.0
// What a change on the event stream does to the query caches. Which nouns there are, and what a change of one means for others, each
// page says of its own in its manifest; the app hands the table of all to the stream.
import type { QueryClient } from '@tanstack/react-query';
import type { Change } from '@/contract/types';

/** Marks all queries whose key begins with @noun as stale: soon, and seldom however often it is asked for. */
export type Again = (noun: string) => void;

/** The change carries the object. It is put into the list [noun]; [noun, id] is fetched again, since the server works out more for one. */
export interface ObjectNoun {
  carries: 'object';
  /** Where an object that the list does not have yet goes; left out: to the end. */
  newestFirst?: true;
  /** The object is all there is to [noun, id], which is written and not fetched. */
  complete?: true;
  /** The nouns whose queries show something of this one, or follow from it. */
  again?: readonly string[];
  /** What else follows, from all changes that came together. */
  also?: (client: QueryClient, changes: readonly Change<{ id: string }>[], again: Again) => void;
}

/** The change carries something else, or only the word that there was one. */
export interface WordNoun {
  carries: 'word';
  take: (client: QueryClient, data: unknown) => void;
}

/** By the kind of the stream's events. */
export type Nouns = Readonly<Record<string, ObjectNoun | WordNoun>>;

/** A noun of which the stream says only that something is another now: the queries of @nouns are stale. */
export const staleWord = (...nouns: string[]): WordNoun => ({
  carries: 'word',
  take: (client) => nouns.forEach((noun) => void client.invalidateQueries({ queryKey: [noun] })),
});

export const isGone = (change: object): change is { id: string; deleted: true } => 'deleted' in change;

/** The list with one item changed, added in front when @newestFirst, or gone. The same array when nothing is cached yet. */
export function patchList<T extends { id: string }>(list: T[] | undefined, change: Change<T>, newestFirst: boolean): T[] | undefined {
  if (!list) return list;
  if (isGone(change)) return list.filter((item) => item.id !== change.id);
  const at = list.findIndex((item) => item.id === change.id);
  if (at >= 0) return list.map((item, i) => (i === at ? (change as T) : item));
  return newestFirst ? [change as T, ...list] : [...list, change as T];
}

/** Whoever looks at it asks once more, and is told that it is not there; a query that is merely removed would stay on show. */
function gone(client: QueryClient, queryKey: string[]): void {
  client.removeQueries({ queryKey, type: 'inactive' });
  void client.resetQueries({ queryKey });
}

/** Takes changes of objects of @name that came together. */
export function takeObjects(
  client: QueryClient,
  name: string,
  noun: ObjectNoun,
  changes: readonly Change<{ id: string }>[],
  again: Again,
): void {
  client.setQueryData<{ id: string }[]>([name], (list) =>
    changes.reduce((now, change) => patchList(now, change, noun.newestFirst ?? false), list),
  );
  for (const change of changes) {
    if (isGone(change)) gone(client, [name, change.id]);
    else if (noun.complete) client.setQueryData([name, change.id], change);
    else void client.invalidateQueries({ queryKey: [name, change.id] });
  }
  noun.again?.forEach(again);
  noun.also?.(client, changes, again);
}
