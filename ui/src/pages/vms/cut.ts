// SPDX-License-Identifier: Apache-2.0
// From a plan that runs to the resource group of the part that it cut. Everything is read from the caches that the event stream
// keeps true. Leaving the page aborts: the card stays cut, and no VM is made.
import type { QueryClient } from '@tanstack/react-query';
import type { ResourceGroup, Task } from '@/api/types';
import { sameKind } from '@/lib/cuts';
import { t } from '@/strings';
import { isRunning } from '@/widgets/TaskDrawer';

const LISTED_MS = 30_000;

/** What went wrong is on the screen already: a stale plan, a refusal, a task that failed. */
export class ShownError extends Error {}

/** @look's answer once it has one, asked again whenever a cache changes. */
function until<T>(client: QueryClient, signal: AbortSignal, look: () => T | undefined, withinMs?: number): Promise<T> {
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
    const timer = withinMs === undefined ? undefined : setTimeout(() => end(() => reject(new Error(t.cuts.notListed))), withinMs);
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

/** The built-in group of parts of that kind, with one free. */
export function freePart(client: QueryClient, model: string, profile: string, signal: AbortSignal): Promise<ResourceGroup> {
  void client.invalidateQueries({ queryKey: ['group'], exact: true });
  const look = () => client.getQueryData<ResourceGroup[]>(['group'])?.find((group) => group.free > 0 && sameKind(group, model, profile));
  return until(client, signal, look, LISTED_MS);
}
