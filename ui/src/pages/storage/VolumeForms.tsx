// SPDX-License-Identifier: Apache-2.0
// What is asked for a new volume, a copy, a disk to upload, and a larger size.
import { NumberInput } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { createVolume, growVolume } from '@/api/actions';
import { useImages, usePools } from '@/api/queries';
import type { Field as Name } from '@/contract/fields';
import * as limits from '@/contract/limits.generated';
import type { Pool, Volume, VolumeInput } from '@/contract/types';
import { bytes } from '@/lib/format';
import { anyFormat } from '@/lib/volume';
import { t } from '@/strings';
import { Field, problemAt, SelectField, TextField, type Option } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { useTell } from '@/widgets/Toasts';
import { VolumeFormat } from '@/widgets/VolumeFormat';
import type { Target } from './useVolumeUpload';

const GIB = 1024 ** 3;

function SizeField({
  value,
  least,
  hint,
  error,
  onChange,
}: {
  value: number;
  least: number;
  hint: string;
  error: unknown;
  onChange: (value: number) => void;
}) {
  const set = (n: number) => onChange(Math.min(limits.VolumeInput.size_gib.maximum, Math.max(0, Math.round(n))));
  return (
    <Field id="volume-size" label={t.volumes.sizeGib} hint={hint} problem={problemAt(error, 'size_gib')} isRequired>
      <NumberInput
        value={value}
        min={least}
        max={limits.VolumeInput.size_gib.maximum}
        validated={problemAt(error, 'size_gib') ? 'error' : 'default'}
        inputProps={{ id: 'volume-size', 'aria-describedby': 'volume-size-help' }}
        inputAriaLabel={t.volumes.sizeGib}
        minusBtnAriaLabel="-"
        plusBtnAriaLabel="+"
        onMinus={() => set(value - 1)}
        onPlus={() => set(value + 1)}
        onChange={(event) => set(Number((event.target as HTMLInputElement).value))}
      />
    </Field>
  );
}

const usable = (pools: Pool[] | undefined) => (pools ?? []).filter((pool) => pool.state === 'running');
const poolOptions = (pools: Pool[]): Option[] =>
  pools.map((pool) => ({ value: pool.name, name: `${pool.name} · ${t.pools.used(bytes(pool.free_bytes), bytes(pool.capacity_bytes))}` }));
const formatsOf = (pool: Pool | undefined): ('qcow2' | 'raw')[] => (pool?.thin ? ['qcow2', 'raw'] : ['raw']);
const formatOptions = (pool: Pool | undefined): Option[] => formatsOf(pool).map((one) => ({ value: one, name: t.volumes.formats[one] }));
/** What usePlace shows refusals at. */
const PLACE: readonly Name[] = ['name', 'pool', 'format'];

/** Where a new volume goes and what it is, shared by the forms. */
function usePlace(first: string | undefined, firstName: string) {
  const pools = usable(usePools().data);
  const [pool, setPool] = useState(first ?? 'facet');
  const [name, setName] = useState(firstName);
  const [format, setFormat] = useState<'qcow2' | 'raw'>('qcow2');
  const chosen = pools.find((one) => one.name === pool) ?? pools[0];
  const formats = formatsOf(chosen);
  const kind = formats.includes(format) ? format : 'raw';
  return {
    pools,
    chosen,
    name: name.trim(),
    format: kind,
    fields: (error: unknown) => (
      <>
        <TextField
          id="volume-name"
          label={t.volumes.name}
          value={name}
          maxLength={limits.VolumeInput.name.maxLength}
          isRequired
          problem={problemAt(error, 'name')}
          onChange={setName}
        />
        <SelectField
          id="volume-pool"
          label={t.volumes.pool}
          problem={problemAt(error, 'pool')}
          value={chosen?.name ?? ''}
          options={poolOptions(pools)}
          hint={chosen?.warning?.sentence ?? chosen?.good_for}
          onChange={setPool}
        />
        <SelectField
          id="volume-format"
          label={t.volumes.format}
          problem={problemAt(error, 'format')}
          value={kind}
          options={formatOptions(chosen)}
          onChange={(one) => setFormat(one as 'qcow2' | 'raw')}
        />
      </>
    ),
  };
}

function useMaking(input: () => VolumeInput, onClose: () => void) {
  const client = useQueryClient();
  const tell = useTell();
  return useMutation({
    mutationFn: () => createVolume(input()),
    onSuccess: () => {
      tell.good(t.volumes.started(input().name));
      void Promise.all(['volume', 'pool', 'task'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
      onClose();
    },
  });
}

export function CreateVolume({ pool, onClose }: { pool?: string; onClose: () => void }) {
  const place = usePlace(pool, '');
  const images = useImages().data ?? [];
  const [image, setImage] = useState('');
  const [size, setSize] = useState(10);
  const source = images.find((one) => one.id === image);
  const least = source ? Math.ceil(source.size_bytes / GIB) : 1;
  const make = useMaking(
    () => ({
      pool: place.chosen?.name ?? '',
      name: place.name,
      format: place.format,
      size_gib: Math.max(size, least),
      ...(source ? { from: { image: source.id } } : {}),
    }),
    onClose,
  );
  return (
    <FormDialog
      title={t.volumes.create}
      button={t.app.create}
      save={make}
      fields={[...PLACE, 'size_gib']}
      isDisabled={place.name === '' || !place.chosen || size <= 0}
      onClose={onClose}
    >
      {place.fields(make.error)}
      <SelectField
        id="volume-from"
        label={t.volumes.from}
        value={image}
        options={[{ value: '', name: t.volumes.empty }, ...images.map((one) => ({ value: one.id, name: t.volumes.fromImage(one.name) }))]}
        onChange={setImage}
      />
      <SizeField value={Math.max(size, least)} least={least} hint={t.volumes.sizeHint} error={make.error} onChange={setSize} />
    </FormDialog>
  );
}

export function CopyVolume({ volume, onClose }: { volume: Volume; onClose: () => void }) {
  const place = usePlace(volume.pool, `copy-of-${volume.name}`);
  const [is, setIs] = useState('');
  const stated = anyFormat(is);
  const make = useMaking(
    () => ({
      pool: place.chosen?.name ?? '',
      name: place.name,
      format: place.format,
      from: { pool: volume.pool, volume: volume.name, ...(stated && { format: stated }) },
    }),
    onClose,
  );
  return (
    <FormDialog
      title={t.volumes.cloneTitle(volume.name)}
      about={t.volumes.cloneText}
      button={t.volumes.clone}
      save={make}
      fields={PLACE}
      isDisabled={place.name === '' || !place.chosen}
      onClose={onClose}
    >
      <VolumeFormat id="copy-is" volume={volume} foreign value={is} error={make.error} onChange={setIs} />
      {place.fields(volume.format === '' ? null : make.error)}
    </FormDialog>
  );
}

export function GrowVolume({ volume, onClose }: { volume: Volume; onClose: () => void }) {
  const client = useQueryClient();
  const now = Math.ceil((volume.capacity_bytes ?? 0) / GIB);
  const [size, setSize] = useState(now + 1);
  const grow = useMutation({
    mutationFn: () => growVolume(volume.id, size),
    onSuccess: () => {
      void Promise.all(['volume', 'pool', 'vm'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
      onClose();
    },
  });
  return (
    <FormDialog
      title={t.volumes.growTitle(volume.name)}
      button={t.volumes.grow}
      save={grow}
      fields={['size_gib']}
      isDisabled={size <= now}
      onClose={onClose}
    >
      <SizeField value={size} least={now} hint={t.volumes.growHint(bytes(volume.capacity_bytes))} error={grow.error} onChange={setSize} />
    </FormDialog>
  );
}

export function UploadVolume({
  pool,
  onBegin,
  onClose,
}: {
  pool?: string;
  onBegin: (file: File, target: Target) => void;
  onClose: () => void;
}) {
  const place = usePlace(pool, '');
  const [sha256, setSha256] = useState('');
  const chooser = useRef<HTMLInputElement>(null);
  const { chosen, name, format } = place;
  const send = (file: File | undefined) => {
    if (!file || !chosen) return;
    onBegin(file, { pool: chosen.name, name, format, sha256: sha256.trim() });
    onClose();
  };
  return (
    <FormDialog
      title={t.volumes.uploadTitle}
      about={t.volumes.uploadText}
      button={t.volumes.choose}
      save={{ mutate: () => chooser.current?.click(), error: null, isPending: false }}
      isDisabled={name === '' || !chosen}
      onClose={onClose}
    >
      {place.fields(null)}
      <TextField id="volume-sha256" label={t.files.sha256} hint={t.files.sha256Hint} value={sha256} onChange={setSha256} />
      <input ref={chooser} type="file" hidden aria-label={t.volumes.choose} onChange={({ target }) => send(target.files?.[0])} />
    </FormDialog>
  );
}
