// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { QueryClient } from '@tanstack/react-query';
import { mergeSamples, onlyDrawn } from '@/api/live';
import { vmOverview } from '@/api/queries';
import { gather, seldom } from '@/api/soon';
import { takeState } from '@/api/stream';
import type { Sample, StreamState, Vm, VmList } from '@/contract/types';
import { patchVmPage } from '@/pages/vms/changes';

const vm = (id: string, change: Partial<Vm> = {}) =>
  ({ id, name: id, state: 'off', blocked: [], vcpus: 1, memory_mib: 64, description: '', ...change }) as unknown as Vm;
const page = (...items: Vm[]) =>
  ({ items, total: items.length, counts: { all: items.length, off: items.length, running: 0, blocked: 0 } }) as unknown as VmList;
const changed = (...vms: Vm[]) => new Map(vms.map((one) => [one.id, one]));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a storm of events', () => {
  it('is handed over once, with the newest of each', () => {
    const seen: number[][] = [];
    const { put } = gather<number>(80, (all) => seen.push(all));
    for (let i = 0; i < 1000; i++) put(`vm ${i % 10}`, i);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(80);
    expect(seen).toEqual([[990, 991, 992, 993, 994, 995, 996, 997, 998, 999]]);
    put('vm 1', 1);
    vi.advanceTimersByTime(80);
    expect(seen).toHaveLength(2);
  });
  it('fetches at once, then at most once in two seconds, and never forgets the last', () => {
    let fetches = 0;
    const again = seldom(2000, () => fetches++);
    for (let ms = 0; ms < 10_000; ms += 10) {
      again('vms');
      vi.advanceTimersByTime(10);
    }
    expect(fetches).toBeLessThanOrEqual(6);
    const before = fetches;
    again('vms');
    vi.advanceTimersByTime(2000);
    expect(fetches).toBe(before + 1);
  });
});

describe('a page of VMs', () => {
  it('takes a change in place', () => {
    const { page: now, stale } = patchVmPage(page(vm('a'), vm('b')), changed(vm('b', { image: 'new' })));
    expect(now.items.map((one) => one.image)).toEqual([undefined, 'new']);
    expect(stale).toBe(false);
  });
  it('counts what its rows show', () => {
    const first = patchVmPage(page(vm('a'), vm('b')), changed(vm('b', { state: 'running' }))).page;
    expect(first.counts).toMatchObject({ all: 2, off: 1, running: 1, blocked: 0 });
    const blocked = vm('a', { blocked: [{ code: 'no-part' }] as unknown as Vm['blocked'] });
    expect(patchVmPage(first, changed(blocked)).page.counts).toMatchObject({ all: 2, off: 1, running: 1, blocked: 1 });
  });
  it('is fetched again when order, counts or members may be others', () => {
    const old = page(vm('a'), vm('b'));
    expect(patchVmPage(old, changed(vm('b', { state: 'running' }))).stale).toBe(true);
    expect(patchVmPage(old, changed(vm('b', { name: 'c' }))).stale).toBe(true);
    expect(patchVmPage(old, changed(vm('z'))).stale).toBe(true);
    const gone = patchVmPage(old, new Map([['a', { id: 'a', deleted: true as const }]]));
    expect(gone.stale).toBe(true);
    expect(gone.page.items).toHaveLength(2); // it stays until the next one comes: no jump
  });
});

describe('what the stream begins with', () => {
  it('goes where the lists look for it, and asks for what it lacks', () => {
    const client = new QueryClient();
    client.setQueryData(['gpu'], ['old']);
    client.setQueryData(['gpu', 'a'], 'one card');
    takeState(client, { nodes: { items: ['node'] }, gpus: null, tasks: { items: [] }, vms: page(vm('a')) } as unknown as StreamState);
    expect(client.getQueryData(['node'])).toEqual(['node']);
    expect(client.getQueryData(['task'])).toEqual([]);
    expect(client.getQueryData<VmList>(vmOverview.queryKey)?.items).toHaveLength(1);
    expect(client.getQueryState(['gpu'])?.isInvalidated).toBe(true);
    expect(client.getQueryState(['gpu', 'a'])?.isInvalidated).toBe(false);
  });
});

describe('readings', () => {
  const sample = (time_ms: number, vms: object, gpus: object = {}) => ({ time_ms, host: {}, gpus, vms }) as unknown as Sample;
  it('of several subjects are joined, and old ones fall out', () => {
    const ring = mergeSamples(
      [sample(1000, {}, { g: 1 }), sample(2_000_000, {}, { g: 2 })],
      [sample(2_000_000, { a: 3 }), sample(1_998_000, { a: 4 })],
    );
    expect(ring).toEqual([sample(1_998_000, { a: 4 }), sample(2_000_000, { a: 3 }, { g: 2 })]);
  });
  it('of VMs are kept when a graph draws them', () => {
    expect(onlyDrawn(sample(1, { a: 1, b: 2 }), new Map([['b', 1]])).vms).toEqual({ b: 2 });
  });
});
