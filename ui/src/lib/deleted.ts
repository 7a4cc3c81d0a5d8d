// SPDX-License-Identifier: Apache-2.0
import type { Task } from '@/contract/types';

/** Whether one of @tasks deleted this VM. Ids are never given again, and what tells of a VM is older than its end. */
export const isDeletedVm = (tasks: readonly Task[], id: string) =>
  tasks.some(({ kind, state, subject }) => kind === 'vm.delete' && state === 'done' && subject.id === id);
