// SPDX-License-Identifier: Apache-2.0
// What the guest says of itself by its agent: name, addresses, file systems; and what to do when it says nothing.
import { Alert, Button, Card, CardBody, CardTitle, EmptyState, EmptyStateBody, Label } from '@patternfly/react-core';
import { SyncAltIcon } from '@patternfly/react-icons';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useGuest } from '@/api/queries';
import type { Guest, Vm } from '@/contract/types';
import { bytes, dateTime, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { Facts } from '@/widgets/Facts';
import { Loaded, Waiting } from '@/widgets/feedback';

const words = t.guest;
const COLOURS = { connected: 'green', disconnected: 'orange', none: 'grey', unknown: 'grey' } as const;

function Interfaces({ list }: { list: NonNullable<Guest['interfaces']> }) {
  return (
    <Table variant="compact" aria-label={words.addresses}>
      <Thead>
        <Tr>
          <Th>{words.interface}</Th>
          <Th>{words.mac}</Th>
          <Th>{words.addresses}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {list.map((one) => (
          <Tr key={one.name}>
            <Td dataLabel={words.interface}>{one.name}</Td>
            <Td dataLabel={words.mac} className="fct-mono">
              {one.mac ?? UNKNOWN}
            </Td>
            <Td dataLabel={words.addresses} className="fct-mono">
              {one.addresses.map((address) => (
                <div key={address}>{address}</div>
              ))}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Use({ used, total }: { used: number | null; total: number | null }) {
  if (used === null || total === null || total === 0) return UNKNOWN;
  const percent = Math.round((100 * used) / total);
  return (
    <div className="fct-meter">
      <span className="fct-number">{words.of(bytes(used), bytes(total))}</span>
      <span className="fct-meter__track" aria-hidden>
        <span className="fct-meter__fill" style={{ display: 'block', inlineSize: `${percent}%` }} />
      </span>
    </div>
  );
}

function FileSystems({ list }: { list: NonNullable<Guest['filesystems']> }) {
  return (
    <Table variant="compact" aria-label={words.filesystems}>
      <Thead>
        <Tr>
          <Th>{words.mountpoint}</Th>
          <Th>{words.type}</Th>
          <Th>{words.used}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {list.map((one) => (
          <Tr key={one.mountpoint}>
            <Td dataLabel={words.mountpoint}>{one.mountpoint}</Td>
            <Td dataLabel={words.type}>{one.type ?? UNKNOWN}</Td>
            <Td dataLabel={words.used}>
              <Use used={one.used_bytes} total={one.total_bytes} />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Told({ guest, busy, again }: { guest: Guest; busy: boolean; again: () => void }) {
  return (
    <>
      {guest.why_not && <Alert variant={guest.agent === 'connected' ? 'warning' : 'info'} isInline component="p" title={guest.why_not} />}
      <Card isCompact>
        <CardTitle component="h2">
          <div className="fct-row fct-row--spread">
            <span className="fct-row">
              {words.agent}{' '}
              <Label isCompact color={COLOURS[guest.agent]}>
                {words.states[guest.agent]}
              </Label>
            </span>
            <Button variant="secondary" size="sm" icon={<SyncAltIcon />} isLoading={busy} isDisabled={busy} onClick={again}>
              {words.refresh}
            </Button>
          </div>
        </CardTitle>
        <CardBody>
          <Facts
            facts={[
              [words.hostname, guest.hostname ?? UNKNOWN],
              [words.os, guest.os ?? UNKNOWN],
              [words.kernel, guest.kernel ?? UNKNOWN],
            ]}
          />
          {guest.asked_ms !== null && <p className="fct-subtle fct-small">{words.asked(dateTime(guest.asked_ms))}</p>}
        </CardBody>
      </Card>
      {guest.interfaces && (
        <Card isCompact>
          <CardTitle component="h2">{words.addresses}</CardTitle>
          <CardBody>{guest.interfaces.length > 0 ? <Interfaces list={guest.interfaces} /> : words.noAddresses}</CardBody>
        </Card>
      )}
      {guest.filesystems && (
        <Card isCompact>
          <CardTitle component="h2">{words.filesystems}</CardTitle>
          <CardBody>{guest.filesystems.length > 0 ? <FileSystems list={guest.filesystems} /> : words.noFilesystems}</CardBody>
        </Card>
      )}
    </>
  );
}

export function GuestTab({ vm }: { vm: Vm }) {
  const off = vm.state === 'off' || vm.state === 'crashed';
  const guest = useGuest(vm.id, vm.guest?.agent ?? 'unknown', vm.ours && !off);
  if (!vm.ours) return <EmptyState titleText={t.vm.othersWhy} headingLevel="h2" variant="sm" />;
  if (off)
    return (
      <EmptyState titleText={words.offTitle} headingLevel="h2" variant="sm">
        <EmptyStateBody>{words.offText}</EmptyStateBody>
      </EmptyState>
    );
  return (
    <Loaded query={guest} waiting={<Waiting lines={3} height="8rem" />}>
      {(data) => <Told guest={data} busy={guest.isFetching} again={() => void guest.refetch()} />}
    </Loaded>
  );
}
