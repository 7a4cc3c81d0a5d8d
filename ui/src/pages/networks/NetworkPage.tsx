// SPDX-License-Identifier: Apache-2.0
import { Card, CardBody, CardHeader, CardTitle, Label, PageSection } from '@patternfly/react-core';
import { InProgressIcon } from '@patternfly/react-icons';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { startNetwork } from '@/api/actions';
import { useMay } from '@/api/may';
import { useNetwork } from '@/api/queries';
import type { DhcpRange, Network } from '@/contract/types';
import { UNKNOWN } from '@/lib/format';
import { useSegment } from '@/lib/segment';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Facts } from '@/widgets/Facts';
import { ErrorAlert, Loaded, Waiting } from '@/widgets/feedback';
import { PageHead } from '@/widgets/PageHead';
import { Addresses } from './Addresses';
import { useUnderWay } from './change';
import { DeleteNetwork } from './DeleteNetwork';
import { LeaseForm } from './LeaseForm';
import { NetworkForm } from './NetworkForm';
import { NetworkNics } from './NetworkNics';
import { NetworkState } from './NetworkState';

const rangeTexts = (ranges: readonly DhcpRange[]) => ranges.map((range) => t.network.range(range.first, range.last));

/** Further ranges and subnets, which only others' tools make. */
function moreOf(network: Network): [string, string][] {
  const [first, ...rest] = network.subnet ? network.subnets : [undefined, ...network.subnets];
  const ranges = rangeTexts(first?.ranges.slice(1) ?? []);
  const told = rest.map((one) => one && t.network.subnetWith(one.subnet, one.gateway, rangeTexts(one.ranges)));
  return [
    ...(ranges.length ? [[t.network.moreRanges, ranges.join(', ')] as [string, string]] : []),
    ...(told.length ? [[t.network.subnets, told.join('; ')] as [string, string]] : []),
  ];
}

function NetworkView({ network }: { network: Network }) {
  const may = useMay('network.write');
  const [open, setOpen] = useState<'edit' | 'delete' | 'lease' | null>(null);
  const close = () => setOpen(null);
  const underWay = useUnderWay(network.id);
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: () => startNetwork(network.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['network'] }),
  });
  const why = network.ours ? may.why || underWay : t.network.othersWhy;
  const { dhcp, vms } = network;
  return (
    <>
      <PageHead
        title={network.name}
        labels={
          <>
            {!network.ours && (
              <Label isCompact variant="outline">
                {t.network.others}
              </Label>
            )}
            {underWay && (
              <Label isCompact color="blue" icon={<InProgressIcon />}>
                {t.network.changing}
              </Label>
            )}
          </>
        }
        subtitle={network.kind === 'other' ? t.network.kinds.other : t.network.kindTexts[network.kind]}
        trail={[{ to: '/networks', name: t.network.title }]}
        actions={
          <>
            {!network.active && (
              <ActionButton variant="secondary" why={may.why || underWay} isLoading={start.isPending} onClick={() => start.mutate()}>
                {t.network.start}
              </ActionButton>
            )}
            <ActionButton variant="secondary" why={why} onClick={() => setOpen('edit')}>
              {t.network.edit}
            </ActionButton>
            <ActionButton variant="danger" why={why || (vms.length ? t.network.inUseBy(vms) : '')} onClick={() => setOpen('delete')}>
              {t.network.delete}
            </ActionButton>
          </>
        }
      />
      <PageSection hasBodyWrapper={false} id="page-body" className="fct-stack">
        {start.error && <ErrorAlert error={start.error} />}
        <Card isCompact>
          <CardBody>
            <Facts
              facts={[
                [t.network.kind, t.network.kinds[network.kind]],
                [t.network.state, <NetworkState key="state" network={network} />],
                network.kind === 'direct' ? [t.network.interface, network.interface] : [t.network.bridge, network.bridge || UNKNOWN],
                ...(network.vlan ? [[t.network.vlan, t.network.vlanBy(network.vlan, network.device)] as [string, string]] : []),
                [t.network.subnet, network.subnet || UNKNOWN],
                [t.network.gateway, network.gateway || UNKNOWN],
                [t.network.dhcp, dhcp ? t.network.range(dhcp.first, dhcp.last) : t.network.noDhcp],
                ...moreOf(network),
                [t.network.autostart, network.autostart ? t.network.yes : t.network.no],
              ]}
            />
          </CardBody>
        </Card>
        <Card isCompact>
          <CardTitle component="h2">{t.network.nics}</CardTitle>
          <CardBody>
            <NetworkNics nics={network.nics} />
          </CardBody>
        </Card>
        <Card isCompact>
          <CardHeader
            actions={
              network.subnet
                ? {
                    actions: (
                      <ActionButton variant="secondary" size="sm" why={why} onClick={() => setOpen('lease')}>
                        {t.network.addLease}
                      </ActionButton>
                    ),
                    hasNoOffset: true,
                  }
                : undefined
            }
          >
            <CardTitle component="h2">{t.network.addresses}</CardTitle>
          </CardHeader>
          <CardBody>
            <Addresses network={network} why={why} />
          </CardBody>
        </Card>
      </PageSection>
      {open === 'edit' && <NetworkForm network={network} onClose={close} />}
      {open === 'lease' && <LeaseForm network={network} onClose={close} />}
      {open === 'delete' && <DeleteNetwork network={network} onClose={close} />}
    </>
  );
}

export default function NetworkPage() {
  const id = useSegment(1);
  const network = useNetwork(id);
  return (
    <Loaded
      query={network}
      waiting={
        <PageSection>
          <Waiting />
        </PageSection>
      }
    >
      {(data) => <NetworkView network={data} />}
    </Loaded>
  );
}
