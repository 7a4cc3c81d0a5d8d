// SPDX-License-Identifier: Apache-2.0
// A MAC address that is always given the same address, also before its VM has ever asked for one.
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { FieldPath } from '@/contract/fields';
import type { Network } from '@/contract/types';
import { ADDRESS_LENGTH, LABEL_LENGTH, MAC_LENGTH } from '@/lib/addresses';
import { t } from '@/strings';
import { problemAt, SelectField, TextField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { useChangeNetwork } from './change';

export function LeaseForm({ network, onClose }: { network: Network; onClose: () => void }) {
  const change = useChangeNetwork();
  // Of the VMs that are in it, those without a fixed address; any other MAC address can be typed.
  const nics = network.nics.filter((nic) => !network.static_leases.some((one) => one.mac === nic.mac));
  const [chosen, choose] = useState(nics[0]?.mac ?? '');
  const [typed, setTyped] = useState('');
  const mac = chosen || typed;
  const [address, setAddress] = useState('');
  const [name, setName] = useState('');
  const save = useMutation({
    mutationFn: () =>
      change(network, {
        static_leases: [
          ...network.static_leases,
          { mac: mac.trim(), address: address.trim(), ...(name.trim() ? { name: name.trim() } : {}) },
        ],
      }),
    onSuccess: onClose,
  });
  const problem = (field: FieldPath) => problemAt(save.error, field);
  return (
    <FormDialog
      title={t.network.addLease}
      about={t.network.addLeaseText}
      button={t.network.add}
      save={save}
      fields={['mac', 'address', 'name']}
      isDisabled={!mac.trim() || !address.trim()}
      onClose={onClose}
    >
      {nics.length > 0 && (
        <SelectField
          id="lease-vm"
          label={t.network.vm}
          problem={chosen ? problem('mac') : ''}
          value={chosen}
          onChange={choose}
          options={[
            ...nics.map((nic) => ({ value: nic.mac, name: `${nic.vm.name} · ${nic.mac}` })),
            { value: '', name: t.network.otherMac },
          ]}
        />
      )}
      {!chosen && (
        <TextField
          id="lease-mac"
          label={t.network.mac}
          hint={t.network.macHint}
          problem={problem('mac')}
          isRequired
          maxLength={MAC_LENGTH}
          value={typed}
          onChange={setTyped}
        />
      )}
      <TextField
        id="lease-address"
        label={t.network.address}
        hint={network.subnet}
        problem={problem('address')}
        isRequired
        maxLength={ADDRESS_LENGTH}
        value={address}
        onChange={setAddress}
      />
      <TextField
        id="lease-name"
        label={t.network.host}
        hint={t.network.hostHint}
        problem={problem('name')}
        maxLength={LABEL_LENGTH}
        value={name}
        onChange={setName}
      />
    </FormDialog>
  );
}
