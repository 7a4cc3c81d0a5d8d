// SPDX-License-Identifier: Apache-2.0
// A VM's consoles, in the tab of its page or in a window of their own: which of the two is part of the address.
import { ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { Suspense, type ReactNode } from 'react';
import { useSearchParams } from 'react-router-dom';
import { useMay } from '@/api/may';
import type { Vm } from '@/contract/types';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import { Nothing, Waiting } from '@/widgets/feedback';

const Serial = chunk(() => import('./SerialConsole'));
const Screen = chunk(() => import('./ScreenConsole'));

/** @more: beside the choice of the two. */
export default function ConsoleView({ vm, more }: { vm: Vm; more?: (kind: string) => ReactNode }) {
  const may = useMay('vm.console');
  const [params, setParams] = useSearchParams();
  const kind = params.get('kind') ?? (vm.can_serial || !vm.can_graphics ? 'serial' : 'screen');
  if (!vm.ours) return <Nothing title={t.vm.others} text={t.console.others} />;
  if (!may.allowed) return <Nothing title={t.vm.tabs.console} text={may.why} />;
  if (vm.state === 'off' || vm.state === 'crashed') return <Nothing title={t.console.off} text={t.console.offText} />;
  const choose = (next: string) => setParams({ kind: next }, { replace: true });
  return (
    <div className="fct-stack fct-grow">
      <div className="fct-row fct-row--spread">
        <ToggleGroup isCompact aria-label={t.console.kind}>
          <ToggleGroupItem text={t.console.serial} isSelected={kind === 'serial'} onChange={() => choose('serial')} />
          <ToggleGroupItem text={t.console.graphical} isSelected={kind === 'screen'} onChange={() => choose('screen')} />
        </ToggleGroup>
        {more?.(kind)}
      </div>
      <Suspense fallback={<Waiting lines={1} height="24rem" />}>
        {kind === 'serial' && (vm.can_serial ? <Serial id={vm.id} name={vm.name} /> : <Nothing title={t.console.noSerial} />)}
        {kind === 'screen' &&
          (vm.can_graphics ? <Screen id={vm.id} name={vm.name} /> : <Nothing title={t.console.noGraphics} text={vm.graphics_why_not} />)}
      </Suspense>
    </div>
  );
}
