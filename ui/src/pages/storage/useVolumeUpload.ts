// SPDX-License-Identifier: Apache-2.0
// A disk on its way into a pool: a new volume, or one whose upload was begun.
import { beginVolume } from '@/api/actions';
import { call } from '@/api/client';
import { sendVolume } from '@/api/upload';
import type { Volume } from '@/contract/types';
import { bytes } from '@/lib/format';
import { t } from '@/strings';
import { useUploadsOf } from '@/widgets/Uploads';

export type Target = { pool: string; name: string; format: 'qcow2' | 'raw'; sha256: string } | { begun: Volume };

async function volumeOf(target: Target, file: File, signal: AbortSignal): Promise<Volume> {
  if (!('begun' in target))
    return beginVolume({ pool: target.pool, name: target.name, format: target.format, upload_bytes: file.size, sha256: target.sha256 });
  const { begun } = target;
  if (begun.upload?.size_bytes !== file.size) throw new Error(t.volumes.otherSize(begun.name, bytes(begun.upload?.size_bytes)));
  return call<Volume>(`/volumes/${encodeURIComponent(begun.id)}`, { signal });
}

export function useVolumeUpload() {
  const { begin, ...uploads } = useUploadsOf('volume');
  return {
    ...uploads,
    begin: (file: File, target: Target) =>
      begin({
        kind: 'volume',
        file,
        touches: ['volume', 'pool'],
        start: async (signal) => {
          const { id, name, upload } = await volumeOf(target, file, signal);
          return { id, name, from: upload?.received_bytes ?? 0 };
        },
        send: async (id, from, onSent, signal) => (await sendVolume(id, file, from, onSent, signal)).upload === null,
      }),
  };
}
