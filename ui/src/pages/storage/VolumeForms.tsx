// SPDX-License-Identifier: Apache-2.0
// What is asked for a new volume, a copy, a disk to upload, and a larger size.
import { Button, Form, FormGroup, FormHelperText, FormSelect, FormSelectOption, HelperText, HelperTextItem, Modal, ModalBody, ModalFooter, ModalHeader, NumberInput } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type ReactNode } from 'react';
import { createVolume, growVolume } from '@/api/actions';
import { useImages, usePools } from '@/api/queries';
import type { Pool, Volume, VolumeInput } from '@/api/types';
import { bytes } from '@/lib/format';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';
import { useTell } from '@/widgets/Toasts';
import { TextField } from './PoolForm';
import type { Target } from './useVolumeUpload';

const GIB = 1024 ** 3;

interface DialogProps {
  title: string;
  text?: string;
  button: string;
  ready: boolean;
  busy: boolean;
  error: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

function Dialog({ title, text, button, ready, busy, error, onSubmit, onClose, children }: DialogProps) {
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="volume-title">
      <ModalHeader title={title} labelId="volume-title" description={text} />
      <ModalBody tabIndex={0} aria-label={title}>
        <Form id="volume-form" onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>
          {error !== null && <ErrorAlert error={error} />}
          {children}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="volume-form" isLoading={busy} isDisabled={!ready || busy}>{button}</Button>
        <Button variant="link" onClick={onClose}>{t.app.cancel}</Button>
      </ModalFooter>
    </Modal>
  );
}

function Choice({ id, label, value, options, hint, onChange }: { id: string; label: string; value: string; options: [string, string][]; hint?: string; onChange: (value: string) => void }) {
  return (
    <FormGroup label={label} fieldId={id}>
      <FormSelect id={id} value={value} onChange={(_event, chosen) => onChange(chosen)}>
        {options.map(([key, name]) => <FormSelectOption key={key} value={key} label={name} />)}
      </FormSelect>
      {hint && <FormHelperText><HelperText><HelperTextItem>{hint}</HelperTextItem></HelperText></FormHelperText>}
    </FormGroup>
  );
}

function SizeField({ value, least, hint, onChange }: { value: number; least: number; hint: string; onChange: (value: number) => void }) {
  const set = (n: number) => onChange(Math.min(65536, Math.max(0, Math.round(n))));
  return (
    <FormGroup label={t.volumes.sizeGib} fieldId="volume-size" isRequired>
      <NumberInput
        value={value}
        min={least}
        max={65536}
        inputProps={{ id: 'volume-size' }}
        inputAriaLabel={t.volumes.sizeGib}
        minusBtnAriaLabel="-"
        plusBtnAriaLabel="+"
        onMinus={() => set(value - 1)}
        onPlus={() => set(value + 1)}
        onChange={(event) => set(Number((event.target as HTMLInputElement).value))}
      />
      <FormHelperText><HelperText><HelperTextItem>{hint}</HelperTextItem></HelperText></FormHelperText>
    </FormGroup>
  );
}

const usable = (pools: Pool[] | undefined) => (pools ?? []).filter((pool) => pool.state === 'running');
const poolOptions = (pools: Pool[]): [string, string][] => pools.map((pool) => [pool.name, `${pool.name} · ${t.pools.used(bytes(pool.free_bytes), bytes(pool.capacity_bytes))}`]);
const formatsOf = (pool: Pool | undefined): ('qcow2' | 'raw')[] => (pool?.thin ? ['qcow2', 'raw'] : ['raw']);
const formatOptions = (pool: Pool | undefined): [string, string][] => formatsOf(pool).map((one) => [one, t.volumes.formats[one]]);

/** Where a new volume goes and what it is, shared by the forms. */
function usePlace(first: string | undefined, firstName: string) {
  const pools = usable(usePools().data);
  const [pool, setPool] = useState(first ?? 'facet');
  const [name, setName] = useState(firstName);
  const [format, setFormat] = useState<'qcow2' | 'raw'>('qcow2');
  const chosen = pools.find((one) => one.name === pool) ?? pools[0];
  const formats = formatsOf(chosen);
  const kind = formats.includes(format) ? format : 'raw';
  return { pools, chosen, name: name.trim(), format: kind, fields: (
    <>
      <TextField id="volume-name" label={t.volumes.name} value={name} onChange={setName} />
      <Choice id="volume-pool" label={t.volumes.pool} value={chosen?.name ?? ''} options={poolOptions(pools)} hint={chosen?.warning?.sentence ?? chosen?.good_for} onChange={setPool} />
      <Choice id="volume-format" label={t.volumes.format} value={kind} options={formatOptions(chosen)} onChange={(one) => setFormat(one as 'qcow2' | 'raw')} />
    </>
  ) };
}

function useMaking(onClose: () => void) {
  const client = useQueryClient();
  const tell = useTell();
  return useMutation({
    mutationFn: createVolume,
    onSuccess: (_task, input) => {
      tell.good(t.volumes.started(input.name));
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
  const make = useMaking(onClose);
  const source = images.find((one) => one.id === image);
  const least = source ? Math.ceil(source.size_bytes / GIB) : 1;
  const submit = () => {
    const input: VolumeInput = { pool: place.chosen?.name ?? '', name: place.name, format: place.format, size_gib: Math.max(size, least), ...(source ? { from: { image: source.id } } : {}) };
    make.mutate(input);
  };
  return (
    <Dialog title={t.volumes.create} button={t.app.create} ready={place.name !== '' && place.chosen !== undefined && size > 0} busy={make.isPending} error={make.error} onSubmit={submit} onClose={onClose}>
      {place.fields}
      <Choice id="volume-from" label={t.volumes.from} value={image} options={[['', t.volumes.empty], ...images.map((one): [string, string] => [one.id, t.volumes.fromImage(one.name)])]} onChange={setImage} />
      <SizeField value={Math.max(size, least)} least={least} hint={t.volumes.sizeHint} onChange={setSize} />
    </Dialog>
  );
}

export function CopyVolume({ volume, onClose }: { volume: Volume; onClose: () => void }) {
  const place = usePlace(volume.pool, `copy-of-${volume.name}`);
  const make = useMaking(onClose);
  const submit = () => make.mutate({ pool: place.chosen?.name ?? '', name: place.name, format: place.format, from: { pool: volume.pool, volume: volume.name } });
  return (
    <Dialog title={t.volumes.cloneTitle(volume.name)} text={t.volumes.cloneText} button={t.volumes.clone} ready={place.name !== '' && place.chosen !== undefined} busy={make.isPending} error={make.error} onSubmit={submit} onClose={onClose}>
      {place.fields}
    </Dialog>
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
    <Dialog title={t.volumes.growTitle(volume.name)} button={t.volumes.grow} ready={size > now} busy={grow.isPending} error={grow.error} onSubmit={() => grow.mutate()} onClose={onClose}>
      <SizeField value={size} least={now} hint={t.volumes.growHint(bytes(volume.capacity_bytes))} onChange={setSize} />
    </Dialog>
  );
}

export function UploadVolume({ pool, onBegin, onClose }: { pool?: string; onBegin: (file: File, target: Target) => void; onClose: () => void }) {
  const place = usePlace(pool, '');
  const chooser = useRef<HTMLInputElement>(null);
  const { chosen, name, format } = place;
  const send = (file: File | undefined) => {
    if (!file || !chosen) return;
    onBegin(file, { pool: chosen.name, name, format });
    onClose();
  };
  return (
    <Dialog title={t.volumes.uploadTitle} text={t.volumes.uploadText} button={t.volumes.choose} ready={name !== '' && chosen !== undefined} busy={false} error={null} onSubmit={() => chooser.current?.click()} onClose={onClose}>
      {place.fields}
      <input ref={chooser} type="file" hidden aria-label={t.volumes.choose} onChange={({ target }) => send(target.files?.[0])} />
    </Dialog>
  );
}
