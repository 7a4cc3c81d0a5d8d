// SPDX-License-Identifier: Apache-2.0
// A plan before it happens. First the answer that everybody wants, then the two pictures, then steps and reasons, folded.
import { Alert, Button, Card, CardBody, Checkbox, ExpandableSection, Skeleton } from '@patternfly/react-core';
import { useState, type ReactNode } from 'react';
import { ApiError } from '@/api/client';
import type { MigProfile, Plan } from '@/api/types';
import { describeCounts, parseCounts, type Counts } from '@/lib/layout';
import { useMay } from '@/lib/may';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { PlanPair } from '@/widgets/card-picture/PlanPair';
import { ErrorAlert, Verdicts } from '@/widgets/feedback';
import type { Preview } from './usePreview';

const needs = (plan: Plan, severity: string) => plan.verdicts.filter((v) => v.severity === severity);
const forbids = (plan: Plan) => plan.verdicts.filter((v) => v.severity === 'block' || v.severity === 'refuse');

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
      {wishes.map(({ text, counts }) => <Button key={text} variant="secondary" size="sm" onClick={() => onUse(counts)}>{t.carve.useThis(text)}</Button>)}
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
  const notes = plan.verdicts.filter((v) => v.severity === 'warn' || v.severity === 'confirm');
  return (
    <Alert variant={stops.length ? 'warning' : 'success'} isInline title={stops.length ? t.carve.stops(stops) : t.carve.nothingStops} component="p">
      {changes(plan)}
      {notes.length > 0 && <Verdicts verdicts={notes} />}
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

function Answer({ preview, unchanged, profiles, onUse }: { preview: Preview; unchanged: boolean; profiles: readonly MigProfile[]; onUse?: (counts: Counts) => void }) {
  if (preview.stale) {
    return <Alert variant="warning" isInline title={t.carve.stale} component="p" actionLinks={<Button variant="link" isInline onClick={preview.again}>{t.carve.again}</Button>}>{t.carve.staleText}</Alert>;
  }
  if (unchanged) return <Alert variant="info" isInline title={t.carve.unchanged} component="p">{t.carve.unchangedText}</Alert>;
  if (preview.error instanceof ApiError && !preview.waiting) return <NoFit error={preview.error} profiles={profiles} onUse={onUse} />;
  if (preview.error && !preview.waiting) return <ErrorAlert error={preview.error} title={t.carve.previewFailed} />;
  if (!preview.plan) return <Skeleton height="4.5rem" screenreaderText={t.carve.previewing} />;
  return <Headline plan={preview.plan} profiles={profiles} onUse={onUse} />;
}

interface Props {
  preview: Preview;
  profiles: readonly MigProfile[];
  /** What the button does. */
  act: string;
  unchanged?: boolean;
  /** What to draw while there is no plan: the card as it is. */
  now?: ReactNode;
  danger?: boolean;
  onUse?: (counts: Counts) => void;
  onCancel: () => void;
}

export function PlanView({ preview, profiles, act, unchanged = false, now, danger = false, onUse, onCancel }: Props) {
  const may = useMay('plan.apply');
  const [confirmed, setConfirmed] = useState('');
  const plan = unchanged || (preview.error && !preview.waiting) ? undefined : preview.plan;
  const asks = plan ? needs(plan, 'confirm').length > 0 : false;
  const refused = plan ? plan.state === 'refused' || forbids(plan).length > 0 : true;
  const isConfirmed = !asks || confirmed === plan?.id;
  const ready = plan && !refused && isConfirmed && !preview.waiting && !preview.stale;
  const stops = plan && !refused ? plan.interrupts : [];
  return (
    <Card isCompact>
      <CardBody className="fct-stack">
        <div className="fct-answer fct-stack" aria-live="polite" aria-busy={preview.waiting}>
          <Answer preview={preview} unchanged={unchanged} profiles={profiles} onUse={onUse} />
          {preview.applyError && <ErrorAlert error={preview.applyError} />}
        </div>
        <div className="fct-pair" style={{ opacity: preview.waiting && plan ? 0.6 : 1 }}>
          {plan ? plan.units > 0 && <PlanPair plan={plan} profiles={profiles} /> : now || (!preview.error && <Skeleton height="14rem" screenreaderText={t.carve.previewing} />)}
        </div>
        {asks && plan && <Checkbox id="confirm-plan" label={t.carve.confirm} isChecked={isConfirmed} onChange={(_event, on) => setConfirmed(on ? plan.id : '')} />}
        <div className="fct-row">
          <ActionButton variant={danger || stops.length > 0 ? 'danger' : 'primary'} why={may.why} isLoading={preview.applying} isDisabled={!ready || preview.applying} onClick={() => preview.apply(asks)}>
            {stops.length > 0 ? t.carve.applyAnyway(stops) : act}
          </ActionButton>
          <Button variant="link" onClick={onCancel}>{t.app.cancel}</Button>
        </div>
        {plan && <Folds plan={plan} />}
      </CardBody>
    </Card>
  );
}

function Folds({ plan }: { plan: Plan }): ReactNode {
  return (
    <div className="fct-stack">
      <ExpandableSection toggleText={t.carve.steps(plan.steps.length)}>
        <ol className="pf-v6-c-list">{plan.steps.map((step, i) => <li key={i}>{step.title}</li>)}</ol>
      </ExpandableSection>
      <ExpandableSection toggleText={t.carve.why}>
        {plan.alternatives.length > 0
          ? <ul className="pf-v6-c-list">{plan.alternatives.map((reason) => <li key={reason}>{reason}</li>)}</ul>
          : <p>{t.carve.noWhy}</p>}
      </ExpandableSection>
    </div>
  );
}
