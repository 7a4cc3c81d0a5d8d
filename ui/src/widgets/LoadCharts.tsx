// SPDX-License-Identifier: Apache-2.0
// Graphs under one another on one time axis: drag to zoom, double-click for all of it, one cursor through all.
import { Suspense } from 'react';
import { Skeleton } from '@patternfly/react-core';
import { useSampleHistory } from '@/api/queries';
import type { ChartSpec } from '@/lib/charts';
import { chunk } from './chunk';

const Plots = chunk(() => import('./Plots'));

interface Props {
  charts: ChartSpec[];
  group: string;
  /** Whose readings the charts draw: "gpus", "gpu/ID", "vm/ID". */
  subjects: readonly string[];
}

export function LoadCharts({ charts, group, subjects }: Props) {
  useSampleHistory(subjects);
  const waiting = charts.map((chart) => <Skeleton key={chart.title} height="9rem" screenreaderText={chart.title} />);
  return (
    <Suspense fallback={<div className="fct-stack">{waiting}</div>}>
      <div className="fct-stack">
        <Plots charts={charts} group={group} />
      </div>
    </Suspense>
  );
}
