// SPDX-License-Identifier: Apache-2.0
import {
  Button,
  Label,
  PageSection,
  Pagination,
  SearchInput,
  ToggleGroup,
  ToggleGroupItem,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
  Tooltip,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useEffect, useRef, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router-dom';
import { useLatestSample } from '@/api/live';
import { useMay } from '@/api/may';
import { useVmPage } from '@/api/queries';
import type { Vm, VmList, VmQuery } from '@/contract/types';
import { useSettled } from '@/lib/debounce';
import { mib, percent, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Loaded, Nothing, Waiting } from '@/widgets/feedback';
import { VmState } from '@/widgets/labels';
import { GpuLink, VmLink } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { Value } from '@/widgets/Reading';
import { RowMenu } from '@/widgets/RowMenu';
import { useVmActions } from './actions';

function Devices({ vm }: { vm: Vm }) {
  if (vm.devices.length === 0) return <span className="fct-subtle">{UNKNOWN}</span>;
  return (
    <>
      {vm.devices.map((device, i) => (
        <div key={i}>
          {device.parts.length === 0 ? (
            <span className="fct-subtle">{device.group_name ?? device.group}</span>
          ) : (
            device.parts.map((part) => (
              <div key={part.id}>
                {part.profile} <GpuLink id={part.gpu} name={part.gpu_name} className="fct-small" />
              </div>
            ))
          )}
        </div>
      ))}
    </>
  );
}

function Row({ vm }: { vm: Vm }) {
  const { list, explain, dialogs } = useVmActions(vm);
  const cpu = useLatestSample()?.vms[vm.id]?.cpu_percent ?? vm.readings?.cpu_percent ?? null;
  return (
    <Tr>
      <Td dataLabel={t.vm.name}>
        <VmLink id={vm.id} name={vm.name} />
        {!vm.ours && (
          <div>
            <Tooltip content={t.vm.othersWhy}>
              <Label isCompact variant="outline">
                {t.vm.others}
              </Label>
            </Tooltip>
          </div>
        )}
        {vm.description && <div className="fct-subtle fct-small">{vm.description}</div>}
      </Td>
      <Td dataLabel={t.vm.state}>
        <VmState state={vm.state} />
        {vm.state_detail && <div className="fct-subtle fct-small">{vm.state_detail}</div>}
        {vm.blocked.length > 0 && (
          <div>
            <Button variant="link" isInline size="sm" onClick={explain}>
              {t.vm.why}
            </Button>
          </div>
        )}
      </Td>
      <Td dataLabel={t.vm.device}>
        <Devices vm={vm} />
      </Td>
      <Td dataLabel={t.vm.cpu}>
        <Value text={percent(cpu)} why={t.vm.noReading} />
      </Td>
      <Td dataLabel={t.vm.vcpus} className="fct-number">
        {vm.vcpus}
      </Td>
      <Td dataLabel={t.vm.memory} className="fct-number">
        {mib(vm.memory_mib)}
      </Td>
      <Td isActionCell>
        <RowMenu
          label={t.app.actions(vm.name)}
          items={list.map((action) => ({
            title: action.name,
            onClick: action.why ? undefined : action.run,
            isAriaDisabled: action.why !== '',
            isDanger: action.danger && !action.why,
            tooltipProps: action.why ? { content: action.why } : undefined,
          }))}
        />
        {dialogs}
      </Td>
    </Tr>
  );
}

type Sort = NonNullable<VmQuery['sort']>;
type State = keyof typeof t.vm.states | 'blocked';

const PER_PAGE = [20, 50, 100, 200];
const FEW = 20;
const PER = 50;
const SORTS: readonly Sort[] = ['name', 'state', 'cpu', 'vcpus', 'memory', 'created', 'attention'];
/** Shown even when there are none; the others when there are some. */
const USUAL: readonly State[] = ['running', 'off'];
const STATES: readonly State[] = ['running', 'off', 'paused', 'stopping', 'crashed', 'unknown', 'blocked'];
const stateName = (state: State) => (state === 'blocked' ? t.vm.cannotStart : t.vm.states[state]);

interface View {
  q: string;
  state: string;
  ours: '' | 'true' | 'false';
  sort: Sort;
  order: 'asc' | 'desc';
  page: number;
  per: number;
}

/** The place in the list is the address: reload and back keep it. */
function useView(): [View, (change: Partial<View>) => void] {
  const [params, setParams] = useSearchParams();
  const ours = params.get('ours');
  const view: View = {
    q: params.get('q') ?? '',
    state: params.get('state') ?? '',
    ours: ours === 'true' || ours === 'false' ? ours : '',
    sort: SORTS.find((sort) => sort === params.get('sort')) ?? 'name',
    order: params.get('order') === 'desc' ? 'desc' : 'asc',
    page: Math.max(1, Math.floor(Number(params.get('page'))) || 1),
    per: PER_PAGE.find((per) => per === Number(params.get('per'))) ?? PER,
  };
  const go = (change: Partial<View>) => {
    const to = { ...view, page: 1, ...change };
    const kept: [string, string, string][] = [
      ['q', to.q, ''],
      ['state', to.state, ''],
      ['ours', to.ours, ''],
      ['sort', to.sort, 'name'],
      ['order', to.order, 'asc'],
      ['page', String(to.page), '1'],
      ['per', String(to.per), String(PER)],
    ];
    setParams(Object.fromEntries(kept.filter(([, value, usual]) => value !== usual).map(([key, value]) => [key, value])), {
      replace: true,
    });
  };
  return [view, go];
}

const queryOf = ({ q, state, ours, sort, order, page, per }: View): VmQuery => ({
  limit: per,
  offset: (page - 1) * per,
  ...(q && { q }),
  ...(state && { state }),
  ...(ours && { ours: ours === 'true' }),
  ...(sort !== 'name' && { sort }),
  ...(order === 'desc' && { order }),
});

/** What is typed goes to the address, and so to the server, when the fingers rest. */
function Filter({ text, onText }: { text: string; onText: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const settled = useSettled(typed, 250);
  const sent = useRef(text);
  const tell = useRef(onText);
  tell.current = onText;
  useEffect(() => {
    if (settled === sent.current) return;
    sent.current = settled;
    tell.current(settled);
  }, [settled]);
  useEffect(() => {
    if (text === sent.current) return; // changed elsewhere: back, or a button that clears
    sent.current = text;
    setTyped(text);
  }, [text]);
  return (
    <SearchInput
      value={typed}
      placeholder={t.vm.filter}
      aria-label={t.vm.filter}
      onChange={(_event, value) => setTyped(value)}
      onClear={() => setTyped('')}
    />
  );
}

function Toggles({ view, go, counts }: { view: View; go: (change: Partial<View>) => void; counts: VmList['counts'] }) {
  const states = STATES.filter((state) => USUAL.includes(state) || counts[state] > 0 || view.state === state);
  const owners: [View['ours'], string, number][] = [
    ['', t.vm.all, counts.all],
    ['true', t.vm.ours, counts.ours],
    ['false', t.vm.theirs, counts.others],
  ];
  return (
    <>
      <ToolbarItem>
        <ToggleGroup isCompact aria-label={t.vm.filterState}>
          <ToggleGroupItem text={t.vm.counted(t.vm.all, counts.all)} isSelected={view.state === ''} onChange={() => go({ state: '' })} />
          {states.map((state) => (
            <ToggleGroupItem
              key={state}
              text={t.vm.counted(stateName(state), counts[state])}
              isSelected={view.state.split(',').includes(state)}
              onChange={() => go({ state: view.state === state ? '' : state })}
            />
          ))}
        </ToggleGroup>
      </ToolbarItem>
      {(view.ours !== '' || (counts.ours > 0 && counts.others > 0)) && (
        <ToolbarItem>
          <ToggleGroup isCompact aria-label={t.vm.filterOwner}>
            {owners.map(([ours, name, n]) => (
              <ToggleGroupItem
                key={ours}
                text={ours === '' ? name : t.vm.counted(name, n)}
                isSelected={view.ours === ours}
                onChange={() => go({ ours })}
              />
            ))}
          </ToggleGroup>
        </ToolbarItem>
      )}
    </>
  );
}

const COLUMNS: { sort?: Sort; name: string; width?: 15 | 20; downFirst?: boolean }[] = [
  { sort: 'name', name: t.vm.name },
  { sort: 'state', name: t.vm.state, width: 15 },
  { name: t.vm.device, width: 20 },
  { sort: 'cpu', name: t.vm.cpu, downFirst: true },
  { sort: 'vcpus', name: t.vm.vcpus, downFirst: true },
  { sort: 'memory', name: t.vm.memory, downFirst: true },
];

function VmTable({ page, view, go }: { page: VmList; view: View; go: (change: Partial<View>) => void }) {
  const last = Math.max(1, Math.ceil(page.total / view.per));
  const beyond = page.items.length === 0 && view.page > last;
  useEffect(() => {
    if (beyond) go({ page: last }); // what was on the last page has gone
  });
  const pages = (variant: 'top' | 'bottom') =>
    page.total > FEW && (
      <Pagination
        itemCount={page.total}
        perPage={view.per}
        page={view.page}
        variant={variant}
        isCompact={variant === 'top'}
        widgetId={`vms-${variant}`}
        perPageOptions={PER_PAGE.map((value) => ({ title: String(value), value }))}
        onSetPage={(_event, to) => go({ page: to })}
        onPerPageSelect={(_event, per) => go({ per })}
      />
    );
  const by = COLUMNS.findIndex((column) => column.sort === view.sort);
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem className="fct-filter">
            <Filter text={view.q} onText={(q) => go({ q })} />
          </ToolbarItem>
          <Toggles view={view} go={go} counts={page.counts} />
          <ToolbarItem variant="pagination" align={{ default: 'alignEnd' }}>
            {pages('top')}
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      {page.total === 0 ? (
        <Nothing
          title={t.vm.noMatch}
          text={t.vm.noMatchText}
          action={
            <Button variant="link" onClick={() => go({ q: '', state: '', ours: '' })}>
              {t.vm.clear}
            </Button>
          }
        />
      ) : (
        <Table aria-label={t.vm.title} variant="compact" className="fct-names">
          <Thead>
            <Tr>
              {COLUMNS.map(({ sort, name, width, downFirst }, i) => (
                <Th
                  key={name}
                  width={width}
                  modifier="nowrap"
                  sort={
                    sort && {
                      columnIndex: i,
                      sortBy: { index: by, direction: view.order, defaultDirection: downFirst ? 'desc' : 'asc' },
                      onSort: (_event, _index, order) => go({ sort, order }),
                    }
                  }
                >
                  {name}
                </Th>
              ))}
              <Th screenReaderText={t.app.allActions} />
            </Tr>
          </Thead>
          <Tbody>
            {page.items.map((vm) => (
              <Row key={vm.id} vm={vm} />
            ))}
          </Tbody>
        </Table>
      )}
      {page.items.length > FEW && pages('bottom')}
    </>
  );
}

export default function VmsPage() {
  const [view, go] = useView();
  const vms = useVmPage(queryOf(view));
  const may = useMay('vm.write');
  const navigate = useNavigate();
  const create = () => void navigate('/vms/create');
  return (
    <>
      <PageHead
        title={t.vm.title}
        actions={
          <ActionButton why={may.why} onClick={create}>
            {t.vm.create}
          </ActionButton>
        }
      />
      <PageSection>
        <Loaded query={vms} waiting={<Waiting lines={6} />}>
          {(page) =>
            page.counts.all === 0 && view.q === '' ? (
              <Nothing
                title={t.vm.noVms}
                text={t.vm.noVmsText}
                action={
                  <ActionButton variant="link" why={may.why} onClick={create}>
                    {t.vm.create}
                  </ActionButton>
                }
              />
            ) : (
              <VmTable page={page} view={view} go={go} />
            )
          }
        </Loaded>
      </PageSection>
    </>
  );
}
