// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Plan } from '@/contract/types';
import { gaps, pictureOfGpu, picturesOfPlan, type Picture } from '@/widgets/card-picture/geometry';
import { pictureText } from '@/widgets/card-picture/words';
import { A100, card, instance, RTX } from './fixtures';

const spans = (picture: Picture) => picture.segments.map((s) => [s.kind, s.start, s.size, s.slices]);

describe('gaps', () => {
  it('finds what lies between, before and after', () => {
    expect(
      gaps(8, [
        { start: 4, size: 2 },
        { start: 1, size: 1 },
      ]),
    ).toEqual([
      { start: 0, size: 1 },
      { start: 2, size: 2 },
      { start: 6, size: 2 },
    ]);
    expect(gaps(8, [])).toEqual([{ start: 0, size: 8 }]);
    expect(gaps(4, [{ start: 0, size: 4 }])).toEqual([]);
  });
});

describe('pictureOfGpu', () => {
  it('draws eight units with the compute that is left', () => {
    const gpu = card(A100, [instance(A100, '3g.40gb', 0, 'llm-a'), instance(A100, '2g.20gb', 4, 'ct-7')]);
    expect(spans(pictureOfGpu(gpu))).toEqual([
      ['block', 0, 4, 3],
      ['block', 4, 2, 2],
      ['free', 6, 2, 2],
    ]);
  });

  it('gives one compute slice three units on a twelve-unit card', () => {
    const gpu = card(RTX, [instance(RTX, '2g.48gb', 6)]);
    const picture = pictureOfGpu(gpu);
    expect(picture.sliceUnits).toBe(3);
    expect(spans(picture)).toEqual([
      ['free', 0, 6, 2],
      ['block', 6, 6, 2],
    ]);
  });

  it('cuts free room where stranded memory begins', () => {
    const gpu = card(
      A100,
      Array.from({ length: 6 }, (_, i) => instance(A100, '1g.10gb', i)),
    );
    gpu.mig.stranded = [{ start: 7, size: 1, why: 'no compute' }];
    expect(spans(pictureOfGpu(gpu)).slice(6)).toEqual([
      ['free', 6, 1, 1],
      ['stranded', 7, 1, 0],
    ]);
  });

  it('covers every unit exactly once', () => {
    const gpu = card(A100, [instance(A100, '1g.10gb', 1), instance(A100, '1g.20gb', 6)]);
    gpu.mig.stranded = [{ start: 0, size: 1, why: '' }];
    const units = pictureOfGpu(gpu).segments.flatMap((s) => Array.from({ length: s.size }, (_, i) => s.start + i));
    expect(units).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('shows an instance that does not hold its whole compute as what it is', () => {
    const whole = instance(A100, '7g.80gb', 0);
    const part = {
      ...whole,
      not_whole: '1c.7g.80gb, 1 of 7 compute',
      compute: whole.compute.map((c) => ({ ...c, profile: '1c.7g.80gb', slices: 1 })),
    };
    const picture = pictureOfGpu(card(A100, [part]));
    const [block] = picture.segments;
    expect(block?.kind === 'block' && [block.slices, block.inUse, block.notWhole]).toEqual([7, 1, '1c.7g.80gb, 1 of 7 compute']);
    expect(pictureText('GPU 1', picture)).toContain('7g.80gb (1c.7g.80gb, 1 of 7 compute), slots 0 to 7, not in use');
  });

  it('reads out in order', () => {
    const gpu = card(A100, [instance(A100, '4g.40gb', 0, 'llm-a')]);
    expect(pictureText('GPU 0', pictureOfGpu(gpu))).toBe(
      'GPU 0: 8 memory slots. 4g.40gb, slots 0 to 3, held by llm-a; free, slots 4 to 7.',
    );
  });
});

describe('picturesOfPlan', () => {
  const item = (profile: string, start: number, kept: boolean, holder = '') => {
    const made = instance(A100, profile, start);
    return {
      profile_id: made.profile_id,
      profile,
      start,
      size: made.size,
      kept,
      busy: holder !== '',
      holder,
      holder_kind: holder ? 'vm' : '',
      ci_profile_id: -1,
      slices_used: made.compute[0]?.slices ?? 0,
      compute: [profile],
      not_whole: '',
    };
  };
  const plan = {
    units: 8,
    now: [item('3g.40gb', 0, false, 'llm-a'), item('2g.20gb', 4, false)],
    then: [item('3g.40gb', 0, true, 'llm-a'), item('1g.10gb', 4, false), item('1g.10gb', 5, false)],
  } as unknown as Plan;

  it('says what stays, what goes and what comes', () => {
    const { now, then } = picturesOfPlan(plan, A100);
    const fates = (picture: Picture) => picture.segments.flatMap((s) => (s.kind === 'block' ? [s.fate] : []));
    expect(fates(now)).toEqual(['kept', 'leaving']);
    expect(fates(then)).toEqual(['kept', 'coming', 'coming']);
  });

  it('keeps the holder of what stays', () => {
    const first = picturesOfPlan(plan, A100).then.segments[0];
    expect(first?.kind === 'block' && [first.holder, first.holderKind]).toEqual(['llm-a', 'vm']);
  });
});
