// SPDX-License-Identifier: Apache-2.0
import { t } from '@/strings';
import type { Manifest } from '@/widgets/manifest';
import { OverviewPage } from './OverviewPage';

/** The first page that one sees is no chunk: it would only come later. */
export const overview: Manifest = {
  routes: [{ path: '/', Page: OverviewPage }],
  nav: [{ to: '/', name: t.app.nav.overview }],
};
