// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { revertSnapshot } from '@/api/actions';
import type { Snapshot, Vm } from '@/contract/types';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';
import { useBegun } from '@/widgets/TaskDrawer';
import { isOff } from '../hardware/parts';

export function RevertForm({ vm, snapshot, onClose }: { vm: Vm; snapshot: Snapshot; onClose: () => void }) {
  const begun = useBegun();
  const off = isOff(vm);
  const [start, setStart] = useState(snapshot.has_memory || !off);
  const revert = useMutation({
    mutationFn: () => revertSnapshot(vm.id, snapshot.id, { confirm: !off, start }),
    onSuccess: (task) => {
      begun(task);
      onClose();
    },
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="revert-title">
      <ModalHeader title={t.snapshot.revertTitle(snapshot.name)} labelId="revert-title" titleIconVariant="warning" />
      <ModalBody tabIndex={0} aria-label={t.snapshot.revertTitle(snapshot.name)}>
        <div className="fct-stack">
          {revert.error && <ErrorAlert error={revert.error} />}
          <ul className="pf-v6-c-list">
            {snapshot.revert_effects.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <Checkbox id="revert-start" label={t.snapshot.startAfter} isChecked={start} onChange={(_event, value) => setStart(value)} />
        </div>
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" isLoading={revert.isPending} isDisabled={revert.isPending} onClick={() => revert.mutate()}>
          {off ? t.snapshot.revertButton : t.snapshot.forceButton}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
