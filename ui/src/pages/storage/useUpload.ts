// SPDX-License-Identifier: Apache-2.0
// A file on its way into the library: new, or one whose upload was begun.
import { createFile } from '@/api/actions';
import { call } from '@/api/client';
import { sendFile } from '@/api/upload';
import type { LibraryFile } from '@/contract/types';
import { bytes } from '@/lib/format';
import { t } from '@/strings';
import { useUploadsOf } from '@/widgets/Uploads';

export function useUpload() {
  const { begin, ...uploads } = useUploadsOf('file');
  const start = async (file: File, begun: LibraryFile | null, sha256: string, signal: AbortSignal) => {
    if (begun && begun.size_bytes !== file.size) throw new Error(t.files.otherSize(begun.name, bytes(begun.size_bytes)));
    const { id, name, received_bytes } = begun
      ? await call<LibraryFile>(`/files/${encodeURIComponent(begun.id)}`, { signal })
      : await createFile({ name: file.name, size_bytes: file.size, sha256 });
    return { id, name, from: received_bytes };
  };
  return {
    ...uploads,
    begin: (file: File, begun: LibraryFile | null, sha256: string) =>
      begin({
        kind: 'file',
        file,
        touches: ['file', 'image'],
        start: (signal) => start(file, begun, sha256, signal),
        send: async (id, from, onSent, signal) => (await sendFile(id, file, from, onSent, signal)).state === 'ready',
      }),
  };
}
