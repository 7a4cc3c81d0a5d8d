// SPDX-License-Identifier: Apache-2.0
// The guest's serial line in the browser: bytes both ways over a WebSocket.
import '@xterm/xterm/css/xterm.css';
import { Button, Label } from '@patternfly/react-core';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef, useState } from 'react';
import { socketUrl } from '@/api/client';
import { t } from '@/strings';

type Link = 'connecting' | 'open' | 'closed';

function attach(box: HTMLElement, id: string, force: boolean, onLink: (link: Link) => void): () => void {
  const terminal = new Terminal({ cursorBlink: false, fontSize: 14, scrollback: 5000, screenReaderMode: true });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(box);
  fit.fit();
  const socket = new WebSocket(socketUrl(`/vms/${encodeURIComponent(id)}/console/serial${force ? '?force=true' : ''}`));
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    onLink('open');
    terminal.focus();
  };
  socket.onmessage = (message) => terminal.write(typeof message.data === 'string' ? message.data : new Uint8Array(message.data as ArrayBuffer));
  socket.onclose = () => onLink('closed');
  const encoder = new TextEncoder();
  terminal.onData((text) => socket.readyState === WebSocket.OPEN && socket.send(encoder.encode(text)));
  const watcher = new ResizeObserver(() => fit.fit());
  watcher.observe(box);
  return () => {
    watcher.disconnect();
    socket.onclose = null;
    socket.close();
    terminal.dispose();
  };
}

export default function SerialConsole({ id, name }: { id: string; name: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [link, setLink] = useState<Link>('connecting');
  const [round, setRound] = useState({ n: 0, force: false });
  useEffect(() => {
    if (!box.current) return undefined;
    setLink('connecting');
    return attach(box.current, id, round.force, setLink);
  }, [id, round]);
  const again = (force: boolean) => setRound(({ n }) => ({ n: n + 1, force }));
  return (
    <div className="fct-stack">
      <div className="fct-row" role="status">
        {link === 'connecting' && <Label isCompact>{t.vm.consoleConnecting}</Label>}
        {link === 'open' && <Label isCompact status="success">{t.vm.consoleOpen}</Label>}
        {link === 'closed' && (
          <>
            <Label isCompact status="warning">{t.vm.consoleClosed}</Label>
            <Button variant="link" isInline onClick={() => again(false)}>{t.vm.reconnect}</Button>
            <Button variant="link" isInline onClick={() => again(true)}>{t.vm.takeOver}</Button>
            <span className="fct-subtle fct-small">{t.vm.takeOverText}</span>
          </>
        )}
      </div>
      <div ref={box} className="fct-console" role="group" aria-label={t.vm.serialLabel(name)} />
    </div>
  );
}
