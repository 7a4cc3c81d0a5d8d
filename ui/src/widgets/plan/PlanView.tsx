// SPDX-License-Identifier: Apache-2.0
// A plan before it happens. First the answer that everybody wants, then the two pictures, then steps and reasons, folded.
import { Alert, Button, Card, CardBody, Checkbox, ExpandableSection, Skeleton } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { ApiError } from '@/api/client';
import { useMay } from '@/api/may';
import type { MigProfile, Plan } from '@/contract/types';
import { describeCounts, parseCounts, type Counts } from '@/lib/layout';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { PlanPair } from '@/widgets/card-picture/PlanPair';
import { ErrorAlert, Verdicts } from '@/widgets/feedback';
import { forbids, useConsent, type Consent } from './useConsent';
import type { Preview } from './usePreview';

function changes(plan: Plan): string {
  const kept = plan.then.filter((item) => item.kept).length;
  return t.carve.changes(kept, plan.now.length - kept, plan.then.length - kept);
}

interface WayOut {
  profiles: readonly MigProfile[];
  onUse?: (counts: Counts) => void;
}

/** Smaller wishes that would work, as buttons. */
function Instead({ texts, profiles, onUse }: WayOut & { texts: readonly string[] }) {
  const wishes = [...new Set(texts)].flatMap((text) => {
    const counts = parseCounts(text, profiles);
    return counts ? [{ text: describeCounts(counts, profiles), counts }] : [];
  });
  if (wishes.length === 0 || !onUse) return null;
  return (
    <div className="fct-row">
      {wishes.map(({ text, counts }) => (
        <Button key={text} variant="secondary" size="sm" onClick={() => onUse(counts)}>
          {t.carve.useThis(text)}
        </Button>
      ))}
    </div>
  );
}

function Headline({ plan, ...way }: { plan: Plan } & WayOut) {
  if (plan.state === 'refused' || forbids(plan).length > 0) {
    return (
      <Alert variant="danger" isInline title={t.carve.refused} component="p">
        <Verdicts verdicts={forbids(plan)} />
        <Instead texts={plan.alternatives} {...way} />
      </Alert>
    );
  }
  const stops = plan.interrupts;
  /** What would use compute that this leaves idle. */
  const larger = plan.alternatives.filter((text) => parseCounts(text, way.profiles));
  const notes = plan.verdicts.filter((v) => v.severity === 'warn' || v.severity === 'confirm');
  return (
    <Alert
      variant={stops.length ? 'warning' : 'success'}
      isInline
      title={stops.length ? t.carve.stops(stops) : t.carve.nothingStops}
      component="p"
    >
      {changes(plan)}
      {notes.length > 0 && <Verdicts verdicts={notes} />}
      {larger.map((text) => (
        <div key={text}>{text}.</div>
      ))}
      <Instead texts={larger} {...way} />
    </Alert>
  );
}

/** No fit: reasons, and the smaller wishes that would fit as buttons. */
function NoFit({ error, ...way }: { error: ApiError } & WayOut) {
  return (
    <ErrorAlert error={error} title={error.code === 'no-fit' ? t.carve.noFit : t.carve.previewFailed}>
      <Instead texts={error.details.alternatives ?? []} {...way} />
    </ErrorAlert>
  );
}

function Answer({
  preview,
  unchanged,
  profiles,
  onUse,
}: {
  preview: Preview;
  unchanged: boolean;
  profiles: readonly MigProfile[];
  onUse?: (counts: Counts) => void;
}) {
  if (preview.stale) {
    return (
      <Alert
        variant="warning"
        isInline
        title={t.carve.stale}
        component="p"
        actionLinks={
          <Button variant="link" isInline onClick={preview.again}>
            {t.carve.again}
          </Button>
        }
      >
        {t.carve.staleText}
      </Alert>
    );
  }
  if (unchanged)
    return (
      <Alert variant="info" isInline title={t.carve.unchanged} component="p">
        {t.carve.unchangedText}
      </Alert>
    );
  if (preview.error instanceof ApiError && !preview.waiting) return <NoFit error={preview.error} profiles={profiles} onUse={onUse} />;
  if (preview.error && !preview.waiting) return <ErrorAlert error={preview.error} title={t.carve.previewFailed} />;
  if (!preview.plan) return <Skeleton height="4.5rem" screenreaderText={t.carve.previewing} />;
  return <Headline plan={preview.plan} profiles={profiles} onUse={onUse} />;
}

interface BodyProps {
  preview: Preview;
  consent: Consent;
  profiles: readonly MigProfile[];
  unchanged?: boolean;
  /** What to draw while there is no plan: the card as it is. */
  now?: ReactNode;
  onUse?: (counts: Counts) => void;
}

/** Answer, pictures and what must be confirmed. An old preview stays, pale, while the next one is made. */
export function PlanBody({ preview, consent, profiles, unchanged = false, now, onUse }: BodyProps) {
  const { plan } = consent;
  const pale = preview.waiting && plan ? 0.6 : 1;
  return (
    <>
      <div className="fct-answer fct-stack" style={{ opacity: pale }} aria-live="polite" aria-busy={preview.waiting}>
        <Answer preview={preview} unchanged={unchanged} profiles={profiles} onUse={onUse} />
        {preview.applyError && <ErrorAlert error={preview.applyError} />}
      </div>
      <div className="fct-pair" style={{ opacity: pale }}>
        {plan
          ? plan.units > 0 && <PlanPair plan={plan} profiles={profiles} />
          : now || (!preview.error && <Skeleton height="14rem" screenreaderText={t.carve.previewing} />)}
      </div>
      {consent.asks && (
        <Checkbox id="confirm-plan" label={t.carve.confirm} isChecked={consent.given} onChange={(_event, on) => consent.give(on)} />
      )}
    </>
  );
}

interface Props extends Omit<BodyProps, 'consent'> {
  /** What the button does. */
  act: string;
  danger?: boolean;
  onCancel: () => void;
}

export function PlanView({ act, danger = false, onCancel, ...body }: Props) {
  const { preview, unchanged = false } = body;
  const may = useMay('plan.apply');
  const consent = useConsent(preview, unchanged);
  const { plan, stops } = consent;
  const apply = () => void preview.apply(consent.asks).catch(() => undefined); // what went wrong is shown as the preview's
  return (
    <Card isCompact>
      <CardBody className="fct-stack">
        <PlanBody consent={consent} {...body} />
        <div className="fct-row">
          <ActionButton
            variant={danger || stops.length > 0 ? 'danger' : 'primary'}
            why={may.why}
            isLoading={preview.applying}
            isDisabled={!consent.ready || preview.applying}
            onClick={apply}
          >
            {stops.length > 0 ? t.carve.applyAnyway(stops) : act}
          </ActionButton>
          <Button variant="link" onClick={onCancel}>
            {t.app.cancel}
          </Button>
        </div>
        {plan && <Folds plan={plan} />}
      </CardBody>
    </Card>
  );
}

export function Folds({ plan }: { plan: Plan }): ReactNode {
  return (
    <div className="fct-stack">
      <ExpandableSection toggleText={t.carve.steps(plan.steps.length)}>
        <ol className="pf-v6-c-list">
          {plan.steps.map((step, i) => (
            <li key={i}>{step.title}</li>
          ))}
        </ol>
      </ExpandableSection>
      <ExpandableSection toggleText={t.carve.why}>
        {plan.alternatives.length > 0 ? (
          <ul className="pf-v6-c-list">
            {plan.alternatives.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        ) : (
          <p>{t.carve.noWhy}</p>
        )}
      </ExpandableSection>
    </div>
  );
}
