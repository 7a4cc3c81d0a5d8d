// SPDX-License-Identifier: Apache-2.0
// What a template keeps, and what its form makes of it: the wizard's draft and a list of GPU devices. Pure.
import type { Template, VmDeviceInput } from '@/contract/types';
import { newDraft, poolProblem, gibIn, type Draft, type World } from '@/widgets/vm-form/draft';
import { commonInput, firstBootOk } from '@/widgets/vm-form/firstboot';
import { fromTemplate, type TemplateVm } from '@/widgets/vm-form/template';

export type { TemplateVm };
export const inputOf = (template: Template) => template.input as TemplateVm;

export interface TemplateDraft {
  draft: Draft;
  devices: VmDeviceInput[];
}

export function templateDraft(template: Template | undefined, pool: string): TemplateDraft {
  const plain = newDraft('', '', pool);
  if (!template) return { draft: { ...plain, source: 'template' }, devices: [] };
  const { image = '', iso = '', devices = [] } = inputOf(template);
  // What is gone stays in it, to be seen and changed.
  return { draft: { ...fromTemplate(plain, template).draft, image, iso }, devices };
}

/** An image with cloud-init, or whatever image it is used with, and Windows' Setup read what is given here. */
export const hasCommonBoot = ({ os, iso }: Draft) => os === 'windows' || (os === 'linux' && !iso);

/** Why it cannot be saved, by field; the API has the last word. */
export function templateProblems({ draft }: TemplateDraft, pools: World['pools']): { pool: string; order: boolean; boot: boolean } {
  const room = poolProblem(pools, draft.pool, gibIn(draft, draft.pool));
  return {
    pool: room.stops ? room.text : '',
    order: draft.order?.length === 0,
    boot: hasCommonBoot(draft) && !firstBootOk(draft.boot, draft.os, true),
  };
}

/** @old: what the form does not show of it stays: CD drives beside the ISO, start with the host. */
export function templateInput({ draft, devices }: TemplateDraft, old: TemplateVm): TemplateVm {
  const { description, cdroms, autostart } = old;
  return {
    ...(description && { description }),
    ...(cdroms && { cdroms }),
    ...(autostart && { autostart }),
    ...(draft.image && { image: draft.image }),
    ...(draft.iso && { iso: draft.iso }),
    ...draft.size,
    ...(draft.pool && { pool: draft.pool }),
    os: draft.os,
    uefi: draft.uefi,
    tpm: draft.tpm,
    agent: draft.agent,
    ...(draft.order && { boot: draft.order }),
    ...(draft.disks.length > 0 && { disks: draft.disks }),
    ...(draft.nics && { nics: draft.nics }),
    ...(devices.length > 0 && { devices }),
    ...(hasCommonBoot(draft) && commonInput(draft.boot, draft.os)),
  };
}
