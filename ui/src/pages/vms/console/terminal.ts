// SPDX-License-Identifier: Apache-2.0
// A terminal, and its connection to a guest's serial line; what was on it stays when the connection is made anew.
import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';

export interface Ending {
  /** It had been opened. */
  opened: boolean;
  code: number;
  reason: string;
}

const copy = (text: string) => void (text && navigator.clipboard?.writeText(text).catch(() => undefined));

// What is sent at once: a serial line is slow.
const PIECE = 4096;

/** @onPaste gets what comes from the clipboard, before it goes anywhere. */
export function openTerminal(box: HTMLElement, onPaste: (text: string) => void): { terminal: Terminal; close: () => void } {
  const terminal = new Terminal({
    cursorBlink: false,
    fontSize: 14,
    scrollback: 5000,
    screenReaderMode: true,
    rightClickSelectsWord: true,
    theme: { background: '#151515' },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(box);
  fit.fit();
  terminal.attachCustomKeyEventHandler((event) => {
    if (!(event.ctrlKey && event.shiftKey && event.code === 'KeyC')) return true;
    event.preventDefault();
    if (event.type === 'keydown') copy(terminal.getSelection());
    return false;
  });
  const selected = () => copy(terminal.getSelection());
  const pasted = (event: ClipboardEvent) => {
    event.preventDefault();
    event.stopPropagation();
    onPaste(event.clipboardData?.getData('text/plain') ?? '');
  };
  box.addEventListener('mouseup', selected);
  box.addEventListener('paste', pasted, true);
  const watcher = new ResizeObserver(() => fit.fit());
  watcher.observe(box);
  const close = () => {
    watcher.disconnect();
    box.removeEventListener('mouseup', selected);
    box.removeEventListener('paste', pasted, true);
    terminal.dispose();
  };
  return { terminal, close };
}

/** Joins the terminal to the line at @url. Returns the way to part them, after which nothing is told any more. */
export function connect(terminal: Terminal, url: string, onOpen: () => void, onEnd: (ending: Ending) => void): () => void {
  const socket = new WebSocket(url);
  const encoder = new TextEncoder();
  let opened = false;
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    opened = true;
    onOpen();
    terminal.focus();
  };
  socket.onmessage = (message) =>
    terminal.write(typeof message.data === 'string' ? message.data : new Uint8Array(message.data as ArrayBuffer));
  const keys = terminal.onData((text) => {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length && socket.readyState === WebSocket.OPEN; at += PIECE) socket.send(bytes.subarray(at, at + PIECE));
  });
  socket.onclose = ({ code, reason }) => {
    keys.dispose();
    onEnd({ opened, code, reason });
  };
  return () => {
    keys.dispose();
    socket.onclose = null;
    socket.close();
  };
}
