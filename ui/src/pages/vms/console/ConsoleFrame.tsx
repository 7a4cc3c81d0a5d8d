// SPDX-License-Identifier: Apache-2.0
// What both consoles have: how the connection stands, buttons, a way to full screen, and a way out by keyboard.
import { Button, Label, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import { CompressIcon, ExpandIcon } from '@patternfly/react-icons';
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from 'react';
import { t } from '@/strings';

export type Link = 'connecting' | 'open' | 'closed';

interface Props {
  link: Link;
  /** Beside the state of the connection: who else watches. */
  note?: ReactNode;
  hint: string;
  buttons: ReactNode;
  /** All of it: what full screen shows. */
  frame: RefObject<HTMLDivElement>;
  children: ReactNode;
}

function useFullScreen(frame: RefObject<HTMLDivElement>) {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null && document.fullscreenElement === frame.current);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, [frame]);
  const toggle = () => void (full ? document.exitFullscreen() : frame.current?.requestFullscreen().catch(() => undefined));
  return { full, toggle };
}

/** What dialogs open inside of: full screen shows nothing else. null: the page. */
export const fullScreen = () => document.fullscreenElement as HTMLElement | null;

const MODIFIERS = ['Control', 'Alt', 'Shift'];

export function ConsoleFrame({ link, note, hint, buttons, frame, children }: Props) {
  const { full, toggle } = useFullScreen(frame);
  const bar = useRef<HTMLDivElement>(null);
  // A guest takes every key there is, Tab too: these three together lead back to the page.
  const leave = (event: KeyboardEvent) => {
    if (!(event.ctrlKey && event.altKey && event.shiftKey && MODIFIERS.includes(event.key))) return;
    event.preventDefault();
    event.stopPropagation();
    bar.current?.querySelector<HTMLElement>('button:not([disabled])')?.focus();
  };
  return (
    <div ref={frame} className="fct-frame" role="presentation" onKeyDownCapture={leave}>
      <div ref={bar}>
        <Toolbar className="fct-frame__bar" inset={{ default: 'insetNone' }}>
          <ToolbarContent>
            <ToolbarGroup align={{ default: 'alignStart' }} className="fct-row">
              {buttons}
              <ToolbarItem>
                <Button variant="secondary" size="sm" icon={full ? <CompressIcon /> : <ExpandIcon />} onClick={toggle}>
                  {full ? t.console.leaveFullScreen : t.console.fullScreen}
                </Button>
              </ToolbarItem>
            </ToolbarGroup>
            <ToolbarGroup align={{ default: 'alignEnd' }} className="fct-row" role="status">
              {note}
              {link === 'connecting' && <Label isCompact>{t.console.connecting}</Label>}
              {link === 'open' && (
                <Label isCompact status="success">
                  {t.console.open}
                </Label>
              )}
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </div>
      <div className="fct-console">{children}</div>
      <div className="fct-subtle fct-small fct-frame__hint">{hint}</div>
    </div>
  );
}
