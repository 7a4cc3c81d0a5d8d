// SPDX-License-Identifier: Apache-2.0
import { useNetworks } from '@/api/queries';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import { networkPath } from '@/widgets/links';
import type { Manifest } from '@/widgets/manifest';

export const networks: Manifest = {
  routes: [
    { path: '/networks', Page: chunk(() => import('./NetworksPage')) },
    { path: '/networks/:id', Page: chunk(() => import('./NetworkPage')) },
  ],
  nav: [{ to: '/networks', name: t.app.nav.networks }],
  useFound: () =>
    (useNetworks().data ?? []).map((one) => ({
      kind: t.app.searchKinds.network,
      key: `network ${one.id}`,
      name: one.name,
      more: `${one.kind} ${one.subnet} ${one.bridge}`,
      to: networkPath(one.id),
    })),
  nouns: { network: { carries: 'object' } },
};
