// SPDX-License-Identifier: Apache-2.0
// What the VM is made of. Each edit says before it is saved whether it takes effect now or at the next start.
import type { Vm } from '@/contract/types';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { DevicesTab } from '../DevicesTab';
import { CdSection } from './CdSection';
import { DiskSection } from './DiskSection';
import { NicSection } from './NicSection';
import { Section, useBarred } from './parts';
import { SizeSection } from './SizeSection';
import { StartSection } from './StartSection';

export function HardwareTab({ vm, onChangeGpu }: { vm: Vm; onChangeGpu: () => void }) {
  const why = useBarred(vm);
  return (
    <>
      <SizeSection vm={vm} />
      <DiskSection vm={vm} />
      <CdSection vm={vm} />
      <NicSection vm={vm} />
      <Section
        title={t.hardware.gpu}
        actions={
          <ActionButton variant="link" isInline why={why} onClick={onChangeGpu}>
            {t.vm.changeGpu}
          </ActionButton>
        }
      >
        {vm.devices.length === 0 ? (
          <span className="fct-subtle">{t.vm.noDevicesText}</span>
        ) : (
          <div className="fct-stack">
            <DevicesTab vm={vm} />
          </div>
        )}
      </Section>
      <StartSection vm={vm} />
    </>
  );
}
