// SPDX-License-Identifier: Apache-2.0
import { Alert, Card, CardBody, CardHeader, CardTitle, PageSection } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { actOnPool, deletePool } from '@/api/actions';
import { useMay } from '@/api/may';
import { usePool } from '@/api/queries';
import type { Pool } from '@/contract/types';
import { bytes, UNKNOWN } from '@/lib/format';
import { useSegment } from '@/lib/segment';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { Facts } from '@/widgets/Facts';
import { Loaded, Waiting } from '@/widgets/feedback';
import { PageHead } from '@/widgets/PageHead';
import { useTell } from '@/widgets/Toasts';
import { PoolLabels } from './PoolsPage';
import { SpaceBar } from './SpaceBar';
import { VolumeList } from './VolumeList';

function PoolActions({ pool, onStop, onRemove }: { pool: Pool; onStop: () => void; onRemove: () => void }) {
  const client = useQueryClient();
  const tell = useTell();
  const may = useMay('pool.write');
  const own = pool.default ? t.pools.ownWhy : '';
  const act = useMutation({
    mutationFn: (what: 'start' | 'refresh') => actOnPool(pool.id, what),
    onSuccess: (_pool, what) => {
      if (what === 'refresh') tell.good(t.pools.refreshed(pool.name));
      void Promise.all(['pool', 'volume'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
    },
    onError: tell.bad,
  });
  return (
    <>
      {pool.state === 'running' ? (
        <ActionButton variant="secondary" why={may.why} isLoading={act.isPending} onClick={() => act.mutate('refresh')}>
          {t.pools.refresh}
        </ActionButton>
      ) : (
        <ActionButton why={may.why} isLoading={act.isPending} onClick={() => act.mutate('start')}>
          {t.pools.start}
        </ActionButton>
      )}
      {pool.state === 'running' && (
        <ActionButton variant="secondary" why={may.why || own} onClick={onStop}>
          {t.pools.stop}
        </ActionButton>
      )}
      <ActionButton variant="danger" why={may.why || own || (pool.ours ? '' : t.pools.othersWhy)} onClick={onRemove}>
        {t.pools.remove}
      </ActionButton>
    </>
  );
}

function PoolView({ pool }: { pool: Pool }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<'stop' | 'remove' | null>(null);
  const close = () => setAsked(null);
  return (
    <>
      <PageHead
        title={pool.name}
        labels={<PoolLabels pool={pool} />}
        subtitle={pool.good_for}
        trail={[{ to: '/storage/pools', name: t.pools.title }]}
        actions={<PoolActions pool={pool} onStop={() => setAsked('stop')} onRemove={() => setAsked('remove')} />}
      />
      <PageSection hasBodyWrapper={false} id="page-body" className="fct-stack">
        {pool.warning && (
          <Alert variant={pool.warning.severity === 'error' ? 'danger' : 'warning'} isInline title={pool.warning.sentence} component="p">
            {t.pools.roomText}
          </Alert>
        )}
        <Card isCompact>
          <CardBody>
            <Facts
              facts={[
                [t.pools.kind, t.pools.kinds[pool.kind] ?? pool.kind],
                [t.pools.state, pool.state === 'running' ? t.pools.running : t.pools.stopped],
                [t.pools.space, <SpaceBar key="space" pool={pool} />],
                [t.pools.where, [pool.source, pool.path].filter(Boolean).join(' · ') || UNKNOWN],
                [t.pools.promised, bytes(pool.promised_bytes)],
                [t.pools.autostart, pool.autostart ? t.pools.yes : t.pools.no],
              ]}
            />
          </CardBody>
        </Card>
        <VolumeList pool={pool.name}>
          {(actions, list) => (
            <Card isCompact>
              <CardHeader actions={{ actions, hasNoOffset: true }}>
                <CardTitle component="h2">{t.pools.volumes}</CardTitle>
              </CardHeader>
              <CardBody>{list}</CardBody>
            </Card>
          )}
        </VolumeList>
      </PageSection>
      {asked === 'remove' && (
        <Confirm
          title={t.pools.removeTitle(pool.name)}
          text={t.pools.removeText}
          button={t.pools.remove}
          action={() => deletePool(pool.id)}
          onClose={close}
          onDone={() => {
            void client.invalidateQueries({ queryKey: ['pool'], exact: true });
            void navigate('/storage/pools', { replace: true });
          }}
        />
      )}
      {asked === 'stop' && (
        <Confirm
          title={t.pools.stopTitle(pool.name)}
          text={t.pools.stopText}
          button={t.pools.stop}
          action={() => actOnPool(pool.id, 'stop')}
          onClose={close}
          onDone={() => {
            close();
            void Promise.all(['pool', 'volume'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
          }}
        />
      )}
    </>
  );
}

export default function PoolPage() {
  const id = useSegment(2);
  const pool = usePool(id);
  return (
    <Loaded
      query={pool}
      list={{ to: '/storage/pools', name: t.pools.title }}
      waiting={
        <PageSection>
          <Waiting />
        </PageSection>
      }
    >
      {(data) => <PoolView pool={data} />}
    </Loaded>
  );
}
