// SPDX-License-Identifier: Apache-2.0
// What changes every second stays out of the query caches: the readings that graphs draw, the newest of all, and how the stream is.
import { useSyncExternalStore } from 'react';
import type { Gpu, Readings, Sample } from '@/contract/types';

const KEEP_MS = 15 * 60 * 1000;
let samples: readonly Sample[] = [];
let latest: Sample | undefined;
let link: 'up' | 'down' = 'up';
let asks = false;
const drawn = new Map<string, number>();
const listeners = new Set<() => void>();

function tell(): void {
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Joins @more into the ring by time, subject by subject; what is older than a quarter of an hour falls out. */
export function mergeSamples(ring: readonly Sample[], more: readonly Sample[]): readonly Sample[] {
  const byTime = new Map(ring.map((sample) => [sample.time_ms, sample]));
  for (const sample of more) {
    const old = byTime.get(sample.time_ms);
    byTime.set(
      sample.time_ms,
      old ? { ...old, ...sample, gpus: { ...old.gpus, ...sample.gpus }, vms: { ...old.vms, ...sample.vms } } : sample,
    );
  }
  const all = [...byTime.values()].sort((a, b) => a.time_ms - b.time_ms);
  const newest = all.at(-1)?.time_ms ?? 0;
  return all.filter((sample) => sample.time_ms > newest - KEEP_MS);
}

/** Of a thousand VMs only those are kept that a graph draws. */
export function onlyDrawn(sample: Sample, wanted: ReadonlyMap<string, number>): Sample {
  return { ...sample, vms: Object.fromEntries(Object.entries(sample.vms).filter(([id]) => wanted.has(id))) };
}

export function pushSample(sample: Sample): void {
  const newest = samples.at(-1)?.time_ms ?? 0;
  const kept = onlyDrawn(sample, drawn);
  latest = sample;
  samples =
    sample.time_ms > newest ? [...samples.filter((old) => old.time_ms > sample.time_ms - KEEP_MS), kept] : mergeSamples(samples, [kept]);
  tell();
}

export function pushHistory(history: readonly Sample[]): void {
  samples = mergeSamples(samples, history);
  tell();
}

/** From now on the readings of these VMs are kept. Returns the way to stop. */
export function drawVms(ids: readonly string[]): () => void {
  for (const id of ids) drawn.set(id, (drawn.get(id) ?? 0) + 1);
  return () => {
    for (const id of ids) {
      const left = (drawn.get(id) ?? 1) - 1;
      if (left > 0) drawn.set(id, left);
      else drawn.delete(id);
    }
  };
}

export function setLink(state: 'up' | 'down'): void {
  if (link === state) return;
  link = state;
  tell();
}

/** FALSE while the stream is expected to bring by itself what its beginning holds. */
export function setAsks(ask: boolean): void {
  if (asks === ask) return;
  asks = ask;
  tell();
}

export const useSamples = () => useSyncExternalStore(subscribe, () => samples);
export const useLatestSample = () => useSyncExternalStore(subscribe, () => latest);
export const useLink = () => useSyncExternalStore(subscribe, () => link);
export const useAsks = () => useSyncExternalStore(subscribe, () => asks);

/** The newest readings of a card: from the stream, or those the card came with. */
export function useReadings(gpu: Gpu): Readings {
  return useLatestSample()?.gpus[gpu.id] ?? gpu.readings;
}
