// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Fit } from '@/contract/types';
import { fitRows, noFits } from '@/lib/fits';

const SIZES: Record<string, number> = { '7g.80gb': 8, '4g.40gb': 4, '3g.40gb': 4, '1g.10gb': 1 };
const fit = (profile: string, start: number, said: { leaves?: string; why?: string }): Fit => ({
  profile_id: Object.keys(SIZES).indexOf(profile),
  profile,
  start,
  size: SIZES[profile] ?? 0,
  ok: said.why === undefined,
  why: said.why ?? '',
  leaves: said.leaves ?? '',
});

describe('what still fits', () => {
  const fits = [
    fit('1g.10gb', 1, { leaves: '1x3g' }),
    fit('1g.10gb', 2, { leaves: '1x3g' }),
    fit('1g.10gb', 4, { leaves: '3x1g' }),
    fit('3g.40gb', 0, { why: '1g.10gb at slot 0 is in the way' }),
    fit('3g.40gb', 4, { leaves: '3x1g' }),
    fit('4g.40gb', 0, { why: '1g.10gb at slot 0 is in the way' }),
    fit('7g.80gb', 0, { why: '1g.10gb at slot 0 is in the way' }),
  ];
  it('is one row for places that leave the same, and never one for places that leave something else', () => {
    expect(fitRows(fits).map(({ fit: { profile, leaves }, places }) => [profile, places, leaves])).toEqual([
      ['3g.40gb', [4], '3x1g'],
      ['1g.10gb', [1, 2], '1x3g'],
      ['1g.10gb', [4], '3x1g'],
    ]);
  });
  it('and what fits nowhere stands once under its reason', () => {
    expect(noFits(fits)).toEqual([{ why: '1g.10gb at slot 0 is in the way', profiles: ['7g.80gb', '4g.40gb'] }]);
  });
  it('nothing at all is no row', () => {
    expect([fitRows([]), noFits([])]).toEqual([[], []]);
  });
});
