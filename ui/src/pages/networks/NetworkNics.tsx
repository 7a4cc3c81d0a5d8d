// SPDX-License-Identifier: Apache-2.0
// Which VM is where: the NICs in a network, with the addresses that are known of them.
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { Network } from '@/contract/types';
import { t } from '@/strings';
import { Nothing } from '@/widgets/feedback';
import { VmLink } from '@/widgets/links';

type Nic = Network['nics'][number];

function NicAddresses({ nic }: { nic: Nic }) {
  if (nic.addresses.length === 0) return <span className="fct-subtle">{nic.running ? t.network.noAddress : t.network.off}</span>;
  return nic.addresses.map((one) => (
    <div key={one.address}>
      {one.address} <span className="fct-subtle fct-small">{t.network.sources[one.source]}</span>
    </div>
  ));
}

export function NetworkNics({ nics }: { nics: Network['nics'] }) {
  if (nics.length === 0) return <Nothing title={t.network.noNics} text={t.network.noNicsText} />;
  return (
    <Table aria-label={t.network.nics} variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th>{t.network.vm}</Th>
          <Th>{t.network.mac}</Th>
          <Th>{t.network.address}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {nics.map((nic) => (
          <Tr key={`${nic.vm.id} ${nic.mac}`}>
            <Td dataLabel={t.network.vm}>
              <VmLink id={nic.vm.id} name={nic.vm.name} />
            </Td>
            <Td dataLabel={t.network.mac}>{nic.mac}</Td>
            <Td dataLabel={t.network.address}>
              <NicAddresses nic={nic} />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
