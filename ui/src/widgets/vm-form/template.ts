// SPDX-License-Identifier: Apache-2.0
// The wizard filled in from a template: what the template does not say stays as it was.
import type { Template, VmInput, WindowsInput } from '@/contract/types';
import { AGENT, NO_FIRST_BOOT, type FirstBoot, type TemplateCloudInit } from './firstboot';
import type { Draft } from './draft';

/** A template's input is a VmInput with anything left out. */
export type TemplateVm = Partial<Omit<VmInput, 'name' | 'template' | 'start' | 'volume' | 'cloud_init' | 'windows'>> & {
  cloud_init?: TemplateCloudInit;
  windows?: Partial<WindowsInput>;
};

const lines = (list: readonly string[] | null | undefined, by: string) => (list ?? []).join(by);

function bootOf(input: TemplateVm): FirstBoot {
  const { cloud_init: linux, windows } = input;
  if (windows) {
    return {
      ...NO_FIRST_BOOT,
      user: windows.user ?? '',
      edition: windows.edition ?? '',
      language: windows.language ?? '',
      timeZone: windows.time_zone ?? '',
      organization: windows.organization ?? '',
    };
  }
  if (!linux) return NO_FIRST_BOOT;
  const { network } = linux;
  return {
    ...NO_FIRST_BOOT,
    user: linux.user ?? '',
    keys: lines(linux.ssh_keys, '\n'),
    agent: linux.packages?.includes(AGENT) ?? false,
    packages: lines(
      linux.packages?.filter((one) => one !== AGENT),
      ' ',
    ),
    hostname: linux.hostname ?? '',
    userData: linux.user_data ?? '',
    kept: linux.has_user_data ? true : null,
    fixed: Boolean(network),
    address: network?.address ?? '',
    gateway: network?.gateway ?? '',
    dns: lines(network?.dns, ' '),
  };
}

/** @draft with the template in it, and the resource group that it asks for; "" for none. */
export function fromTemplate(draft: Draft, template: Template): { draft: Draft; group: string } {
  const input = template.input as TemplateVm;
  const { size } = draft;
  const device = input.devices?.[0];
  const os = input.os ?? 'linux';
  const boot = bootOf(input);
  // What is gone is asked for, as what was never said.
  const there = (field: string) => !template.problems.some((one) => one.field === field);
  const sized = {
    vcpus: input.vcpus ?? size.vcpus,
    memory_mib: input.memory_mib ?? size.memory_mib,
    disk_gib: input.disk_gib ?? size.disk_gib,
  };
  return {
    draft: {
      ...draft,
      source: 'template',
      template: template.id,
      image: there('image') ? (input.image ?? '') : '',
      iso: there('iso') ? (input.iso ?? '') : '',
      description: input.description ?? '',
      size: sized,
      pool: input.pool ?? draft.pool,
      os,
      uefi: input.uefi ?? os === 'windows',
      tpm: input.tpm ?? os === 'windows',
      agent: input.agent ?? true,
      order: input.boot ?? null,
      disks: (input.disks ?? []).flatMap(({ pool, size_gib, bus }) =>
        size_gib ? [{ pool: pool ?? draft.pool, size_gib, ...(bus && { bus }) }] : [],
      ),
      nics: input.nics ?? null,
      boot,
      given: { source: Boolean((there('image') && input.image) || (there('iso') && input.iso)), devices: input.devices ?? [], boot },
      optional: device?.optional ?? false,
    },
    group: device?.group ?? '',
  };
}
