// SPDX-License-Identifier: Apache-2.0
import 'uplot/dist/uPlot.min.css';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import { useSamples } from '@/api/live';
import type { Sample } from '@/contract/types';
import { axisTop } from '@/lib/charts';
import type { ChartSpec } from '@/lib/charts';
import { celsius, mib, percent, time, UNKNOWN, watts } from '@/lib/format';
import { useDark } from '@/lib/theme';
import { Unknown } from './Reading';

const COLOURS = ['blue--40', 'teal--50', 'purple--40', 'orange--50', 'green--50', 'yellow--50', 'red-orange--50', 'gray--50'];
const FORMAT = { '%': percent, MiB: mib, W: watts, '°C': celsius } as const;
const SPAN_S = 15 * 60;
const HEIGHT = 112;

const colourToken = (i: number) => `--pf-t--color--${COLOURS[i % COLOURS.length]}`;
const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function columns(samples: readonly Sample[], chart: ChartSpec): uPlot.AlignedData {
  const times = samples.map((sample) => sample.time_ms / 1000);
  return [times, ...chart.series.map((series) => samples.map((sample) => series.value(sample)))] as uPlot.AlignedData;
}

/** The last quarter of an hour, whatever part of it is known: the axis does not jump while data comes in. */
function showAll(u: uPlot): void {
  const last = u.data[0].at(-1) ?? Date.now() / 1000;
  u.setScale('x', { min: last - SPAN_S, max: last });
}

interface Hooks {
  onIndex: (index: number | null) => void;
  onZoom: (zoomed: boolean) => void;
}

function options(chart: ChartSpec, group: string, width: number, hooks: Hooks): uPlot.Options {
  const text = token('--pf-t--global--text--color--subtle');
  const grid = { stroke: token('--pf-t--global--border--color--default'), width: 0.5 };
  const font = `12px ${token('--pf-t--global--font--family--body') || 'sans-serif'}`;
  const format = FORMAT[chart.unit];
  const all = (u: uPlot) => () => {
    hooks.onZoom(false);
    showAll(u);
    return null;
  };
  return {
    width,
    height: HEIGHT,
    cursor: { sync: { key: group }, drag: { x: true, y: false }, points: { size: 5 }, bind: { dblclick: all } },
    legend: { show: false },
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, chart.max ?? axisTop(max ?? 0, chart.unit === 'MiB')] } },
    axes: [
      { stroke: text, grid, ticks: grid, font, values: '{HH}:{mm}', space: 70, size: 26 },
      {
        stroke: text,
        grid,
        ticks: grid,
        font,
        size: 64,
        splits: (u) => [0, 0.5, 1].map((part) => part * (u.scales.y?.max ?? 1)),
        values: (_u, splits) => splits.map((v) => format(v)),
      },
    ],
    series: [
      {},
      ...chart.series.map((series, i) => {
        const stroke = token(colourToken(i));
        return {
          label: series.name,
          stroke,
          width: 1.5,
          fill: chart.series.length === 1 ? `${stroke}22` : undefined,
          points: { show: false },
        };
      }),
    ],
    hooks: {
      setCursor: [(u) => hooks.onIndex(u.cursor.idx ?? null)],
      setSelect: [(u) => hooks.onZoom(u.select.width > 0)],
    },
  };
}

interface Value {
  name: string;
  text: string;
}

function Legend({ values }: { values: Value[] }) {
  return (
    <div className="fct-chart__legend">
      {values.map((value, i) => (
        <span key={value.name} className="fct-number">
          <span className="fct-swatch" style={{ background: `var(${colourToken(i)})`, borderColor: 'transparent' }} aria-hidden="true" />
          {value.name} {value.text}
        </span>
      ))}
    </div>
  );
}

function Plot({ chart, group }: { chart: ChartSpec; group: string }) {
  const samples = useSamples();
  const dark = useDark();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const zoomed = useRef(false);
  const [index, setIndex] = useState<number | null>(null);
  const data = useMemo(() => columns(samples, chart), [samples, chart]);
  const newest = useRef({ data, chart });
  useEffect(() => {
    newest.current = { data, chart };
  }, [data, chart]);
  const shape = `${chart.title}|${chart.series.map((s) => s.name).join()}|${chart.max ?? ''}|${dark}`;

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const onZoom = (on: boolean) => {
      zoomed.current = on;
    };
    const made = new uPlot(
      options(newest.current.chart, group, element.clientWidth || 300, { onIndex: setIndex, onZoom }),
      newest.current.data,
      element,
    );
    showAll(made);
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
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
    u.setData(data, false);
    if (zoomed.current) u.redraw();
    else showAll(u);
  }, [data]);

  const at = samples[index ?? samples.length - 1];
  const format = FORMAT[chart.unit];
  const values = chart.series.map((series) => ({ name: series.name, text: format(at ? series.value(at) : null) }));
  const unknown = values.every((value) => value.text === UNKNOWN);
  const many = chart.series.length > 1;
  const said = values.map((v) => (many ? `${v.name} ${v.text}` : v.text)).join(', ');
  return (
    <div className="fct-chart">
      <div className="fct-chart__head">
        <strong>{chart.title}</strong>
        <span className="fct-subtle fct-number">
          {unknown && chart.why ? <Unknown why={chart.why} /> : !many && said}
          {index !== null && at ? `  ${time(at.time_ms)}` : ''}
        </span>
      </div>
      {many && <Legend values={values} />}
      <div ref={box} className="fct-chart__plot" role="img" aria-label={`${chart.title}: ${said}`} />
    </div>
  );
}

export default function Plots({ charts, group }: { charts: ChartSpec[]; group: string }) {
  return (
    <>
      {charts.map((chart) => (
        <Plot key={chart.title} chart={chart} group={group} />
      ))}
    </>
  );
}
