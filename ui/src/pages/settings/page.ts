// SPDX-License-Identifier: Apache-2.0
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import type { Manifest } from '@/widgets/manifest';

export const settings: Manifest = {
  routes: [{ path: '/settings/:tab?', Page: chunk(() => import('./SettingsPage')) }],
  nav: [{ to: '/settings', name: t.app.nav.settings }],
};
