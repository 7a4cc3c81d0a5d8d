// SPDX-License-Identifier: Apache-2.0
import { useEvents } from '@/api/queries';
import { Loaded, Nothing } from './feedback';
import { EventTable } from './EventTable';

/** The events of one object. */
export function SubjectEvents({ id, empty }: { id: string; empty: string }) {
  const events = useEvents();
  return (
    <Loaded query={events}>
      {(list) => {
        const own = list.filter((event) => event.subject.id === id);
        return own.length === 0 ? <Nothing title={empty} /> : <EventTable events={own} />;
      }}
    </Loaded>
  );
}
