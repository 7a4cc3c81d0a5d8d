// SPDX-License-Identifier: Apache-2.0
import type { Task } from '@/contract/types';

export const isRunning = (task: Task) => task.state === 'running' || task.state === 'queued';
