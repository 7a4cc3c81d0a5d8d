// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { canPlace, describeCounts, describeSplit, equalParts, parseCounts, sameCounts, splitsOf, whyNotOneMore } from '@/lib/layout';
import { A100, RTX } from './fixtures';

describe('canPlace', () => {
  it('takes what real cards take', () => {
    expect(canPlace({ '3g.40gb': 1, '2g.20gb': 1, '1g.10gb': 2 }, A100)).toBe(true);
    expect(canPlace({ '1g.10gb': 7 }, A100)).toBe(true);
    expect(canPlace({ '4g.40gb': 1, '3g.40gb': 1 }, A100)).toBe(true);
    expect(canPlace({ '1g.24gb': 2, '2g.48gb': 1 }, RTX)).toBe(true);
  });
  it('refuses what has no place, no compute or no count left', () => {
    expect(canPlace({ '3g.40gb': 2, '1g.10gb': 1 }, A100)).toBe(false);
    expect(canPlace({ '1g.10gb': 8 }, A100)).toBe(false);
    expect(canPlace({ '1g.10gb+me': 2 }, A100)).toBe(false);
    expect(canPlace({ '4g.40gb': 2 }, A100)).toBe(false);
    expect(canPlace({ '1g.24gb': 3, '2g.48gb': 1 }, RTX)).toBe(false);
  });
  it('agrees with trying every place, for all small wishes', () => {
    const names = ['1g.10gb', '1g.20gb', '2g.20gb', '3g.40gb', '4g.40gb'];
    const brute = (list: string[], taken: number): boolean => {
      const [first, ...rest] = list;
      const p = A100.find((one) => one.name === first);
      if (!p) return true;
      return p.starts.some((s) => {
        const mask = ((1 << p.size) - 1) << s;
        return (taken & mask) === 0 && brute(rest, taken | mask);
      });
    };
    for (let n = 0; n < 3 ** names.length; n++) {
      const counts = Object.fromEntries(names.map((name, i) => [name, Math.floor(n / 3 ** i) % 3]));
      const list = names.flatMap((name) => Array<string>(counts[name] ?? 0).fill(name));
      const profiles = list.map((name) => A100.find((p) => p.name === name));
      const slices = profiles.reduce((sum, p) => sum + (p?.compute_slices ?? 0), 0);
      const within = A100.every((p) => (counts[p.name] ?? 0) <= p.max_count);
      expect(canPlace(counts, A100), JSON.stringify(counts)).toBe(within && slices <= 7 && brute(list, 0));
    }
  });
});

describe('whyNotOneMore', () => {
  const one = (name: string) => A100.find((p) => p.name === name) ?? A100[0];
  it('says nothing when there is room', () => {
    const profile = one('1g.10gb');
    expect(profile && whyNotOneMore({ '3g.40gb': 1 }, profile, A100)).toBe('');
  });
  it('names the limit that is hit', () => {
    const [most, compute, place, single] = [one('4g.40gb'), one('2g.20gb'), one('1g.10gb'), one('1g.20gb')];
    expect(most && whyNotOneMore({ '4g.40gb': 1 }, most, A100)).toMatch(/at most 1/);
    expect(single && whyNotOneMore({ '4g.40gb': 1, '3g.40gb': 1 }, single, A100)).toBe('It needs 1 compute slice; 0 are left.');
    expect(compute && whyNotOneMore({ '3g.40gb': 2 }, compute, A100)).toMatch(/2 compute slices; 1 is left/);
    expect(place && whyNotOneMore({ '3g.40gb': 2 }, place, A100)).toMatch(/no place left/);
  });
});

describe('equalParts', () => {
  it('gives the largest part for each number of VMs', () => {
    expect(equalParts(A100).map((p) => p.label)).toEqual([
      '1 × 7g.80gb',
      '2 × 3g.40gb',
      '3 × 2g.20gb',
      '4 × 1g.20gb',
      '5 × 1g.10gb',
      '6 × 1g.10gb',
      '7 × 1g.10gb',
    ]);
    expect(equalParts(RTX).map((p) => p.label)).toEqual(['1 × 4g.96gb', '2 × 2g.48gb', '3 × 1g.24gb', '4 × 1g.24gb']);
  });
});

describe('counts and their words', () => {
  it('read back what they say', () => {
    const counts = { '3g.40gb': 1, '1g.10gb': 3 };
    expect(parseCounts(describeCounts(counts, A100), A100)).toEqual(counts);
    expect(parseCounts('This interrupts nothing: Without one 1g.10gb: 1 × 3g.40gb and 3 × 1g.10gb.', A100)).toEqual(counts);
  });
  it('are not read out of other sentences', () => {
    expect(parseCounts('Together they need 9 memory slots; the card has 8.', A100)).toBeNull();
    expect(parseCounts('2 × 9g.99gb', A100)).toBeNull();
    expect(parseCounts('The card takes at most 2 × 3g.40gb', A100)).toBeNull();
  });
  it('compare without zeros', () => {
    expect(sameCounts({ a: 1, b: 0 }, { a: 1 })).toBe(true);
    expect(sameCounts({ a: 1 }, { a: 2 })).toBe(false);
  });
});

describe('splits', () => {
  const ci = (id: number, slices: number, of: string, all: number) => ({
    id,
    name: slices === all ? of : `${slices}c.${of}`,
    slices,
    max_count: Math.floor(all / slices),
    whole: slices === all,
  });
  const split = (name: string, sizes: number[]) => {
    const found = A100.find((p) => p.name === name);
    return found
      ? splitsOf({ ...found, ci_profiles: sizes.map((slices, id) => ci(id, slices, name, found.compute_slices)) }).map(describeSplit)
      : [];
  };

  it('fill the part', () => {
    expect(split('3g.40gb', [1, 2, 3])).toEqual(['3 × 1c', '2c + 1c']);
    expect(split('4g.40gb', [1, 2, 4])).toEqual(['4 × 1c', '2 × 2c']);
    expect(split('7g.80gb', [1, 2, 3, 4, 7])).toEqual(['7 × 1c', '3 × 2c + 1c', '2 × 3c + 1c', '4c + 3c']);
    expect(split('1g.10gb', [1])).toEqual([]);
  });
});
