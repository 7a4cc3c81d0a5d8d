// SPDX-License-Identifier: Apache-2.0
import {
  Button,
  Form,
  FormGroup,
  FormSelect,
  FormSelectOption,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createGroup, updateGroup } from '@/api/actions';
import { useGpus } from '@/api/queries';
import * as limits from '@/contract/limits.generated';
import type { ResourceGroup, ResourceGroupInput } from '@/contract/types';
import { shortModel } from '@/lib/format';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';

type Rules = ResourceGroupInput['rules'];

interface ChoiceProps {
  label: string;
  id: string;
  any: string;
  value: string | undefined;
  options: [string, string][];
  onChange: (value: string | undefined) => void;
}

function Choice({ label, id, any, value, options, onChange }: ChoiceProps) {
  return (
    <FormGroup label={label} fieldId={id}>
      <FormSelect id={id} value={value ?? ''} onChange={(_event, next) => onChange(next || undefined)}>
        <FormSelectOption value="" label={any} />
        {options.map(([key, name]) => (
          <FormSelectOption key={key} value={key} label={name} />
        ))}
      </FormSelect>
    </FormGroup>
  );
}

/** Creates a group, or edits @group. */
export function GroupForm({ group, onClose }: { group?: ResourceGroup; onClose: () => void }) {
  const client = useQueryClient();
  const gpus = useGpus().data ?? [];
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const [rules, setRules] = useState<Rules>(group?.rules ?? {});
  const save = useMutation({
    mutationFn: () => {
      const input: ResourceGroupInput = { name: name.trim(), description, rules };
      return group ? updateGroup(group.id, group.revision, input) : createGroup(input);
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['group'] });
      onClose();
    },
  });
  const models = [...new Set(gpus.map((gpu) => gpu.name))];
  const profiles = [...new Set(gpus.flatMap((gpu) => gpu.mig.profiles.map((p) => p.name)))].sort();
  const title = group ? `${t.groups.edit} ${group.name}` : t.groups.create;
  const set = (key: 'model' | 'profile' | 'gpu') => (value: string | undefined) => setRules((old) => ({ ...old, [key]: value }));
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="group-title">
      <ModalHeader title={title} labelId="group-title" description={t.groups.rulesText} />
      <ModalBody tabIndex={0} aria-label={title}>
        <Form
          id="group-form"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          {save.error && <ErrorAlert error={save.error} />}
          <FormGroup label={t.groups.name} fieldId="group-name" isRequired>
            <TextInput
              id="group-name"
              value={name}
              maxLength={limits.ResourceGroupInput.name.maxLength}
              isRequired
              onChange={(_event, value) => setName(value)}
            />
          </FormGroup>
          <FormGroup label={t.groups.description} fieldId="group-description">
            <TextInput
              id="group-description"
              value={description}
              maxLength={limits.ResourceGroupInput.description.maxLength}
              onChange={(_event, value) => setDescription(value)}
            />
          </FormGroup>
          <Choice
            label={t.groups.model}
            id="group-model"
            any={t.groups.anyModel}
            value={rules.model}
            options={models.map((m) => [m, shortModel(m)])}
            onChange={set('model')}
          />
          <Choice
            label={t.groups.profile}
            id="group-profile"
            any={t.groups.anyProfile}
            value={rules.profile}
            options={profiles.map((p) => [p, p])}
            onChange={set('profile')}
          />
          <Choice
            label={t.groups.gpu}
            id="group-gpu"
            any={t.groups.anyGpu}
            value={rules.gpu}
            options={gpus.map((g) => [g.id, `${t.gpu.title(g.index)}, ${shortModel(g.name)}`])}
            onChange={set('gpu')}
          />
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="group-form" isLoading={save.isPending} isDisabled={!name.trim() || save.isPending}>
          {group ? t.app.save : t.app.create}
        </Button>
        <Button variant="link" onClick={onClose}>
          {t.app.cancel}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
