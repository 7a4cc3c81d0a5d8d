// SPDX-License-Identifier: Apache-2.0
// Waiting for what the event stream brings: everything is read from the caches that it keeps true.
import type { QueryClient } from '@tanstack/react-query';
import type { Task } from '@/contract/types';
import { isRunning } from '@/lib/tasks';

/** What went wrong is on the screen already: a stale plan, a refusal, a task that failed. */
export class ShownError extends Error {}

/** @look's answer once it has one, asked again whenever a cache changes; an error with @late's text when it takes longer. */
export function until<T>(
  client: QueryClient,
  signal: AbortSignal,
  look: () => T | undefined,
  late?: { ms: number; text: string },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      stop();
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      settle();
    };
    const leave = () => end(() => reject(new ShownError()));
    const check = () => {
      const found = look();
      if (found !== undefined) end(() => resolve(found));
    };
    const stop = client.getQueryCache().subscribe(check);
    const timer = late && setTimeout(() => end(() => reject(new Error(late.text))), late.ms);
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    else check();
  });
}

/** The task when it has ended. Someone must be showing it, so that it is loaded again after a reconnect. */
export function taskEnd(client: QueryClient, id: string, signal: AbortSignal): Promise<Task> {
  return until(client, signal, () => {
    const one = client.getQueryData<Task>(['task', id]);
    const listed = client.getQueryData<Task[]>(['task'])?.find((task) => task.id === id);
    return [one, listed].find((task) => task && !isRunning(task));
  });
}
