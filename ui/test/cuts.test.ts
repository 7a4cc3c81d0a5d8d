// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Fit, ResourceGroup } from '@/contract/types';
import { cutsOf, withOneMore } from '@/lib/cuts';
import { worldOf } from '@/lib/layout';
import { A100, card, instance } from './fixtures';

const fresh = (index: number, more = {}) => {
  const gpu = card(A100, [], { id: `gpu-${index}`, index, mode: 'host', ...more });
  return { ...gpu, mig: { ...gpu.mig, current: false, pending: false } };
};
const cut = (index: number, held: string[], fits?: Fit[]) => {
  const gpu = card(
    A100,
    held.map((name, i) => instance(A100, name, 4 * i, `vm-${i}`)),
    { id: `gpu-${index}`, index },
  );
  return { ...gpu, mig: { ...gpu.mig, fits } };
};
const fit = (name: string, ok: boolean, why = ''): Fit => {
  const profile = A100.find((p) => p.name === name);
  return { profile_id: profile?.id ?? -1, profile: name, start: 4, size: profile?.size ?? 0, ok, why, leaves: '' };
};
const group = (profile: string, free: number): ResourceGroup => ({
  id: profile,
  node: 'n',
  project: 'p',
  revision: 1,
  name: profile,
  description: '',
  builtin: true,
  rules: { model: 'NVIDIA A100', profile },
  total: 1,
  free,
  parts: [],
});
const choice = (all: ReturnType<typeof cutsOf>, name: string) =>
  [...(all[0]?.plain ?? []), ...(all[0]?.variants ?? [])].find((c) => c.profile.name === name);

describe('cutsOf', () => {
  it('offers every profile of a fresh card, variants apart', () => {
    const all = cutsOf([fresh(0)], []);
    expect(all.map((one) => one.model)).toEqual(['NVIDIA A100']);
    expect(all[0]?.plain.map((c) => c.profile.name)).toEqual(['7g.80gb', '4g.40gb', '3g.40gb', '2g.20gb', '1g.20gb', '1g.10gb']);
    expect(all[0]?.variants.map((c) => c.profile.name)).toEqual(['1g.10gb+me']);
    expect(all[0]?.plain.every((c) => c.why === '')).toBe(true);
  });
  it('takes free room of a card that is cut before a card in one piece', () => {
    const all = cutsOf([fresh(0), cut(1, ['3g.40gb'], [fit('2g.20gb', true), fit('3g.40gb', true)])], []);
    expect(choice(all, '2g.20gb')?.gpu.id).toBe('gpu-1');
    expect(choice(all, '7g.80gb')?.gpu.id).toBe('gpu-0');
  });
  it('says why what has no room cannot be cut', () => {
    const all = cutsOf([cut(0, ['3g.40gb', '3g.40gb'], [fit('1g.10gb', false, 'Slot 4 is taken.')])], []);
    expect(choice(all, '2g.20gb')?.why).not.toBe('');
    expect(choice(all, '1g.10gb')?.why).not.toBe('');
  });
  it('names the processes that keep MIG from being turned on', () => {
    const all = cutsOf([fresh(0, { processes: [{ pid: 1, name: 'python3', memory_mib: null }] })], []);
    expect(choice(all, '2g.20gb')?.why).toContain('python3');
  });
  it('leaves out what is free already, cards that do not answer and cards that VMs have whole', () => {
    expect(choice(cutsOf([fresh(0)], [group('2g.20gb', 1)]), '2g.20gb')).toBeUndefined();
    expect(choice(cutsOf([fresh(0)], [group('2g.20gb', 0)]), '2g.20gb')).toBeDefined();
    expect(cutsOf([fresh(0, { state: 'lost' }), fresh(1, { mode: 'passthrough' })], [])).toEqual([]);
  });
});

describe('withOneMore', () => {
  it('keeps what the card has', () => {
    expect(withOneMore(cut(0, ['3g.40gb', '2g.20gb']), '2g.20gb')).toEqual({ '3g.40gb': 1, '2g.20gb': 2 });
  });
});

describe('worldOf', () => {
  const gpu = cut(0, ['3g.40gb']);
  it('stays when only another card, a reading or the order changed', () => {
    const readings = { ...gpu.readings, gpu_percent: 50 };
    expect(worldOf({ ...gpu, revision: 99, index: 3, readings })).toBe(worldOf(gpu));
  });
  it('moves with instances, holders and modes', () => {
    expect(worldOf(cut(0, ['2g.20gb']))).not.toBe(worldOf(gpu));
    expect(worldOf({ ...gpu, mig: { ...gpu.mig, instances: [instance(A100, '3g.40gb', 0)] } })).not.toBe(worldOf(gpu));
    expect(worldOf({ ...gpu, mig: { ...gpu.mig, pending: false } })).not.toBe(worldOf(gpu));
  });
});
