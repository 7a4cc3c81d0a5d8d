// SPDX-License-Identifier: Apache-2.0
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useVmPage } from '@/api/queries';
import { t } from '@/strings';
import { Loaded } from '@/widgets/feedback';
import { VmLink } from '@/widgets/links';

const words = t.autostart;

/** Which VMs start with the host, in their order. */
export function AutostartCard() {
  const vms = useVmPage({ ours: true, limit: 1000, sort: 'name' });
  return (
    <Card isCompact>
      <CardTitle component="h2">{words.title}</CardTitle>
      <CardBody>
        <Loaded query={vms}>
          {({ items }) => {
            const list = items
              .flatMap(({ id, name, autostart }) => (autostart?.enabled ? [{ id, name, ...autostart }] : []))
              .sort((a, b) => a.order - b.order || a.name.localeCompare(b.name));
            if (list.length === 0) return <span className="fct-subtle">{words.none}</span>;
            return (
              <>
                <p className="fct-subtle">{words.text}</p>
                <Table aria-label={words.title} variant="compact">
                  <Thead>
                    <Tr>
                      <Th width={10}>{words.order}</Th>
                      <Th>{t.vm.vm}</Th>
                      <Th width={20}>{words.wait}</Th>
                    </Tr>
                  </Thead>
                  <Tbody>
                    {list.map((vm) => (
                      <Tr key={vm.id}>
                        <Td dataLabel={words.order}>{vm.order}</Td>
                        <Td dataLabel={t.vm.vm}>
                          <VmLink id={vm.id} name={vm.name} />
                        </Td>
                        <Td dataLabel={words.wait}>{words.seconds(vm.delay_s)}</Td>
                      </Tr>
                    ))}
                  </Tbody>
                </Table>
              </>
            );
          }}
        </Loaded>
      </CardBody>
    </Card>
  );
}
