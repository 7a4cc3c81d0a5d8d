// SPDX-License-Identifier: Apache-2.0
import { Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { useMay } from '@/api/may';
import { usePools } from '@/api/queries';
import type { Pool } from '@/contract/types';
import { UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Loaded, Nothing } from '@/widgets/feedback';
import { poolPath } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { PoolForm } from './PoolForm';
import { SpaceBar } from './SpaceBar';

export function PoolLabels({ pool }: { pool: Pool }) {
  return (
    <>
      {pool.default && <Label isCompact>{t.pools.own}</Label>}
      {!pool.ours && (
        <Label isCompact variant="outline">
          {t.pools.others}
        </Label>
      )}
    </>
  );
}

function PoolRow({ pool }: { pool: Pool }) {
  return (
    <Tr>
      <Td dataLabel={t.pools.name}>
        <span className="fct-row fct-row--tight">
          <Link to={poolPath(pool.name)}>{pool.name}</Link>
          <PoolLabels pool={pool} />
        </span>
        <div className="fct-subtle fct-small">{pool.source || pool.path}</div>
      </Td>
      <Td dataLabel={t.pools.kind}>
        {t.pools.kinds[pool.kind] ?? pool.kind}
        <div className="fct-subtle fct-small">{pool.good_for}</div>
      </Td>
      <Td dataLabel={t.pools.state}>
        {pool.state === 'running' ? (
          t.pools.running
        ) : (
          <Label isCompact status="warning">
            {t.pools.stopped}
          </Label>
        )}
      </Td>
      <Td dataLabel={t.pools.space}>
        <SpaceBar pool={pool} />
      </Td>
      <Td dataLabel={t.pools.volumes} className="fct-number">
        {pool.volumes ?? UNKNOWN}
      </Td>
    </Tr>
  );
}

export default function PoolsPage() {
  const pools = usePools();
  const may = useMay('pool.write');
  const [making, setMaking] = useState(false);
  return (
    <>
      <PageHead
        title={t.pools.title}
        actions={
          <ActionButton why={may.why} onClick={() => setMaking(true)}>
            {t.pools.create}
          </ActionButton>
        }
      />
      <PageSection>
        <Loaded query={pools}>
          {(list) =>
            list.length === 0 ? (
              <Nothing title={t.pools.none} text={t.pools.noneText} />
            ) : (
              <Table aria-label={t.pools.title} variant="compact">
                <Thead>
                  <Tr>
                    <Th width={30}>{t.pools.name}</Th>
                    <Th width={25}>{t.pools.kind}</Th>
                    <Th>{t.pools.state}</Th>
                    <Th width={25}>{t.pools.space}</Th>
                    <Th modifier="fitContent">{t.pools.volumes}</Th>
                  </Tr>
                </Thead>
                <Tbody>
                  {list.map((pool) => (
                    <PoolRow key={pool.id} pool={pool} />
                  ))}
                </Tbody>
              </Table>
            )
          }
        </Loaded>
      </PageSection>
      {making && <PoolForm onClose={() => setMaking(false)} />}
    </>
  );
}
