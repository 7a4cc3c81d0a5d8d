// SPDX-License-Identifier: Apache-2.0
// A reading with its unit; unknown is a dash that says why.
import { Tooltip } from '@patternfly/react-core';
import type { Readings } from '@/contract/types';
import { celsius, mibOf, percent, UNKNOWN, watts } from '@/lib/format';
import { t } from '@/strings';

export function Unknown({ why }: { why: string }) {
  return (
    <Tooltip content={why || t.gpu.unknown}>
      <button type="button" className="fct-unknown" aria-label={t.gpu.unknownBecause(why || t.gpu.unknown)}>
        {UNKNOWN}
      </button>
    </Tooltip>
  );
}

export function Value({ text, why }: { text: string; why: string }) {
  return text === UNKNOWN ? <Unknown why={why} /> : <span className="fct-number">{text}</span>;
}

/** A number with a thin bar of how much of the whole it is. */
export function Meter({ text, part, why }: { text: string; part: number | null; why: string }) {
  if (part === null) return <Value text={text} why={why} />;
  return (
    <span className="fct-meter">
      <span className="fct-number">{text}</span>
      <span className="fct-meter__track" aria-hidden="true">
        <span className="fct-meter__fill" style={{ display: 'block', inlineSize: `${Math.min(100, Math.max(0, part * 100))}%` }} />
      </span>
    </span>
  );
}

const share = (used: number | null, total: number | null) => (used == null || !total ? null : used / total);

export const source = (r: Readings) =>
  r.source === 'host' ? t.gpu.sourceHost : r.source === 'guest' ? t.gpu.sourceGuest : t.gpu.sourceNone;

const whyNot = (r: Readings) => r.why_not || (r.source === 'host' ? t.gpu.unknown : source(r));

export const Busy = ({ readings: r, bar = false }: { readings: Readings; bar?: boolean }) =>
  bar ? (
    <Meter text={percent(r.gpu_percent)} part={r.gpu_percent == null ? null : r.gpu_percent / 100} why={whyNot(r)} />
  ) : (
    <Value text={percent(r.gpu_percent)} why={whyNot(r)} />
  );
export const GpuMemory = ({ readings: r, bar = false }: { readings: Readings; bar?: boolean }) => {
  const text = r.memory_used_mib == null ? UNKNOWN : mibOf(r.memory_used_mib, r.memory_total_mib);
  return bar ? (
    <Meter text={text} part={share(r.memory_used_mib, r.memory_total_mib)} why={whyNot(r)} />
  ) : (
    <Value text={text} why={whyNot(r)} />
  );
};
export const Power = ({ readings: r }: { readings: Readings }) => <Value text={watts(r.power_w)} why={whyNot(r)} />;
export const Temperature = ({ readings: r }: { readings: Readings }) => <Value text={celsius(r.temperature_c)} why={whyNot(r)} />;
