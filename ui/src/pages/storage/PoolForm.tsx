// SPDX-License-Identifier: Apache-2.0
import { Button, Form, FormGroup, FormHelperText, FormSelect, FormSelectOption, HelperText, HelperTextItem, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createPool } from '@/api/actions';
import type { PoolInput } from '@/api/types';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';

const kinds = ['dir', 'nfs', 'lvm'] as const satisfies PoolInput['kind'][];

interface FieldProps {
  id: string;
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
}

export function TextField({ id, label, hint, value, onChange }: FieldProps) {
  return (
    <FormGroup label={label} fieldId={id} isRequired>
      <TextInput id={id} value={value} isRequired onChange={(_event, text) => onChange(text)} />
      {hint && <FormHelperText><HelperText><HelperTextItem>{hint}</HelperTextItem></HelperText></FormHelperText>}
    </FormGroup>
  );
}

export function PoolForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [kind, setKind] = useState<PoolInput['kind']>('dir');
  const [path, setPath] = useState('');
  const [host, setHost] = useState('');
  const [share, setShare] = useState('');
  const [group, setGroup] = useState('');
  const input = (): PoolInput => {
    if (kind === 'dir') return { name: name.trim(), kind, path: path.trim() };
    if (kind === 'nfs') return { name: name.trim(), kind, host: host.trim(), export: share.trim() };
    return { name: name.trim(), kind, volume_group: group.trim() };
  };
  const ready = Object.values(input()).every(Boolean);
  const make = useMutation({
    mutationFn: () => createPool(input()),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['pool'] });
      onClose();
    },
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="pool-title">
      <ModalHeader title={t.pools.create} labelId="pool-title" />
      <ModalBody tabIndex={0} aria-label={t.pools.create}>
        <Form id="pool-form" onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
          {make.error && <ErrorAlert error={make.error} />}
          <TextField id="pool-name" label={t.pools.name} value={name} onChange={setName} />
          <FormGroup label={t.pools.kind} fieldId="pool-kind">
            <FormSelect id="pool-kind" value={kind} onChange={(_event, value) => setKind(value as PoolInput['kind'])}>
              {kinds.map((one) => <FormSelectOption key={one} value={one} label={t.pools.kinds[one] ?? one} />)}
            </FormSelect>
            <FormHelperText><HelperText><HelperTextItem>{t.pools.kindTexts[kind]}</HelperTextItem></HelperText></FormHelperText>
          </FormGroup>
          {kind === 'dir' && <TextField id="pool-path" label={t.pools.path} hint={t.pools.pathHint} value={path} onChange={setPath} />}
          {kind === 'nfs' && <TextField id="pool-host" label={t.pools.host} hint={t.pools.hostHint} value={host} onChange={setHost} />}
          {kind === 'nfs' && <TextField id="pool-export" label={t.pools.export} hint={t.pools.exportHint} value={share} onChange={setShare} />}
          {kind === 'lvm' && <TextField id="pool-group" label={t.pools.group} hint={t.pools.groupHint} value={group} onChange={setGroup} />}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="pool-form" isLoading={make.isPending} isDisabled={!ready || make.isPending}>{t.app.create}</Button>
        <Button variant="link" onClick={onClose}>{t.app.cancel}</Button>
      </ModalFooter>
    </Modal>
  );
}
