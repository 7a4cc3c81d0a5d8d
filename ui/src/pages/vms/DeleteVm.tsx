// SPDX-License-Identifier: Apache-2.0
// Deleting a VM: which of its disks go with it is chosen, and what stays is said.
import { Checkbox, FormGroup } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteVm } from '@/api/actions';
import type { Task, Vm } from '@/contract/types';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { FormDialog } from '@/widgets/FormDialog';

const words = t.hardware;

export function DeleteVm({ vm, onBegun, onClose }: { vm: Vm; onBegun: (task: Task) => void; onClose: () => void }) {
  const disks = vm.disks.filter((disk) => disk.kind === 'disk');
  const [kept, setKept] = useState<readonly string[]>([]);
  const save = useMutation({ mutationFn: () => deleteVm(vm.id, vm.revision, kept), onSuccess: onBegun });
  const goes = disks.filter((disk) => disk.made && !kept.includes(disk.target));
  const stays = disks.filter((disk) => !goes.includes(disk));
  const toggle = (target: string, on: boolean) => setKept(on ? kept.filter((one) => one !== target) : [...kept, target]);
  return (
    <FormDialog danger title={t.vm.deleteTitle(vm.name)} about={words.deleteAbout} button={t.vm.delete} save={save} onClose={onClose}>
      {disks.length > 0 && (
        <FormGroup role="group" label={words.deleteDisks} fieldId="delete-disks" isStack>
          {disks.map((disk) => (
            <Checkbox
              key={disk.target}
              id={`delete-${disk.target}`}
              label={words.deleteDisk(disk.target, disk.size_gib == null ? UNKNOWN : `${disk.size_gib} GiB`)}
              description={[disk.pool, disk.volume || disk.path, disk.made ? '' : words.notMadeStays].filter(Boolean).join(' · ')}
              isChecked={goes.includes(disk)}
              isDisabled={!disk.made}
              onChange={(_event, on) => toggle(disk.target, on)}
            />
          ))}
        </FormGroup>
      )}
      <p>
        {[words.goes(goes.length), words.snapshotsGo(vm.snapshots), words.stays(stays.map((disk) => disk.volume || disk.path))]
          .filter(Boolean)
          .join(' ')}
      </p>
    </FormDialog>
  );
}
