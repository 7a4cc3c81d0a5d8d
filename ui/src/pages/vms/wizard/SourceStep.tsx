// SPDX-License-Identifier: Apache-2.0
// The VM's name, and what it starts from.
import { Alert, Form, FormGroup, HelperText, HelperTextItem, Radio } from '@patternfly/react-core';
import { Link } from 'react-router-dom';
import * as limits from '@/contract/limits.generated';
import type { Image, LibraryFile, Template, Volume } from '@/contract/types';
import { bytes } from '@/lib/format';
import { t } from '@/strings';
import { problemAt, SelectField, TextField, type Option } from '@/widgets/fields';
import { asksSource, guessOs, withOs, type Draft, type Os, type Problems, type Source } from '@/widgets/vm-form/draft';
import { VolumeFormat } from '@/widgets/VolumeFormat';

const words = t.wizard;
const SOURCES: readonly Source[] = ['image', 'iso', 'volume', 'template'];
const OSES: readonly Os[] = ['linux', 'windows', 'other'];

export interface Sources {
  images: readonly Image[];
  isos: readonly LibraryFile[];
  volumes: readonly Volume[];
  templates: readonly Template[];
}

interface Props {
  draft: Draft;
  set: (draft: Draft) => void;
  sources: Sources;
  problems: Problems;
  /** Of the last try to create. */
  error: unknown;
  onTemplate: (id: string) => void;
}

interface Choice {
  id: string;
  name: string;
  about: string;
}

/** A disc of drivers installs nothing by itself. */
const isDrivers = (file: LibraryFile) => /virtio/i.test(file.name);

function choices(source: Source, { images, isos, volumes, templates }: Sources): Choice[] {
  switch (source) {
    case 'image':
      return images.map((one) => ({ id: one.id, name: one.name, about: [bytes(one.size_bytes), one.note].filter(Boolean).join(' · ') }));
    case 'iso':
      return [...isos]
        .sort((a, b) => Number(isDrivers(a)) - Number(isDrivers(b)))
        .map((one) => ({ id: one.id, name: one.name, about: bytes(one.size_bytes) }));
    case 'volume':
      return volumes.map((one) => ({ id: one.id, name: one.name, about: [one.pool, bytes(one.capacity_bytes), one.format].join(' · ') }));
    case 'template':
      return templates.map((one) => ({ id: one.id, name: one.name, about: one.description }));
  }
}

const EMPTY: Record<Source, { text: string; to: string; name: string }> = {
  image: { text: words.noImages, to: '/storage/files', name: words.toFiles },
  iso: { text: words.noIsos, to: '/storage/files', name: words.toFiles },
  volume: { text: words.noVolumes, to: '/storage/volumes', name: words.toVolumes },
  template: { text: words.noTemplates, to: '/templates', name: words.toTemplates },
};

export function SourceStep({ draft, set, sources, problems, error, onTemplate }: Props) {
  const list = choices(draft.source, sources);
  const problem = problems.name ?? problemAt(error, 'name');
  const choose = (source: Source) => {
    const first = draft[source] || (choices(source, sources)[0]?.id ?? '');
    if (source === 'template') onTemplate(first);
    else set({ ...(source === 'volume' ? draft : withOs(draft, guessOs(first))), source, [source]: first });
  };
  const pick = (id: string) => {
    if (draft.source === 'template') onTemplate(id);
    else set({ ...(draft.source === 'iso' ? withOs(draft, guessOs(id)) : draft), volumeFormat: '', [draft.source]: id });
  };
  const drivers = sources.isos.filter((file) => file.id !== draft.iso);
  const template = sources.templates.find((one) => one.id === draft.template);
  const open: Option[] = [
    { value: '', name: words.chooseOne },
    ...(['image', 'iso'] as const).flatMap((kind) =>
      choices(kind, sources).map((one) => ({ value: `${kind}:${one.id}`, name: `${words[kind]}: ${one.name}` })),
    ),
  ];
  const begin = (chosen: string) => {
    const at = chosen.indexOf(':');
    const id = chosen.slice(at + 1);
    set({ ...draft, image: chosen.startsWith('image:') ? id : '', iso: chosen.startsWith('iso:') ? id : '' });
  };
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <TextField
        id="vm-name"
        label={words.name}
        isRequired
        hint={words.nameHelp}
        problem={problem}
        value={draft.name}
        maxLength={limits.VmInput.name.maxLength}
        onChange={(name) => set({ ...draft, name })}
      />
      <FormGroup role="radiogroup" label={words.source} fieldId="vm-source">
        <div className="fct-choice fct-choice--wide">
          {SOURCES.map((source) => (
            <Radio
              key={source}
              id={`source-${source}`}
              name="vm-source"
              label={words.sources[source]}
              description={words.sourceTexts[source]}
              isChecked={draft.source === source}
              onChange={() => choose(source)}
            />
          ))}
        </div>
      </FormGroup>
      <FormGroup role="radiogroup" label={words[draft.source]} fieldId="vm-from" isStack>
        {list.map((one) => (
          <Radio
            key={one.id}
            id={`${draft.source}-${one.id}`}
            name="vm-from"
            label={one.name}
            isChecked={draft[draft.source] === one.id}
            onChange={() => pick(one.id)}
            description={one.about}
          />
        ))}
        {list.length === 0 && (
          <HelperText>
            <HelperTextItem>
              {EMPTY[draft.source].text} <Link to={EMPTY[draft.source].to}>{EMPTY[draft.source].name}</Link>
            </HelperTextItem>
          </HelperText>
        )}
        {draft.source === 'volume' && (
          <VolumeFormat
            id="vm-volume-is"
            volume={sources.volumes.find((one) => one.id === draft.volume)}
            value={draft.volumeFormat}
            error={error}
            onChange={(volumeFormat) => set({ ...draft, volumeFormat })}
          />
        )}
        {problemAt(error, draft.source) && (
          <HelperText>
            <HelperTextItem variant="error">{problemAt(error, draft.source)}</HelperTextItem>
          </HelperText>
        )}
      </FormGroup>
      {draft.source === 'template' && template && template.problems.length > 0 && (
        <Alert variant="warning" isInline title={words.templateProblems} component="p">
          {template.problems.map(({ field, sentence }) => (
            <div key={field}>{sentence}</div>
          ))}
        </Alert>
      )}
      {asksSource(draft) && (
        <SelectField
          id="vm-begin"
          label={words.begin}
          hint={words.beginHint}
          isRequired
          value={draft.image ? `image:${draft.image}` : draft.iso ? `iso:${draft.iso}` : ''}
          options={open}
          onChange={begin}
          problem={problemAt(error, 'image') || problemAt(error, 'iso')}
        />
      )}
      {draft.source !== 'template' && (
        <SelectField
          id="vm-os"
          label={words.os}
          value={draft.os}
          options={OSES.map((value) => ({ value, name: words.oses[value] }))}
          problem={problemAt(error, 'os')}
          onChange={(os) => set(withOs(draft, OSES.find((one) => one === os) ?? 'other'))}
        />
      )}
      {draft.os === 'windows' && <Alert variant="info" isInline title={words.windowsText} component="p" />}
      {draft.os === 'windows' && draft.source === 'iso' && (
        <SelectField
          id="vm-drivers"
          label={words.drivers}
          value={draft.drivers}
          options={[{ value: '', name: words.noDrivers }, ...drivers.map((file) => ({ value: file.id, name: file.name }))]}
          problem={problemAt(error, 'cdroms')}
          onChange={(value) => set({ ...draft, drivers: value })}
        />
      )}
    </Form>
  );
}
