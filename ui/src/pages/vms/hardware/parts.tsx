// SPDX-License-Identifier: Apache-2.0
// What all sections of a VM's hardware have in common.
import { Card, CardBody, CardHeader, CardTitle } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, type ReactNode } from 'react';
import { updateVm } from '@/api/actions';
import { useMay } from '@/api/may';
import type { Vm, VmNicInput, VmPatch } from '@/contract/types';
import { t } from '@/strings';

export const isOff = (vm: Vm) => vm.state === 'off' || vm.state === 'crashed';

/** When a change of what the VM is made of takes effect. */
export const whenText = (vm: Vm) => (isOff(vm) ? t.hardware.off : t.hardware.later);

/** The same for network interfaces, which a running guest may take. */
export const nicText = (vm: Vm) => (isOff(vm) ? t.hardware.off : t.hardware.nicLive);

/** Why the VM cannot be changed; "" when it can. */
export function useBarred(vm: Vm): string {
  const may = useMay('vm.write');
  return vm.ours ? may.why : t.vm.othersWhy;
}

export function usePatch(vm: Vm, patch: () => VmPatch, onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => updateVm(vm.id, vm.revision, patch()),
    onSuccess: (changed) => {
      client.setQueryData(['vm', vm.id], changed);
      void client.invalidateQueries({ queryKey: ['vm'] });
      onDone();
    },
  });
}

/** The NICs as they are, to be sent again with a change. */
export const nicInputs = (vm: Vm): VmNicInput[] =>
  vm.nics.map(({ network, mac, model }) => ({ network, mac, ...(model === 'virtio' || model === 'e1000e' ? { model } : {}) }));

export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <Card isCompact component="section" aria-labelledby={id}>
      <CardHeader actions={actions ? { hasNoOffset: true, actions } : undefined}>
        <CardTitle component="h2" id={id}>
          {title}
        </CardTitle>
      </CardHeader>
      <CardBody>{children}</CardBody>
    </Card>
  );
}
