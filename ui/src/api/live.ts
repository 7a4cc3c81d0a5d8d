// SPDX-License-Identifier: Apache-2.0
// What changes every second stays out of the query caches: the ring of samples, and whether the stream is connected.
import { useSyncExternalStore } from 'react';
import type { Gpu, Readings, Sample } from './types';

const KEEP_MS = 15 * 60 * 1000;
let samples: readonly Sample[] = [];
let link: 'up' | 'down' = 'up';
const listeners = new Set<() => void>();

function tell(): void {
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Joins @more into the ring by time; what is older than a quarter of an hour falls out. */
export function mergeSamples(ring: readonly Sample[], more: readonly Sample[]): readonly Sample[] {
  const byTime = new Map(ring.map((sample) => [sample.time_ms, sample]));
  for (const sample of more) byTime.set(sample.time_ms, sample);
  const all = [...byTime.values()].sort((a, b) => a.time_ms - b.time_ms);
  const newest = all.at(-1)?.time_ms ?? 0;
  return all.filter((sample) => sample.time_ms > newest - KEEP_MS);
}

export function pushSample(sample: Sample): void {
  const newest = samples.at(-1)?.time_ms ?? 0;
  samples = sample.time_ms > newest
    ? [...samples.filter((old) => old.time_ms > sample.time_ms - KEEP_MS), sample]
    : mergeSamples(samples, [sample]);
  tell();
}

export function pushHistory(history: readonly Sample[]): void {
  samples = mergeSamples(samples, history);
  tell();
}

export function setLink(state: 'up' | 'down'): void {
  if (link === state) return;
  link = state;
  tell();
}

export const useSamples = () => useSyncExternalStore(subscribe, () => samples);
export const useLatestSample = () => useSyncExternalStore(subscribe, () => samples.at(-1));
export const useLink = () => useSyncExternalStore(subscribe, () => link);

/** The newest readings of a card: from the stream, or those the card came with. */
export function useReadings(gpu: Gpu): Readings {
  return useLatestSample()?.gpus[gpu.id] ?? gpu.readings;
}
