// SPDX-License-Identifier: Apache-2.0
import 'uplot/dist/uPlot.min.css';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import { useSamples } from '@/api/live';
import type { Sample } from '@/api/types';
import { mib, percent, UNKNOWN, watts, celsius, time } from '@/lib/format';
import { useDark } from '@/lib/theme';
import { Unknown } from './Reading';
import type { ChartSpec } from './LoadCharts';

const COLOURS = ['blue--40', 'teal--50', 'purple--40', 'orange--50', 'green--50', 'yellow--50', 'red-orange--50', 'gray--50'];
const FORMAT = { '%': percent, MiB: mib, W: watts, '°C': celsius } as const;

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function columns(samples: readonly Sample[], chart: ChartSpec): uPlot.AlignedData {
  const times = samples.map((sample) => sample.time_ms / 1000);
  return [times, ...chart.series.map((series) => samples.map((sample) => series.value(sample)))] as uPlot.AlignedData;
}

function options(chart: ChartSpec, group: string, width: number, height: number, onIndex: (index: number | null) => void): uPlot.Options {
  const text = token('--pf-t--global--text--color--subtle');
  const grid = { stroke: token('--pf-t--global--border--color--default'), width: 0.5 };
  const font = `12px ${token('--pf-t--global--font--family--body') || 'sans-serif'}`;
  const format = FORMAT[chart.unit];
  return {
    width,
    height,
    cursor: { sync: { key: group }, drag: { x: true, y: false }, points: { size: 5 } },
    legend: { show: false },
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, chart.max ?? (Math.max(1, max ?? 1) * 1.1)] } },
    axes: [
      { stroke: text, grid, ticks: grid, font, values: '{HH}:{mm}', space: 70, size: 26 },
      { stroke: text, grid, ticks: grid, font, size: 64, space: 34, values: (_u, splits) => splits.map((v) => format(v)) },
    ],
    series: [{}, ...chart.series.map((series, i) => {
      const stroke = token(`--pf-t--color--${COLOURS[i % COLOURS.length]}`);
      return { label: series.name, stroke, width: 1.5, fill: chart.series.length === 1 ? `${stroke}22` : undefined, points: { show: false }, spanGaps: false };
    })],
    hooks: { setCursor: [(u) => onIndex(u.cursor.idx ?? null)] },
  };
}

function Plot({ chart, group }: { chart: ChartSpec; group: string }) {
  const samples = useSamples();
  const dark = useDark();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);
  const data = useMemo(() => columns(samples, chart), [samples, chart]);
  const latestData = useRef(data);
  latestData.current = data;
  const shape = `${chart.title}|${chart.series.map((s) => s.name).join()}|${chart.max ?? ''}|${dark}`;
  const spec = useRef(chart);
  spec.current = chart;

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const made = new uPlot(options(spec.current, group, element.clientWidth || 300, 118, setIndex), latestData.current, element);
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: 118 }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, group]);

  useEffect(() => {
    const u = plot.current;
    if (!u) return;
    const zoomed = u.data[0].length > 1 && (u.scales.x?.min ?? 0) > (u.data[0][0] ?? 0);
    u.setData(data, !zoomed);
  }, [data]);

  const at = samples[index ?? samples.length - 1];
  const format = FORMAT[chart.unit];
  const values = chart.series.map((series) => ({ name: series.name, text: format(at ? series.value(at) : null) }));
  const known = values.filter((v) => v.text !== UNKNOWN);
  const said = chart.series.length > 4
    ? `${known.length} of ${values.length} known`
    : values.map((v) => (chart.series.length === 1 ? v.text : `${v.name} ${v.text}`)).join(' · ');
  return (
    <div className="fct-chart">
      <div className="fct-chart__head">
        <strong>{chart.title}</strong>
        <span className="fct-subtle fct-number">
          {known.length === 0 && chart.why ? <Unknown why={chart.why} /> : said}
          {index !== null && at ? ` · ${time(at.time_ms)}` : ''}
        </span>
      </div>
      <div ref={box} className="fct-chart__plot" role="img" aria-label={`${chart.title}: ${said}`} />
    </div>
  );
}

export default function Plots({ charts, group }: { charts: ChartSpec[]; group: string }) {
  return <>{charts.map((chart) => <Plot key={chart.title} chart={chart} group={group} />)}</>;
}
