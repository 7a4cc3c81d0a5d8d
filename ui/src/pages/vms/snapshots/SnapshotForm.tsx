// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { takeSnapshot } from '@/api/actions';
import type { Snapshots, Vm } from '@/api/types';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';
import { useBegun } from '@/widgets/TaskDrawer';

interface ChoiceProps {
  id: string;
  label: string;
  text: string;
  choice: Snapshots['memory'];
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** What cannot be had stays on show and says why. */
function Choice({ id, label, text, choice, checked, onChange }: ChoiceProps) {
  return <Checkbox id={id} label={label} description={choice.possible ? text : choice.why_not} isDisabled={!choice.possible} isChecked={choice.possible && checked} onChange={(_event, value) => onChange(value)} />;
}

export function SnapshotForm({ vm, choices, onClose }: { vm: Vm; choices: Snapshots; onClose: () => void }) {
  const begun = useBegun();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [memory, setMemory] = useState(false);
  const [freeze, setFreeze] = useState(false);
  const take = useMutation({
    mutationFn: () => takeSnapshot(vm.id, { name: name.trim(), description: description.trim(), memory: memory && choices.memory.possible, freeze: freeze && choices.freeze.possible }),
    onSuccess: (task) => {
      begun(task);
      onClose();
    },
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="snapshot-title">
      <ModalHeader title={t.snapshot.take} description={t.snapshot.afterwards} labelId="snapshot-title" />
      <ModalBody tabIndex={0} aria-label={t.snapshot.take}>
        <Form id="snapshot-form" onSubmit={(event) => { event.preventDefault(); take.mutate(); }}>
          {take.error && <ErrorAlert error={take.error} />}
          <FormGroup label={t.snapshot.name} fieldId="snapshot-name" isRequired>
            <TextInput id="snapshot-name" value={name} maxLength={63} isRequired onChange={(_event, value) => setName(value)} />
          </FormGroup>
          <FormGroup label={t.snapshot.description} fieldId="snapshot-description">
            <TextInput id="snapshot-description" value={description} maxLength={400} onChange={(_event, value) => setDescription(value)} />
          </FormGroup>
          <FormGroup role="group" label={t.snapshot.keeps} fieldId="snapshot-memory" isStack>
            <Choice id="snapshot-memory" label={t.snapshot.withMemory} text={t.snapshot.withMemoryText} choice={choices.memory} checked={memory} onChange={setMemory} />
            <Choice id="snapshot-freeze" label={t.snapshot.freeze} text={t.snapshot.freezeText} choice={choices.freeze} checked={freeze} onChange={setFreeze} />
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="snapshot-form" isLoading={take.isPending} isDisabled={!name.trim() || take.isPending}>{t.snapshot.take}</Button>
        <Button variant="link" onClick={onClose}>{t.app.cancel}</Button>
      </ModalFooter>
    </Modal>
  );
}
