// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Card, CardBody, CardTitle, Label, PageSection } from '@patternfly/react-core';
import { Suspense, useMemo, useState } from 'react';
import { useNavigate, useParams } from 'react-router-dom';
import { useMay } from '@/api/may';
import { useVm } from '@/api/queries';
import type { Vm } from '@/contract/types';
import { vmCharts } from '@/lib/charts';
import { dateTime, mib, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { chunk } from '@/widgets/chunk';
import { Facts } from '@/widgets/Facts';
import { Loaded, Waiting } from '@/widgets/feedback';
import { VmState } from '@/widgets/labels';
import { vmPath } from '@/widgets/links';
import { Nics } from './Nics';
import { LoadCharts } from '@/widgets/LoadCharts';
import { MoreActions } from '@/widgets/MoreActions';
import { PageHead } from '@/widgets/PageHead';
import { SubjectEvents } from '@/widgets/SubjectEvents';
import { useVmActions } from './actions';
import { Adopt } from './Adopt';
import { ChangeGpu } from './ChangeGpu';
import { DevicesTab } from './DevicesTab';
import { ForeignHardware } from './ForeignHardware';
import { GuestTab } from './GuestTab';
import { HardwareTab } from './hardware/HardwareTab';
import { SnapshotsTab } from './snapshots/SnapshotsTab';

const LIST = { to: '/vms', name: t.vm.title };

/** What stands beside the menu. */
const FIRST: readonly string[] = ['start', 'stop', 'resume', 'continue'];

const ConsoleTab = chunk(() => import('./console/ConsoleTab'));

function Summary({ vm, onChangeGpu }: { vm: Vm; onChangeGpu?: () => void }) {
  return (
    <>
      <Card isCompact>
        <CardTitle component="h2">{t.vm.tabs.summary}</CardTitle>
        <CardBody>
          <Facts
            facts={[
              [t.vm.vcpus, String(vm.vcpus)],
              [t.vm.memory, mib(vm.memory_mib)],
              [t.vm.disk, vm.disk_gib == null ? UNKNOWN : `${vm.disk_gib} GiB`],
              [t.vm.image, vm.image || UNKNOWN],
              [t.vm.firmware, vm.uefi === undefined ? UNKNOWN : vm.uefi ? t.vm.uefi : t.vm.bios],
              [t.hardware.nics, <Nics key="nics" nics={vm.nics} />],
              [t.vm.created, dateTime(vm.created_ms)],
              [t.vm.description, vm.description || UNKNOWN],
            ]}
          />
        </CardBody>
      </Card>
      {(vm.ours || vm.devices.length > 0) && <DevicesTab vm={vm} onChange={onChangeGpu} />}
    </>
  );
}

function Notices({ vm, explain, apply }: { vm: Vm; explain: () => void; apply: () => void }) {
  const power = useMay('vm.power');
  const runs = vm.ours && power.allowed && vm.state === 'running';
  const first = vm.blocked[0];
  return (
    <>
      {vm.state_detail && (
        <Alert variant="danger" isInline title={t.vm.stopped} component="p">
          {vm.state_detail}
        </Alert>
      )}
      {first && (
        <Alert
          variant="warning"
          isInline
          title={first.sentence}
          component="p"
          actionLinks={
            <Button variant="link" isInline onClick={explain}>
              {t.vm.why}
            </Button>
          }
        >
          {first.next}
        </Alert>
      )}
      {vm.pending_changes.length > 0 && (
        <Alert
          variant="info"
          isInline
          title={t.vm.pending}
          component="p"
          actionLinks={
            runs && (
              <Button variant="link" isInline onClick={apply}>
                {t.hardware.applyNow}
              </Button>
            )
          }
        >
          {vm.pending_changes.map((line) => (
            <div key={line}>{line}</div>
          ))}
        </Alert>
      )}
    </>
  );
}

function VmView({ vm, tab }: { vm: Vm; tab: string }) {
  const navigate = useNavigate();
  const { list, explain, apply, dialogs } = useVmActions(vm, () => void navigate('/vms', { replace: true }));
  const may = useMay('vm.write');
  const [changing, setChanging] = useState(false);
  const [adopting, setAdopting] = useState(false);
  const charts = useMemo(
    () =>
      vmCharts(
        vm.id,
        vm.memory_mib,
        vm.devices.flatMap((d) => d.parts),
      ),
    [vm],
  );
  const subjects = [`vm/${vm.id}`, ...new Set(vm.devices.flatMap((d) => d.parts.map((part) => `gpu/${part.gpu}`)))];
  const first = list.filter((a) => FIRST.includes(a.key)).slice(0, 1);
  const why = vm.ours ? may.why : t.vm.othersWhy;
  return (
    <>
      <PageHead
        title={vm.name}
        labels={
          <>
            <VmState state={vm.state} />
            {!vm.ours && (
              <Label isCompact variant="outline">
                {t.vm.others}
              </Label>
            )}
          </>
        }
        subtitle={`${t.vm.vcpuCount(vm.vcpus)} · ${mib(vm.memory_mib)}`}
        trail={[{ to: '/vms', name: t.vm.title }]}
        actions={
          <>
            {!vm.ours && (
              <ActionButton why={may.why} onClick={() => setAdopting(true)}>
                {t.adopt.manage}
              </ActionButton>
            )}
            {vm.ours &&
              first.map((a) => (
                <ActionButton key={a.key} why={a.why} onClick={a.run}>
                  {a.name}
                </ActionButton>
              ))}
            {vm.ours && (
              <ActionButton variant="secondary" why={why} onClick={() => setChanging(true)}>
                {t.vm.changeGpu}
              </ActionButton>
            )}
            {vm.ours && <MoreActions actions={list.filter((a) => !first.includes(a))} />}
          </>
        }
        tabs={{ names: t.vm.tabs, active: tab, path: (key) => vmPath(vm.id, key === 'summary' ? '' : `/${key}`) }}
      />
      <PageSection hasBodyWrapper={false} id="page-body" className="fct-stack">
        <Notices vm={vm} explain={explain} apply={apply} />
        {tab === 'summary' && <Summary vm={vm} onChangeGpu={may.allowed ? () => setChanging(true) : undefined} />}
        {tab === 'hardware' && !vm.ours && <ForeignHardware vm={vm} />}
        {tab === 'hardware' && vm.ours && <HardwareTab vm={vm} onChangeGpu={() => setChanging(true)} />}
        {tab === 'snapshots' && <SnapshotsTab vm={vm} />}
        {tab === 'guest' && <GuestTab vm={vm} />}
        {tab === 'console' && (
          <Suspense fallback={<Waiting lines={1} height="24rem" />}>
            <ConsoleTab vm={vm} />
          </Suspense>
        )}
        {tab === 'metrics' && (
          <Card isCompact>
            <CardBody>
              <LoadCharts charts={charts} group={vm.id} subjects={subjects} />
            </CardBody>
          </Card>
        )}
        {tab === 'events' && <SubjectEvents id={vm.id} empty={t.vm.noEvents} />}
      </PageSection>
      {adopting && <Adopt vm={vm} onClose={() => setAdopting(false)} />}
      {changing && <ChangeGpu vm={vm} onClose={() => setChanging(false)} />}
      {dialogs}
    </>
  );
}

export default function VmPage() {
  const { id = '', tab = 'summary' } = useParams();
  const vm = useVm(id);
  return (
    <Loaded
      query={vm}
      list={LIST}
      waiting={
        <PageSection>
          <Waiting lines={3} height="6rem" />
        </PageSection>
      }
    >
      {(data) => <VmView vm={data} tab={tab} />}
    </Loaded>
  );
}
