// SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import type { Vm } from '@/contract/types';
import { mib } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Facts } from '@/widgets/Facts';
import { NumberField, problemAt, SelectField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { MEMORY_GIB, useSizeLimits, VCPUS } from '@/widgets/vm-form/limits';
import { Section, useBarred, usePatch, whenText } from './parts';

const words = t.hardware;
const OSES = ['linux', 'windows', 'other'] as const;

function SizeForm({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const [vcpus, setVcpus] = useState(vm.vcpus);
  const [gib, setGib] = useState(vm.memory_mib / 1024);
  const [os, setOs] = useState<string>(vm.os);
  const limits = useSizeLimits();
  const save = usePatch(vm, () => ({ vcpus, memory_mib: Math.round(gib * 1024), os: OSES.find((one) => one === os) ?? vm.os }), onClose);
  return (
    <FormDialog
      title={words.editOf(words.size.toLowerCase())}
      about={whenText(vm)}
      button={t.app.save}
      save={save}
      fields={['vcpus', 'memory_mib', 'os']}
      onClose={onClose}
    >
      <NumberField
        id="hw-vcpus"
        label={words.vcpus}
        value={vcpus}
        {...VCPUS}
        onChange={setVcpus}
        hint={limits.vcpus(vcpus).hint}
        problem={limits.vcpus(vcpus).problem || problemAt(save.error, 'vcpus')}
      />
      <NumberField
        id="hw-memory"
        label={words.memoryGib}
        value={gib}
        {...MEMORY_GIB}
        onChange={setGib}
        problem={limits.memory(gib * 1024).problem || problemAt(save.error, 'memory_mib')}
      />
      <SelectField
        id="hw-os"
        label={words.os}
        hint={words.osHint}
        value={os}
        onChange={setOs}
        options={OSES.map((value) => ({ value, name: words.oses[value] }))}
        problem={problemAt(save.error, 'os')}
      />
    </FormDialog>
  );
}

export function SizeSection({ vm }: { vm: Vm }) {
  const why = useBarred(vm);
  const [editing, setEditing] = useState(false);
  return (
    <Section
      title={words.size}
      actions={
        <ActionButton
          variant="link"
          isInline
          why={why}
          aria-label={words.editOf(words.size.toLowerCase())}
          onClick={() => setEditing(true)}
        >
          {words.edit}
        </ActionButton>
      }
    >
      <Facts
        facts={[
          [words.vcpus, String(vm.vcpus)],
          [words.memory, mib(vm.memory_mib)],
          [words.os, words.oses[vm.os]],
        ]}
      />
      {editing && <SizeForm vm={vm} onClose={() => setEditing(false)} />}
    </Section>
  );
}
