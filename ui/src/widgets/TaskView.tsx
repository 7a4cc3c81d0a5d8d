// SPDX-License-Identifier: Apache-2.0
// One task: how far it is, its steps live, its log, and Undo while undo is possible.
import { Button, ExpandableSection, Progress, Spinner } from '@patternfly/react-core';
import { CheckCircleIcon, ExclamationCircleIcon, MinusCircleIcon, OutlinedCircleIcon, UndoIcon } from '@patternfly/react-icons';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { cancelTask } from '@/api/actions';
import { useMay } from '@/api/may';
import type { Task } from '@/contract/types';
import { duration, time } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from './ActionButton';
import { ErrorAlert } from './feedback';
import { TaskState } from './labels';
import { SubjectLink } from './links';

type Step = Task['steps'][number];

function StepIcon({ state }: { state: Step['state'] }) {
  switch (state) {
    case 'running':
      return <Spinner size="sm" aria-label={t.tasks.stepStates.running} />;
    case 'done':
      return <CheckCircleIcon color="var(--pf-t--global--icon--color--status--success--default)" />;
    case 'failed':
      return <ExclamationCircleIcon color="var(--pf-t--global--icon--color--status--danger--default)" />;
    case 'undone':
      return <UndoIcon color="var(--pf-t--global--icon--color--status--warning--default)" />;
    case 'skipped':
      return <MinusCircleIcon color="var(--pf-t--global--icon--color--subtle)" />;
    case 'waiting':
      return <OutlinedCircleIcon color="var(--pf-t--global--icon--color--subtle)" />;
  }
}

function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <ul className="fct-steps">
      {steps.map((step, i) => (
        <li key={i}>
          <StepIcon state={step.state} />
          <span>
            {step.title}
            <span className="pf-v6-screen-reader">, {t.tasks.stepStates[step.state]}</span>
            {step.message && <div className="fct-subtle">{step.message}</div>}
          </span>
          <span className="fct-subtle fct-number">
            {step.started_ms != null && step.ended_ms != null ? duration(step.ended_ms - step.started_ms) : ''}
          </span>
        </li>
      ))}
    </ul>
  );
}

const running = (task: Task) => task.state === 'running' || task.state === 'queued';

export function TaskView({ task, open }: { task: Task; open: boolean }) {
  const navigate = useNavigate();
  const mayPlan = useMay('plan.apply');
  const mayCancel = useMay('task.write');
  const [showLog, setShowLog] = useState(false);
  const [showSteps, setShowSteps] = useState(open || running(task) || task.state === 'failed');
  const cancel = useMutation({ mutationFn: () => cancelTask(task.id) });
  const undoPath = `/gpus/undo/${encodeURIComponent(task.id)}`;
  return (
    <article className="fct-task" aria-label={task.title}>
      <div className="fct-row fct-row--spread">
        <strong>{task.title}</strong>
        <TaskState state={task.state} />
      </div>
      {running(task) && <Progress value={task.percent} size="sm" aria-label={t.tasks.progress(task.title)} />}
      {task.outcome && <div>{task.outcome}</div>}
      {task.error && (
        <ErrorAlert error={new Error(task.error.message)}>
          <p>{task.error.next}</p>
        </ErrorAlert>
      )}
      <div className="fct-row fct-row--spread fct-small fct-subtle">
        <SubjectLink subject={task.subject} />
        <span className="fct-number">
          {time(task.started_ms ?? task.created_ms)}
          {task.started_ms != null && task.ended_ms != null ? ` · ${duration(task.ended_ms - task.started_ms)}` : ''} · {task.user}
        </span>
      </div>
      {task.steps.length > 0 && (
        <ExpandableSection toggleText={t.tasks.steps} isExpanded={showSteps} onToggle={(_event, on) => setShowSteps(on)}>
          <Steps steps={task.steps} />
        </ExpandableSection>
      )}
      {task.log.length > 0 && (
        <ExpandableSection toggleText={t.tasks.log} isExpanded={showLog} onToggle={(_event, on) => setShowLog(on)}>
          {/* A log scrolls, so the keyboard must reach it. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre className="fct-log" tabIndex={0} aria-label={t.tasks.log}>
            {task.log.map((line) => `${time(line.time_ms)}  ${line.text}`).join('\n')}
          </pre>
        </ExpandableSection>
      )}
      {(task.can_undo || task.can_cancel) && (
        <div className="fct-row">
          {task.can_undo && (
            <ActionButton
              variant="secondary"
              size="sm"
              why={mayPlan.why}
              aria-label={t.tasks.undoTitle(task.title)}
              onClick={() => void navigate(undoPath)}
            >
              {t.tasks.undo}
            </ActionButton>
          )}
          {task.can_cancel && mayCancel.allowed && (
            <Button
              variant="link"
              size="sm"
              isInline
              isDisabled={cancel.isPending}
              aria-label={t.tasks.cancelTitle(task.title)}
              onClick={() => cancel.mutate()}
            >
              {t.tasks.cancel}
            </Button>
          )}
        </div>
      )}
      {cancel.error && <ErrorAlert error={cancel.error} />}
    </article>
  );
}
