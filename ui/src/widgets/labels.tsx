// SPDX-License-Identifier: Apache-2.0
// States as labels: a word, a colour and an icon, so that no meaning hangs on colour alone.
import { Label, type LabelProps } from '@patternfly/react-core';
import type { AuditEntry, FacetEvent, Gpu, Part, Task, Vm } from '@/contract/types';
import { t } from '@/strings';

type Status = NonNullable<LabelProps['status']>;
type Look = { status?: Status; color?: LabelProps['color']; variant?: LabelProps['variant'] };

const show = (text: string, look: Look) => (
  <Label isCompact {...look}>
    {text}
  </Label>
);

const VM: Record<Vm['state'], Look> = {
  running: { status: 'success' },
  off: { color: 'grey' },
  paused: { color: 'blue' },
  stopping: { status: 'info' },
  crashed: { status: 'danger' },
  unknown: { status: 'warning' },
};
const TASK: Record<Task['state'], Look> = {
  queued: { color: 'grey' },
  running: { status: 'info' },
  done: { status: 'success' },
  failed: { status: 'danger' },
  undone: { status: 'warning' },
  cancelled: { color: 'grey' },
};
const PART: Record<Part['state'], Look> = {
  free: { variant: 'outline' },
  reserved: { color: 'blue' },
  'in-use': { status: 'success' },
  releasing: { status: 'info' },
  unavailable: { status: 'warning' },
};
const SEVERITY: Record<FacetEvent['severity'], Look> = {
  info: { color: 'grey' },
  warning: { status: 'warning' },
  error: { status: 'danger' },
};
const OUTCOME: Record<AuditEntry['outcome'], Look> = {
  allowed: { color: 'grey' },
  denied: { status: 'warning' },
  failed: { status: 'danger' },
};

export const VmState = ({ state }: { state: Vm['state'] }) => show(t.vm.states[state], VM[state]);
export const TaskState = ({ state }: { state: Task['state'] }) => show(t.tasks.states[state], TASK[state]);
export const PartState = ({ state }: { state: Part['state'] }) => show(t.groups.states[state], PART[state]);
export const Severity = ({ severity }: { severity: FacetEvent['severity'] }) => show(t.activity.severities[severity], SEVERITY[severity]);
export const Outcome = ({ outcome }: { outcome: AuditEntry['outcome'] }) => show(t.activity.outcomes[outcome], OUTCOME[outcome]);

/** Mode when all is well, else what is wrong: one label a card. */
export function GpuLabel({ gpu }: { gpu: Gpu }) {
  if (gpu.state === 'lost' || gpu.state === 'wedged') return show(t.gpu.states[gpu.state], { status: 'danger' });
  if (gpu.state === 'released') return show(t.gpu.states.released, { color: 'orange' });
  if (gpu.state === 'unmanaged') return show(t.gpu.states.unmanaged, { color: 'grey' });
  return show(t.gpu.modes[gpu.mode], { color: gpu.mode === 'mig' ? 'blue' : gpu.mode === 'passthrough' ? 'purple' : 'grey' });
}
