// SPDX-License-Identifier: Apache-2.0
// A network to be made, or the changes of one that is there, with what will happen under it.
import { Checkbox, Grid, GridItem } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createNetwork, type NetworkQuestion } from '@/api/actions';
import { useHostInterfaces } from '@/api/queries';
import type { FieldPath } from '@/contract/fields';
import * as limits from '@/contract/limits.generated';
import type { HostInterface, Network, NetworkChange, NetworkInput } from '@/contract/types';
import { ADDRESS_LENGTH, SUBNET_LENGTH } from '@/lib/addresses';
import { t } from '@/strings';
import { FormError, problemAt, SelectField, TextField, type Option } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { useChangeNetwork } from './change';
import { PreviewBox, useNetworkPreview } from './Preview';

type Kind = NetworkInput['kind'];
const kinds = ['nat', 'routed', 'isolated', 'bridge', 'direct'] as const satisfies Kind[];
const fields = ['name', 'kind', 'subnet', 'dhcp', 'bridge', 'vlan', 'interface'] as const;

interface Values {
  name: string;
  kind: Kind;
  subnet: string;
  dhcp: boolean;
  first: string;
  last: string;
  bridge: string;
  openVswitch: boolean;
  vlan: string;
  interface: string;
  autostart: boolean;
}

const empty: Values = {
  name: '',
  kind: 'nat',
  subnet: '',
  dhcp: true,
  first: '',
  last: '',
  bridge: '',
  openVswitch: false,
  vlan: '',
  interface: '',
  autostart: true,
};

function valuesOf(network: Network): Values {
  return {
    name: network.name,
    kind: network.kind === 'other' ? 'nat' : network.kind,
    subnet: network.subnet,
    dhcp: network.dhcp !== null,
    first: network.dhcp?.first ?? '',
    last: network.dhcp?.last ?? '',
    bridge: network.bridge,
    openVswitch: network.open_vswitch,
    vlan: network.vlan ? String(network.vlan) : '',
    interface: network.interface,
    autostart: network.autostart,
  };
}

const VLAN = limits.NetworkInput.vlan;
const hasSubnet = (kind: Kind) => kind !== 'bridge' && kind !== 'direct';
const vlanProblem = (vlan: string) =>
  vlan === '' || (/^\d+$/.test(vlan) && Number(vlan) >= VLAN.minimum && Number(vlan) <= VLAN.maximum)
    ? ''
    : t.network.vlanWrong(VLAN.minimum, VLAN.maximum);

/** What the values say of a place; null while something is missing. */
function placeOf(v: Values): NetworkChange | null {
  if (v.kind === 'direct')
    return v.interface && !vlanProblem(v.vlan) ? { interface: v.interface, ...(v.vlan ? { vlan: Number(v.vlan) } : {}) } : null;
  if (v.kind === 'bridge')
    return v.bridge.trim() && !vlanProblem(v.vlan)
      ? { bridge: v.bridge.trim(), vlan: v.vlan ? Number(v.vlan) : null, open_vswitch: v.openVswitch }
      : null;
  if (!v.subnet.trim()) return null;
  const range = v.first.trim() || v.last.trim() ? { dhcp: { first: v.first.trim(), last: v.last.trim() } } : {};
  return { subnet: v.subnet.trim(), ...(v.dhcp ? range : { dhcp: null }) };
}

const numberOf = (address: string) => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
const addressOf = (n: number) => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');
const cut = (subnet: string): [base: string, bits: string] => {
  const [base = '', bits = ''] = subnet.trim().split('/');
  return [base, bits];
};

const BLOCK = 2 ** 16; // libvirt hands out addresses of one such block

/** Every address for guests, as far as libvirt hands them out: "10.1.0.0/24" → 10.1.0.2 to 10.1.0.254. */
function wholeRange(subnet: string): NetworkChange['dhcp'] {
  const [base, bits] = cut(subnet);
  const size = 2 ** (32 - Number(bits));
  return { first: addressOf(numberOf(base) + 2), last: addressOf(numberOf(base) + (size > BLOCK ? BLOCK - 1 : size - 2)) };
}

/** Fixed addresses go along into a subnet of the same size: 10.1.0.50 → 10.2.0.50. What else happens to them, the preview says. */
function moved(network: Network, subnet: string): NetworkChange {
  const [from, size] = cut(network.subnet);
  const [to, bits] = cut(subnet);
  if (from === to || size !== bits || network.static_leases.length === 0) return {};
  return {
    static_leases: network.static_leases.map((lease) => ({
      ...lease,
      address: addressOf(numberOf(lease.address) - numberOf(from) + numberOf(to)),
    })),
  };
}

function questionOf(v: Values, network?: Network): NetworkQuestion | null {
  const place = placeOf(v);
  if (!place || !v.name.trim()) return null;
  if (!network) return { action: 'create', input: { name: v.name.trim(), kind: v.kind, autostart: v.autostart, ...place } };
  const whole = hasSubnet(v.kind) && place.dhcp === undefined ? { dhcp: wholeRange(v.subnet) } : {};
  const along = hasSubnet(v.kind) ? moved(network, v.subnet) : {};
  return { action: 'update', id: network.id, input: { ...place, ...whole, ...along, autostart: v.autostart } };
}

const told = (one: HostInterface) =>
  [
    one.name,
    ...(one.vlan ? [t.network.tagOn(one.vlan.tag, one.vlan.parent)] : []),
    ...(one.members.length ? [t.network.with(one.members)] : []),
    ...(one.addresses ?? []),
  ].join(' · ');

function bridgesOf(list: readonly HostInterface[], openVswitch: boolean): Option[] {
  return list
    .filter((one) => one.kind === 'bridge' || openVswitch)
    .map((one) => ({ value: one.name, name: told(one), why: one.network ? t.network.ofNetwork(one.network) : '' }));
}

function interfacesOf(list: readonly HostInterface[]): Option[] {
  return list
    .filter((one) => one.kind !== 'bridge')
    .map((one) => ({ value: one.name, name: told(one), why: one.master ? t.network.partOf(one.master) : '' }));
}

interface PartProps {
  values: Values;
  set: (change: Partial<Values>) => void;
  problem: (field: FieldPath) => string;
}

function SubnetFields({ values, set, problem, network }: PartProps & { network?: Network }) {
  // The range of the old subnet is none of the new one.
  const move = (subnet: string) =>
    set({
      subnet,
      ...(network?.dhcp && values.first === network.dhcp.first && values.last === network.dhcp.last ? { first: '', last: '' } : {}),
    });
  return (
    <>
      <TextField
        id="network-subnet"
        label={t.network.subnet}
        hint={values.kind === 'routed' ? t.network.subnetHintRouted : t.network.subnetHint}
        problem={problem('subnet')}
        isRequired
        maxLength={SUBNET_LENGTH}
        value={values.subnet}
        onChange={move}
      />
      <Checkbox id="network-dhcp" label={t.network.dhcpOn} isChecked={values.dhcp} onChange={(_event, dhcp) => set({ dhcp })} />
      {values.dhcp && (
        <Grid hasGutter>
          <GridItem sm={6}>
            <TextField
              id="network-first"
              label={t.network.first}
              hint={t.network.rangeHint}
              problem={problem('dhcp')}
              maxLength={ADDRESS_LENGTH}
              value={values.first}
              onChange={(first) => set({ first })}
            />
          </GridItem>
          <GridItem sm={6}>
            <TextField
              id="network-last"
              label={t.network.last}
              maxLength={ADDRESS_LENGTH}
              value={values.last}
              onChange={(last) => set({ last })}
            />
          </GridItem>
        </Grid>
      )}
    </>
  );
}

/** A list where libvirt tells what there is, otherwise a name to be typed. */
function HostField({
  id,
  label,
  hint,
  none,
  options,
  known,
  value,
  problem,
  onChange,
}: {
  id: string;
  label: string;
  hint: string;
  none: string;
  options: Option[];
  known: boolean;
  value: string;
  problem: string;
  onChange: (value: string) => void;
}) {
  if (!known)
    return (
      <TextField
        id={id}
        label={label}
        hint={hint}
        problem={problem}
        isRequired
        maxLength={limits.NetworkInput.interface.maxLength}
        value={value}
        onChange={onChange}
      />
    );
  const missing = value !== '' && !options.some((one) => one.value === value) ? [{ value, name: value }] : [];
  const usable = options.some((one) => !one.why);
  return (
    <SelectField
      id={id}
      label={label}
      hint={usable ? hint : none}
      problem={problem}
      isRequired
      value={value}
      options={[{ value: '', name: t.network.choose }, ...missing, ...options]}
      onChange={onChange}
    />
  );
}

function HostFields({ values, set, problem }: PartProps) {
  const interfaces = useHostInterfaces();
  const list = interfaces.data?.items ?? [];
  const known = interfaces.data !== undefined && interfaces.data.why === '';
  if (values.kind === 'direct') {
    return (
      <>
        <HostField
          id="network-interface"
          label={t.network.interface}
          hint={interfaces.data?.why || t.network.interfaceHint}
          none={t.network.noInterfaces}
          options={interfacesOf(list)}
          known={known}
          value={values.interface}
          problem={problem('interface')}
          onChange={(one) => set({ interface: one })}
        />
        <TextField
          id="network-vlan"
          label={t.network.vlan}
          hint={t.network.vlanDirectHint}
          problem={problem('vlan') || vlanProblem(values.vlan)}
          maxLength={String(VLAN.maximum).length}
          value={values.vlan}
          onChange={(vlan) => set({ vlan })}
        />
      </>
    );
  }
  return (
    <>
      <HostField
        id="network-bridge"
        label={t.network.bridge}
        hint={interfaces.data?.why || t.network.bridgeHint}
        none={t.network.noBridges}
        options={bridgesOf(list, values.openVswitch)}
        known={known}
        value={values.bridge}
        problem={problem('bridge')}
        onChange={(bridge) => set({ bridge })}
      />
      <Checkbox
        id="network-ovs"
        label={t.network.openVswitch}
        isChecked={values.openVswitch}
        onChange={(_event, openVswitch) => set({ openVswitch })}
      />
      <TextField
        id="network-vlan"
        label={t.network.vlan}
        hint={t.network.vlanHint}
        problem={problem('vlan') || vlanProblem(values.vlan)}
        maxLength={String(VLAN.maximum).length}
        value={values.vlan}
        onChange={(vlan) => set({ vlan })}
      />
    </>
  );
}

export function NetworkForm({ network, onClose }: { network?: Network; onClose: () => void }) {
  const client = useQueryClient();
  const [values, setValues] = useState(() => (network ? valuesOf(network) : empty));
  const set = (change: Partial<Values>) => setValues((old) => ({ ...old, ...change }));
  const question = questionOf(values, network);
  const look = useNetworkPreview(question);
  const change = useChangeNetwork();
  const save = useMutation({
    mutationFn: async () => {
      if (question?.action === 'create') await createNetwork(question.input, look.consent);
      else if (question?.action === 'update' && network) await change(network, question.input, look.consent);
      else throw new Error(t.network.looking);
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['network'] });
      onClose();
    },
  });
  const error = save.error ?? look.error;
  const problem = (field: FieldPath) => problemAt(error, field);
  return (
    <FormDialog
      title={network ? t.network.editTitle(network.name) : t.network.create}
      button={network ? t.network.save : t.app.create}
      size="medium"
      save={save}
      fields={fields}
      isDisabled={!look.ready}
      onClose={onClose}
    >
      {!save.error && <FormError error={look.error} shown={fields} />}
      {!network && (
        <>
          <TextField
            id="network-name"
            label={t.network.name}
            problem={problem('name')}
            isRequired
            maxLength={limits.NetworkInput.name.maxLength}
            value={values.name}
            onChange={(name) => set({ name })}
          />
          <SelectField
            id="network-kind"
            label={t.network.kind}
            hint={t.network.kindTexts[values.kind]}
            value={values.kind}
            options={kinds.map((one) => ({ value: one, name: t.network.kindNames[one] }))}
            onChange={(kind) => set({ kind: kind as Kind })}
          />
        </>
      )}
      {hasSubnet(values.kind) ? (
        <SubnetFields values={values} set={set} problem={problem} network={network} />
      ) : (
        <HostFields values={values} set={set} problem={problem} />
      )}
      <Checkbox
        id="network-autostart"
        label={t.network.autostart}
        isChecked={values.autostart}
        onChange={(_event, autostart) => set({ autostart })}
      />
      <PreviewBox of={look} isNew={!network} />
    </FormDialog>
  );
}
