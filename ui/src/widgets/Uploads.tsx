// SPDX-License-Identifier: Apache-2.0
// What is being sent from this browser: one file at a time. It goes on while one looks at other pages, and ends with the window,
// which asks before it closes.
import { Button, Progress } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { bytes } from '@/lib/format';
import { t } from '@/strings';
import { useTell } from './Toasts';

type Kind = 'file' | 'volume';

export interface Sending {
  kind: Kind;
  id: string;
  name: string;
  sent: number;
  size: number;
}

export interface Job {
  kind: Kind;
  file: File;
  /** Where the bytes go, and how many are there already. */
  start: (signal: AbortSignal) => Promise<{ id: string; name: string; from: number }>;
  /** Sends the rest; true when all of it is there and was found good. */
  send: (id: string, from: number, onSent: (bytes: number) => void, signal: AbortSignal) => Promise<boolean>;
  /** Nouns of what has changed by it. */
  touches: readonly string[];
}

interface Uploads {
  sending: Sending | null;
  /** Why the last one of this kind ended early; null when it did not. */
  failed: { kind: Kind; error: unknown } | null;
  begin: (job: Job) => void;
  stop: () => void;
  /** A page that shows failures of @kind itself; the way to say that it is gone. */
  shows: (kind: Kind) => () => void;
}

const Context = createContext<Uploads>({
  sending: null,
  failed: null,
  begin: () => undefined,
  stop: () => undefined,
  shows: () => () => undefined,
});
export const useUploads = () => useContext(Context);

/** For the page of what @kind is: its failures are shown there. */
export function useUploadsOf(kind: Kind) {
  const { sending, failed, begin, stop, shows } = useUploads();
  useEffect(() => shows(kind), [shows, kind]);
  return {
    sending: sending?.kind === kind ? sending : null,
    busy: sending !== null,
    error: failed?.kind === kind ? failed.error : null,
    begin,
    stop,
  };
}

function useAskBeforeLeaving(active: boolean) {
  useEffect(() => {
    if (!active) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [active]);
}

export function Uploads({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const tell = useTell();
  const abort = useRef<AbortController | null>(null);
  const shown = useRef<Kind[]>([]);
  const [sending, setSending] = useState<Sending | null>(null);
  const [failed, setFailed] = useState<Uploads['failed']>(null);
  useEffect(() => () => abort.current?.abort(), []);
  useAskBeforeLeaving(sending !== null);

  const begin = useCallback(
    async ({ kind, file, start, send, touches }: Job) => {
      if (abort.current) return;
      const control = new AbortController();
      abort.current = control;
      setFailed(null);
      try {
        if (file.size === 0) throw new Error(t.files.empty);
        const { id, name, from } = await start(control.signal);
        const show = (sent: number) => setSending({ kind, id, name, sent, size: file.size });
        show(from);
        if (await send(id, from, show, control.signal)) tell.good(t.files.done(name));
      } catch (error) {
        if (!control.signal.aborted) {
          setFailed({ kind, error });
          if (!shown.current.includes(kind)) tell.bad(error);
        }
      }
      abort.current = null;
      setSending(null);
      await Promise.all(touches.map((noun) => client.invalidateQueries({ queryKey: [noun] })));
    },
    [client, tell],
  );
  const shows = useCallback((kind: Kind) => {
    shown.current.push(kind);
    return () => {
      shown.current.splice(shown.current.indexOf(kind), 1);
      setFailed(null);
    };
  }, []);
  const value = useMemo<Uploads>(
    () => ({ sending, failed, begin: (job) => void begin(job), stop: () => abort.current?.abort(), shows }),
    [sending, failed, begin, shows],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

/** How far it is, and the way to end it: what has come is kept. */
export function SendingView({ sending, size }: { sending: Sending; size?: 'sm' }) {
  const { stop } = useUploads();
  const all = sending.sent >= sending.size;
  const text = t.files.progress(bytes(sending.sent), bytes(sending.size));
  return (
    <div className="fct-stack">
      <Progress
        title={t.files.sending(sending.name)}
        size={size}
        value={(100 * sending.sent) / sending.size}
        label={text}
        valueText={text}
        helperText={all ? t.files.checking : t.files.stays}
      />
      {!all && (
        <div>
          <Button variant="secondary" size={size} onClick={stop}>
            {t.files.stop}
          </Button>
        </div>
      )}
    </div>
  );
}
