// SPDX-License-Identifier: Apache-2.0
import { Alert, Checkbox } from '@patternfly/react-core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { cloneVm } from '@/api/actions';
import { useSnapshots } from '@/api/queries';
import * as limits from '@/contract/limits.generated';
import type { Vm } from '@/contract/types';
import { t } from '@/strings';
import { problemAt, SelectField, TextField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { useBegun } from '@/widgets/TaskDrawer';
import { isOff } from '../hardware/parts';

export function CloneForm({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const begun = useBegun();
  const off = isOff(vm);
  const shown = (useSnapshots(vm.id).data?.items ?? []).filter((one) => !one.deleted);
  const [name, setName] = useState(`${vm.name}-clone`);
  const [chosen, setChosen] = useState('');
  const [start, setStart] = useState(false);
  const from = chosen || (off ? '' : (shown[shown.length - 1]?.id ?? ''));
  const impossible = !off && from === '';
  const clone = useMutation({
    mutationFn: () => cloneVm(vm.id, { name: name.trim(), start, ...(from ? { snapshot: from } : {}) }),
    onSuccess: (task) => {
      begun(task);
      onClose();
    },
  });
  return (
    <FormDialog
      title={t.snapshot.cloneTitle(vm.name)}
      about={t.snapshot.cloneText}
      button={t.snapshot.clone}
      save={clone}
      fields={['name']}
      isDisabled={!name.trim() || impossible}
      onClose={onClose}
    >
      {impossible && <Alert variant="info" isInline title={t.snapshot.cloneRuns} component="p" />}
      <TextField
        id="clone-name"
        label={t.snapshot.name}
        value={name}
        maxLength={limits.VmInput.name.maxLength}
        isRequired
        problem={problemAt(clone.error, 'name')}
        onChange={setName}
      />
      {shown.length > 0 && (
        <SelectField
          id="clone-of"
          label={t.snapshot.cloneOf}
          value={from}
          options={[...(off ? [{ value: '', name: t.snapshot.cloneNow }] : []), ...shown.map((one) => ({ value: one.id, name: one.name }))]}
          onChange={setChosen}
        />
      )}
      <Checkbox id="clone-start" label={t.snapshot.cloneStart} isChecked={start} onChange={(_event, value) => setStart(value)} />
    </FormDialog>
  );
}
