// SPDX-License-Identifier: Apache-2.0
// Parts that could be cut now for a new VM: one choice a profile and card model, on the card that suits best. Facet's planner
// has the last word: the choice is previewed before anything is cut.
import type { Gpu, MigProfile, ResourceGroup } from '@/contract/types';
import { t } from '@/strings';
import { bySize, countsOf, whyNotOneMore, type Counts } from './layout';

export interface Cut {
  gpu: Gpu;
  profile: MigProfile;
  /** Why it cannot be cut; "" when it can. */
  why: string;
}

export interface ModelCuts {
  model: string;
  plain: Cut[];
  /** With media engines or graphics. */
  variants: Cut[];
}

/** Cards that parts can be cut on at all, or once their MIG mode is on. */
const usable = (gpu: Gpu) => gpu.state === 'ok' && gpu.mig.capable && (gpu.mode === 'host' || gpu.mode === 'mig');

function whyNot(gpu: Gpu, profile: MigProfile): string {
  if (!gpu.mig.current) return gpu.processes.length > 0 ? t.cuts.busy(gpu.processes.map((p) => p.name)) : '';
  const fits = gpu.mig.fits?.filter((fit) => fit.profile_id === profile.id);
  if (fits?.some((fit) => fit.ok)) return '';
  const never = whyNotOneMore(countsOf(gpu.mig.instances), profile, gpu.mig.profiles);
  return never || (fits ? fits[0]?.why || t.cuts.noRoom : '');
}

/** Free room of a card that is cut already comes before a card in one piece. */
const better = (a: Cut, b: Cut) =>
  Number(a.why !== '') - Number(b.why !== '') || Number(b.gpu.mig.current) - Number(a.gpu.mig.current) || a.gpu.index - b.gpu.index;

export const sameKind = (group: ResourceGroup, model: string, profile: string) =>
  group.builtin && group.rules.model === model && group.rules.profile === profile;

/** @gpus with fits where MIG is on. A kind of part of which one is free already is not offered for cutting. */
export function cutsOf(gpus: readonly Gpu[], groups: readonly ResourceGroup[]): ModelCuts[] {
  const cards = gpus.filter(usable);
  const models = [...new Set(cards.map((gpu) => gpu.name))];
  return models.flatMap((model) => {
    const same = cards.filter((gpu) => gpu.name === model);
    const profiles = bySize(same[0]?.mig.profiles ?? []);
    const wanted = profiles.filter((p) => !groups.some((group) => group.free > 0 && sameKind(group, model, p.name)));
    const best = wanted.flatMap((wish) => {
      const each = same.flatMap((gpu) => {
        const profile = gpu.mig.profiles.find((p) => p.name === wish.name);
        return profile ? [{ gpu, profile, why: whyNot(gpu, profile) }] : [];
      });
      return each.sort(better).slice(0, 1);
    });
    const plain = best.filter((cut) => cut.profile.attributes === '');
    const variants = best.filter((cut) => cut.profile.attributes !== '');
    return plain.length + variants.length > 0 ? [{ model, plain, variants }] : [];
  });
}

/** What the card is to hold: all it has, and one more. */
export function withOneMore(gpu: Gpu, profile: string): Counts {
  const counts = countsOf(gpu.mig.instances);
  return { ...counts, [profile]: (counts[profile] ?? 0) + 1 };
}
