// SPDX-License-Identifier: Apache-2.0
// Undo is a plan like any other: previewed first.
import { PageSection } from '@patternfly/react-core';
import { Link, useNavigate, useParams } from 'react-router-dom';
import { useGpu, useTasks } from '@/api/queries';
import type { Gpu, Task } from '@/contract/types';
import { worldOf } from '@/lib/layout';
import { t } from '@/strings';
import { Loaded, Nothing, Waiting } from '@/widgets/feedback';
import { cardPath } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { PlanView } from '@/widgets/plan/PlanView';
import { usePreview } from '@/widgets/plan/usePreview';

const LIST = { to: '/gpus/cards', name: t.gpu.cards };

function Undo({ gpu, task }: { gpu: Gpu; task: Task }) {
  const navigate = useNavigate();
  const preview = usePreview({ kind: 'undo', task: task.id }, worldOf(gpu), () => cardPath(gpu.id));
  const title = t.tasks.undoTitle(task.title);
  return (
    <>
      <PageHead
        title={title}
        trail={[
          { to: '/gpus/cards', name: t.gpu.cards },
          { to: cardPath(gpu.id), name: t.gpu.title(gpu.index) },
        ]}
      />
      <PageSection>
        <PlanView preview={preview} profiles={gpu.mig.profiles} act={title} onCancel={() => void navigate(cardPath(gpu.id))} />
      </PageSection>
    </>
  );
}

function WithGpu({ task }: { task: Task }) {
  const gpu = useGpu(task.subject.id);
  return (
    <Loaded
      query={gpu}
      list={LIST}
      waiting={
        <PageSection>
          <Waiting lines={2} height="8rem" />
        </PageSection>
      }
    >
      {(data) => <Undo gpu={data} task={task} />}
    </Loaded>
  );
}

export default function UndoPage() {
  const { task: id } = useParams();
  const tasks = useTasks();
  return (
    <Loaded
      query={tasks}
      waiting={
        <PageSection>
          <Waiting />
        </PageSection>
      }
    >
      {(list) => {
        const task = list.find((one) => one.id === id);
        return task ? (
          <WithGpu task={task} />
        ) : (
          <PageSection>
            <Nothing
              heading="h1"
              title={t.app.notFound}
              text={t.app.notFoundText}
              action={<Link to="/activity/tasks">{t.tasks.all}</Link>}
            />
          </PageSection>
        );
      }}
    </Loaded>
  );
}
