// SPDX-License-Identifier: Apache-2.0
// The node at a glance: its cards with their pictures, its load, its VMs, and what needs a person.
import { Card, CardBody, CardHeader, CardTitle, Label, PageSection } from '@patternfly/react-core';
import { Link, useNavigate } from 'react-router-dom';
import { useMemo } from 'react';
import { useMay } from '@/api/may';
import { useGpus, useNodes, usePools, useVmOverview } from '@/api/queries';
import type { Node } from '@/contract/types';
import { attention } from '@/lib/attention';
import { nodeCharts } from '@/lib/charts';
import { mib } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { AttentionList } from '@/widgets/AttentionList';
import { Facts } from '@/widgets/Facts';
import { Loaded, LoadError, Nothing, Waiting } from '@/widgets/feedback';
import { LoadCharts } from '@/widgets/LoadCharts';
import { PageHead } from '@/widgets/PageHead';
import { GpuRow } from './GpuRow';
import { VmsCard } from './VmsCard';

const isSimulated = (node: Node) => /simulat/i.test(`${node.vendor} ${node.product}`);

function NodeCard({ node }: { node: Node }) {
  return (
    <Card isCompact>
      <CardHeader
        actions={{
          actions: isSimulated(node) && (
            <Label isCompact color="purple">
              {t.overview.simulated}
            </Label>
          ),
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">
          <Link to="/nodes">{node.name}</Link>
        </CardTitle>
      </CardHeader>
      <CardBody>
        <Facts
          columns={2}
          facts={[
            [t.settings.node.machine, `${node.vendor} ${node.product}`.trim()],
            [t.settings.node.processor, `${node.cpu_model} · ${t.settings.node.cpuCount(node.cpus)}`],
            [t.settings.node.memory, mib(node.memory_mib)],
            [t.settings.node.driver, node.driver_version || node.nvml_problem],
          ]}
        />
      </CardBody>
    </Card>
  );
}

export function OverviewPage() {
  const nodes = useNodes();
  const gpus = useGpus();
  const vms = useVmOverview();
  const pools = usePools();
  const mayCreate = useMay('vm.write');
  const navigate = useNavigate();
  const node = nodes.data?.[0];
  const charts = useMemo(() => nodeCharts(gpus.data ?? [], node?.memory_mib ?? null), [gpus.data, node?.memory_mib]);
  const broken = [nodes, gpus, vms].find((query) => query.error && !query.data);
  const settled = nodes.data && gpus.data && vms.data;
  return (
    <>
      <PageHead
        title={t.overview.title}
        subtitle={node?.name ?? '\u00a0'}
        actions={
          <ActionButton why={mayCreate.why} onClick={() => void navigate('/vms/create')}>
            {t.overview.createVm}
          </ActionButton>
        }
      />
      <PageSection hasBodyWrapper={false} id="page-body" className="fct-stack">
        <Card isCompact>
          <CardHeader actions={{ actions: <Link to="/gpus/cards">{t.overview.allCards}</Link>, hasNoOffset: true }}>
            <CardTitle component="h2">{t.overview.cards}</CardTitle>
          </CardHeader>
          <CardBody>
            <Loaded query={gpus} waiting={<Waiting lines={2} height="3.5rem" />}>
              {(list) =>
                list.length === 0 ? (
                  <Nothing title={t.overview.noCards} text={t.overview.noCardsText} />
                ) : (
                  <div>
                    {list.map((gpu) => (
                      <GpuRow key={gpu.id} gpu={gpu} />
                    ))}
                  </div>
                )
              }
            </Loaded>
          </CardBody>
        </Card>
        <div className="fct-overview">
          <Card isCompact>
            <CardHeader actions={{ actions: <span className="fct-subtle fct-small">{t.overview.loadSpan}</span>, hasNoOffset: true }}>
              <CardTitle component="h2">{t.overview.load}</CardTitle>
            </CardHeader>
            <CardBody>
              <LoadCharts charts={charts} group="overview" subjects={['gpus']} />
            </CardBody>
          </Card>
          <div className="fct-stack">
            <Card isCompact>
              <CardTitle component="h2">{t.overview.attention}</CardTitle>
              <CardBody>
                {settled && <AttentionList list={attention(nodes.data, gpus.data, vms.data, pools.data ?? [])} />}
                {!settled && (broken ? <LoadError error={broken.error} onRetry={() => void broken.refetch()} /> : <Waiting lines={2} />)}
              </CardBody>
            </Card>
            <Loaded query={vms} waiting={<Waiting lines={1} height="7rem" />}>
              {(page) => <VmsCard page={page} />}
            </Loaded>
            <Loaded query={nodes} waiting={<Waiting lines={1} height="11rem" />}>
              {(list) => (
                <>
                  {list.map((n) => (
                    <NodeCard key={n.id} node={n} />
                  ))}
                </>
              )}
            </Loaded>
          </div>
        </div>
      </PageSection>
    </>
  );
}
