// SPDX-License-Identifier: Apache-2.0
// The event stream keeps the query caches true: lists are patched in place, single objects are written, and what the server
// only computes for one object (fits of a card, parts of a group) is fetched again. After a reconnect everything is loaded anew.
import type { QueryClient } from '@tanstack/react-query';
import { STREAM_URL } from './client';
import { pushSample, setLink } from './live';
import type { Change, Consoles, FacetEvent, Sample } from './types';

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

const SILENT_MS = 45_000; // samples come every few seconds; a connection that is silent for so long is dead
const OPEN_MS = 10_000;

interface Handlers {
  onOpen: () => void;
  onMessage: () => void;
  onError: (source: EventSource) => void;
}

function connect(client: QueryClient, handlers: Handlers): EventSource {
  const source = new EventSource(STREAM_URL);
  const on = (kind: string, take: (data: unknown) => void) =>
    source.addEventListener(kind, (message: MessageEvent<string>) => {
      handlers.onMessage();
      take(JSON.parse(message.data));
    });
  source.addEventListener('open', handlers.onOpen);
  source.addEventListener('error', () => handlers.onError(source));
  for (const noun of ['gpu', 'group', 'plan', 'task', 'vm', 'network', 'node']) on(noun, (data) => resourceChanged(client, noun, data as Change<{ id: string }>));
  on('console', (data) => client.setQueryData(['console', (data as Consoles).id], data));
  on('event', (data) => {
    const event = data as FacetEvent;
    client.setQueryData<FacetEvent[]>(['event'], (list) => list && [event, ...list.filter((e) => e.id !== event.id)].slice(0, 500));
  });
  on('sample', (data) => pushSample(data as Sample));
  return source;
}

/** Keeps the stream open until told otherwise. Returns the way to close it. */
export function openStream(client: QueryClient): () => void {
  let source: EventSource | null = null;
  let opened = false;
  let heard = Date.now();
  const open = () => {
    source?.close();
    heard = Date.now();
    source = connect(client, {
      onOpen: () => {
        if (opened) void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
        opened = true;
        heard = Date.now();
        setLink('up');
      },
      onMessage: () => {
        heard = Date.now();
      },
      onError: (from) => {
        setLink('down');
        // A closed source does not come back by itself (an expired session answers 401): asking who we are settles it.
        if (from.readyState === EventSource.CLOSED) void client.invalidateQueries({ queryKey: ['session'] });
      },
    });
  };
  const watch = setInterval(() => {
    const silent = Date.now() - heard;
    if (source?.readyState !== EventSource.OPEN && silent > OPEN_MS) setLink('down');
    if (silent > SILENT_MS || (source?.readyState === EventSource.CLOSED && silent > OPEN_MS)) open();
  }, 5000);
  open();
  return () => {
    clearInterval(watch);
    source?.close();
  };
}
