// SPDX-License-Identifier: Apache-2.0
// Cutting a part for a VM that is being made: the preview, then the task, then the group that the part is in.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useGpus, useTask } from '@/api/queries';
import { ShownError, taskEnd } from '@/api/wait';
import type { Gpu, Task } from '@/contract/types';
import { withOneMore } from '@/lib/cuts';
import { tidy, worldOf } from '@/lib/layout';
import { t } from '@/strings';
import { useConsent, type Consent } from '@/widgets/plan/useConsent';
import { usePreview, type Preview } from '@/widgets/plan/usePreview';
import { freePart } from './cut';
import type { CutWish } from './CutChoice';

export interface Cutting {
  /** The card to be cut; undefined when none is, or when it is gone. */
  gpu: Gpu | undefined;
  wanted: boolean;
  /** "2g.20gb on GPU 0", "" when nothing is to be cut. */
  name: string;
  preview: Preview;
  consent: Consent;
  /** The work that cuts, or that did. */
  task: Task | undefined;
  ready: boolean;
  /** Applies the plan that is shown and waits for the part: the id of its group. */
  run: () => Promise<string>;
}

export function useCutting(wish: CutWish | null): Cutting {
  const client = useQueryClient();
  const gpu = useGpus().data?.find((one) => one.id === wish?.gpu);
  const [running, setRunning] = useState(false);
  const [taskId, setTaskId] = useState('');
  const task = useTask(taskId).data;
  const leave = useRef(new AbortController());
  useEffect(() => {
    const here = new AbortController();
    leave.current = here;
    return () => here.abort();
  }, []);
  // While the card is being cut it changes by our own doing: no new preview then.
  const input =
    gpu && wish && !running ? { kind: 'carve' as const, gpu: gpu.id, profiles: { ...tidy(withOneMore(gpu, wish.profile)) } } : null;
  const preview = usePreview(input, gpu ? worldOf(gpu) : '', () => null);
  const consent = useConsent(preview);
  const cut = async () => {
    if (!gpu || !wish) throw new Error(t.cuts.gone);
    const { signal } = leave.current;
    const begun = await preview.apply(consent.asks).catch(() => Promise.reject(new ShownError()));
    setTaskId(begun.id);
    setRunning(true);
    const ended = await taskEnd(client, begun.id, signal);
    if (ended.state !== 'done') {
      preview.again();
      throw new ShownError();
    }
    return (await freePart(client, gpu.name, wish.profile, signal)).id;
  };
  return {
    gpu,
    wanted: wish !== null,
    name: wish ? t.cuts.name(wish.profile, gpu ? t.gpu.title(gpu.index) : wish.gpu) : '',
    preview,
    consent,
    task,
    ready: gpu !== undefined && consent.ready,
    run: () => cut().finally(() => setRunning(false)),
  };
}
