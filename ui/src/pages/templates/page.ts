// SPDX-License-Identifier: Apache-2.0
import { useTemplates } from '@/api/queries';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import type { Manifest } from '@/widgets/manifest';

export const templates: Manifest = {
  routes: [{ path: '/templates', Page: chunk(() => import('./TemplatesPage')) }],
  nav: [{ to: '/templates', name: t.app.nav.templates }],
  useFound: () =>
    (useTemplates().data ?? []).map((one) => ({
      kind: t.app.searchKinds.template,
      key: `template ${one.id}`,
      name: one.name,
      more: one.description,
      to: '/templates',
    })),
  nouns: { template: { carries: 'object' } },
};
