// SPDX-License-Identifier: Apache-2.0
// What waits for the next start takes effect: the VM is shut down, and started again once it is off. A reboot inside the guest
// would not do, since it keeps the machine that the VM has.
import { Button, Checkbox, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { startVm, stopVm } from '@/api/actions';
import type { Vm } from '@/api/types';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';
import { useBegun } from '@/widgets/TaskDrawer';
import { taskEnd } from './cut';

const words = t.hardware;

export function ApplyRestart({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const client = useQueryClient();
  const begun = useBegun();
  const leave = useRef(new AbortController());
  const [force, setForce] = useState(false);
  useEffect(() => {
    const here = new AbortController();
    leave.current = here;
    return () => here.abort();
  }, []);
  const run = useMutation({
    mutationFn: async () => {
      const { signal } = leave.current;
      const stop = await stopVm(vm.id, force);
      begun(stop);
      const ended = await taskEnd(client, stop.id, signal);
      if (ended.state !== 'done') throw new Error(ended.error ? `${ended.error.message} ${ended.error.next}` : words.applyStopped);
      begun(await startVm(vm.id));
    },
    onSuccess: onClose,
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="apply-title">
      <ModalHeader title={words.applyTitle(vm.name)} labelId="apply-title" />
      <ModalBody>
        <div className="fct-stack">
          {run.error && <ErrorAlert error={run.error} />}
          <p>{run.isPending ? words.applying : words.applyText}</p>
          <ul className="pf-v6-c-list">{vm.pending_changes.map((line) => <li key={line}>{line}</li>)}</ul>
          <Checkbox id="apply-force" label={words.applyForce} isChecked={force} isDisabled={run.isPending} onChange={(_event, on) => setForce(on)} />
        </div>
      </ModalBody>
      <ModalFooter>
        <Button isLoading={run.isPending} isDisabled={run.isPending} onClick={() => run.mutate()}>{words.applyNow}</Button>
        <Button variant="link" onClick={onClose}>{run.isPending ? t.app.close : t.app.cancel}</Button>
      </ModalFooter>
    </Modal>
  );
}
