// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Vm, VmList } from '@/api/types';
import { gather, seldom } from '@/api/soon';
import { patchVmPage } from '@/api/stream';

const vm = (id: string, change: Partial<Vm> = {}) => ({ id, name: id, state: 'off', blocked: [], vcpus: 1, memory_mib: 64, description: '', ...change }) as unknown as Vm;
const page = (...items: Vm[]) => ({ items, total: items.length, counts: {} }) as unknown as VmList;
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
