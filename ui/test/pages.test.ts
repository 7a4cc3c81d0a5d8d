// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
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
  it('each say of their own nouns what a change means', () => {
    const nouns = pages.flatMap((page) => Object.keys(page.nouns ?? {}));
    expect([...nouns].sort()).toEqual([
      'console',
      'event',
      'file',
      'gpu',
      'group',
      'network',
      'node',
      'pool',
      'snapshot',
      'task',
      'template',
      'vm',
      'volume',
    ]);
  });
  it('make the sidebar', () => {
    expect(
      blocksOf(pages).map(({ section, entries }) => (section ? [section, ...entries.map(({ name }) => name)] : entries[0]?.name)),
    ).toEqual([
      'Overview',
      'Virtual machines',
      'Templates',
      ['GPUs', 'Cards', 'Resource groups'],
      ['Storage', 'Pools', 'Volumes', 'Files'],
      'Networks',
      ['Activity', 'Tasks', 'Events', 'Audit'],
      'Nodes',
      'Settings',
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
