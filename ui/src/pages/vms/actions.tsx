// SPDX-License-Identifier: Apache-2.0
// What can be done with a VM: the same in the list and on its page.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { continueVm, dropSavedVm, pauseVm, rebootVm, releaseVm, resumeVm, startVm, stopVm } from '@/api/actions';
import { useMay } from '@/api/may';
import type { Task, Vm } from '@/contract/types';
import { t } from '@/strings';
import { Confirm } from '@/widgets/Confirm';
import type { Action } from '@/widgets/MoreActions';
import { useBegun } from '@/widgets/TaskDrawer';
import { useTell } from '@/widgets/Toasts';
import { ApplyRestart } from './ApplyRestart';
import { DeleteVm } from './DeleteVm';
import { SaveAsTemplate } from './SaveAsTemplate';
import { CloneForm } from './snapshots/CloneForm';
import { WhyModal } from './WhyModal';

export interface VmAction extends Action {
  key:
    | 'start'
    | 'stop'
    | 'reboot'
    | 'reset'
    | 'pause'
    | 'resume'
    | 'continue'
    | 'dropSaved'
    | 'force'
    | 'clone'
    | 'template'
    | 'release'
    | 'delete';
}

interface VmActions {
  list: VmAction[];
  /** Opens "Why can't this VM start?". */
  explain: () => void;
  /** Asks, then shuts down and starts again with what waits for the next start. */
  apply: () => void;
  dialogs: ReactNode;
}

type Dialog = 'clone' | 'reset' | 'force' | 'dropSaved' | 'template' | 'release' | 'delete' | 'why' | 'apply' | null;

type Power = 'start' | 'stop' | 'reboot' | 'reset' | 'pause' | 'resume' | 'continue' | 'dropSaved' | 'force';

function powerActions(vm: Vm, why: string, does: Record<Power, () => void>): VmAction[] {
  const act = (key: Power, name: string, reason = '', danger = false): VmAction => ({
    key,
    name,
    why: why || reason,
    danger,
    run: does[key],
  });
  if (vm.state === 'off' || vm.state === 'crashed') {
    const start = act('start', t.vm.start, vm.blocked[0]?.sentence);
    const saved = vm.blocked.some((verdict) => verdict.code === 'saved');
    return saved ? [act('continue', t.vm.continue), start, act('dropSaved', t.vm.dropSaved, '', true)] : [start];
  }
  const paused = vm.state === 'paused';
  return [
    paused ? act('resume', t.vm.resume) : act('stop', t.vm.stop),
    act('reboot', t.vm.reboot, paused ? t.vm.resumeFirst : ''),
    ...(paused ? [act('stop', t.vm.stop, t.vm.resumeFirst)] : [act('pause', t.vm.pause, vm.state === 'running' ? '' : t.vm.notRunning)]),
    act('reset', t.vm.reset, paused ? t.vm.resumeFirst : '', true),
    act('force', t.vm.forceOff, '', true),
  ];
}

export function useVmActions(vm: Vm, onDeleted?: () => void): VmActions {
  const client = useQueryClient();
  const tell = useTell();
  const begun = useBegun();
  const power = useMay('vm.power');
  const write = useMay('vm.write');
  const templates = useMay('template.write');
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const start = useMutation({
    mutationFn: () => startVm(vm.id),
    onSuccess: begun,
    onError: (error) => (vm.blocked.length > 0 ? setDialog('why') : tell.bad(error)),
  });
  const run = useMutation({ mutationFn: (act: () => Promise<Task>) => act(), onSuccess: begun, onError: tell.bad });
  const foreign = vm.ours ? '' : t.vm.othersWhy;
  const off = vm.state === 'off' || vm.state === 'crashed';
  const list: VmAction[] = [
    ...powerActions(vm, foreign || power.why, {
      start: () => start.mutate(),
      stop: () => run.mutate(() => stopVm(vm.id, false)),
      reboot: () => run.mutate(() => rebootVm(vm.id, false)),
      reset: () => setDialog('reset'),
      pause: () => run.mutate(() => pauseVm(vm.id)),
      resume: () => run.mutate(() => resumeVm(vm.id)),
      continue: () => run.mutate(() => continueVm(vm.id)),
      dropSaved: () => setDialog('dropSaved'),
      force: () => setDialog('force'),
    }),
    { key: 'clone', name: t.snapshot.clone, why: foreign || write.why, danger: false, run: () => setDialog('clone') },
    { key: 'template', name: t.templates.saveAs, why: foreign || templates.why, danger: false, run: () => setDialog('template') },
    { key: 'release', name: t.adopt.release, why: foreign || write.why, danger: true, run: () => setDialog('release') },
    {
      key: 'delete',
      name: t.vm.delete,
      why: foreign || write.why || (off ? '' : t.vm.stopFirst),
      danger: true,
      run: () => setDialog('delete'),
    },
  ];
  const dialogs = (
    <>
      {dialog === 'why' && <WhyModal vm={vm} onClose={close} />}
      {dialog === 'clone' && <CloneForm vm={vm} onClose={close} />}
      {dialog === 'reset' && (
        <Confirm
          title={t.vm.resetTitle(vm.name)}
          text={t.vm.resetText}
          button={t.vm.reset}
          action={() => rebootVm(vm.id, true).then(begun)}
          onDone={close}
          onClose={close}
        />
      )}
      {dialog === 'force' && (
        <Confirm
          title={t.vm.forceTitle(vm.name)}
          text={t.vm.forceText}
          button={t.vm.forceOff}
          action={() => stopVm(vm.id, true).then(begun)}
          onDone={close}
          onClose={close}
        />
      )}
      {dialog === 'dropSaved' && (
        <Confirm
          title={t.vm.dropSavedTitle(vm.name)}
          text={t.vm.dropSavedText}
          button={t.vm.dropSaved}
          action={() => dropSavedVm(vm.id)}
          onClose={close}
          onDone={() => {
            void client.invalidateQueries({ queryKey: ['vm'] });
            void client.invalidateQueries({ queryKey: ['vms'] });
            close();
          }}
        />
      )}
      {dialog === 'template' && <SaveAsTemplate vm={vm} onClose={close} />}
      {dialog === 'release' && (
        <Confirm
          title={t.adopt.releaseTitle(vm.name)}
          text={t.adopt.releaseText}
          button={t.adopt.release}
          action={() =>
            releaseVm(vm.id).then(({ sentence, lost }) => tell.good(t.adopt.released(vm.name), t.adopt.releasedHow(sentence, lost)))
          }
          onClose={close}
          onDone={() => {
            void client.invalidateQueries({ queryKey: ['vm'] });
            void client.invalidateQueries({ queryKey: ['vms'] });
            close();
          }}
        />
      )}
      {dialog === 'apply' && <ApplyRestart vm={vm} onClose={close} />}
      {dialog === 'delete' && (
        <DeleteVm
          vm={vm}
          onClose={close}
          onBegun={(task) => {
            begun(task);
            close();
            onDeleted?.();
          }}
        />
      )}
    </>
  );
  return { list, explain: () => setDialog('why'), apply: () => setDialog('apply'), dialogs };
}
