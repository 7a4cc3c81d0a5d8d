// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { QueryClient } from '@tanstack/react-query';
import { matchPath } from 'react-router-dom';
import { describe, expect, it, vi } from 'vitest';
import { takeObjects, type ObjectNoun } from '@/api/changes';
import { search, type Found } from '@/lib/search';
import { pages } from '@/pages';
import { blocksOf } from '@/shell/nav';
import type { Manifest } from '@/widgets/manifest';

// A manifest is looked at without what it shows.
vi.mock('@/widgets/chunk', () => ({ chunk: (load: unknown) => load }));
vi.mock('@/pages/overview/OverviewPage', () => ({ OverviewPage: () => null }));

const manifests = import.meta.glob<Record<string, Manifest>>('../src/pages/*/page.ts', { eager: true });
const folders = readdirSync('src/pages', { withFileTypes: true }).filter(
  (one) => one.isDirectory() && readdirSync(`src/pages/${one.name}`).length > 0,
);

describe('pages', () => {
  it('are the folders, each with one manifest', () => {
    expect(folders.length).toBe(pages.length);
    for (const { name } of folders) {
      const exported = Object.values(manifests[`../src/pages/${name}/page.ts`] ?? {});
      expect(exported, name).toHaveLength(1);
      expect(pages, name).toContain(exported[0]);
    }
  });
  it('have addresses of their own, and lead to one', () => {
    const routes = pages.flatMap((page) => page.routes);
    const paths = routes.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    const shown = routes.flatMap((route) => ('Page' in route ? [route.path] : []));
    const led = [
      ...routes.flatMap((route) => ('to' in route ? [route.to] : [])),
      ...pages.flatMap(({ nav, places = [] }) => [...nav, ...places].map(({ to }) => to)),
    ];
    for (const to of led)
      expect(
        shown.some((path) => matchPath(path, to)),
        to,
      ).toBe(true);
  });
  it('each have nouns of their own, and together all that the contract says the stream tells of', () => {
    const nouns = pages.flatMap((page) => Object.keys(page.nouns ?? {}));
    expect(new Set(nouns).size).toBe(nouns.length);
    const contract = readFileSync('../api/openapi/event.yaml', 'utf8');
    const kinds = /event: <kind> \(([^)]*)\)/.exec(contract)?.[1]?.split(/,\s*/) ?? [];
    const others = ['hello', 'state', 'sample', 'plan']; // the stream's own, readings, and plans, which nobody keeps
    expect(kinds.length).toBeGreaterThan(others.length);
    for (const kind of kinds.filter((one) => !others.includes(one))) expect(nouns).toContain(kind);
  });
});

describe('the sidebar', () => {
  it('puts neighbours of one section under one heading, from whichever pages they are', () => {
    const entry = (to: string, section?: string) => ({ to, name: to, section });
    const blocks = blocksOf([
      { nav: [entry('/')] },
      { nav: [entry('/gpus/cards', 'GPUs')] },
      { nav: [entry('/gpus/groups', 'GPUs')] },
      { nav: [entry('/storage/pools', 'Storage')] },
      { nav: [] },
    ]);
    expect(blocks.map(({ section, prefix, entries }) => [section, prefix, entries.length])).toEqual([
      [undefined, '/', 1],
      ['GPUs', '/gpus', 2],
      ['Storage', '/storage', 1],
    ]);
  });
});

describe('a change of a noun', () => {
  const take = (client: QueryClient, noun: ObjectNoun, ...changes: object[]) => {
    const asked: string[] = [];
    takeObjects(client, 'x', noun, changes as { id: string; deleted: true }[], (what) => void asked.push(what));
    return asked;
  };
  it('goes into its list, and makes stale what follows from it', () => {
    const client = new QueryClient();
    client.setQueryData(['x'], [{ id: 'a' }]);
    client.setQueryData(['x', 'a'], { id: 'a' });
    expect(take(client, { carries: 'object', again: ['y', 'z'] }, { id: 'a', n: 1 }, { id: 'b' })).toEqual(['y', 'z']);
    expect(client.getQueryData(['x'])).toEqual([{ id: 'a', n: 1 }, { id: 'b' }]);
    expect(client.getQueryState(['x', 'a'])?.isInvalidated).toBe(true);
  });
  it('is written where it is all there is', () => {
    const client = new QueryClient();
    client.setQueryData(['x'], [{ id: 'a' }]);
    take(client, { carries: 'object', newestFirst: true, complete: true }, { id: 'b', n: 2 });
    expect(client.getQueryData(['x'])).toEqual([{ id: 'b', n: 2 }, { id: 'a' }]);
    expect(client.getQueryData(['x', 'b'])).toEqual({ id: 'b', n: 2 });
  });
});

describe('search among equals', () => {
  it('puts objects before pages, and what is past last', () => {
    const of = (name: string, rank?: Found['rank']): Found => ({ kind: '', key: name, name, more: '', to: '', rank });
    expect(search([of('task', 'past'), of('page', 'page'), of('vm')], '').map(({ name }) => name)).toEqual(['vm', 'page', 'task']);
  });
});
