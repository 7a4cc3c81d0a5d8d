// SPDX-License-Identifier: Apache-2.0
// Work that many events ask for is done once: a storm of a thousand costs a render and a fetch, not a thousand of each.

/** Gathers what is put in by key, and hands it over together @ms after the first. */
export function gather<T>(ms: number, take: (all: T[]) => void): { put: (key: string, value: T) => void; flush: () => void } {
  const waiting = new Map<string, T>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const all = [...waiting.values()];
    waiting.clear();
    if (all.length > 0) take(all);
  };
  return {
    put: (key, value) => {
      waiting.delete(key); // the newest, in the place of the newest
      waiting.set(key, value);
      timer ??= setTimeout(flush, ms);
    },
    flush,
  };
}

/** Calls @act with what was asked for, soon, and then at most once in @ms. */
export function seldom(ms: number, act: (what: string) => void): (what: string) => void {
  const last = new Map<string, number>();
  const due = new Set<string>();
  return (what) => {
    if (due.has(what)) return;
    due.add(what);
    const wait = Math.max(0, (last.get(what) ?? -Infinity) + ms - Date.now());
    setTimeout(() => {
      due.delete(what);
      last.set(what, Date.now());
      act(what);
    }, wait);
  };
}
