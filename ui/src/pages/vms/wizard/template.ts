// SPDX-License-Identifier: Apache-2.0
// The wizard filled in from a template: what the template does not say stays as it was.
import type { CloudInitInput, Template, VmInput, WindowsInput } from '@/api/types';
import { NO_FIRST_BOOT, type FirstBoot } from '../firstboot';
import { withOs, type Draft } from './draft';

/** A template's input is a VmInput with anything left out. */
type Input = Partial<Pick<VmInput, 'image' | 'iso' | 'vcpus' | 'memory_mib' | 'disk_gib' | 'pool' | 'os' | 'uefi' | 'tpm' | 'agent' | 'disks' | 'nics' | 'devices' | 'description'>> & { cloud_init?: CloudInitInput; windows?: Partial<WindowsInput> };

const lines = (list: readonly string[] | undefined, by: string) => (list ?? []).join(by);

function bootOf(input: Input): FirstBoot {
  const { cloud_init: linux, windows } = input;
  if (windows) {
    return {
      ...NO_FIRST_BOOT, user: windows.user ?? '', edition: windows.edition ?? '', language: windows.language ?? '', timeZone: windows.time_zone ?? '',
      organization: windows.organization ?? '',
    };
  }
  if (!linux) return NO_FIRST_BOOT;
  const { network } = linux;
  return {
    ...NO_FIRST_BOOT, user: linux.user ?? '', keys: lines(linux.ssh_keys, '\n'), packages: lines(linux.packages, ' '), hostname: linux.hostname ?? '',
    userData: linux.user_data ?? '', fixed: Boolean(network), address: network?.address ?? '', gateway: network?.gateway ?? '', dns: lines(network?.dns, ' '),
  };
}

/** @draft with the template in it, and the resource group that it asks for; "" for none. */
export function fromTemplate(draft: Draft, template: Template): { draft: Draft; group: string } {
  const input = template.input as Input;
  const { size } = draft;
  const device = input.devices?.[0];
  const sized = { vcpus: input.vcpus ?? size.vcpus, memory_mib: input.memory_mib ?? size.memory_mib, disk_gib: input.disk_gib ?? size.disk_gib };
  const base = withOs(draft, input.os ?? 'linux');
  return {
    draft: {
      ...base,
      source: 'template',
      template: template.id,
      image: input.image ?? '',
      iso: input.iso ?? '',
      description: input.description ?? '',
      size: sized,
      pool: input.pool ?? draft.pool,
      uefi: input.uefi ?? base.uefi,
      tpm: input.tpm ?? base.tpm,
      agent: input.agent ?? true,
      disks: (input.disks ?? []).flatMap((disk) => ('size_gib' in disk && disk.size_gib ? [{ pool: disk.pool ?? draft.pool, size_gib: disk.size_gib }] : [])),
      nics: input.nics ?? null,
      boot: bootOf(input),
      given: { group: device?.group ?? '', optional: device?.optional ?? false },
      optional: device?.optional ?? false,
    },
    group: device?.group ?? '',
  };
}
