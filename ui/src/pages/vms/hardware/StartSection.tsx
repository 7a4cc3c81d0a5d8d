// SPDX-License-Identifier: Apache-2.0
// How the VM starts: boot order, firmware, TPM, the agent's channel, and whether it starts with the host.
import { Checkbox } from '@patternfly/react-core';
import { useState } from 'react';
import * as limits from '@/contract/limits.generated';
import type { Vm } from '@/contract/types';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Facts } from '@/widgets/Facts';
import { Field, NumberField, problemAt, range } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { BootOrder } from '@/widgets/vm-form/BootOrder';
import { Section, useBarred, usePatch, whenText } from './parts';

const words = t.hardware;

function StartForm({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const [boot, setBoot] = useState(vm.boot);
  const [tpm, setTpm] = useState(vm.tpm);
  const [agent, setAgent] = useState(vm.agent);
  const save = usePatch(vm, () => ({ boot, tpm, agent }), onClose);
  return (
    <FormDialog
      title={words.editOf(words.start.toLowerCase())}
      about={whenText(vm)}
      button={t.app.save}
      save={save}
      fields={['boot', 'tpm', 'agent']}
      isDisabled={boot.length === 0}
      onClose={onClose}
    >
      <Field
        id="hw-boot"
        label={words.boot}
        hint={words.bootHint}
        problem={boot.length === 0 ? words.bootNone : problemAt(save.error, 'boot')}
      >
        <BootOrder value={boot} onChange={setBoot} />
      </Field>
      <Field id="hw-tpm" label={words.tpm} problem={problemAt(save.error, 'tpm')}>
        <Checkbox id="hw-tpm" label={words.tpmText} isChecked={tpm} onChange={(_event, on) => setTpm(on)} />
      </Field>
      <Field id="hw-agent" label={words.agent} problem={problemAt(save.error, 'agent')}>
        <Checkbox id="hw-agent" label={words.agentText} isChecked={agent} onChange={(_event, on) => setAgent(on)} />
      </Field>
    </FormDialog>
  );
}

function AutostartForm({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const [auto, setAuto] = useState(vm.autostart);
  const save = usePatch(vm, () => ({ autostart: auto }), onClose);
  return (
    <FormDialog
      title={words.autostart}
      about={words.now}
      button={t.app.save}
      save={save}
      fields={['autostart', 'order', 'delay_s']}
      onClose={onClose}
    >
      <Checkbox
        id="hw-autostart"
        label={words.autostartText}
        isChecked={auto.enabled}
        onChange={(_event, enabled) => setAuto({ ...auto, enabled })}
      />
      {auto.enabled && (
        <>
          <NumberField
            id="hw-order"
            label={words.autostartOrder}
            hint={words.autostartOrderHint}
            value={auto.order}
            {...range(limits.VmAutostartInput.order)}
            onChange={(order) => setAuto({ ...auto, order })}
            problem={problemAt(save.error, 'order')}
          />
          <NumberField
            id="hw-delay"
            label={words.autostartDelay}
            hint={words.autostartDelayHint}
            value={auto.delay_s}
            {...range(limits.VmAutostartInput.delay_s)}
            onChange={(delay_s) => setAuto({ ...auto, delay_s })}
            problem={problemAt(save.error, 'delay_s')}
          />
        </>
      )}
    </FormDialog>
  );
}

export function StartSection({ vm }: { vm: Vm }) {
  const why = useBarred(vm);
  const [form, setForm] = useState<'start' | 'autostart' | null>(null);
  const close = () => setForm(null);
  const firmware = vm.uefi === undefined ? UNKNOWN : vm.uefi ? words.uefi : words.bios;
  return (
    <Section
      title={words.start}
      actions={
        <>
          <ActionButton variant="link" isInline why={why} onClick={() => setForm('autostart')}>
            {words.autostart}
          </ActionButton>
          <ActionButton
            variant="link"
            isInline
            why={why}
            aria-label={words.editOf(words.start.toLowerCase())}
            onClick={() => setForm('start')}
          >
            {words.edit}
          </ActionButton>
        </>
      }
    >
      <Facts
        facts={[
          [words.boot, vm.boot.map((one) => words.boots[one]).join(', ') || UNKNOWN],
          [words.firmware, firmware],
          ...(vm.host_name && vm.os !== 'other' ? [[words.hostName, vm.host_name] as [string, string]] : []),
          [words.tpm, vm.tpm ? words.tpmOn : words.none],
          [words.agent, vm.agent ? words.agentOn : words.none],
          [words.autostart, vm.autostart.enabled ? words.autostartOn(vm.autostart.order, vm.autostart.delay_s) : words.autostartOff],
        ]}
      />
      {form === 'start' && <StartForm vm={vm} onClose={close} />}
      {form === 'autostart' && <AutostartForm vm={vm} onClose={close} />}
    </Section>
  );
}
