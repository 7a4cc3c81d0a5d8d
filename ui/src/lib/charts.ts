// SPDX-License-Identifier: Apache-2.0
// Which graphs a node, a card, a part or a VM has; the values come from the samples.
import type { Gpu, Sample } from '@/contract/types';
import { t } from '@/strings';

export interface Series {
  name: string;
  /** The value at a moment; null when unknown. */
  value: (sample: Sample) => number | null;
}

export interface ChartSpec {
  title: string;
  unit: '%' | 'MiB' | 'W' | '°C';
  series: Series[];
  /** Top of the axis; left out: what the values need. */
  max?: number | null;
  /** Shown in place of numbers when nothing is known. */
  why?: string;
}

/** Where an axis ends that must hold @max: at a round number, for memory a power of two, so that its half is one as well. */
export function axisTop(max: number, binary: boolean): number {
  if (max <= 1) return 1;
  if (binary) return 2 ** Math.ceil(Math.log2(max));
  const tens = 10 ** Math.floor(Math.log10(max));
  return ([1, 2, 4, 6, 8].find((step) => step * tens >= max) ?? 10) * tens;
}

const gpuOf = (sample: Sample, id: string) => sample.gpus[id];

export function nodeCharts(gpus: readonly Gpu[], memoryMib: number | null): ChartSpec[] {
  const cards = gpus.filter((gpu) => gpu.state === 'ok');
  const why = cards.find((gpu) => gpu.readings.why_not)?.readings.why_not ?? t.overview.noCards;
  return [
    {
      title: t.overview.cpu,
      unit: '%',
      max: 100,
      why: t.overview.hostUnknown,
      series: [{ name: t.overview.cpu, value: (s) => s.host.cpu_percent }],
    },
    {
      title: t.overview.memory,
      unit: 'MiB',
      max: memoryMib,
      why: t.overview.hostUnknown,
      series: [{ name: t.overview.memory, value: (s) => s.host.memory_used_mib }],
    },
    {
      title: t.overview.gpu,
      unit: '%',
      max: 100,
      why,
      series: cards.map((gpu) => ({ name: t.gpu.title(gpu.index), value: (s) => gpuOf(s, gpu.id)?.gpu_percent ?? null })),
    },
    {
      title: t.overview.gpuMemory,
      unit: 'MiB',
      why,
      series: cards.map((gpu) => ({ name: t.gpu.title(gpu.index), value: (s) => gpuOf(s, gpu.id)?.memory_used_mib ?? null })),
    },
  ];
}

export function cardCharts(gpu: Gpu): ChartSpec[] {
  const of = (pick: (r: NonNullable<ReturnType<typeof gpuOf>>) => number | null) => (s: Sample) => {
    const readings = gpuOf(s, gpu.id);
    return readings ? pick(readings) : null;
  };
  const why = gpu.readings.why_not || t.gpu.unknown;
  const charts: ChartSpec[] = [
    { title: t.gpu.busy, unit: '%', max: 100, why, series: [{ name: t.gpu.busy, value: of((r) => r.gpu_percent) }] },
    {
      title: t.gpu.memory,
      unit: 'MiB',
      max: gpu.readings.memory_total_mib,
      why,
      series: [{ name: t.gpu.memory, value: of((r) => r.memory_used_mib) }],
    },
    { title: t.gpu.power, unit: 'W', max: gpu.readings.power_limit_w, why, series: [{ name: t.gpu.power, value: of((r) => r.power_w) }] },
    { title: t.gpu.temperature, unit: '°C', max: 100, why, series: [{ name: t.gpu.temperature, value: of((r) => r.temperature_c) }] },
  ];
  const parts = gpu.mig.instances;
  if (parts.length === 0) return charts;
  const part = (start: number, pick: 'gpu_percent' | 'memory_used_mib') => (s: Sample) =>
    gpuOf(s, gpu.id)?.instances?.find((i) => i.start === start)?.[pick] ?? null;
  const series = (pick: 'gpu_percent' | 'memory_used_mib') =>
    parts.map((i) => ({ name: i.holder?.name ?? `${i.profile} @${i.start}`, value: part(i.start, pick) }));
  return [
    ...charts.slice(0, 2),
    { title: `${t.gpu.busy}, ${t.gpu.parts.toLowerCase()}`, unit: '%', max: 100, why, series: series('gpu_percent') },
    { title: `${t.gpu.memory}, ${t.gpu.parts.toLowerCase()}`, unit: 'MiB', series: series('memory_used_mib') },
    ...charts.slice(2),
  ];
}

export function vmCharts(id: string, memoryMib: number, parts: { gpu: string; start: number }[]): ChartSpec[] {
  const charts: ChartSpec[] = [
    {
      title: t.overview.cpu,
      unit: '%',
      max: 100,
      why: t.vm.noReading,
      series: [{ name: t.overview.cpu, value: (s) => s.vms[id]?.cpu_percent ?? null }],
    },
    {
      title: t.overview.memory,
      unit: 'MiB',
      max: memoryMib,
      why: t.vm.noReading,
      series: [{ name: t.overview.memory, value: (s) => s.vms[id]?.memory_used_mib ?? null }],
    },
  ];
  if (parts.length === 0) return charts;
  // A part has a history of its own, before this VM held it: only what it did while the VM ran is the VM's.
  const of = (pick: 'gpu_percent' | 'memory_used_mib') =>
    parts.map((p) => ({
      name: `@${p.start}`,
      value: (s: Sample) => (s.vms[id] ? (gpuOf(s, p.gpu)?.instances?.find((i) => i.start === p.start)?.[pick] ?? null) : null),
    }));
  return [
    ...charts,
    { title: t.overview.gpu, unit: '%', max: 100, why: t.gpu.unknown, series: of('gpu_percent') },
    { title: t.overview.gpuMemory, unit: 'MiB', why: t.gpu.unknown, series: of('memory_used_mib') },
  ];
}
