// SPDX-License-Identifier: Apache-2.0
// noVNC ships no types; this is the part of its API that the screen console uses (its docs/API.md).
declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, url: string);
    scaleViewport: boolean;
    background: string;
    disconnect(): void;
  }
}
