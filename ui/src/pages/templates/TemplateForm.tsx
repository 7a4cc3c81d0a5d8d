// SPDX-License-Identifier: Apache-2.0
// Makes a template, or edits one: what most VMs of a kind have in common, by the wizard's own forms. What most templates leave as it
// is stands folded, with what is chosen on the fold.
import { ExpandableSection } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createTemplate, updateTemplate } from '@/api/actions';
import { useFiles, useGroups, useImages, useNetworks, usePools } from '@/api/queries';
import type { Field } from '@/contract/fields';
import * as limits from '@/contract/limits.generated';
import type { Image, LibraryFile, Network, Pool, Template } from '@/contract/types';
import { t } from '@/strings';
import { NumberField, problemAt, SelectField, TextField, type Option } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { withOs, type Draft, type Os } from '@/widgets/vm-form/draft';
import { FirstBootForm } from '@/widgets/vm-form/FirstBootForm';
import { DISK_GIB, MEMORY_GIB, useSizeLimits, VCPUS } from '@/widgets/vm-form/limits';
import { MoreHardware } from '@/widgets/vm-form/MoreHardware';
import { poolHint, poolOptions } from '@/widgets/vm-form/options';
import { bootText, FOLDED, moreSummary } from '@/widgets/vm-form/summary';
import { Devices } from './Devices';
import { hasCommonBoot, inputOf, templateDraft, templateInput, templateProblems } from './input';

const words = t.templates;
const OSES: readonly Os[] = ['linux', 'windows', 'other'];
const BOOT: readonly Field[] = ['cloud_init', 'windows'];

interface PartProps {
  draft: Draft;
  set: (draft: Draft) => void;
  pools: readonly Pool[];
  error: unknown;
}

/** Image or ISO, in one list; what is chosen and gone stays in it, so that saving does not change it unseen. */
function Begin({ draft, set, images, isos, error }: Omit<PartProps, 'pools'> & { images: readonly Image[]; isos: readonly LibraryFile[] }) {
  const now = draft.image ? `image:${draft.image}` : draft.iso ? `iso:${draft.iso}` : '';
  const known: Option[] = [
    ...images.map((one) => ({ value: `image:${one.id}`, name: `${t.wizard.image}: ${one.name}` })),
    ...isos.map((one) => ({ value: `iso:${one.id}`, name: `${t.wizard.iso}: ${one.name}` })),
  ];
  const gone = now !== '' && !known.some((one) => one.value === now);
  const options = [
    { value: '', name: words.noImage },
    ...(gone ? [{ value: now, name: words.gone(draft.image || draft.iso) }] : []),
    ...known,
  ];
  const choose = (value: string) => {
    const id = value.slice(value.indexOf(':') + 1);
    set({ ...draft, image: value.startsWith('image:') ? id : '', iso: value.startsWith('iso:') ? id : '' });
  };
  return (
    <div className="fct-fields">
      <SelectField
        id="template-image"
        label={t.wizard.begin}
        value={now}
        options={options}
        onChange={choose}
        problem={problemAt(error, 'image') || problemAt(error, 'iso')}
      />
      <SelectField
        id="template-os"
        label={t.wizard.os}
        value={draft.os}
        options={OSES.map((value) => ({ value, name: t.wizard.oses[value] }))}
        problem={problemAt(error, 'os')}
        onChange={(os) => set(withOs(draft, OSES.find((one) => one === os) ?? 'other'))}
      />
    </div>
  );
}

function SizeFields({ draft, set, pools, error, problem }: PartProps & { problem: string }) {
  const { size } = draft;
  const sizes = useSizeLimits();
  return (
    <div className="fct-fields">
      <NumberField
        id="template-vcpus"
        label={t.wizard.vcpus}
        value={size.vcpus}
        {...VCPUS}
        onChange={(vcpus) => set({ ...draft, size: { ...size, vcpus } })}
        hint={sizes.vcpus(size.vcpus).hint}
        problem={sizes.vcpus(size.vcpus).problem || problemAt(error, 'vcpus')}
      />
      <NumberField
        id="template-memory"
        label={t.wizard.memory}
        value={size.memory_mib / 1024}
        {...MEMORY_GIB}
        onChange={(gib) => set({ ...draft, size: { ...size, memory_mib: Math.round(gib * 1024) } })}
        problem={sizes.memory(size.memory_mib).problem || problemAt(error, 'memory_mib')}
      />
      <NumberField
        id="template-disk"
        label={t.wizard.disk}
        value={size.disk_gib}
        {...DISK_GIB}
        onChange={(disk_gib) => set({ ...draft, size: { ...size, disk_gib } })}
        problem={problemAt(error, 'disk_gib')}
      />
      {pools.length > 0 && (
        <SelectField
          id="template-pool"
          label={t.wizard.pool}
          hint={poolHint(pools, draft.pool)}
          value={draft.pool}
          options={poolOptions(pools, draft.pool)}
          onChange={(pool) => set({ ...draft, pool })}
          problem={problem || problemAt(error, 'pool')}
        />
      )}
    </div>
  );
}

function Folds({ draft, set, pools, networks, error }: PartProps & { networks: readonly Network[] }) {
  const [open, setOpen] = useState<readonly string[]>([]);
  const toggle = (fold: string) => (_event: unknown, on: boolean) => setOpen(on ? [...open, fold] : open.filter((one) => one !== fold));
  const refused = (fields: readonly Field[]) => fields.some((field) => problemAt(error, field) !== '');
  const head = (name: string, summary: string) => (
    <>
      {name} <span className="fct-subtle fct-small">{summary}</span>
    </>
  );
  return (
    <>
      <ExpandableSection
        isExpanded={open.includes('more') || refused(FOLDED)}
        onToggle={toggle('more')}
        toggleContent={head(t.wizard.more, moreSummary(draft, networks))}
      >
        <MoreHardware draft={draft} set={set} pools={pools} networks={networks} error={error} common />
      </ExpandableSection>
      {hasCommonBoot(draft) && (
        <ExpandableSection
          isExpanded={open.includes('boot') || refused(BOOT)}
          onToggle={toggle('boot')}
          toggleContent={head(t.wizard.firstBoot, bootText(draft))}
        >
          <div className="fct-stack">
            <FirstBootForm os={draft.os} vm={words.itsName} common value={draft.boot} onChange={(boot) => set({ ...draft, boot })} />
          </div>
        </ExpandableSection>
      )}
    </>
  );
}

interface Props {
  template?: Template;
  onClose: () => void;
}

function Form({
  template,
  pools,
  images,
  isos,
  onClose,
}: Props & { pools: readonly Pool[]; images: readonly Image[]; isos: readonly LibraryFile[] }) {
  const client = useQueryClient();
  const groups = useGroups().data ?? [];
  const networks = useNetworks().data ?? [];
  const [name, setName] = useState(template?.name ?? '');
  const [description, setDescription] = useState(template?.description ?? '');
  const [form, setForm] = useState(() => templateDraft(template, pools.find((one) => one.default)?.name ?? ''));
  const { draft, devices } = form;
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), description, input: { ...templateInput(form, template ? inputOf(template) : {}) } };
      return template ? updateTemplate(template.id, template.revision, body) : createTemplate(body);
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['template'] });
      onClose();
    },
  });
  // A refusal is about what was sent; what is changed since then is not judged yet.
  const change = (next: Partial<typeof form>) => {
    if (save.error) save.reset();
    setForm({ ...form, ...next });
  };
  const set = (next: Draft) => change({ draft: next });
  const at = (field: Field) => problemAt(save.error, field);
  const problems = templateProblems(form, pools);
  return (
    <FormDialog
      title={template ? `${words.edit} ${template.name}` : words.create}
      about={words.about}
      button={template ? t.app.save : t.app.create}
      size="medium"
      save={save}
      fields={['name', 'description', 'image', 'iso', 'os', 'vcpus', 'memory_mib', 'disk_gib', 'pool', 'devices', ...FOLDED]}
      isDisabled={!name.trim() || problems.pool !== '' || problems.order || problems.boot}
      onClose={onClose}
    >
      <TextField
        id="template-name"
        label={words.name}
        isRequired
        maxLength={limits.TemplateInput.name.maxLength}
        value={name}
        onChange={setName}
        problem={at('name')}
      />
      <TextField
        id="template-description"
        label={words.description}
        maxLength={limits.TemplateInput.description.maxLength}
        value={description}
        onChange={setDescription}
        problem={at('description')}
      />
      <Begin draft={draft} set={set} images={images} isos={isos} error={save.error} />
      <SizeFields draft={draft} set={set} pools={pools} error={save.error} problem={problems.pool} />
      <Devices devices={devices} groups={groups} set={(list) => change({ devices: list })} problem={at('devices')} />
      <Folds draft={draft} set={set} pools={pools} networks={networks} error={save.error} />
    </FormDialog>
  );
}

/** The form begins with the pool that is the default, so it waits for what there is. */
export function TemplateForm(props: Props) {
  const pools = usePools();
  const images = useImages();
  const files = useFiles();
  if (pools.isPending || images.isPending || files.isPending) return null;
  const isos = (files.data?.items ?? []).filter((file) => file.format === 'iso' && file.state === 'ready');
  return <Form {...props} pools={pools.data ?? []} images={images.data ?? []} isos={isos} />;
}
