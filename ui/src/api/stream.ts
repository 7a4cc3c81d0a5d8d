// SPDX-License-Identifier: Apache-2.0
// The event stream keeps the query caches true: lists are patched in place, single objects are written, and what the server
// only computes for one object (fits of a card, parts of a group) is fetched again. The stream begins with what every page shows
// around its own matter; after a reconnect everything else is loaded anew.
import type { QueryClient } from '@tanstack/react-query';
import { STREAM_URL } from './client';
import { pushSample, setAsks, setLink } from './live';
import { vmOverview } from './queries';
import { gather, seldom } from './soon';
import type { Change, Consoles, FacetEvent, Sample, StreamState, Vm, VmList } from '@/contract/types';

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

/** A page of VMs with the changes in it, and the counts over it as its rows are. @stale: what it lists, or in which order, may be another now. */
export function patchVmPage(page: VmList, changes: ReadonlyMap<string, Change<Vm>>): { page: VmList; stale: boolean } {
  let stale = false;
  const left = new Set(changes.keys());
  const counts = { ...page.counts };
  const items = page.items.map((old) => {
    const change = changes.get(old.id);
    if (!change) return old;
    left.delete(old.id);
    if (isGone(change)) {
      stale = true;
      return old;
    }
    stale ||= change.state !== old.state || change.name !== old.name || (change.blocked.length > 0) !== (old.blocked.length > 0) ||
      change.memory_mib !== old.memory_mib || change.vcpus !== old.vcpus || change.description !== old.description;
    counts[old.state] -= 1;
    counts[change.state] += 1;
    counts.blocked += Number(change.blocked.length > 0) - Number(old.blocked.length > 0);
    return change;
  });
  return { page: { ...page, items, counts }, stale: stale || left.size > 0 };
}

interface Changed {
  noun: string;
  change: Change<{ id: string }>;
}

/** Whoever looks at it asks once more, and is told that it is not there; a query that is merely removed would stay on show. */
function gone(client: QueryClient, queryKey: string[]): void {
  client.removeQueries({ queryKey, type: 'inactive' });
  void client.resetQueries({ queryKey });
}

function resourcesChanged(client: QueryClient, noun: string, changes: Change<{ id: string }>[], again: (what: string) => void): void {
  client.setQueryData<{ id: string }[]>([noun], (list) => changes.reduce((now, change) => patchList(now, change, noun === 'task'), list));
  for (const change of changes) {
    if (isGone(change)) gone(client, [noun, change.id]);
    else if (noun === 'task') client.setQueryData([noun, change.id], change);
    else void client.invalidateQueries({ queryKey: [noun, change.id] });
  }
  // What one change means for others.
  if (noun === 'gpu' || noun === 'vm') again('group');
  if (noun === 'gpu' || noun === 'vm') again('preflight');
  if (noun === 'task') again('audit');
  if (noun === 'vm') again('snapshot');
  if (noun === 'vm') vmsChanged(client, changes as Change<Vm>[], again);
}

function vmsChanged(client: QueryClient, changes: Change<Vm>[], again: (what: string) => void): void {
  const byId = new Map(changes.map((change) => [change.id, change]));
  for (const [key, page] of client.getQueriesData<VmList>({ queryKey: ['vms'] })) {
    if (!page) continue;
    const patched = patchVmPage(page, byId);
    client.setQueryData(key, patched.page);
    if (patched.stale) again('vms');
  }
  // A VM that starts or stops takes or gives back its parts: the cards' pictures show it.
  if (changes.some((change) => isGone(change) || change.devices.length > 0)) again('gpu');
}

const key = (queryKey: readonly unknown[]) => JSON.stringify(queryKey);
/** Where each part of the stream's beginning belongs. */
const BROUGHT: { [part in keyof StreamState]: readonly unknown[] } = { nodes: ['node'], gpus: ['gpu'], tasks: ['task'], vms: vmOverview.queryKey };
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
const NOUNS = ['gpu', 'group', 'plan', 'task', 'vm', 'template', 'network', 'node'];

interface Handlers {
  onChange: (changed: Changed) => void;
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
  for (const noun of NOUNS) {
    on(noun, (data) => {
      const change = data as Change<{ id: string }>;
      handlers.onChange({ noun, change });
    });
  }
  // These only say that something is another now.
  on('pool', () => void client.invalidateQueries({ queryKey: ['pool'] }));
  on('volume', () => void client.invalidateQueries({ queryKey: ['volume'] }));
  on('file', () => void Promise.all(['file', 'image'].map((noun) => client.invalidateQueries({ queryKey: [noun] }))));
  on('snapshot', (data) => void client.invalidateQueries({ queryKey: ['snapshot', (data as { id: string }).id] }));
  on('console', (data) => client.setQueryData(['console', (data as Consoles).id], data));
  on('event', (data) => {
    const event = data as FacetEvent;
    client.setQueryData<FacetEvent[]>(['event'], (list) => list && [event, ...list.filter((e) => e.id !== event.id)].slice(0, 500));
  });
  on('sample', (data) => pushSample(data as Sample));
  on('state', (data) => takeState(client, data as StreamState));
  return source;
}

/** Keeps the stream open until told otherwise. Returns the way to close it. */
export function openStream(client: QueryClient): () => void {
  let source: EventSource | null = null;
  let opened = false;
  let heard = Date.now();
  const again = seldom(AGAIN_MS, (what) => void client.invalidateQueries({ queryKey: [what] }));
  const changed = gather<Changed>(GATHER_MS, (all) => {
    for (const noun of NOUNS) {
      const changes = all.filter((one) => one.noun === noun).map((one) => one.change);
      if (changes.length > 0) resourcesChanged(client, noun, changes, again);
    }
  });
  const open = () => {
    source?.close();
    heard = Date.now();
    source = connect(client, {
      onOpen: () => {
        if (opened) void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' && !broughtKeys.has(key(query.queryKey)) });
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
