// SPDX-License-Identifier: Apache-2.0
import { Card, CardBody, CardTitle, Label, PageSection } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router-dom';
import { deleteNetwork } from '@/api/actions';
import { useNetwork } from '@/api/queries';
import type { Network } from '@/api/types';
import { UNKNOWN } from '@/lib/format';
import { useMay } from '@/lib/may';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { Facts } from '@/widgets/Facts';
import { Loaded, Waiting } from '@/widgets/feedback';
import { PageHead } from '@/widgets/PageHead';
import { Addresses } from './Addresses';

function NetworkView({ network }: { network: Network }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const may = useMay('network.write');
  const [deleting, setDeleting] = useState(false);
  const why = network.ours ? may.why : t.network.othersWhy;
  const { dhcp, vms } = network;
  return (
    <>
      <PageHead
        title={network.name}
        labels={!network.ours && <Label isCompact variant="outline">{t.network.others}</Label>}
        subtitle={network.kind === 'other' ? t.network.kinds.other : t.network.kindTexts[network.kind]}
        trail={[{ to: '/networks', name: t.network.title }]}
        actions={<ActionButton variant="danger" why={why || (vms.length ? t.network.inUseBy(vms) : '')} onClick={() => setDeleting(true)}>{t.network.delete}</ActionButton>}
      />
      <PageSection hasBodyWrapper={false} id="page-body" className="fct-stack">
        <Card isCompact>
          <CardBody>
            <Facts
              facts={[
                [t.network.kind, t.network.kinds[network.kind]],
                [t.network.state, network.active ? t.network.active : t.network.inactive],
                [t.network.bridge, network.bridge || UNKNOWN],
                [t.network.subnet, network.subnet || UNKNOWN],
                [t.network.gateway, network.gateway || UNKNOWN],
                [t.network.dhcp, dhcp ? t.network.range(dhcp.first, dhcp.last) : t.network.noDhcp],
                [t.network.vms, vms.join(', ') || t.network.none],
              ]}
            />
          </CardBody>
        </Card>
        <Card isCompact><CardTitle component="h2">{t.network.addresses}</CardTitle><CardBody><Addresses network={network} why={why} /></CardBody></Card>
      </PageSection>
      {deleting && (
        <Confirm
          title={t.network.deleteTitle(network.name)}
          text={t.network.deleteText}
          button={t.network.delete}
          action={() => deleteNetwork(network.id, network.revision)}
          onClose={() => setDeleting(false)}
          onDone={() => {
            void client.invalidateQueries({ queryKey: ['network'], exact: true });
            void navigate('/networks', { replace: true });
          }}
        />
      )}
    </>
  );
}

export default function NetworkPage() {
  const { id = '' } = useParams();
  const network = useNetwork(id);
  return <Loaded query={network} waiting={<PageSection><Waiting /></PageSection>}>{(data) => <NetworkView network={data} />}</Loaded>;
}
