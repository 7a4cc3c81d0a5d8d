// SPDX-License-Identifier: Apache-2.0
// What the folded parts of the form hold, in a line each.
import type { Field } from '@/contract/fields';
import type { Network, VmNicInput } from '@/contract/types';
import { t } from '@/strings';
import type { Draft } from './draft';
import { firstBootInput } from './firstboot';

const words = t.wizard;

/** Fields of the API that are folded. */
export const FOLDED: readonly Field[] = ['disks', 'nics', 'network', 'mac', 'model', 'bus', 'uefi', 'tpm', 'agent', 'boot'];

/** The NICs that the VM gets: those that were chosen, or the one that the API gives when nobody chose. */
export function usedNics(draft: Draft, networks: readonly Network[]): VmNicInput[] {
  if (draft.nics) return draft.nics;
  const active = networks.filter((one) => one.active);
  const given =
    ['default', 'facet'].map((name) => active.find((one) => one.name === name)).find(Boolean) ?? active.find((one) => one.kind === 'nat');
  return given ? [{ network: given.name }] : [];
}

/** What is folded, in a line. */
export function moreSummary(draft: Draft, networks: readonly Network[]): string {
  const nics = usedNics(draft, networks).map((nic) => nic.network);
  return words.moreSummary(draft.disks.length, nics.length ? words.nicsOf(nics) : words.noNics, draft.uefi ? words.uefi : words.bios);
}

export function bootText(draft: Draft): string {
  if (draft.os === 'windows') return firstBootInput(draft.boot, draft.os).windows ? words.answers(draft.boot.user.trim()) : words.noAnswers;
  if (draft.boot.userData.trim()) return words.bootOwn;
  if (draft.boot.user.trim()) return words.bootUser(draft.boot.user.trim());
  return draft.boot.hostname || draft.boot.packages || draft.boot.fixed || draft.boot.agent ? words.bootSome : words.bootNone;
}
