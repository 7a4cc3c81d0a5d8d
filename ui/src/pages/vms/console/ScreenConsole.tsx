// SPDX-License-Identifier: Apache-2.0
// The guest's screen in the browser: RFB over a WebSocket. Several may look at it, and see that they are.
import {
  Button,
  Checkbox,
  Dropdown,
  DropdownItem,
  DropdownList,
  Label,
  MenuToggle,
  Spinner,
  ToolbarItem,
  Tooltip,
} from '@patternfly/react-core';
import RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'react';
import { socketUrl } from '@/api/client';
import { keysOf } from '@/lib/keys';
import { t } from '@/strings';
import { ConsoleFrame, fullScreen, type Link } from './ConsoleFrame';
import { Curtain } from './Curtain';
import { CHORDS, ctrlAltDel, press, typeKeys } from './screenKeys';
import { TextDialog } from './TextDialog';
import { useViewers } from './useViewers';

interface Closed {
  opened: boolean;
  reason: string;
}

function cannotType(text: string): string {
  const { without } = keysOf(text);
  return without.length ? t.console.typeNot(without.slice(0, 8).join(' ')) : '';
}

export default function ScreenConsole({ id, name }: { id: string; name: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const screen = useRef<RFB | null>(null);
  const { me, others } = useViewers(id, 'graphics');
  const [link, setLink] = useState<Link>('connecting');
  const [closed, setClosed] = useState<Closed | null>(null);
  const [round, setRound] = useState(0);
  const [fit, setFit] = useState(true);
  const [menu, setMenu] = useState(false);
  const [asking, setAsking] = useState(false);
  const [typing, setTyping] = useState(false);
  useEffect(() => {
    if (!box.current) return undefined;
    setLink('connecting');
    setClosed(null);
    const socket = new WebSocket(socketUrl(`/vms/${encodeURIComponent(id)}/console/vnc?viewer=${me}`), 'binary');
    let opened = false;
    const ended = ({ reason }: CloseEvent) => {
      setLink('closed');
      setClosed({ opened, reason });
    };
    socket.addEventListener('open', () => {
      opened = true;
    });
    socket.addEventListener('close', ended);
    const rfb = new RFB(box.current, socket, { shared: true });
    rfb.scaleViewport = true;
    rfb.background = 'transparent';
    rfb.addEventListener('connect', () => {
      setLink('open');
      rfb.focus();
    });
    screen.current = rfb;
    return () => {
      socket.removeEventListener('close', ended);
      screen.current = null;
      rfb.disconnect();
    };
  }, [id, me, round]);
  useEffect(() => {
    if (screen.current) screen.current.scaleViewport = fit;
  }, [fit, round]);

  const type = (text: string) => {
    setAsking(false);
    const rfb = screen.current;
    if (!rfb) return;
    setTyping(true);
    void typeKeys(rfb, keysOf(text).keys, () => screen.current === rfb).finally(() => setTyping(false));
    rfb.focus();
  };
  const send = (chord: readonly (readonly [number, string])[]) => {
    setMenu(false);
    if (screen.current) press(screen.current, chord);
    screen.current?.focus();
  };
  const shut = link !== 'open';
  const users = others?.map((viewer) => viewer.user) ?? [];
  return (
    <ConsoleFrame
      frame={frame}
      link={link}
      hint={t.console.screenHint}
      note={
        <>
          {typing && (
            <Label isCompact icon={<Spinner size="sm" aria-hidden="true" />}>
              {t.console.typing}
            </Label>
          )}
          {users.length > 0 && !shut && (
            <Tooltip content={t.console.together(users)}>
              <Label isCompact status="info">
                {t.console.togetherCount(users.length + 1)}
              </Label>
            </Tooltip>
          )}
        </>
      }
      buttons={
        <>
          <ToolbarItem>
            <Button variant="secondary" size="sm" isDisabled={shut} onClick={() => send(ctrlAltDel)}>
              {t.console.ctrlAltDel}
            </Button>
          </ToolbarItem>
          <ToolbarItem>
            <Dropdown
              isOpen={menu}
              onOpenChange={setMenu}
              popperProps={{ appendTo: () => frame.current ?? document.body }}
              toggle={(ref) => (
                <MenuToggle ref={ref} size="sm" isDisabled={shut} isExpanded={menu} onClick={() => setMenu(!menu)}>
                  {t.console.keys}
                </MenuToggle>
              )}
            >
              <DropdownList>
                {CHORDS.map(([chordName, chord]) => (
                  <DropdownItem key={chordName} onClick={() => send(chord)}>
                    {chordName}
                  </DropdownItem>
                ))}
              </DropdownList>
            </Dropdown>
          </ToolbarItem>
          <ToolbarItem>
            <Button variant="secondary" size="sm" isDisabled={shut || typing} onClick={() => setAsking(true)}>
              {t.console.typeText}
            </Button>
          </ToolbarItem>
          <ToolbarItem>
            <Checkbox id="console-fit" label={t.console.fit} isChecked={fit} onChange={(_event, on) => setFit(on)} />
          </ToolbarItem>
        </>
      }
    >
      <div ref={box} className="fct-console__box" role="group" aria-label={t.console.screenLabel(name)} />
      {closed && (
        <Curtain
          title={closed.reason || (closed.opened ? t.console.broke : t.console.screenRefused)}
          acts={[{ name: t.console.reconnect, run: () => setRound((n) => n + 1) }]}
        />
      )}
      {asking && (
        <TextDialog
          title={t.console.typeTitle}
          about={t.console.typeAbout}
          label={t.console.typeLabel}
          button={t.console.send}
          text=""
          check={cannotType}
          into={fullScreen()}
          onSend={type}
          onClose={() => setAsking(false)}
        />
      )}
    </ConsoleFrame>
  );
}
