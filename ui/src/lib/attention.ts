// SPDX-License-Identifier: Apache-2.0
// What needs a person now, worst first, from what the page knows anyway. Alarms with memory come with monitoring.
import type { Gpu, Node, Pool, Vm, VmList } from '@/contract/types';
import { t } from '@/strings';

export interface Attention {
  key: string;
  severity: 'danger' | 'warning' | 'info';
  title: string;
  text: string;
  to: string;
}

const RANK = { danger: 0, warning: 1, info: 2 } as const;

function ofGpu(gpu: Gpu): Attention[] {
  const found: Attention[] = [];
  const to = `/gpus/cards/${gpu.id}`;
  const name = t.gpu.title(gpu.index);
  if (gpu.state === 'lost' || gpu.state === 'wedged') {
    found.push({ key: `state-${gpu.id}`, severity: 'danger', title: t.attention.gpuState(name, gpu.state), text: gpu.state_reason, to });
  }
  if (gpu.state === 'released') {
    found.push({ key: `released-${gpu.id}`, severity: 'info', title: `${name}: ${t.gpu.wholeReleased}`, text: gpu.state_reason, to });
  }
  if (gpu.drift && gpu.drift.length > 0) {
    found.push({ key: `drift-${gpu.id}`, severity: 'warning', title: t.attention.drift(name), text: gpu.drift.join(' '), to });
  }
  if (gpu.state === 'ok' && gpu.mig.pending !== gpu.mig.current) {
    found.push({
      key: `pending-${gpu.id}`,
      severity: 'warning',
      title: t.attention.pending(name),
      text: t.gpu.pendingText(gpu.mig.pending),
      to,
    });
  }
  if (gpu.holders_unknown)
    found.push({ key: `holders-${gpu.id}`, severity: 'warning', title: t.attention.holders(name), text: gpu.holders_unknown, to });
  return found;
}

function ofVm(vm: Vm): Attention[] {
  if (vm.state === 'crashed') {
    return [{ key: `vm-${vm.id}`, severity: 'danger', title: t.attention.crashed(vm.name), text: '', to: `/vms/${vm.id}` }];
  }
  if (vm.state_detail) {
    return [{ key: `vm-${vm.id}`, severity: 'danger', title: t.attention.stopped(vm.name), text: vm.state_detail, to: `/vms/${vm.id}` }];
  }
  const first = vm.blocked[0];
  if (!first) return [];
  return [{ key: `vm-${vm.id}`, severity: 'warning', title: t.attention.blocked(vm.name), text: first.sentence, to: `/vms/${vm.id}` }];
}

function ofNode(node: Node): Attention[] {
  const found: Attention[] = [];
  const to = '/nodes';
  if (node.helper === 'down')
    found.push({ key: 'helper', severity: 'danger', title: t.attention.helper, text: t.attention.helperText, to });
  if (node.nvml_problem) found.push({ key: 'nvml', severity: 'warning', title: t.attention.nvml, text: node.nvml_problem, to });
  if (node.virt.state === 'down') found.push({ key: 'virt', severity: 'danger', title: t.attention.virt, text: t.attention.virtText, to });
  return found;
}

function ofPool({ id, warning }: Pool): Attention[] {
  if (!warning) return [];
  return [
    {
      key: `pool-${id}`,
      severity: warning.severity === 'error' ? 'danger' : 'warning',
      title: t.pools.runsFull(id),
      text: warning.sentence,
      to: `/storage/pools/${encodeURIComponent(id)}`,
    },
  ];
}

/** Of many VMs the page holds the first few that need a look; the rest is a line with the way there. */
function ofVms(page: VmList): Attention[] {
  const found = page.items.flatMap(ofVm);
  const more = page.counts.crashed + page.counts.blocked - found.length;
  if (more > 0 && page.items.length < page.total) {
    found.push({ key: 'vms', severity: 'warning', title: t.attention.moreVms(more), text: '', to: '/vms?state=crashed,blocked' });
  }
  return found;
}

/** @vms: in the order of attention. */
export function attention(nodes: readonly Node[], gpus: readonly Gpu[], vms: VmList | undefined, pools: readonly Pool[] = []): Attention[] {
  return [...nodes.flatMap(ofNode), ...gpus.flatMap(ofGpu), ...(vms ? ofVms(vms) : []), ...pools.flatMap(ofPool)].sort(
    (a, b) => RANK[a.severity] - RANK[b.severity],
  );
}
