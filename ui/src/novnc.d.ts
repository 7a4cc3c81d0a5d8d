// SPDX-License-Identifier: Apache-2.0
// noVNC ships no types; this is the part of its API that the screen console uses (its docs/API.md).
declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: WebSocket, options?: { shared?: boolean });
    scaleViewport: boolean;
    background: string;
    disconnect(): void;
    focus(): void;
    /** @code: the key's place on the keyboard, as KeyboardEvent.code. */
    sendKey(keysym: number, code: string, down: boolean): void;
  }
}
