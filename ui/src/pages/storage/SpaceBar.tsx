// SPDX-License-Identifier: Apache-2.0
import { Progress } from '@patternfly/react-core';
import type { Pool } from '@/contract/types';
import { bytes, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';

/** How full a pool is; a dash when nobody knows. */
export function SpaceBar({ pool }: { pool: Pool }) {
  const { capacity_bytes: all, free_bytes: free, warning } = pool;
  if (all === null || free === null || all <= 0) return <>{UNKNOWN}</>;
  const full = Math.round((100 * (all - Math.min(free, all))) / all);
  return (
    <Progress
      className="fct-space"
      value={full}
      size="sm"
      measureLocation="none"
      variant={warning ? (warning.severity === 'error' ? 'danger' : 'warning') : undefined}
      aria-label={t.pools.usedLabel(pool.name)}
      helperText={t.pools.used(bytes(free), bytes(all))}
    />
  );
}
