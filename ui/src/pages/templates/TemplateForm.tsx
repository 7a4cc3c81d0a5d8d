// SPDX-License-Identifier: Apache-2.0
// Makes a template, or edits one: what most VMs of a kind have in common. What it does not show of a template stays in it.
import { FormSelect, FormSelectOption } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createTemplate, updateTemplate } from '@/api/actions';
import { useGroups, useImages, useNetworks } from '@/api/queries';
import type { Template } from '@/api/types';
import { t } from '@/strings';
import { Field, NumberField, problemAt, TextField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { inputOf, type TemplateVm } from './input';

const words = t.templates;

interface ChoiceProps {
  id: string;
  label: string;
  none: string;
  value: string;
  options: readonly [string, string][];
  problem: string;
  onChange: (value: string) => void;
}

/** What is chosen and gone stays in the list, so that saving does not change it unseen. */
function Choice({ id, label, none, value, options, problem, onChange }: ChoiceProps) {
  const known = value === '' || options.some(([key]) => key === value);
  return (
    <Field id={id} label={label} problem={problem}>
      <FormSelect id={id} value={value} onChange={(_event, next) => onChange(next)}>
        <FormSelectOption value="" label={none} />
        {!known && <FormSelectOption value={value} label={value} />}
        {options.map(([key, name]) => <FormSelectOption key={key} value={key} label={name} />)}
      </FormSelect>
    </Field>
  );
}

export function TemplateForm({ template, onClose }: { template?: Template; onClose: () => void }) {
  const client = useQueryClient();
  const images = useImages().data ?? [];
  const groups = useGroups().data ?? [];
  const networks = useNetworks().data ?? [];
  const old: TemplateVm = template ? inputOf(template) : {};
  const [name, setName] = useState(template?.name ?? '');
  const [description, setDescription] = useState(template?.description ?? '');
  const [image, setImage] = useState(old.image ?? '');
  const [vcpus, setVcpus] = useState(old.vcpus ?? 2);
  const [memory, setMemory] = useState((old.memory_mib ?? 2048) / 1024);
  const [disk, setDisk] = useState(old.disk_gib ?? 10);
  const [group, setGroup] = useState(old.devices?.[0]?.group ?? '');
  const [network, setNetwork] = useState(old.nics?.[0]?.network ?? '');
  const save = useMutation({
    mutationFn: () => {
      const { devices, nics } = old;
      const input: TemplateVm = { ...old, vcpus, memory_mib: Math.round(memory * 1024), disk_gib: disk };
      delete input.image;
      delete input.devices;
      delete input.nics;
      if (image) input.image = image;
      if (group) input.devices = [{ ...devices?.[0], group }, ...(devices ?? []).slice(1)];
      if (network) input.nics = [{ ...nics?.[0], network }, ...(nics ?? []).slice(1)];
      const body = { name: name.trim(), description, input: { ...input } };
      return template ? updateTemplate(template.id, template.revision, body) : createTemplate(body);
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['template'] });
      onClose();
    },
  });
  const at = (field: string) => problemAt(save.error, field);
  return (
    <FormDialog
      title={template ? `${words.edit} ${template.name}` : words.create}
      about={template ? `${words.about} ${words.asNow}` : words.about}
      button={template ? t.app.save : t.app.create}
      size="medium"
      save={save}
      fields={['name', 'description', 'image', 'vcpus', 'memory_mib', 'disk_gib', 'devices', 'nics']}
      isDisabled={!name.trim()}
      onClose={onClose}
    >
      <TextField id="template-name" label={words.name} isRequired maxLength={64} value={name} onChange={setName} problem={at('name')} />
      <TextField id="template-description" label={words.description} maxLength={400} value={description} onChange={setDescription} problem={at('description')} />
      <Choice id="template-image" label={words.image} none={words.noImage} value={image} options={images.map((one) => [one.id, one.name])} onChange={setImage} problem={at('image')} />
      <div className="fct-row">
        <NumberField id="template-vcpus" label={t.vm.vcpus} value={vcpus} min={1} max={512} onChange={setVcpus} problem={at('vcpus')} />
        <NumberField id="template-memory" label={t.vm.memory} unit="GiB" value={memory} min={0.25} onChange={setMemory} problem={at('memory_mib')} />
        <NumberField id="template-disk" label={t.vm.disk} unit="GiB" value={disk} min={1} onChange={setDisk} problem={at('disk_gib')} />
      </div>
      <Choice id="template-group" label={words.device} none={words.noDevice} value={group} options={groups.map((one) => [one.id, one.name])} onChange={setGroup} problem={at('devices')} />
      <Choice id="template-network" label={words.network} none={words.defaultNetwork} value={network} options={networks.map((one) => [one.name, one.name])} onChange={setNetwork} problem={at('nics')} />
    </FormDialog>
  );
}
