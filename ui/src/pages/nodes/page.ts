// SPDX-License-Identifier: Apache-2.0
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import type { Manifest } from '@/widgets/manifest';

export const nodes: Manifest = {
  routes: [{ path: '/nodes', Page: chunk(() => import('./NodesPage')) }],
  nav: [{ to: '/nodes', name: t.app.nav.nodes }],
  nouns: { node: { carries: 'object' } },
};
