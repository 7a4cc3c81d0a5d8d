// SPDX-License-Identifier: Apache-2.0
import { PageSection } from '@patternfly/react-core';
import { t } from '@/strings';
import { PageHead } from '@/widgets/PageHead';
import { VolumeList } from './VolumeList';

export default function VolumesPage() {
  return (
    <VolumeList>
      {(actions, list) => (
        <>
          <PageHead title={t.volumes.title} subtitle={t.volumes.about} actions={actions} />
          <PageSection>{list}</PageSection>
        </>
      )}
    </VolumeList>
  );
}
