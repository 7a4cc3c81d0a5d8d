// SPDX-License-Identifier: Apache-2.0
import { ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { lazy, Suspense } from 'react';
import { useSearchParams } from 'react-router-dom';
import type { Vm } from '@/api/types';
import { useMay } from '@/lib/may';
import { t } from '@/strings';
import { Nothing, Waiting } from '@/widgets/feedback';

const Serial = lazy(() => import('./SerialConsole'));
const Screen = lazy(() => import('./ScreenConsole'));

export default function ConsoleTab({ vm }: { vm: Vm }) {
  const may = useMay('vm.console');
  const [params, setParams] = useSearchParams();
  const kind = params.get('kind') ?? (vm.can_serial || !vm.can_graphics ? 'serial' : 'screen');
  if (!may.allowed) return <Nothing title={t.vm.tabs.console} text={may.why} />;
  if (vm.state === 'off' || vm.state === 'crashed') return <Nothing title={t.vm.consoleOff} text={t.vm.consoleOffText} />;
  const choose = (next: string) => setParams({ kind: next }, { replace: true });
  return (
    <div className="fct-stack">
      <ToggleGroup aria-label={t.vm.tabs.console}>
        <ToggleGroupItem text={t.vm.serial} isSelected={kind === 'serial'} onChange={() => choose('serial')} />
        <ToggleGroupItem text={t.vm.graphical} isSelected={kind === 'screen'} onChange={() => choose('screen')} />
      </ToggleGroup>
      <Suspense fallback={<Waiting lines={1} height="24rem" />}>
        {kind === 'serial' && (vm.can_serial ? <Serial id={vm.id} name={vm.name} /> : <Nothing title={t.vm.noSerial} />)}
        {kind === 'screen' && (vm.can_graphics ? <Screen id={vm.id} name={vm.name} /> : <Nothing title={t.vm.noGraphics} />)}
      </Suspense>
    </div>
  );
}
