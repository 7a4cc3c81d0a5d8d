// SPDX-License-Identifier: Apache-2.0
// One disk at a time, from the choice of a file to the volume that is ready. It ends with the page that began it.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { beginVolume } from '@/api/actions';
import { call } from '@/api/client';
import type { Volume } from '@/api/types';
import { sendVolume } from '@/api/upload';
import { bytes } from '@/lib/format';
import { t } from '@/strings';
import { useTell } from '@/widgets/Toasts';
import type { Sending } from './useUpload';

/** A new volume, or one whose upload was begun. */
export type Target = { pool: string; name: string; format: 'qcow2' | 'raw' } | { begun: Volume };

async function startOf(target: Target, file: File, signal: AbortSignal): Promise<Volume> {
  if (!('begun' in target)) return beginVolume(target.pool, target.name, target.format, file.size);
  const { begun } = target;
  if (begun.upload?.size_bytes !== file.size) throw new Error(t.volumes.otherSize(begun.name, bytes(begun.upload?.size_bytes)));
  return call<Volume>(`/volumes/${encodeURIComponent(begun.id)}`, { signal });
}

export function useVolumeUpload() {
  const client = useQueryClient();
  const tell = useTell();
  const abort = useRef<AbortController | null>(null);
  const [sending, setSending] = useState<Sending | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => () => abort.current?.abort(), []);

  async function run(file: File, target: Target, signal: AbortSignal): Promise<void> {
    if (file.size === 0) throw new Error(t.volumes.emptyFile);
    const start = await startOf(target, file, signal);
    const from = start.upload?.received_bytes ?? 0;
    const show = (sent: number) => setSending({ id: start.id, sent, size: file.size });
    show(from);
    const done = await sendVolume(start.id, file, from, show, signal);
    if (done.upload === null) tell.good(t.volumes.done(done.name));
  }

  async function begin(file: File, target: Target): Promise<void> {
    const control = new AbortController();
    abort.current = control;
    setError(null);
    try {
      await run(file, target, control.signal);
    } catch (fault) {
      if (!control.signal.aborted) setError(fault);
    }
    abort.current = null;
    setSending(null);
    await Promise.all(['volume', 'pool'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
  }

  return { sending, error, begin: (file: File, target: Target) => void begin(file, target), stop: () => abort.current?.abort() };
}
