// SPDX-License-Identifier: Apache-2.0
// In the review: what cutting the part means for the card; then the work itself, live; then how it ended.
import { Alert, Title } from '@patternfly/react-core';
import { isRunning } from '@/lib/tasks';
import { t } from '@/strings';
import { ErrorAlert } from '@/widgets/feedback';
import { Folds, PlanBody } from '@/widgets/plan/PlanView';
import { TaskView } from '@/widgets/TaskView';
import type { Cutting } from './useCutting';

export function CutReview({ cutting, busy }: { cutting: Cutting; busy: boolean }) {
  const { gpu, task, preview, consent, wanted } = cutting;
  const ended = task !== undefined && !isRunning(task);
  const missed = ended && task.state !== 'done';
  const planning = wanted && gpu && !(busy && task && !missed);
  return (
    <>
      {busy && task && wanted && !missed && <Alert variant="info" isInline title={t.cuts.cutting} component="p" />}
      {missed && (
        <Alert variant="danger" isInline title={t.cuts.failed} component="p">
          {t.cuts.failedText}
        </Alert>
      )}
      {ended && !missed && !wanted && <Alert variant="success" isInline title={t.cuts.done} component="p" />}
      {task && <TaskView key={task.id} task={task} open />}
      {wanted && !gpu && <ErrorAlert error={new Error(t.cuts.gone)} />}
      {planning && (
        <>
          <Title headingLevel="h2" size="md">
            {t.cuts.first(t.gpu.title(gpu.index))}
          </Title>
          <PlanBody preview={preview} consent={consent} profiles={gpu.mig.profiles} />
          {consent.plan && <Folds plan={consent.plan} />}
        </>
      )}
    </>
  );
}
