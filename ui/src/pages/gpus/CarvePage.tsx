// SPDX-License-Identifier: Apache-2.0
// Re-carve a card: counts at the left, what would happen at the right, live.
import { Button, Card, CardBody, CardTitle, PageSection } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router-dom';
import { useGpu } from '@/api/queries';
import type { Gpu, PlanInput } from '@/contract/types';
import { shortModel } from '@/lib/format';
import { countsOf, equalParts, sameCounts, tidy, worldOf, type Counts, type Splits } from '@/lib/layout';
import { t } from '@/strings';
import { CardPicture } from '@/widgets/card-picture/CardPicture';
import { pictureOfGpu } from '@/widgets/card-picture/geometry';
import { useCarveWhy } from '@/widgets/carveWhy';
import { Loaded, Nothing, Waiting } from '@/widgets/feedback';
import { GpuLabel } from '@/widgets/labels';
import { cardPath } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { PlanView } from '@/widgets/plan/PlanView';
import { usePreview } from '@/widgets/plan/usePreview';
import { CountTable } from './CountTable';
import { SplitTable } from './SplitTable';

const LIST = { to: '/gpus/cards', name: t.gpu.cards };

function Presets({ gpu, counts, onPick }: { gpu: Gpu; counts: Counts; onPick: (counts: Counts) => void }) {
  const presets = useMemo(() => equalParts(gpu.mig.profiles), [gpu.mig.profiles]);
  const now = countsOf(gpu.mig.instances);
  const button = (label: string, wish: Counts) => (
    <Button
      key={label}
      variant={sameCounts(counts, wish) ? 'primary' : 'secondary'}
      size="sm"
      aria-pressed={sameCounts(counts, wish)}
      onClick={() => onPick(wish)}
    >
      {label}
    </Button>
  );
  return (
    <div className="fct-stack">
      <div className="fct-presets" role="group" aria-label={t.carve.equal}>
        {presets.map((preset) => button(preset.label, preset.counts))}
      </div>
      <div className="fct-presets">
        {gpu.mig.instances.length > 0 && (
          <Button variant="link" size="sm" isInline onClick={() => onPick(now)}>
            {t.carve.asNow}
          </Button>
        )}
        <Button variant="link" size="sm" isInline onClick={() => onPick({})}>
          {t.carve.empty}
        </Button>
      </div>
    </div>
  );
}

function Carve({ gpu }: { gpu: Gpu }) {
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const now = countsOf(gpu.mig.instances);
  const wanted = params.get('wanted') ? gpu.wanted?.profiles : undefined;
  const [counts, setCounts] = useState<Counts>(wanted ?? now);
  const [splits, setSplits] = useState<Splits>((params.get('wanted') && gpu.wanted?.compute) || {});
  const compute = Object.fromEntries(
    Object.entries(splits)
      .filter(([name]) => (counts[name] ?? 0) > 0)
      .map(([name, names]) => [name, [...names]]),
  );
  const asWished = gpu.mig.instances.every((i) => !i.not_whole) && Object.keys(compute).length === 0;
  const unchanged = gpu.mig.current && gpu.mig.pending && sameCounts(counts, now) && asWished;
  const input: PlanInput | null = unchanged
    ? null
    : { kind: 'carve', gpu: gpu.id, profiles: { ...tidy(counts) }, ...(Object.keys(compute).length > 0 && { compute }) };
  const preview = usePreview(input, worldOf(gpu), () => cardPath(gpu.id));
  const name = t.gpu.title(gpu.index);
  return (
    <>
      <PageHead
        title={t.carve.title(name)}
        labels={<GpuLabel gpu={gpu} />}
        subtitle={`${shortModel(gpu.name)} · ${gpu.address}`}
        trail={[
          { to: '/gpus/cards', name: t.gpu.cards },
          { to: cardPath(gpu.id), name },
        ]}
      />
      <PageSection>
        <div className="fct-carve">
          <Card isCompact>
            <CardTitle component="h2">{t.carve.parts}</CardTitle>
            <CardBody className="fct-stack">
              <Presets gpu={gpu} counts={counts} onPick={setCounts} />
              <CountTable profiles={gpu.mig.profiles} counts={counts} onChange={setCounts} />
              <SplitTable profiles={gpu.mig.profiles} counts={counts} splits={splits} onChange={setSplits} />
            </CardBody>
          </Card>
          <PlanView
            preview={preview}
            profiles={gpu.mig.profiles}
            act={t.carve.apply(name)}
            unchanged={unchanged}
            now={
              unchanged &&
              gpu.mig.units > 0 && (
                <CardPicture title={t.carve.now} picture={pictureOfGpu(gpu)} variant="pair" memoryLabel={t.picture.nowRow} ruler />
              )
            }
            onUse={setCounts}
            onCancel={() => void navigate(cardPath(gpu.id))}
          />
        </div>
      </PageSection>
    </>
  );
}

function Checked({ gpu }: { gpu: Gpu }) {
  const why = useCarveWhy(gpu);
  if (why)
    return (
      <PageSection>
        <Nothing
          heading="h1"
          title={t.carve.title(t.gpu.title(gpu.index))}
          text={why}
          action={<Link to={cardPath(gpu.id)}>{t.gpu.title(gpu.index)}</Link>}
        />
      </PageSection>
    );
  return <Carve gpu={gpu} />;
}

export default function CarvePage() {
  const { id = '' } = useParams();
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
      {(data) => <Checked gpu={data} />}
    </Loaded>
  );
}
