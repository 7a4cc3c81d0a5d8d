// SPDX-License-Identifier: Apache-2.0
// Changes of networks are tasks. One that restarts the network is followed in the drawer; any other takes a moment, and whoever asked
// for it waits for its end where they asked.
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { deleteNetwork, updateNetwork } from '@/api/actions';
import { ApiError } from '@/api/client';
import { useTasks } from '@/api/queries';
import { taskEnd } from '@/api/wait';
import type { Network, NetworkChange, Task } from '@/contract/types';
import { isRunning } from '@/lib/tasks';
import { t } from '@/strings';
import { useBegun } from '@/widgets/TaskDrawer';

const interrupts = (task: Task) => task.steps.length > 1;

/** Waits for a task that takes a moment; an end that is not as wished is an error. */
async function awaitEnd(client: QueryClient, task: Task): Promise<void> {
  client.setQueryData<Task[]>(['task'], (list) => [task, ...(list ?? []).filter((old) => old.id !== task.id)]);
  const end = await taskEnd(client, task.id, new AbortController().signal);
  await client.invalidateQueries({ queryKey: ['network'] });
  if (end.state !== 'done') throw new ApiError(0, end.error ?? { code: end.state, message: end.outcome, next: '', details: {} });
}

/** Deletes the network, and comes back when it is gone. */
export function useDeleteNetwork(): (network: Network, confirm: boolean) => Promise<void> {
  const client = useQueryClient();
  return async (network, confirm) => awaitEnd(client, await deleteNetwork(network.id, network.revision, confirm));
}

/** Changes the network; an end that is not as wished is an error. */
export function useChangeNetwork(): (network: Network, change: NetworkChange, confirm?: boolean) => Promise<void> {
  const client = useQueryClient();
  const begun = useBegun();
  return async (network, change, confirm = false) => {
    const task = await updateNetwork(network.id, network.revision, change, confirm);
    if (interrupts(task)) {
      begun(task);
      return;
    }
    await awaitEnd(client, task);
  };
}

/** Why the network cannot be changed now: a change of it is under way; "" when none is. */
export function useUnderWay(id: string): string {
  const tasks = useTasks().data ?? [];
  return tasks.some((task) => isRunning(task) && task.subject.kind === 'network' && task.subject.id === id) ? t.network.underWay : '';
}
