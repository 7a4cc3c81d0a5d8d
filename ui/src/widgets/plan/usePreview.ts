// SPDX-License-Identifier: Apache-2.0
// A preview that follows the wish and the card: asked again when either changes, never applied by itself.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { applyPlan, createPlan } from '@/api/actions';
import { ApiError } from '@/api/client';
import type { Plan, PlanInput, Task } from '@/contract/types';
import { useSettled } from '@/lib/debounce';
import { useTaskDrawer } from '@/widgets/TaskDrawer';

export interface Preview {
  plan: Plan | undefined;
  /** The plan shown is not the one for the present wish (yet). */
  waiting: boolean;
  error: Error | null;
  stale: boolean;
  applyError: Error | null;
  applying: boolean;
  again: () => void;
  /** Rejects with what is shown as stale or applyError. */
  apply: (confirm: boolean) => Promise<Task>;
}

/**
 * @world is the card as worldOf() tells it: a card that changes while one looks makes the preview anew. @after says where to go
 * when the plan runs; null when the caller stays and follows the task itself.
 */
export function usePreview(input: PlanInput | null, world: string, after: (task: Task) => string | null): Preview {
  const client = useQueryClient();
  const navigate = useNavigate();
  const drawer = useTaskDrawer();
  const [round, setRound] = useState(0);
  const key = JSON.stringify(input);
  const settled = useSettled(key, 250);
  const query = useQuery({
    queryKey: ['preview', settled, world, round],
    queryFn: ({ signal }) => createPlan(JSON.parse(settled) as PlanInput, signal),
    enabled: settled !== 'null',
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
    staleTime: Infinity,
  });
  const run = useMutation({
    mutationFn: (confirm: boolean) => applyPlan(query.data?.id ?? '', confirm),
    onSuccess: (task) => {
      client.setQueryData<Task[]>(['task'], (list) => [task, ...(list ?? []).filter((old) => old.id !== task.id)]);
      const path = after(task);
      if (path === null) return;
      drawer.setOpen(true);
      void navigate(path, { replace: true });
    },
  });
  const again = () => {
    run.reset();
    setRound((n) => n + 1);
    void client.invalidateQueries({ queryKey: ['gpu'] });
  };
  const stale = run.error instanceof ApiError && run.error.code === 'stale';
  return {
    plan: query.data,
    waiting: key !== settled || query.isPlaceholderData || query.isFetching,
    error: query.error,
    stale,
    applyError: stale ? null : run.error,
    applying: run.isPending,
    again,
    apply: (confirm) => run.mutateAsync(confirm),
  };
}
