// SPDX-License-Identifier: Apache-2.0
import { Button, Form, FormGroup, FormHelperText, FormSelect, FormSelectOption, HelperText, HelperTextItem, Modal, ModalBody, ModalFooter, ModalHeader, TextInput } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createNetwork } from '@/api/actions';
import type { NetworkInput } from '@/api/types';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';

const kinds = ['nat', 'isolated', 'bridge'] as const satisfies NetworkInput['kind'][];

function Hint({ text }: { text: string }) {
  return <FormHelperText><HelperText><HelperTextItem>{text}</HelperTextItem></HelperText></FormHelperText>;
}

export function NetworkForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [kind, setKind] = useState<NetworkInput['kind']>('nat');
  const [subnet, setSubnet] = useState('');
  const [bridge, setBridge] = useState('');
  const onBridge = kind === 'bridge';
  const where = (onBridge ? bridge : subnet).trim();
  const make = useMutation({
    mutationFn: () => createNetwork({ name: name.trim(), kind, ...(onBridge ? { bridge: where } : { subnet: where }) }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['network'] });
      onClose();
    },
  });
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby="network-title">
      <ModalHeader title={t.network.create} labelId="network-title" />
      <ModalBody tabIndex={0} aria-label={t.network.create}>
        <Form id="network-form" onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
          {make.error && <ErrorAlert error={make.error} />}
          <FormGroup label={t.network.name} fieldId="network-name" isRequired>
            <TextInput id="network-name" value={name} maxLength={50} isRequired onChange={(_event, value) => setName(value)} />
          </FormGroup>
          <FormGroup label={t.network.kind} fieldId="network-kind">
            <FormSelect id="network-kind" value={kind} onChange={(_event, value) => setKind(value as NetworkInput['kind'])}>
              {kinds.map((one) => <FormSelectOption key={one} value={one} label={t.network.kinds[one]} />)}
            </FormSelect>
            <Hint text={t.network.kindTexts[kind]} />
          </FormGroup>
          {onBridge ? (
            <FormGroup label={t.network.bridge} fieldId="network-bridge" isRequired>
              <TextInput id="network-bridge" value={bridge} maxLength={15} isRequired onChange={(_event, value) => setBridge(value)} />
              <Hint text={t.network.bridgeHint} />
            </FormGroup>
          ) : (
            <FormGroup label={t.network.subnet} fieldId="network-subnet" isRequired>
              <TextInput id="network-subnet" value={subnet} maxLength={18} isRequired onChange={(_event, value) => setSubnet(value)} />
              <Hint text={t.network.subnetHint} />
            </FormGroup>
          )}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="network-form" isLoading={make.isPending} isDisabled={!name.trim() || !where || make.isPending}>{t.app.create}</Button>
        <Button variant="link" onClick={onClose}>{t.app.cancel}</Button>
      </ModalFooter>
    </Modal>
  );
}
