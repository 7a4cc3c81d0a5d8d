// SPDX-License-Identifier: Apache-2.0
import { Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { useMay } from '@/api/may';
import { useNetworks } from '@/api/queries';
import type { Network } from '@/contract/types';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { names } from '@/strings/words';
import { ActionButton } from '@/widgets/ActionButton';
import { Loaded, Nothing } from '@/widgets/feedback';
import { networkPath } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { HostInterfaces } from './HostInterfaces';
import { NetworkState } from './NetworkState';
import { NetworkForm } from './NetworkForm';

function NetworkRow({ network }: { network: Network }) {
  return (
    <Tr>
      <Td dataLabel={t.network.name}>
        <span className="fct-row fct-row--tight">
          <Link to={networkPath(network.name)}>{network.name}</Link>
          {!network.ours && (
            <Label isCompact variant="outline">
              {t.network.others}
            </Label>
          )}
        </span>
      </Td>
      <Td dataLabel={t.network.kind}>{t.network.kinds[network.kind]}</Td>
      <Td dataLabel={t.network.state}>
        <NetworkState network={network} />
      </Td>
      <Td dataLabel={t.network.subnet}>{network.subnet || UNKNOWN}</Td>
      <Td dataLabel={t.network.bridge}>{network.interface || network.bridge || UNKNOWN}</Td>
      <Td dataLabel={t.network.vms}>{network.vms.length ? names(network.vms) : <span className="fct-subtle">{t.network.none}</span>}</Td>
    </Tr>
  );
}

export default function NetworksPage() {
  const networks = useNetworks();
  const may = useMay('network.write');
  const [making, setMaking] = useState(false);
  return (
    <>
      <PageHead
        title={t.network.title}
        actions={
          <ActionButton why={may.why} onClick={() => setMaking(true)}>
            {t.network.create}
          </ActionButton>
        }
      />
      <PageSection>
        <Loaded query={networks}>
          {(list) =>
            list.length === 0 ? (
              <Nothing title={t.network.noNetworks} text={t.network.noNetworksText} />
            ) : (
              <Table aria-label={t.network.title} variant="compact">
                <Thead>
                  <Tr>
                    <Th width={25}>{t.network.name}</Th>
                    <Th>{t.network.kind}</Th>
                    <Th>{t.network.state}</Th>
                    <Th>{t.network.subnet}</Th>
                    <Th>{t.network.bridge}</Th>
                    <Th width={25}>{t.network.vms}</Th>
                  </Tr>
                </Thead>
                <Tbody>
                  {list.map((network) => (
                    <NetworkRow key={network.id} network={network} />
                  ))}
                </Tbody>
              </Table>
            )
          }
        </Loaded>
      </PageSection>
      <PageSection>
        <HostInterfaces />
      </PageSection>
      {making && <NetworkForm onClose={() => setMaking(false)} />}
    </>
  );
}
