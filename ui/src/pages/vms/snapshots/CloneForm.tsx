// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Checkbox, Form, FormGroup, FormSelect, FormSelectOption, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { cloneVm } from '@/api/actions';
import { useSnapshots } from '@/api/queries';
import type { Vm } from '@/api/types';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';
import { useBegun } from '@/widgets/TaskDrawer';
import { isOff } from '../hardware/parts';

export function CloneForm({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const begun = useBegun();
  const off = isOff(vm);
  const shown = (useSnapshots(vm.id).data?.items ?? []).filter((one) => !one.deleted);
  const [name, setName] = useState(`${vm.name}-clone`);
  const [chosen, setChosen] = useState('');
  const [start, setStart] = useState(false);
  const from = chosen || (off ? '' : shown[shown.length - 1]?.id ?? '');
  const impossible = !off && from === '';
  const clone = useMutation({
    mutationFn: () => cloneVm(vm.id, { name: name.trim(), start, ...(from ? { snapshot: from } : {}) }),
    onSuccess: (task) => {
      begun(task);
      onClose();
    },
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="clone-title">
      <ModalHeader title={t.snapshot.cloneTitle(vm.name)} description={t.snapshot.cloneText} labelId="clone-title" />
      <ModalBody tabIndex={0} aria-label={t.snapshot.cloneTitle(vm.name)}>
        <Form id="clone-form" onSubmit={(event) => { event.preventDefault(); clone.mutate(); }}>
          {impossible && <Alert variant="info" isInline title={t.snapshot.cloneRuns} component="p" />}
          {clone.error && <ErrorAlert error={clone.error} />}
          <FormGroup label={t.snapshot.name} fieldId="clone-name" isRequired>
            <TextInput id="clone-name" value={name} maxLength={63} isRequired onChange={(_event, value) => setName(value)} />
          </FormGroup>
          {shown.length > 0 && (
            <FormGroup label={t.snapshot.cloneOf} fieldId="clone-of">
              <FormSelect id="clone-of" value={from} onChange={(_event, value) => setChosen(value)}>
                {off && <FormSelectOption value="" label={t.snapshot.cloneNow} />}
                {shown.map((one) => <FormSelectOption key={one.id} value={one.id} label={one.name} />)}
              </FormSelect>
            </FormGroup>
          )}
          <Checkbox id="clone-start" label={t.snapshot.cloneStart} isChecked={start} onChange={(_event, value) => setStart(value)} />
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="clone-form" isLoading={clone.isPending} isDisabled={!name.trim() || impossible || clone.isPending}>{t.snapshot.clone}</Button>
        <Button variant="link" onClick={onClose}>{t.app.cancel}</Button>
      </ModalFooter>
    </Modal>
  );
}
