// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { patchList } from '@/api/changes';
import { mergeSamples } from '@/api/live';
import type { Pool, Vm, VmList } from '@/contract/types';
import type { Sample, Task } from '@/contract/types';
import { attention } from '@/lib/attention';
import { HUES, hueOf } from '@/lib/colour';
import { isDeletedVm } from '@/lib/deleted';
import { ago, bytes, duration, mib, mibOf, percent } from '@/lib/format';
import { search, type Found } from '@/lib/search';
import { names } from '@/strings/words';
import { A100, card } from './fixtures';

describe('numbers', () => {
  it('bear their unit, and unknown is not zero', () => {
    expect([mib(512), mib(2048), mib(80640), mib(null), mib(2 * 1024 * 1024)]).toEqual(['512 MiB', '2 GiB', '78.8 GiB', '—', '2 TiB']);
    expect([percent(0), percent(null)]).toEqual(['0 %', '—']);
    expect([mibOf(1024, 81920), mibOf(null, null), bytes(1024 * 1024)]).toEqual(['1 of 80 GiB', '—', '1 MiB']);
    expect([duration(4210), duration(130_000), duration(3_900_000)]).toEqual(['4.2 s', '2 min 10 s', '1 h 5 min']);
    expect(ago(0, 600_000)).toBe('10 min ago');
  });
  it('names are listed as people do', () => {
    expect([names([]), names(['a']), names(['a', 'b']), names(['a', 'b', 'c', 'd', 'e'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b, c and 2 more',
    ]);
  });
});

describe('a VM that is gone', () => {
  const task = (kind: string, state: string, id: string) => ({ kind, state, subject: { kind: 'vm', id, name: id } }) as unknown as Task;
  it('is known by the task that deleted it, and only when that is done', () => {
    const tasks = [task('vm.delete', 'done', 'a'), task('vm.delete', 'failed', 'b'), task('vm.create', 'done', 'c')];
    expect(['a', 'b', 'c', 'd'].map((id) => isDeletedVm(tasks, id))).toEqual([true, false, false, false]);
  });
});

describe('colour', () => {
  it('is steady, in range, and spread over neighbours', () => {
    expect(hueOf('llm-a')).toBe(hueOf('llm-a'));
    const hues = Array.from({ length: 200 }, (_, i) => hueOf(`worker-${i}`));
    expect(Math.min(...hues)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...hues)).toBeLessThan(HUES);
    expect(new Set(hues).size).toBe(HUES);
  });
});

describe('search', () => {
  const all: Found[] = ['db-2', 'old db', 'llm-a'].map((name) => ({ kind: 'vm', key: name, name, more: 'running', to: '' }));
  it('wants every word, and prefers early hits in the name', () => {
    expect(search(all, 'db').map((f) => f.name)).toEqual(['db-2', 'old db']);
    expect(search(all, 'running llm').map((f) => f.name)).toEqual(['llm-a']);
    expect(search(all, 'nothing')).toEqual([]);
  });
});

describe('attention', () => {
  const none = { all: 0, ours: 0, others: 0, blocked: 0, off: 0, running: 0, paused: 0, stopping: 0, crashed: 0, unknown: 0 };
  const vmPage = (items: Vm[], total = items.length, blocked = items.length): VmList => ({
    items,
    total,
    counts: { ...none, all: total, off: total, blocked },
  });
  it('lists the worst first', () => {
    const lost = card(A100, [], { state: 'lost', state_reason: 'gone' });
    const drifting = card(A100, [], { id: 'gpu-1', index: 1, drift: ['1 × 3g.40gb is missing'] });
    const vm = {
      id: 'v',
      name: 'db-2',
      state: 'off',
      blocked: [{ severity: 'block', code: 'x', sentence: 'no part', next: '', subject: '' }],
    } as unknown as Vm;
    expect(attention([], [drifting, lost], vmPage([vm])).map((a) => a.severity)).toEqual(['danger', 'warning', 'warning']);
    expect(attention([], [card(A100, [])], vmPage([]))).toEqual([]);
    expect(attention([], [], vmPage([vm], 900, 41)).map((a) => a.to)).toEqual(['/vms/v', '/vms?state=crashed,blocked']);
    const full = { id: 'fast', warning: { severity: 'error', sentence: '97 % is used; 3 GiB are free.' } } as unknown as Pool;
    expect(attention([], [], vmPage([]), [full, { id: 'good', warning: null } as unknown as Pool])).toEqual([
      {
        key: 'pool-fast',
        severity: 'danger',
        title: 'Pool fast runs full',
        text: '97 % is used; 3 GiB are free.',
        to: '/storage/pools/fast',
      },
    ]);
    expect([bytes(null), bytes(0), bytes(197_120), bytes(3 * 1024 ** 3)]).toEqual(['—', '0 MiB', '193 KiB', '3 GiB']);
  });
});

describe('the event stream', () => {
  const item = (id: string, n: number) => ({ id, n });
  it('patches lists in place', () => {
    const list = [item('a', 1), item('b', 1)];
    expect(patchList(list, item('b', 2), false)).toEqual([item('a', 1), item('b', 2)]);
    expect(patchList(list, item('c', 1), true)?.[0]).toEqual(item('c', 1));
    expect(patchList(list, { id: 'a', deleted: true }, false)).toEqual([item('b', 1)]);
    expect(patchList(undefined, item('a', 1), false)).toBeUndefined();
  });
  it('keeps a quarter of an hour of samples, once each, in order', () => {
    const at = (time_ms: number) => ({ time_ms }) as Sample;
    const merged = mergeSamples([at(1_000_000)], [at(1000), at(1_000_000), at(500_000)]);
    expect(merged.map((s) => s.time_ms)).toEqual([500_000, 1_000_000]);
  });
});
