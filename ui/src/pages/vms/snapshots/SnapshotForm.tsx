// SPDX-License-Identifier: Apache-2.0
import { Checkbox, FormGroup } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { takeSnapshot } from '@/api/actions';
import * as limits from '@/contract/limits.generated';
import type { Snapshots, Vm } from '@/contract/types';
import { t } from '@/strings';
import { problemAt, TextField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
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
  return (
    <Checkbox
      id={id}
      label={label}
      description={choice.possible ? text : choice.why_not}
      isDisabled={!choice.possible}
      isChecked={choice.possible && checked}
      onChange={(_event, value) => onChange(value)}
    />
  );
}

export function SnapshotForm({ vm, choices, onClose }: { vm: Vm; choices: Snapshots; onClose: () => void }) {
  const begun = useBegun();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [memory, setMemory] = useState(false);
  const [freeze, setFreeze] = useState(false);
  const take = useMutation({
    mutationFn: () =>
      takeSnapshot(vm.id, {
        name: name.trim(),
        description: description.trim(),
        memory: memory && choices.memory.possible,
        freeze: freeze && choices.freeze.possible,
      }),
    onSuccess: (task) => {
      begun(task);
      onClose();
    },
  });
  return (
    <FormDialog
      title={t.snapshot.take}
      about={t.snapshot.afterwards}
      button={t.snapshot.take}
      save={take}
      fields={['name', 'description']}
      isDisabled={!name.trim()}
      onClose={onClose}
    >
      <TextField
        id="snapshot-name"
        label={t.snapshot.name}
        value={name}
        maxLength={limits.SnapshotInput.name.maxLength}
        isRequired
        problem={problemAt(take.error, 'name')}
        onChange={setName}
      />
      <TextField
        id="snapshot-description"
        label={t.snapshot.description}
        value={description}
        maxLength={limits.SnapshotInput.description.maxLength}
        problem={problemAt(take.error, 'description')}
        onChange={setDescription}
      />
      <FormGroup role="group" label={t.snapshot.keeps} fieldId="snapshot-memory" isStack>
        <Choice
          id="snapshot-memory"
          label={t.snapshot.withMemory}
          text={t.snapshot.withMemoryText}
          choice={choices.memory}
          checked={memory}
          onChange={setMemory}
        />
        <Choice
          id="snapshot-freeze"
          label={t.snapshot.freeze}
          text={t.snapshot.freezeText}
          choice={choices.freeze}
          checked={freeze}
          onChange={setFreeze}
        />
      </FormGroup>
    </FormDialog>
  );
}
