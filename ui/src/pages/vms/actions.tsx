// SPDX-License-Identifier: Apache-2.0
// What can be done with a VM: the same in the list and on its page.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { deleteVm, startVm, stopVm } from '@/api/actions';
import type { Task, Vm } from '@/api/types';
import { useMay } from '@/lib/may';
import { t } from '@/strings';
import { Confirm } from '@/widgets/Confirm';
import { useTaskDrawer } from '@/widgets/TaskDrawer';
import type { Action } from '@/widgets/MoreActions';
import { useTell } from '@/widgets/Toasts';
import { WhyModal } from './WhyModal';

export interface VmAction extends Action {
  key: 'start' | 'stop' | 'force' | 'delete';
}

interface VmActions {
  list: VmAction[];
  /** Opens "Why can't this VM start?". */
  explain: () => void;
  dialogs: ReactNode;
}

type Dialog = 'force' | 'delete' | 'why' | null;

export function useVmActions(vm: Vm, onDeleted?: () => void): VmActions {
  const client = useQueryClient();
  const tell = useTell();
  const drawer = useTaskDrawer();
  const power = useMay('vm.power');
  const write = useMay('vm.write');
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const begun = (task: Task) => {
    client.setQueryData<Task[]>(['task'], (list) => [task, ...(list ?? []).filter((old) => old.id !== task.id)]);
    drawer.setOpen(true);
  };
  const start = useMutation({
    mutationFn: () => startVm(vm.id),
    onSuccess: begun,
    onError: (error) => (vm.blocked.length > 0 ? setDialog('why') : tell.bad(error)),
  });
  const stop = useMutation({ mutationFn: () => stopVm(vm.id, false), onSuccess: begun, onError: tell.bad });
  const foreign = vm.ours ? '' : t.vm.othersWhy;
  const off = vm.state === 'off' || vm.state === 'crashed';
  const list: VmAction[] = [
    off
      ? { key: 'start', name: t.vm.start, why: foreign || power.why || vm.blocked[0]?.sentence || '', danger: false, run: () => start.mutate() }
      : { key: 'stop', name: t.vm.stop, why: foreign || power.why, danger: false, run: () => stop.mutate() },
    ...(off ? [] : [{ key: 'force' as const, name: t.vm.forceOff, why: foreign || power.why, danger: true, run: () => setDialog('force') }]),
    { key: 'delete', name: t.vm.delete, why: foreign || write.why || (off ? '' : t.vm.stopFirst), danger: true, run: () => setDialog('delete') },
  ];
  const dialogs = (
    <>
      {dialog === 'why' && <WhyModal vm={vm} onClose={close} />}
      {dialog === 'force' && (
        <Confirm title={t.vm.forceTitle(vm.name)} text={t.vm.forceText} button={t.vm.forceOff} action={() => stopVm(vm.id, true).then(begun)} onDone={close} onClose={close} />
      )}
      {dialog === 'delete' && (
        <Confirm
          title={t.vm.deleteTitle(vm.name)}
          text={t.vm.deleteText}
          button={t.vm.delete}
          action={() => deleteVm(vm.id, vm.revision).then(begun)}
          onClose={close}
          onDone={() => {
            close();
            onDeleted?.();
          }}
        />
      )}
    </>
  );
  return { list, explain: () => setDialog('why'), dialogs };
}
