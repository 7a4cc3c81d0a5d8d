// SPDX-License-Identifier: Apache-2.0
// Turn MIG on or off: the same preview, whatever blocks it, and how to clear that.
import { PageSection } from '@patternfly/react-core';
import { useNavigate, useParams } from 'react-router-dom';
import { useGpu } from '@/api/queries';
import type { Gpu } from '@/contract/types';
import { shortModel } from '@/lib/format';
import { worldOf } from '@/lib/layout';
import { t } from '@/strings';
import { Loaded, Waiting } from '@/widgets/feedback';
import { GpuLabel } from '@/widgets/labels';
import { cardPath } from '@/widgets/links';
import { PageHead } from '@/widgets/PageHead';
import { PlanView } from '@/widgets/plan/PlanView';
import { usePreview } from '@/widgets/plan/usePreview';

const LIST = { to: '/gpus/cards', name: t.gpu.cards };

function MigMode({ gpu, enabled }: { gpu: Gpu; enabled: boolean }) {
  const navigate = useNavigate();
  const preview = usePreview({ kind: 'mig-mode', gpu: gpu.id, enabled }, worldOf(gpu), () => cardPath(gpu.id));
  const name = t.gpu.title(gpu.index);
  const act = enabled ? t.gpu.migOn : t.gpu.migOff;
  return (
    <>
      <PageHead
        title={`${act}: ${name}`}
        labels={<GpuLabel gpu={gpu} />}
        subtitle={
          enabled
            ? `${shortModel(gpu.name)} · ${gpu.mig.mode_survives_boot ? t.gpu.survives.yes : t.gpu.survives.no}`
            : shortModel(gpu.name)
        }
        trail={[
          { to: '/gpus/cards', name: t.gpu.cards },
          { to: cardPath(gpu.id), name },
        ]}
      />
      <PageSection>
        <PlanView
          preview={preview}
          profiles={gpu.mig.profiles}
          act={`${act}: ${name}`}
          danger={!enabled}
          onCancel={() => void navigate(cardPath(gpu.id))}
        />
      </PageSection>
    </>
  );
}

export default function MigModePage() {
  const { id = '', enabled } = useParams();
  const gpu = useGpu(id);
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
      {(data) => <MigMode gpu={data} enabled={enabled === 'on'} />}
    </Loaded>
  );
}
