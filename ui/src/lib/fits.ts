// SPDX-License-Identifier: Apache-2.0
// What may still be cut of a card, as rows to read: places that leave the same are one row, and so are profiles that fail alike.
import type { Fit } from '@/contract/types';

export interface FitRow {
  fit: Fit;
  places: number[];
}

export interface NoFit {
  why: string;
  profiles: string[];
}

/** One row for each profile and each thing that its places leave, the largest first. */
export function fitRows(fits: readonly Fit[]): FitRow[] {
  const rows = new Map<string, FitRow>();
  for (const fit of fits.filter((one) => one.ok)) {
    const key = `${fit.profile_id} ${fit.leaves}`;
    const row = rows.get(key);
    if (row) row.places.push(fit.start);
    else rows.set(key, { fit, places: [fit.start] });
  }
  return [...rows.values()].sort((a, b) => b.fit.size - a.fit.size);
}

/** The profiles that fit nowhere among @fits, under the reason that the first of their places gives. */
export function noFits(fits: readonly Fit[]): NoFit[] {
  const fitting = new Set(fits.filter((fit) => fit.ok).map((fit) => fit.profile_id));
  const seen = new Set<number>();
  const reasons = new Map<string, string[]>();
  for (const fit of [...fits].sort((a, b) => b.size - a.size)) {
    if (fitting.has(fit.profile_id) || seen.has(fit.profile_id)) continue;
    seen.add(fit.profile_id);
    reasons.set(fit.why, [...(reasons.get(fit.why) ?? []), fit.profile]);
  }
  return [...reasons].map(([why, profiles]) => ({ why, profiles }));
}
