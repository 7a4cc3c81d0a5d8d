// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Card, CardBody, PageSection } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import { useNavigate, useParams } from 'react-router-dom';
import { useReadings } from '@/api/live';
import { useMay } from '@/api/may';
import { useGpu } from '@/api/queries';
import type { Gpu } from '@/contract/types';
import { cardCharts } from '@/lib/charts';
import { shortModel } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { GpuPicture } from '@/widgets/card-picture/CardPicture';
import type { Span } from '@/widgets/card-picture/geometry';
import { Inspector, PictureLegend } from '@/widgets/card-picture/Inspector';
import { slots } from '@/widgets/card-picture/words';
import { useCarveWhy } from '@/widgets/carveWhy';
import { Loaded, Waiting } from '@/widgets/feedback';
import { GpuLabel } from '@/widgets/labels';
import { cardPath } from '@/widgets/links';
import { LoadCharts } from '@/widgets/LoadCharts';
import { PageHead } from '@/widgets/PageHead';
import { Busy, GpuMemory, Power, Temperature } from '@/widgets/Reading';
import { SubjectEvents } from '@/widgets/SubjectEvents';
import { LetGo, ReleasedNotice } from './Hold';
import { PartsTab } from './PartsTab';
import { SummaryTab } from './SummaryTab';

const LIST = { to: '/gpus/cards', name: t.gpu.cards };

function Actions({ gpu }: { gpu: Gpu }) {
  const navigate = useNavigate();
  const why = useCarveWhy(gpu);
  const on = gpu.mig.current;
  return (
    <>
      <ActionButton why={why} onClick={() => void navigate(cardPath(gpu.id, '/carve'))}>
        {t.gpu.recarve}
      </ActionButton>
      <LetGo gpu={gpu} />
      {gpu.mig.capable && (
        <ActionButton
          variant={on ? 'danger' : 'secondary'}
          why={why}
          onClick={() => void navigate(cardPath(gpu.id, on ? '/mig/off' : '/mig/on'))}
        >
          {on ? t.gpu.migOff : t.gpu.migOn}
        </ActionButton>
      )}
    </>
  );
}

function Notices({ gpu }: { gpu: Gpu }) {
  const navigate = useNavigate();
  const may = useMay('plan.write');
  const wanted = gpu.wanted;
  const split = gpu.mig.instances.filter((i) => i.not_whole);
  const restore = wanted?.mig && wanted.profiles ? `${cardPath(gpu.id, '/carve')}?wanted=1` : null;
  return (
    <>
      {gpu.holders_unknown && (
        <Alert variant="warning" isInline title={t.attention.holders(t.gpu.title(gpu.index))} component="p">
          {gpu.holders_unknown}
        </Alert>
      )}
      {gpu.state === 'released' && <ReleasedNotice gpu={gpu} />}
      {gpu.state !== 'ok' && gpu.state !== 'released' && (
        <Alert variant="danger" isInline title={t.gpu.states[gpu.state]} component="p">
          {gpu.state_reason}
        </Alert>
      )}
      {gpu.state === 'ok' && gpu.mig.pending !== gpu.mig.current && (
        <Alert
          variant="warning"
          isInline
          title={t.gpu.pendingText(gpu.mig.pending)}
          component="p"
          actionLinks={
            may.allowed && (
              <>
                <Button variant="link" isInline onClick={() => void navigate(cardPath(gpu.id, gpu.mig.pending ? '/mig/on' : '/mig/off'))}>
                  {t.gpu.finish(gpu.mig.pending)}
                </Button>
                <Button variant="link" isInline onClick={() => void navigate(cardPath(gpu.id, gpu.mig.current ? '/mig/on' : '/mig/off'))}>
                  {t.gpu.takeBack}
                </Button>
              </>
            )
          }
        />
      )}
      {split.length > 0 && (
        <Alert
          variant="warning"
          isInline
          title={t.gpu.notWholeTitle}
          component="p"
          actionLinks={
            may.allowed && (
              <Button variant="link" isInline onClick={() => void navigate(cardPath(gpu.id, '/carve'))}>
                {t.gpu.complete}
              </Button>
            )
          }
        >
          {split.map((i) => (
            <div key={i.start}>{t.gpu.notWhole(i.profile, slots(i), i.not_whole ?? '')}</div>
          ))}
        </Alert>
      )}
      {gpu.drift && gpu.drift.length > 0 && (
        <Alert
          variant="warning"
          isInline
          title={t.gpu.drift}
          component="p"
          actionLinks={
            restore &&
            may.allowed && (
              <Button variant="link" isInline onClick={() => void navigate(restore)}>
                {t.gpu.restore}
              </Button>
            )
          }
        >
          {gpu.drift.map((line) => (
            <div key={line}>{line}</div>
          ))}
        </Alert>
      )}
    </>
  );
}

function PicturePanel({ gpu }: { gpu: Gpu }) {
  const [at, setAt] = useState<number | null>(null);
  const [ghost, setGhost] = useState<Span | null>(null);
  const readings = useReadings(gpu);
  const cut = gpu.state === 'ok' && gpu.mig.current && gpu.mig.units > 0;
  return (
    <Card isCompact>
      <CardBody className="fct-stack">
        <div className="fct-row fct-row--spread">
          <span className="fct-subtle">{gpu.state === 'ok' ? t.gpu.modeWhat[gpu.mode] : t.gpu.states[gpu.state]}</span>
          <span className="fct-row">
            <Busy readings={readings} />
            <GpuMemory readings={readings} />
            <Power readings={readings} />
            <Temperature readings={readings} />
          </span>
        </div>
        <GpuPicture gpu={gpu} variant="full" pointing={cut ? { at, onPoint: setAt } : undefined} ghost={ghost} />
        {cut && <PictureLegend split={gpu.mig.instances.some((i) => i.not_whole)} />}
        {cut && <Inspector gpu={gpu} at={at} onGhost={setGhost} />}
        {!cut && gpu.mig.capable && gpu.state === 'ok' && gpu.mode === 'host' && <span className="fct-subtle">{t.gpu.migIsOff}</span>}
      </CardBody>
    </Card>
  );
}

function CardView({ gpu, tab }: { gpu: Gpu; tab: string }) {
  const charts = useMemo(() => cardCharts(gpu), [gpu]);
  return (
    <>
      <PageHead
        title={t.gpu.title(gpu.index)}
        labels={<GpuLabel gpu={gpu} />}
        subtitle={`${shortModel(gpu.name)} · ${gpu.address}`}
        trail={[{ to: '/gpus/cards', name: t.gpu.cards }]}
        actions={<Actions gpu={gpu} />}
        tabs={{ names: t.gpu.tabs, active: tab, path: (key) => cardPath(gpu.id, key === 'summary' ? '' : `/${key}`) }}
      />
      <PageSection hasBodyWrapper={false} id="page-body" className="fct-stack">
        <Notices gpu={gpu} />
        {tab === 'summary' && (
          <>
            <PicturePanel gpu={gpu} />
            <SummaryTab gpu={gpu} />
          </>
        )}
        {tab === 'instances' && <PartsTab gpu={gpu} />}
        {tab === 'metrics' && (
          <Card isCompact>
            <CardBody>
              <LoadCharts charts={charts} group={gpu.id} subjects={[`gpu/${gpu.id}`]} />
            </CardBody>
          </Card>
        )}
        {tab === 'events' && <SubjectEvents id={gpu.id} empty={t.gpu.noEvents} />}
      </PageSection>
    </>
  );
}

export default function CardPage() {
  const { id = '', tab = 'summary' } = useParams();
  const gpu = useGpu(id);
  return (
    <Loaded
      query={gpu}
      list={LIST}
      waiting={
        <PageSection>
          <Waiting lines={3} height="8rem" />
        </PageSection>
      }
    >
      {(data) => <CardView gpu={data} tab={tab} />}
    </Loaded>
  );
}
