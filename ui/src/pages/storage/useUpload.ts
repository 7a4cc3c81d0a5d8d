// SPDX-License-Identifier: Apache-2.0
// One upload at a time, from the choice of a file to its being ready. It ends with the page that began it.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { createFile } from '@/api/actions';
import { call } from '@/api/client';
import type { LibraryFile } from '@/api/types';
import { sendFile } from '@/api/upload';
import { bytes } from '@/lib/format';
import { t } from '@/strings';
import { useTell } from '@/widgets/Toasts';

export interface Sending {
  id: string;
  sent: number;
  size: number;
}

export function useUpload() {
  const client = useQueryClient();
  const tell = useTell();
  const abort = useRef<AbortController | null>(null);
  const [sending, setSending] = useState<Sending | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => () => abort.current?.abort(), []);

  async function run(file: File, begun: LibraryFile | null, signal: AbortSignal): Promise<void> {
    if (file.size === 0) throw new Error(t.files.empty);
    if (begun && begun.size_bytes !== file.size) throw new Error(t.files.otherSize(begun.name, bytes(begun.size_bytes)));
    const start = begun ? await call<LibraryFile>(`/files/${encodeURIComponent(begun.id)}`, { signal }) : await createFile(file.name, file.size);
    const show = (sent: number) => setSending({ id: start.id, sent, size: file.size });
    show(start.received_bytes);
    const done = await sendFile(start.id, file, start.received_bytes, show, signal);
    if (done.state === 'ready') tell.good(t.files.done(done.name));
  }

  async function begin(file: File, begun: LibraryFile | null): Promise<void> {
    const control = new AbortController();
    abort.current = control;
    setError(null);
    try {
      await run(file, begun, control.signal);
    } catch (fault) {
      if (!control.signal.aborted) setError(fault);
    }
    abort.current = null;
    setSending(null);
    await Promise.all(['file', 'image'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
  }

  return { sending, error, begin: (file: File, begun: LibraryFile | null) => void begin(file, begun), stop: () => abort.current?.abort() };
}
