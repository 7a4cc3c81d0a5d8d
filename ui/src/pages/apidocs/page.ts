// SPDX-License-Identifier: Apache-2.0
import { chunk } from '@/widgets/chunk';
import type { Manifest } from '@/widgets/manifest';

export const apidocs: Manifest = {
  routes: [{ path: '/reference', Page: chunk(() => import('./ApiDocsPage')), open: true }],
  nav: [],
};
