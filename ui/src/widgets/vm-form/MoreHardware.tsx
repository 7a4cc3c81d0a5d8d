// SPDX-License-Identifier: Apache-2.0
// Further disks, network interfaces, firmware: what most VMs take as it is.
import { Button, Checkbox, FormGroup, HelperText, HelperTextItem, Radio } from '@patternfly/react-core';
import { MinusCircleIcon, PlusCircleIcon } from '@patternfly/react-icons';
import type { Network, Pool, VmNicInput } from '@/contract/types';
import { MAC_LENGTH } from '@/lib/addresses';
import { t } from '@/strings';
import { Field, NumberField, problemAt, SelectField, TextField } from '@/widgets/fields';
import { BootOrder } from './BootOrder';
import { usedOrder, type Draft, type FurtherDisk } from './draft';
import { DISK_GIB } from './limits';
import { networkOptions, poolHint, poolOptions } from './options';
import { usedNics } from './summary';

const words = t.wizard;
const MODELS = ['', 'virtio', 'e1000e'] as const;

interface Props {
  draft: Draft;
  set: (draft: Draft) => void;
  pools: readonly Pool[];
  networks: readonly Network[];
  error: unknown;
  /** For a template: what belongs to one VM alone is not asked for. */
  common?: boolean;
}

const replace = <T,>(list: readonly T[], at: number, item: T): T[] => list.map((one, i) => (i === at ? item : one));
const without = <T,>(list: readonly T[], at: number): T[] => list.filter((_, i) => i !== at);

function Disks({ draft, set, pools, error }: Omit<Props, 'networks'>) {
  const { disks } = draft;
  // One of them says it where it can.
  const problem = disks.some((_, at) => problemAt(error, `disks[${at}]`)) ? '' : problemAt(error, 'disks');
  const change = (at: number, disk: FurtherDisk) => set({ ...draft, disks: replace(disks, at, disk) });
  return (
    <FormGroup label={words.furtherDisks} role="group" fieldId="more-disks">
      <div className="fct-stack">
        {disks.map((disk, at) => (
          <div key={at} className="fct-fields" role="group" aria-label={words.furtherDisk(at + 2)}>
            <NumberField
              id={`disk-${at}-size`}
              label={words.disk}
              value={disk.size_gib}
              {...DISK_GIB}
              onChange={(size_gib) => change(at, { ...disk, size_gib })}
              problem={problemAt(error, `disks[${at}].size_gib`)}
            />
            <SelectField
              id={`disk-${at}-pool`}
              label={words.pool}
              hint={poolHint(pools, disk.pool)}
              value={disk.pool}
              options={poolOptions(pools, disk.pool)}
              onChange={(pool) => change(at, { ...disk, pool })}
              problem={problemAt(error, `disks[${at}].pool`)}
            />
            <Button
              variant="plain"
              icon={<MinusCircleIcon />}
              aria-label={words.removeDisk(at + 2)}
              onClick={() => set({ ...draft, disks: without(disks, at) })}
            />
          </div>
        ))}
        {problem && (
          <HelperText>
            <HelperTextItem variant="error">{problem}</HelperTextItem>
          </HelperText>
        )}
        <Button
          variant="link"
          isInline
          icon={<PlusCircleIcon />}
          onClick={() => set({ ...draft, disks: [...disks, { pool: draft.pool, size_gib: 10 }] })}
        >
          {words.addDisk}
        </Button>
      </div>
    </FormGroup>
  );
}

function Nics({ draft, set, networks, error, common }: Omit<Props, 'pools'>) {
  const nics = usedNics(draft, networks);
  const put = (list: VmNicInput[]) => set({ ...draft, nics: list });
  const first = networks.find((one) => one.active)?.name;
  return (
    <FormGroup label={words.nics} role="group" fieldId="more-nics">
      <div className="fct-stack">
        {nics.map((nic, at) => (
          <div key={at} className="fct-fields" role="group" aria-label={words.nic(at + 1)}>
            <SelectField
              id={`nic-${at}-network`}
              label={t.hardware.network}
              value={nic.network}
              options={networkOptions(networks, nic.network)}
              onChange={(network) => put(replace(nics, at, { ...nic, network }))}
              problem={problemAt(error, 'network')}
            />
            <SelectField
              id={`nic-${at}-model`}
              label={t.hardware.model}
              value={nic.model ?? ''}
              options={MODELS.map((value) => ({ value, name: t.hardware.models[value] }))}
              onChange={(value) => put(replace(nics, at, { ...nic, model: MODELS.find((one) => one === value) || undefined }))}
            />
            {!common && (
              <TextField
                id={`nic-${at}-mac`}
                label={t.hardware.mac}
                placeholder={t.hardware.macHint}
                value={nic.mac ?? ''}
                maxLength={MAC_LENGTH}
                onChange={(mac) => put(replace(nics, at, { ...nic, mac: mac || undefined }))}
                problem={problemAt(error, 'mac')}
              />
            )}
            <Button
              variant="plain"
              icon={<MinusCircleIcon />}
              aria-label={words.removeNic(at + 1)}
              onClick={() => put(without(nics, at))}
            />
          </div>
        ))}
        {problemAt(error, 'nics') && (
          <HelperText>
            <HelperTextItem variant="error">{problemAt(error, 'nics')}</HelperTextItem>
          </HelperText>
        )}
        {first ? (
          <Button variant="link" isInline icon={<PlusCircleIcon />} onClick={() => put([...nics, { network: first }])}>
            {words.addNic}
          </Button>
        ) : (
          <span className="fct-subtle">{words.noNetworks}</span>
        )}
      </div>
    </FormGroup>
  );
}

export function MoreHardware({ draft, set, pools, networks, error, common }: Props) {
  const order = usedOrder(draft);
  return (
    <div className="fct-stack">
      {pools.length > 0 && <Disks draft={draft} set={set} pools={pools} error={error} />}
      <Nics draft={draft} set={set} networks={networks} error={error} common={common} />
      <Field
        id="more-order"
        label={t.hardware.boot}
        hint={t.hardware.bootHint}
        problem={order.length === 0 ? t.hardware.bootNone : problemAt(error, 'boot')}
      >
        <BootOrder value={order} onChange={(next) => set({ ...draft, order: next })} />
      </Field>
      <FormGroup role="radiogroup" label={words.firmware} fieldId="more-firmware">
        <div className="fct-row">
          <Radio
            id="firmware-bios"
            name="firmware"
            label={words.bios}
            isChecked={!draft.uefi}
            onChange={() => set({ ...draft, uefi: false })}
          />
          <Radio
            id="firmware-uefi"
            name="firmware"
            label={words.uefi}
            isChecked={draft.uefi}
            onChange={() => set({ ...draft, uefi: true })}
          />
        </div>
        <HelperText>
          <HelperTextItem variant={problemAt(error, 'uefi') ? 'error' : 'default'}>
            {problemAt(error, 'uefi') || words.firmwareHint}
          </HelperTextItem>
        </HelperText>
      </FormGroup>
      <div>
        <Checkbox id="more-tpm" label={words.tpm} isChecked={draft.tpm} onChange={(_event, tpm) => set({ ...draft, tpm })} />
        {problemAt(error, 'tpm') && (
          <HelperText>
            <HelperTextItem variant="error">{problemAt(error, 'tpm')}</HelperTextItem>
          </HelperText>
        )}
        <Checkbox id="more-agent" label={words.agent} isChecked={draft.agent} onChange={(_event, agent) => set({ ...draft, agent })} />
      </div>
    </div>
  );
}
