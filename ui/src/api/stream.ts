// SPDX-License-Identifier: Apache-2.0
// The event stream keeps the query caches true; what a change does to them is in changes.ts, and of which nouns in the pages' manifests.
// The stream begins with what every page shows around its own matter; after a reconnect everything else is loaded anew.
import type { QueryClient } from '@tanstack/react-query';
import { takeObjects, type Nouns } from './changes';
import { STREAM_URL } from './client';
import { pushSample, setAsks, setLink } from './live';
import { vmOverview } from './queries';
import { gather, seldom } from './soon';
import type { Change, Sample, StreamState } from '@/contract/types';

interface Changed {
  noun: string;
  change: Change<{ id: string }>;
}

const key = (queryKey: readonly unknown[]) => JSON.stringify(queryKey);
/** Where each part of the stream's beginning belongs. */
const BROUGHT: { [part in keyof StreamState]: readonly unknown[] } = {
  nodes: ['node'],
  gpus: ['gpu'],
  tasks: ['task'],
  vms: vmOverview.queryKey,
};
const broughtKeys = new Set(Object.values(BROUGHT).map(key));

/** A part that the server could not give is asked for by whoever shows it, and so the reason is shown there. */
export function takeState(client: QueryClient, state: StreamState): void {
  for (const part of Object.keys(BROUGHT) as (keyof StreamState)[]) {
    const queryKey = BROUGHT[part];
    const value = part === 'vms' ? state.vms : state[part]?.items;
    if (value) client.setQueryData(queryKey, value);
    else void client.invalidateQueries({ queryKey, exact: true });
  }
  setAsks(true);
}

const SILENT_MS = 45_000; // samples come every few seconds; a connection that is silent for so long is dead
const OPEN_MS = 10_000;
const STATE_MS = 3000; // a stream that does not begin by then does not keep the page waiting

const GATHER_MS = 80; // below what anybody sees as a delay
const AGAIN_MS = 2000; // between two fetches of what only the server can work out

interface Handlers {
  onChange: (changed: Changed) => void;
  onOpen: () => void;
  onMessage: () => void;
  onError: (source: EventSource) => void;
}

function connect(client: QueryClient, nouns: Nouns, handlers: Handlers): EventSource {
  const source = new EventSource(STREAM_URL);
  const on = (kind: string, take: (data: unknown) => void) =>
    source.addEventListener(kind, (message: MessageEvent<string>) => {
      handlers.onMessage();
      take(JSON.parse(message.data));
    });
  source.addEventListener('open', handlers.onOpen);
  source.addEventListener('error', () => handlers.onError(source));
  for (const [name, noun] of Object.entries(nouns)) {
    on(name, (data) => {
      if (noun.carries === 'word') noun.take(client, data);
      else handlers.onChange({ noun: name, change: data as Changed['change'] });
    });
  }
  on('sample', (data) => pushSample(data as Sample));
  on('state', (data) => takeState(client, data as StreamState));
  return source;
}

/** Keeps the stream open until told otherwise, and takes changes of @nouns. Returns the way to close it. */
export function openStream(client: QueryClient, nouns: Nouns): () => void {
  let source: EventSource | null = null;
  let opened = false;
  let heard = Date.now();
  const again = seldom(AGAIN_MS, (what) => void client.invalidateQueries({ queryKey: [what] }));
  const changed = gather<Changed>(GATHER_MS, (all) => {
    for (const [name, noun] of Object.entries(nouns)) {
      const changes = all.filter((one) => one.noun === name).map((one) => one.change);
      if (noun.carries === 'object' && changes.length > 0) takeObjects(client, name, noun, changes, again);
    }
  });
  const open = () => {
    source?.close();
    heard = Date.now();
    source = connect(client, nouns, {
      onOpen: () => {
        if (opened)
          void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' && !broughtKeys.has(key(query.queryKey)) });
        opened = true;
        heard = Date.now();
        setLink('up');
      },
      onChange: (one) => changed.put(`${one.noun} ${one.change.id}`, one),
      onMessage: () => {
        heard = Date.now();
      },
      onError: (from) => {
        setLink('down');
        setAsks(true);
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
  const late = setTimeout(() => setAsks(true), STATE_MS);
  // A page that is left would take its stream for broken and ask who is signed in; one that is shown again begins anew.
  const leave = () => source?.close();
  const back = (event: PageTransitionEvent) => event.persisted && open();
  window.addEventListener('pagehide', leave);
  window.addEventListener('pageshow', back);
  open();
  return () => {
    clearInterval(watch);
    clearTimeout(late);
    window.removeEventListener('pagehide', leave);
    window.removeEventListener('pageshow', back);
    source?.close();
    setAsks(false);
  };
}
