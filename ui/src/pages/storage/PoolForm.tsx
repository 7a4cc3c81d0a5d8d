// SPDX-License-Identifier: Apache-2.0
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createPool } from '@/api/actions';
import { ApiError } from '@/api/client';
import type { Field } from '@/contract/fields';
import type { PoolInput } from '@/contract/types';
import { t } from '@/strings';
import { problemAt, SelectField, TextField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';

const kinds = ['dir', 'nfs', 'lvm'] as const satisfies PoolInput['kind'][];
/** What each asks for, as the API calls it. */
const FIELDS = {
  dir: ['name', 'path', 'confirm'],
  nfs: ['name', 'host', 'export', 'confirm'],
  lvm: ['name', 'volume_group', 'confirm'],
} as const;

export function PoolForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [kind, setKind] = useState<PoolInput['kind']>('dir');
  const [path, setPath] = useState('');
  const [confirm, setConfirm] = useState('');
  const [host, setHost] = useState('');
  const [share, setShare] = useState('');
  const [group, setGroup] = useState('');
  const input = (): PoolInput => {
    const basic = { name: name.trim(), kind, ...(confirm.trim() ? { confirm: confirm.trim() } : {}) };
    if (kind === 'dir') return { ...basic, path: path.trim() };
    if (kind === 'nfs') return { ...basic, host: host.trim(), export: share.trim() };
    return { ...basic, volume_group: group.trim() };
  };
  const ready = Object.values(input()).every(Boolean);
  const make = useMutation({
    mutationFn: () => createPool(input()),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['pool'] });
      onClose();
    },
  });
  const text = (field: Field, label: string, value: string, set: (value: string) => void, hint?: string) => (
    <TextField
      id={`pool-${field}`}
      label={label}
      hint={hint}
      value={value}
      isRequired
      problem={problemAt(make.error, field)}
      onChange={set}
    />
  );
  const asked = make.error instanceof ApiError && 'confirm' in make.error.details;
  return (
    <FormDialog title={t.pools.create} button={t.app.create} save={make} fields={FIELDS[kind]} isDisabled={!ready} onClose={onClose}>
      {text('name', t.pools.name, name, setName)}
      <SelectField
        id="pool-kind"
        label={t.pools.kind}
        hint={t.pools.kindTexts[kind]}
        value={kind}
        options={kinds.map((one) => ({ value: one, name: t.pools.kinds[one] ?? one }))}
        onChange={(value) => setKind(value as PoolInput['kind'])}
      />
      {kind === 'dir' && text('path', t.pools.path, path, setPath, t.pools.pathHint)}
      {kind === 'nfs' && text('host', t.pools.host, host, setHost, t.pools.hostHint)}
      {kind === 'nfs' && text('export', t.pools.export, share, setShare, t.pools.exportHint)}
      {kind === 'lvm' && text('volume_group', t.pools.group, group, setGroup, t.pools.groupHint)}
      {(asked || confirm !== '') && text('confirm', kind === 'lvm' ? t.pools.confirmGroup : t.pools.confirm, confirm, setConfirm)}
    </FormDialog>
  );
}
