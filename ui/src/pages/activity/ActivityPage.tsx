// SPDX-License-Identifier: Apache-2.0
import { Button, Content, PageSection, Title } from '@patternfly/react-core';
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { useParams } from 'react-router-dom';
import { useAudit, useEvents, useRefused, useTasks } from '@/api/queries';
import type { AuditEntry, RefusedEntry, Task } from '@/contract/types';
import { dateTime, duration, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { EventTable } from '@/widgets/EventTable';
import { Loaded, Nothing } from '@/widgets/feedback';
import { Outcome, TaskState } from '@/widgets/labels';
import { SubjectLink } from '@/widgets/links';
import { NotFoundPage } from '@/widgets/NotFound';
import { PageHead } from '@/widgets/PageHead';
import { TaskView } from '@/widgets/TaskView';

function TaskRow({ task, index }: { task: Task; index: number }) {
  const [open, setOpen] = useState(false);
  const took = task.started_ms != null && task.ended_ms != null ? duration(task.ended_ms - task.started_ms) : UNKNOWN;
  return (
    <Tbody isExpanded={open}>
      <Tr>
        <Td expand={{ rowIndex: index, isExpanded: open, onToggle: () => setOpen(!open) }} />
        <Td dataLabel={t.tasks.started} className="fct-number">
          {dateTime(task.started_ms ?? task.created_ms)}
        </Td>
        <Td dataLabel={t.tasks.task}>
          {task.title}
          <div className="fct-subtle fct-small">{task.outcome}</div>
        </Td>
        <Td dataLabel={t.tasks.subject}>
          <SubjectLink subject={task.subject} />
        </Td>
        <Td dataLabel={t.tasks.state}>
          <TaskState state={task.state} />
        </Td>
        <Td dataLabel={t.tasks.took} className="fct-number">
          {took}
        </Td>
        <Td dataLabel={t.tasks.user}>{task.user}</Td>
      </Tr>
      {open && (
        <Tr isExpanded>
          <Td />
          <Td colSpan={6}>
            <ExpandableRowContent>
              <TaskView task={task} open />
            </ExpandableRowContent>
          </Td>
        </Tr>
      )}
    </Tbody>
  );
}

function Tasks() {
  return (
    <Loaded query={useTasks()}>
      {(list) =>
        list.length === 0 ? (
          <Nothing title={t.tasks.none} text={t.tasks.noneText} />
        ) : (
          <Table aria-label={t.tasks.title} variant="compact">
            <Thead>
              <Tr>
                <Th screenReaderText={t.app.details} />
                <Th modifier="fitContent">{t.tasks.started}</Th>
                <Th width={30}>{t.tasks.task}</Th>
                <Th>{t.tasks.subject}</Th>
                <Th modifier="fitContent">{t.tasks.state}</Th>
                <Th modifier="fitContent">{t.tasks.took}</Th>
                <Th width={15}>{t.tasks.user}</Th>
              </Tr>
            </Thead>
            {list.map((task, i) => (
              <TaskRow key={task.id} task={task} index={i} />
            ))}
          </Table>
        )
      }
    </Loaded>
  );
}

const Events = () => (
  <Loaded query={useEvents()}>
    {(list) =>
      list.length === 0 ? <Nothing title={t.activity.noEvents} text={t.activity.noEventsText} /> : <EventTable events={list} withSubject />
    }
  </Loaded>
);

function AuditRow({ entry }: { entry: AuditEntry }) {
  return (
    <Tr>
      <Td dataLabel={t.activity.time} className="fct-number">
        {dateTime(entry.time_ms)}
      </Td>
      <Td dataLabel={t.activity.user}>
        {entry.user}
        <div className="fct-subtle fct-small">{entry.address}</div>
      </Td>
      <Td dataLabel={t.activity.text}>
        {t.actions[entry.action] ?? entry.action}
        <div className="fct-subtle fct-mono">{entry.text}</div>
      </Td>
      <Td dataLabel={t.activity.outcome}>
        <Outcome outcome={entry.outcome} />
      </Td>
    </Tr>
  );
}

const RefusedRow = ({ entry }: { entry: RefusedEntry }) => (
  <Tr>
    <Td dataLabel={t.activity.minute} className="fct-number">
      {dateTime(entry.minute_ms)}
    </Td>
    <Td dataLabel={t.activity.address}>{entry.address || t.activity.others}</Td>
    <Td dataLabel={t.activity.count} className="fct-number">
      {entry.count}
    </Td>
    <Td dataLabel={t.activity.names}>{entry.names.join(', ') || UNKNOWN}</Td>
  </Tr>
);

const Refused = () => (
  <section aria-labelledby="refused-title">
    <Title headingLevel="h2" size="lg" id="refused-title">
      {t.activity.refused}
    </Title>
    <Content component="p" className="fct-subtle">
      {t.activity.refusedText}
    </Content>
    <Loaded query={useRefused()}>
      {(list) =>
        list.length === 0 ? (
          <Content component="p">{t.activity.noRefused}</Content>
        ) : (
          <Table aria-label={t.activity.refused} variant="compact">
            <Thead>
              <Tr>
                <Th modifier="fitContent">{t.activity.minute}</Th>
                <Th width={25}>{t.activity.address}</Th>
                <Th modifier="fitContent">{t.activity.count}</Th>
                <Th>{t.activity.names}</Th>
              </Tr>
            </Thead>
            <Tbody>
              {list.map((entry) => (
                <RefusedRow key={`${entry.minute_ms} ${entry.address}`} entry={entry} />
              ))}
            </Tbody>
          </Table>
        )
      }
    </Loaded>
  </section>
);

const Changes = () => (
  <Loaded query={useAudit()}>
    {(list) =>
      list.length === 0 ? (
        <Nothing title={t.activity.noAudit} text={t.activity.noAuditText} />
      ) : (
        <Table aria-label={t.activity.audit} variant="compact">
          <Thead>
            <Tr>
              <Th modifier="fitContent">{t.activity.time}</Th>
              <Th width={20}>{t.activity.user}</Th>
              <Th>{t.activity.text}</Th>
              <Th modifier="fitContent">{t.activity.outcome}</Th>
            </Tr>
          </Thead>
          <Tbody>
            {list.map((entry) => (
              <AuditRow key={entry.id} entry={entry} />
            ))}
          </Tbody>
        </Table>
      )
    }
  </Loaded>
);

const Audit = () => (
  <div className="fct-sections">
    <Changes />
    <Refused />
  </div>
);

const Exports = () => (
  <>
    <Button variant="secondary" component="a" href="/api/v1/audit/export" download="audit.jsonl">
      {t.activity.exportLines}
    </Button>
    <Button variant="secondary" component="a" href="/api/v1/audit/export?format=csv" download="audit.csv">
      {t.activity.exportTable}
    </Button>
  </>
);

const TABS = {
  tasks: { title: t.tasks.title, Body: Tasks, Actions: null },
  events: { title: t.activity.events, Body: Events, Actions: null },
  audit: { title: t.activity.audit, Body: Audit, Actions: Exports },
};

export default function ActivityPage() {
  const { tab = 'tasks' } = useParams();
  if (!(tab in TABS)) return <NotFoundPage />;
  const { title, Body, Actions } = TABS[tab as keyof typeof TABS];
  return (
    <>
      <PageHead title={title} actions={Actions && <Actions />} />
      <PageSection key={tab}>
        <Body />
      </PageSection>
    </>
  );
}
