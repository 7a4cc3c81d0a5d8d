// SPDX-License-Identifier: Apache-2.0
// Numbers for people. Unknown is an em dash, never 0.

export const UNKNOWN = '—';

/** "40 GiB", "512 MiB", "1.5 TiB"; from MiB, as everywhere in the API. */
export function mib(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  if (value < 1024) return `${Math.round(value)} MiB`;
  const gib = value / 1024;
  if (gib < 1024) return `${trim(gib, gib < 100 ? 1 : 0)} GiB`;
  return `${trim(gib / 1024, 1)} TiB`;
}

/** "31.2 of 80 GiB": one unit for both when they share it. */
export function mibOf(used: number | null | undefined, total: number | null | undefined): string {
  if (used == null && total == null) return UNKNOWN;
  const [u, t] = [mib(used), mib(total)];
  const unit = t.split(' ')[1];
  return unit && u.endsWith(` ${unit}`) ? `${u.slice(0, -unit.length - 1)} of ${t}` : `${u} of ${t}`;
}

/** The same from bytes; what is less than a MiB is not nothing. */
export function bytes(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  return value > 0 && value < 1024 * 1024 ? `${Math.ceil(value / 1024)} KiB` : mib(value / (1024 * 1024));
}

export const percent = (value: number | null | undefined) => (value == null ? UNKNOWN : `${Math.round(value)} %`);
export const watts = (value: number | null | undefined) => (value == null ? UNKNOWN : `${Math.round(value)} W`);
export const celsius = (value: number | null | undefined) => (value == null ? UNKNOWN : `${Math.round(value)} °C`);
export const mhz = (value: number | null | undefined) => (value == null ? UNKNOWN : `${Math.round(value)} MHz`);

export function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, '');
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const DATE_TIME = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

export const time = (ms: number | null | undefined) => (ms == null ? UNKNOWN : TIME.format(ms));
export const dateTime = (ms: number | null | undefined) => (ms == null ? UNKNOWN : DATE_TIME.format(ms));

/** "0.4 s", "12 s", "2 min 10 s", "3 h 5 min". */
export function duration(ms: number): string {
  if (ms < 10_000) return `${trim(Math.max(0, ms) / 1000, 1)} s`;
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s % 60 ? ` ${s % 60} s` : ''}`;
  return `${Math.floor(s / 3600)} h${Math.floor((s % 3600) / 60) ? ` ${Math.floor((s % 3600) / 60)} min` : ''}`;
}

/** "just now", "5 min ago", "3 h ago", then the date. */
export function ago(ms: number, now: number): string {
  const s = Math.max(0, Math.round((now - ms) / 1000));
  if (s < 45) return 'just now';
  if (s < 3600) return `${Math.max(1, Math.round(s / 60))} min ago`;
  if (s < 86400) return `${Math.round(s / 3600)} h ago`;
  return dateTime(ms);
}

/** "A100 80GB PCIe" from "NVIDIA A100 80GB PCIe": the maker is said once a page, not in every row. */
export const shortModel = (name: string) => name.replace(/^NVIDIA\s+/, '');
