// SPDX-License-Identifier: Apache-2.0
import { PageSection } from '@patternfly/react-core';
import { t } from '@/strings';
import { PageHead } from '@/widgets/PageHead';
import { VolumeList } from './VolumeList';

export default function VolumesPage() {
  return (
    <>
      <PageHead title={t.volumes.title} subtitle={t.volumes.about} />
      <PageSection><VolumeList /></PageSection>
    </>
  );
}
