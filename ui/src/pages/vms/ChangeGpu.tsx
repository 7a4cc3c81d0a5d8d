// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { updateVm } from '@/api/actions';
import type { Vm, VmDeviceInput } from '@/contract/types';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';
import { GroupChoice } from './GroupChoice';

export function ChangeGpu({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const client = useQueryClient();
  const [first, ...rest] = vm.devices;
  const [group, setGroup] = useState(first?.group ?? '');
  const [optional, setOptional] = useState(first?.optional ?? false);
  const save = useMutation({
    mutationFn: () => {
      const keep: VmDeviceInput[] = rest.map((d) => ({ group: d.group, count: d.count, optional: d.optional }));
      const devices = group ? [{ group, count: first?.group === group ? first.count : 1, optional }, ...keep] : keep;
      return updateVm(vm.id, vm.revision, { devices });
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['vm'] });
      onClose();
    },
  });
  const running = vm.state !== 'off' && vm.state !== 'crashed';
  return (
    <Modal isOpen variant="medium" onClose={onClose} aria-labelledby="change-gpu-title">
      <ModalHeader
        title={t.vm.changeGpuTitle(vm.name)}
        labelId="change-gpu-title"
        description={running ? t.vm.changeGpuLater : t.vm.changeGpuNow}
      />
      <ModalBody>
        <div className="fct-stack">
          {save.error && <ErrorAlert error={save.error} />}
          <GroupChoice value={group} onChange={setGroup} held={first && first.parts.length > 0 ? first.group : undefined} />
          <Checkbox
            id="device-optional"
            label={t.vm.optionalText}
            isChecked={optional}
            isDisabled={!group}
            onChange={(_event, on) => setOptional(on)}
          />
        </div>
      </ModalBody>
      <ModalFooter>
        <Button isLoading={save.isPending} isDisabled={save.isPending} onClick={() => save.mutate()}>
          {t.app.save}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
