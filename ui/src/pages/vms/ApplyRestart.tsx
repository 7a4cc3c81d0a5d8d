// SPDX-License-Identifier: Apache-2.0
// What waits for the next start takes effect: one task shuts the VM down and starts it again. A reboot inside the guest would not
// do, since it keeps the machine that the VM has.
import { Button, Checkbox, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { restartVm } from '@/api/actions';
import type { Vm } from '@/contract/types';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';
import { useBegun } from '@/widgets/TaskDrawer';

const words = t.hardware;

export function ApplyRestart({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const begun = useBegun();
  const [force, setForce] = useState(false);
  const run = useMutation({
    mutationFn: () => restartVm(vm.id, force),
    onSuccess: (task) => {
      begun(task);
      onClose();
    },
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="apply-title">
      <ModalHeader title={words.applyTitle(vm.name)} labelId="apply-title" />
      <ModalBody>
        <div className="fct-stack">
          {run.error && <ErrorAlert error={run.error} />}
          <p>{words.applyText}</p>
          <ul className="pf-v6-c-list">
            {vm.pending_changes.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          <Checkbox
            id="apply-force"
            label={words.applyForce}
            isChecked={force}
            isDisabled={run.isPending}
            onChange={(_event, on) => setForce(on)}
          />
        </div>
      </ModalBody>
      <ModalFooter>
        <Button isLoading={run.isPending} isDisabled={run.isPending} onClick={() => run.mutate()}>
          {words.applyNow}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
