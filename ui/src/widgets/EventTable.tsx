// SPDX-License-Identifier: Apache-2.0
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { FacetEvent } from '@/contract/types';
import { dateTime } from '@/lib/format';
import { t } from '@/strings';
import { Severity } from './labels';
import { SubjectLink } from './links';

export function EventTable({ events, withSubject = false }: { events: readonly FacetEvent[]; withSubject?: boolean }) {
  return (
    <Table aria-label={t.activity.events} variant="compact">
      <Thead>
        <Tr>
          <Th modifier="fitContent">{t.activity.time}</Th>
          <Th modifier="fitContent">{t.activity.severity}</Th>
          <Th width={50}>{t.activity.text}</Th>
          {withSubject && <Th>{t.activity.subject}</Th>}
        </Tr>
      </Thead>
      <Tbody>
        {events.map((event) => (
          <Tr key={event.id}>
            <Td dataLabel={t.activity.time} className="fct-number">
              {dateTime(event.time_ms)}
            </Td>
            <Td dataLabel={t.activity.severity}>
              <Severity severity={event.severity} />
            </Td>
            <Td dataLabel={t.activity.text}>{event.text}</Td>
            {withSubject && (
              <Td dataLabel={t.activity.subject}>
                <SubjectLink subject={event.subject} />
              </Td>
            )}
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
