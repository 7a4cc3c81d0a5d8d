// SPDX-License-Identifier: Apache-2.0
// The guest's serial line in the browser. It has one viewer at a time: whoever comes second is asked before taking it over.
import { Button, ToolbarItem } from '@patternfly/react-core';
import { PasteIcon } from '@patternfly/react-icons';
import type { Terminal } from '@xterm/xterm';
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { socketUrl } from '@/api/client';
import { time } from '@/lib/format';
import { cleanPaste } from '@/lib/keys';
import { t } from '@/strings';
import { ConsoleFrame, fullScreen } from './ConsoleFrame';
import { Curtain } from './Curtain';
import { connect, openTerminal, type Ending } from './terminal';
import { TextDialog } from './TextDialog';
import { useViewers } from './useViewers';

const TAKEN = 4001;
const BROKE = 1006; // without a word
const RETRY_MS = 3000;
const PASTE_MAX = 64 * 1024;

/** asking: somebody else watches. */
type State = { at: 'asking' | 'connecting' | 'open' } | { at: 'closed'; ending: Ending };

interface Connection {
  state: State;
  /** It broke, and is tried again until it is back. */
  lost: boolean;
  watcher: { user: string; since_ms: number } | undefined;
  again: (force: boolean) => void;
}

function useLine(id: string, terminal: RefObject<Terminal | null>): Connection {
  const { me, others, look } = useViewers(id, 'serial');
  const [state, setState] = useState<State>({ at: 'asking' });
  const [wish, setWish] = useState<{ force: boolean } | null>(null);
  const [lost, setLost] = useState(false);
  const free = others?.length === 0;
  useEffect(() => {
    if (free && state.at === 'asking') setWish({ force: false });
  }, [free, state.at]);
  useEffect(() => {
    if (!wish || !terminal.current) return undefined;
    setState({ at: 'connecting' });
    const url = socketUrl(`/vms/${encodeURIComponent(id)}/console/serial?viewer=${me}${wish.force ? '&force=true' : ''}`);
    const open = () => {
      setLost(false);
      setState({ at: 'open' });
    };
    return connect(terminal.current, url, open, (ending) => setState({ at: 'closed', ending }));
  }, [id, me, terminal, wish]);
  useEffect(() => {
    if (state.at !== 'closed') return undefined;
    look();
    const { code, opened } = state.ending;
    if (code !== BROKE || !(opened || lost)) return undefined;
    setLost(true);
    const timer = setTimeout(() => setState({ at: 'asking' }), RETRY_MS);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each ending
  }, [state]);
  const again = (force: boolean) => {
    setLost(false);
    if (force) setWish({ force });
    else setState({ at: 'asking' });
  };
  return { state, lost, watcher: others?.[0], again };
}

function Over({ connection: { state, lost, watcher, again } }: { connection: Connection }) {
  const takeOver = { name: t.console.takeOver, run: () => again(true) };
  const reconnect = { name: t.console.reconnect, run: () => again(false) };
  const ending = state.at === 'closed' ? state.ending : null;
  if (watcher && (state.at === 'asking' || (ending && !ending.opened))) {
    return <Curtain title={t.console.watched(watcher.user, time(watcher.since_ms))} text={t.console.watchedText} acts={[takeOver]} />;
  }
  if (lost) return <Curtain title={t.console.lost} acts={[reconnect]} />;
  if (!ending) return null;
  if (!ending.opened) return <Curtain title={t.console.refused} acts={[reconnect, takeOver]} />;
  return <Curtain title={ending.reason || t.console.lost} acts={ending.code === TAKEN ? [takeOver] : [reconnect]} />;
}

const tooLong = (text: string) => (text.length > PASTE_MAX ? t.console.pasteLong : '');

export default function SerialConsole({ id, name }: { id: string; name: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal | null>(null);
  /** What to paste, and why it is shown first. */
  const [paste, setPaste] = useState<{ text: string; why: string } | null>(null);
  const send = useCallback((text: string) => {
    setPaste(null);
    terminal.current?.paste(text);
    terminal.current?.focus();
  }, []);
  // A guest that cannot tell a paste from typing runs every line of it as it comes.
  const offer = useCallback(
    (raw: string) => {
      const text = cleanPaste(raw);
      if (!text || !terminal.current) return;
      const lines = text.replace(/\r?\n$/, '').split('\n').length;
      if (tooLong(text) || (lines > 1 && !terminal.current.modes.bracketedPasteMode)) setPaste({ text, why: t.console.pasteLines(lines) });
      else send(text);
    },
    [send],
  );
  useEffect(() => {
    if (!box.current) return undefined;
    const opened = openTerminal(box.current, offer);
    terminal.current = opened.terminal;
    return opened.close;
  }, [offer]);
  const connection = useLine(id, terminal);
  const { state, lost } = connection;
  const fromClipboard = () =>
    void (navigator.clipboard?.readText?.() ?? Promise.reject(new Error())).then(offer, () =>
      setPaste({ text: '', why: t.console.pasteHere }),
    );

  return (
    <ConsoleFrame
      frame={frame}
      link={state.at === 'open' ? 'open' : state.at === 'connecting' || lost ? 'connecting' : 'closed'}
      hint={t.console.serialHint}
      buttons={
        <ToolbarItem>
          <Button variant="secondary" size="sm" icon={<PasteIcon />} isDisabled={state.at !== 'open'} onClick={fromClipboard}>
            {t.console.paste}
          </Button>
        </ToolbarItem>
      }
    >
      <div ref={box} className="fct-console__box" role="group" aria-label={t.console.serialLabel(name)} />
      <Over connection={connection} />
      {paste && (
        <TextDialog
          title={t.console.pasteTitle}
          about={paste.why}
          label={t.console.pasteLabel}
          button={t.console.send}
          text={paste.text}
          check={tooLong}
          into={fullScreen()}
          onSend={(text) => send(cleanPaste(text))}
          onClose={() => setPaste(null)}
        />
      )}
    </ConsoleFrame>
  );
}
