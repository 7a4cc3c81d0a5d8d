// SPDX-License-Identifier: Apache-2.0
// The event stream keeps the query caches true: lists are patched in place, single objects are written, and what the server
// only computes for one object (fits of a card, parts of a group) is fetched again. After a reconnect everything is loaded anew.
import type { QueryClient } from '@tanstack/react-query';
import { STREAM_URL } from './client';
import { pushSample, setLink } from './live';
import type { Change, FacetEvent, Sample } from './types';

const isGone = (change: object): change is { id: string; deleted: true } => 'deleted' in change;

/** The list with one item changed, added in front when @newestFirst, or gone. The same array when nothing is cached yet. */
export function patchList<T extends { id: string }>(
  list: T[] | undefined, change: Change<T>, newestFirst: boolean,
): T[] | undefined {
  if (!list) return list;
  if (isGone(change)) return list.filter((item) => item.id !== change.id);
  const at = list.findIndex((item) => item.id === change.id);
  if (at >= 0) return list.map((item, i) => (i === at ? (change as T) : item));
  return newestFirst ? [change as T, ...list] : [...list, change as T];
}

function resourceChanged(client: QueryClient, noun: string, change: Change<{ id: string }>): void {
  client.setQueryData<{ id: string }[]>([noun], (list) => patchList(list, change, noun === 'task'));
  if (isGone(change)) {
    client.removeQueries({ queryKey: [noun, change.id] });
  } else if (noun === 'task') {
    client.setQueryData([noun, change.id], change);
  } else {
    void client.invalidateQueries({ queryKey: [noun, change.id] });
  }
  // What one change means for others.
  if (noun === 'gpu' || noun === 'vm') void client.invalidateQueries({ queryKey: ['group'] });
  if (noun === 'gpu' || noun === 'vm') void client.invalidateQueries({ queryKey: ['preflight'] });
  // A VM that starts or stops takes or gives back its parts: the cards' pictures show it.
  if (noun === 'vm') void client.invalidateQueries({ queryKey: ['gpu'] });
  if (noun === 'task') void client.invalidateQueries({ queryKey: ['audit'] });
}

/** Opens the stream. Returns the way to close it. */
export function openStream(client: QueryClient): () => void {
  const source = new EventSource(STREAM_URL);
  let opened = false;
  source.addEventListener('open', () => {
    if (opened) void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    opened = true;
    setLink('up');
  });
  source.addEventListener('error', () => {
    setLink('down');
    // A closed source does not come back by itself (an expired session answers 401): asking who we are settles it.
    if (source.readyState === EventSource.CLOSED) void client.invalidateQueries({ queryKey: ['session'] });
  });
  for (const noun of ['gpu', 'group', 'plan', 'task', 'vm', 'node']) {
    source.addEventListener(noun, (message: MessageEvent<string>) => {
      resourceChanged(client, noun, JSON.parse(message.data) as Change<{ id: string }>);
    });
  }
  source.addEventListener('event', (message: MessageEvent<string>) => {
    const event = JSON.parse(message.data) as FacetEvent;
    client.setQueryData<FacetEvent[]>(['event'], (list) => list && [event, ...list.filter((e) => e.id !== event.id)].slice(0, 500));
  });
  source.addEventListener('sample', (message: MessageEvent<string>) => {
    pushSample(JSON.parse(message.data) as Sample);
  });
  return () => source.close();
}
