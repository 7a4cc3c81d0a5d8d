// SPDX-License-Identifier: Apache-2.0
import { useGpus } from '@/api/queries';
import type { Gpu } from '@/contract/types';
import { shortModel } from '@/lib/format';
import type { Found } from '@/lib/search';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import { cardPath } from '@/widgets/links';
import type { Manifest } from '@/widgets/manifest';

const found = (gpu: Gpu): Found => ({
  kind: t.app.searchKinds.gpu,
  key: gpu.id,
  name: `${t.gpu.title(gpu.index)} ${shortModel(gpu.name)}`,
  more: `${gpu.address} ${gpu.uuid} ${gpu.serial} ${gpu.mode}`,
  to: cardPath(gpu.id),
});

export const gpus: Manifest = {
  routes: [
    { path: '/gpus', to: '/gpus/cards' },
    { path: '/gpus/cards', Page: chunk(() => import('./CardsPage')) },
    { path: '/gpus/cards/:id/carve', Page: chunk(() => import('./CarvePage')) },
    { path: '/gpus/cards/:id/mig/:enabled', Page: chunk(() => import('./MigModePage')) },
    { path: '/gpus/cards/:id/:tab?', Page: chunk(() => import('./CardPage')) },
    { path: '/gpus/undo/:task', Page: chunk(() => import('./UndoPage')) },
  ],
  nav: [{ to: '/gpus/cards', name: t.app.nav.cards, section: t.app.nav.gpus }],
  useFound: () => (useGpus().data ?? []).map(found),
  nouns: { gpu: { carries: 'object', again: ['group', 'preflight'] } },
};
