// SPDX-License-Identifier: Apache-2.0
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createTemplate } from '@/api/actions';
import * as limits from '@/contract/limits.generated';
import type { Vm } from '@/contract/types';
import { t } from '@/strings';
import { problemAt, TextField } from '@/widgets/fields';
import { FormDialog } from '@/widgets/FormDialog';
import { useTell } from '@/widgets/Toasts';

export function SaveAsTemplate({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const client = useQueryClient();
  const tell = useTell();
  const [name, setName] = useState(vm.name);
  const save = useMutation({
    mutationFn: () => createTemplate({ name: name.trim(), from_vm: vm.id }),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ['template'] });
      tell.good(t.templates.saved(made.name));
      onClose();
    },
  });
  return (
    <FormDialog
      title={t.templates.saveAsTitle(vm.name)}
      about={t.templates.saveAsText}
      button={t.templates.saveAs}
      save={save}
      fields={['name']}
      isDisabled={!name.trim()}
      onClose={onClose}
    >
      <TextField
        id="template-name"
        label={t.templates.name}
        isRequired
        maxLength={limits.TemplateInput.name.maxLength}
        value={name}
        onChange={setName}
        problem={problemAt(save.error, 'name')}
      />
    </FormDialog>
  );
}
