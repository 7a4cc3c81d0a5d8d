// SPDX-License-Identifier: Apache-2.0
import { Button, Label, MenuToggle, PageSection, Pagination, SearchInput, Toolbar, ToolbarContent, ToolbarItem, Tooltip } from '@patternfly/react-core';
import { EllipsisVIcon } from '@patternfly/react-icons';
import { ActionsColumn, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useNavigate, useSearchParams } from 'react-router-dom';
import { useLatestSample } from '@/api/live';
import { useVms } from '@/api/queries';
import type { Vm } from '@/api/types';
import { mib, percent, UNKNOWN } from '@/lib/format';
import { useMay } from '@/lib/may';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Loaded, Nothing, Waiting } from '@/widgets/feedback';
import { VmState } from '@/widgets/labels';
import { GpuLink, VmLink } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { Value } from '@/widgets/Reading';
import { useVmActions } from './actions';

function Devices({ vm }: { vm: Vm }) {
  if (vm.devices.length === 0) return <span className="fct-subtle">{UNKNOWN}</span>;
  return (
    <>
      {vm.devices.map((device, i) => (
        <div key={i}>
          {device.parts.length === 0
            ? <span className="fct-subtle">{device.group_name ?? device.group}</span>
            : device.parts.map((part) => <div key={part.id}>{part.profile} <GpuLink id={part.gpu} name={part.gpu_name} className="fct-small" /></div>)}
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
        {!vm.ours && <div><Tooltip content={t.vm.othersWhy}><Label isCompact variant="outline">{t.vm.others}</Label></Tooltip></div>}
        {vm.description && <div className="fct-subtle fct-small">{vm.description}</div>}
      </Td>
      <Td dataLabel={t.vm.state}>
        <VmState state={vm.state} />
        {vm.blocked.length > 0 && <div><Button variant="link" isInline size="sm" onClick={explain}>{t.vm.why}</Button></div>}
      </Td>
      <Td dataLabel={t.vm.device}><Devices vm={vm} /></Td>
      <Td dataLabel={t.vm.cpu}><Value text={percent(cpu)} why={t.vm.noReading} /></Td>
      <Td dataLabel={t.vm.vcpus} className="fct-number">{vm.vcpus}</Td>
      <Td dataLabel={t.vm.memory} className="fct-number">{mib(vm.memory_mib)}</Td>
      <Td isActionCell>
        <ActionsColumn
          popperProps={{ position: 'end' }}
          actionsToggle={({ onToggle, isOpen, toggleRef }) => (
            <MenuToggle ref={toggleRef} variant="plain" isExpanded={isOpen} onClick={onToggle} aria-label={t.app.actions(vm.name)} icon={<EllipsisVIcon />} />
          )}
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

const matches = (vm: Vm, text: string) =>
  [vm.name, vm.description, t.vm.states[vm.state], vm.image, ...vm.devices.flatMap((d) => [d.group_name ?? d.group, ...d.parts.map((p) => `${p.profile} ${p.gpu_name}`)])]
    .some((value) => value.toLowerCase().includes(text.toLowerCase()));

const PER_PAGE = [20, 50, 100, 200];

function VmTable({ vms }: { vms: Vm[] }) {
  const [params, setParams] = useSearchParams();
  const text = params.get('q') ?? '';
  const page = Math.max(1, Number(params.get('page')) || 1);
  const found = vms.filter((vm) => matches(vm, text)).sort((a, b) => a.name.localeCompare(b.name));
  const per = Number(params.get('per')) || 50;
  const shown = found.slice((page - 1) * per, page * per);
  const go = (q: string, to: number, size = per) =>
    setParams({ ...(q && { q }), ...(to > 1 && { page: String(to) }), ...(size !== 50 && { per: String(size) }) }, { replace: true });
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem className="fct-filter"><SearchInput value={text} placeholder={t.vm.filter} aria-label={t.vm.filter} onChange={(_event, value) => go(value, 1)} onClear={() => go('', 1)} /></ToolbarItem>
          {found.length > 20 && (
            <ToolbarItem variant="pagination">
              <Pagination itemCount={found.length} perPage={per} page={page} isCompact perPageOptions={PER_PAGE.map((value) => ({ title: String(value), value }))} onSetPage={(_event, to) => go(text, to)} onPerPageSelect={(_event, size) => go(text, 1, size)} />
            </ToolbarItem>
          )}
        </ToolbarContent>
      </Toolbar>
      {found.length === 0 ? <Nothing title={t.vm.noMatch} text={t.vm.noMatchText} action={<Button variant="link" onClick={() => go('', 1)}>{t.vm.clear}</Button>} /> : (
        <Table aria-label={t.vm.title} variant="compact">
          <Thead>
            <Tr><Th width={25}>{t.vm.name}</Th><Th width={15}>{t.vm.state}</Th><Th width={20}>{t.vm.device}</Th><Th>{t.vm.cpu}</Th><Th>{t.vm.vcpus}</Th><Th>{t.vm.memory}</Th><Th screenReaderText={t.app.allActions} /></Tr>
          </Thead>
          <Tbody>{shown.map((vm) => <Row key={vm.id} vm={vm} />)}</Tbody>
        </Table>
      )}
    </>
  );
}

export default function VmsPage() {
  const vms = useVms();
  const may = useMay('vm.write');
  const navigate = useNavigate();
  const create = () => void navigate('/vms/create');
  return (
    <>
      <PageHead title={t.vm.title} actions={<ActionButton why={may.why} onClick={create}>{t.vm.create}</ActionButton>} />
      <PageSection>
        <Loaded query={vms} waiting={<Waiting lines={6} />}>
          {(list) => list.length === 0
            ? <Nothing title={t.vm.noVms} text={t.vm.noVmsText} action={<ActionButton variant="link" why={may.why} onClick={create}>{t.vm.create}</ActionButton>} />
            : <VmTable vms={list} />}
        </Loaded>
      </PageSection>
    </>
  );
}
