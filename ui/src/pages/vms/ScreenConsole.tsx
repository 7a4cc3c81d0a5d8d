// SPDX-License-Identifier: Apache-2.0
// The guest's screen in the browser: RFB over a WebSocket.
import { Button, Label } from '@patternfly/react-core';
import RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'react';
import { socketUrl } from '@/api/client';
import { t } from '@/strings';

type Link = 'connecting' | 'open' | 'closed';

export default function ScreenConsole({ id, name }: { id: string; name: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [link, setLink] = useState<Link>('connecting');
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!box.current) return undefined;
    setLink('connecting');
    const rfb = new RFB(box.current, socketUrl(`/vms/${encodeURIComponent(id)}/console/vnc`));
    rfb.scaleViewport = true;
    rfb.background = 'transparent';
    rfb.addEventListener('connect', () => setLink('open'));
    rfb.addEventListener('disconnect', () => setLink('closed'));
    return () => rfb.disconnect();
  }, [id, round]);
  return (
    <div className="fct-stack">
      <div className="fct-row" role="status">
        {link === 'connecting' && <Label isCompact>{t.vm.consoleConnecting}</Label>}
        {link === 'open' && <Label isCompact status="success">{t.vm.consoleOpen}</Label>}
        {link === 'closed' && <><Label isCompact status="warning">{t.vm.consoleClosed}</Label><Button variant="link" isInline onClick={() => setRound((n) => n + 1)}>{t.vm.reconnect}</Button></>}
      </div>
      <div ref={box} className="fct-console" role="group" aria-label={t.vm.screenLabel(name)} />
    </div>
  );
}
