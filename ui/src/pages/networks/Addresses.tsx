// SPDX-License-Identifier: Apache-2.0
// The addresses that a network gives: those handed out now, and those that a MAC address always gets.
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useMutation } from '@tanstack/react-query';
import type { Network, StaticLease } from '@/contract/types';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { ErrorAlert, Nothing } from '@/widgets/feedback';
import { VmLink } from '@/widgets/links';
import { useChangeNetwork } from './change';

function Holder({ network, mac }: { network: Network; mac: string }) {
  const nic = network.nics.find((one) => one.mac === mac);
  return nic ? <VmLink id={nic.vm.id} name={nic.vm.name} /> : <span className="fct-subtle">{t.network.none}</span>;
}

export function Addresses({ network, why }: { network: Network; why: string }) {
  const change = useChangeNetwork();
  const fixed = network.static_leases;
  const save = useMutation({ mutationFn: (leases: StaticLease[]) => change(network, { static_leases: leases }) });
  const isFixed = (lease: StaticLease) => fixed.some((one) => one.mac === lease.mac && one.address === lease.address);
  const rows: StaticLease[] = [...fixed, ...network.leases.filter((lease) => !isFixed(lease))];
  if (rows.length === 0) return <Nothing title={t.network.noAddresses} text={t.network.noAddressesText} />;
  const others = (lease: StaticLease) => fixed.filter((one) => one.mac !== lease.mac);
  return (
    <>
      {save.error && <ErrorAlert error={save.error} />}
      <Table aria-label={t.network.addresses} variant="compact" borders={false}>
        <Thead>
          <Tr>
            <Th>{t.network.address}</Th>
            <Th>{t.network.vm}</Th>
            <Th>{t.network.mac}</Th>
            <Th>{t.network.host}</Th>
            <Th>{t.network.fixed}</Th>
            <Th screenReaderText={t.network.fix} />
          </Tr>
        </Thead>
        <Tbody>
          {rows.map((lease) => (
            <Tr key={`${lease.mac} ${lease.address}`}>
              <Td dataLabel={t.network.address}>{lease.address}</Td>
              <Td dataLabel={t.network.vm}>
                <Holder network={network} mac={lease.mac} />
              </Td>
              <Td dataLabel={t.network.mac}>{lease.mac}</Td>
              <Td dataLabel={t.network.host}>{lease.name || UNKNOWN}</Td>
              <Td dataLabel={t.network.fixed}>{isFixed(lease) ? t.network.yes : t.network.no}</Td>
              <Td isActionCell modifier="nowrap">
                <ActionButton
                  variant="link"
                  size="sm"
                  why={why}
                  isDisabled={save.isPending}
                  onClick={() =>
                    save.mutate(
                      isFixed(lease)
                        ? others(lease)
                        : [
                            ...others(lease),
                            {
                              mac: lease.mac,
                              address: lease.address,
                              ...(/^[a-z0-9][a-z0-9-]*$/i.test(lease.name ?? '') ? { name: lease.name } : {}),
                            },
                          ],
                    )
                  }
                >
                  {isFixed(lease) ? t.network.release : t.network.fix}
                </ActionButton>
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  );
}
