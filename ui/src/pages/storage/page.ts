// SPDX-License-Identifier: Apache-2.0
import { staleWord } from '@/api/changes';
import { useFiles, usePools, useVolumes } from '@/api/queries';
import type { LibraryFile, Pool, Volume } from '@/contract/types';
import type { Found } from '@/lib/search';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import { poolPath } from '@/widgets/links';
import type { Manifest } from '@/widgets/manifest';

const kinds = t.app.searchKinds;
const foundPool = ({ id, name, path, source }: Pool): Found => ({
  kind: kinds.pool,
  key: `pool ${id}`,
  name,
  more: `${path} ${source}`,
  to: poolPath(name),
});
const foundVolume = ({ id, name, pool, used_by }: Volume): Found => ({
  kind: kinds.volume,
  key: `volume ${id}`,
  name,
  more: `${pool} ${used_by.map((user) => user.name).join(' ')}`,
  to: `/storage/volumes?q=${encodeURIComponent(name)}`,
});
const foundFile = ({ id, name }: LibraryFile): Found => ({ kind: kinds.file, key: `file ${id}`, name, more: '', to: '/storage/files' });

function useFound(): Found[] {
  const [pools, volumes, files] = [usePools().data ?? [], useVolumes().data ?? [], useFiles().data?.items ?? []];
  return [...pools.map(foundPool), ...volumes.map(foundVolume), ...files.map(foundFile)];
}

export const storage: Manifest = {
  routes: [
    { path: '/storage', to: '/storage/pools' },
    { path: '/storage/pools', Page: chunk(() => import('./PoolsPage')) },
    { path: '/storage/pools/:id', Page: chunk(() => import('./PoolPage')) },
    { path: '/storage/volumes', Page: chunk(() => import('./VolumesPage')) },
    { path: '/storage/files', Page: chunk(() => import('./FilesPage')) },
  ],
  nav: [
    { to: '/storage/pools', name: t.app.nav.pools, section: t.app.nav.storage },
    { to: '/storage/volumes', name: t.app.nav.volumes, section: t.app.nav.storage },
    { to: '/storage/files', name: t.app.nav.files, section: t.app.nav.storage },
  ],
  useFound,
  nouns: { pool: staleWord('pool'), volume: staleWord('volume'), file: staleWord('file', 'image') },
};
