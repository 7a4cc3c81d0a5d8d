// SPDX-License-Identifier: Apache-2.0
// What the host has that networks can be put on. Facet changes none of it.
import { Alert, Card, CardBody, CardTitle } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useHostInterfaces } from '@/api/queries';
import type { HostInterface } from '@/contract/types';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { Loaded, Nothing } from '@/widgets/feedback';

function what(one: HostInterface): string {
  return [
    ...(one.vlan ? [t.network.tagOn(one.vlan.tag, one.vlan.parent)] : []),
    ...(one.members.length ? [t.network.with(one.members)] : []),
    ...(one.master ? [t.network.partOf(one.master)] : []),
    ...(one.network ? [t.network.ofNetwork(one.network)] : []),
    ...(one.default_route ? [t.network.defaultRoute] : []),
  ].join(', ');
}

function InterfaceTable({ list }: { list: HostInterface[] }) {
  return (
    <Table aria-label={t.network.interfaces} variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th>{t.network.name}</Th>
          <Th>{t.network.kind}</Th>
          <Th>{t.network.is}</Th>
          <Th>{t.network.link}</Th>
          <Th>{t.network.ownAddresses}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {list.map((one) => (
          <Tr key={one.name}>
            <Td dataLabel={t.network.name}>{one.name}</Td>
            <Td dataLabel={t.network.kind}>{t.network.interfaceKinds[one.kind]}</Td>
            <Td dataLabel={t.network.is}>{what(one)}</Td>
            <Td dataLabel={t.network.link}>{t.network.links[one.link]}</Td>
            <Td dataLabel={t.network.ownAddresses}>{one.addresses === null ? UNKNOWN : one.addresses.join(', ') || t.network.none}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

export function HostInterfaces() {
  const interfaces = useHostInterfaces();
  return (
    <Card isCompact>
      <CardTitle component="h2">{t.network.interfaces}</CardTitle>
      <CardBody>
        <Loaded query={interfaces}>
          {(data) => (
            <div className="fct-stack">
              {data.why && <Alert variant="info" isInline isPlain title={data.why} component="p" />}
              {data.items.length ? <InterfaceTable list={data.items} /> : <Nothing title={t.network.interfacesNone} />}
            </div>
          )}
        </Loaded>
      </CardBody>
    </Card>
  );
}
