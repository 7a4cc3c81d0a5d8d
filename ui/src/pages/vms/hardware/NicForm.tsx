// SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { useNetworks } from '@/api/queries';
import type { Vm, VmNicInput } from '@/contract/types';
import { MAC_LENGTH } from '@/lib/addresses';
import { t } from '@/strings';
import { problemAt, SelectField, TextField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { networkOptions } from '@/widgets/vm-form/options';
import { nicInputs, usePatch, nicText } from './parts';

const words = t.hardware;
const MODELS = ['', 'virtio', 'e1000e'] as const;

/** Adds a NIC, or changes the one at @at. */
export function NicForm({ vm, at, onClose }: { vm: Vm; at: number | null; onClose: () => void }) {
  const networks = useNetworks().data ?? [];
  const nics = nicInputs(vm);
  const old = at === null ? undefined : nics[at];
  const options = networkOptions(networks, old?.network ?? '');
  const [chosen, setNetwork] = useState(old?.network ?? '');
  const network = chosen || (options.find((one) => !one.why)?.value ?? '');
  const [model, setModel] = useState<string>(old?.model ?? '');
  const [mac, setMac] = useState(old?.mac ?? '');
  const save = usePatch(
    vm,
    () => {
      const known = MODELS.find((one) => one === model);
      const nic: VmNicInput = { network, ...(mac.trim() && { mac: mac.trim() }), ...(known && { model: known }) };
      return { nics: old ? nics.map((one, i) => (i === at ? nic : one)) : [...nics, nic] };
    },
    onClose,
  );
  return (
    <FormDialog
      title={old ? words.editOf(words.nic((at ?? 0) + 1)) : words.addNic}
      about={nicText(vm)}
      button={old ? t.app.save : words.add}
      save={save}
      fields={['network', 'mac', 'model']}
      isDisabled={!network}
      onClose={onClose}
    >
      <SelectField
        id="nic-network"
        label={words.network}
        hint={options.length === 0 ? words.noNetworks : undefined}
        value={network}
        onChange={setNetwork}
        options={options}
        problem={problemAt(save.error, 'network')}
      />
      <SelectField
        id="nic-model"
        label={words.model}
        hint={words.modelHint}
        value={model}
        onChange={setModel}
        options={MODELS.map((value) => ({ value, name: words.models[value] }))}
        problem={problemAt(save.error, 'model')}
      />
      <TextField
        id="nic-mac"
        label={words.mac}
        hint={words.macHint}
        value={mac}
        maxLength={MAC_LENGTH}
        onChange={setMac}
        problem={problemAt(save.error, 'mac')}
      />
    </FormDialog>
  );
}
