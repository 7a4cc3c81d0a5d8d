// SPDX-License-Identifier: Apache-2.0
import { PageSection } from '@patternfly/react-core';
import { Link } from 'react-router-dom';
import { t } from '@/strings';
import { Nothing } from '@/widgets/feedback';

export const NotFoundPage = () => (
  <PageSection>
    <Nothing heading="h1" title={t.app.notFound} text={t.app.notFoundText} action={<Link to="/">{t.app.toOverview}</Link>} />
  </PageSection>
);
