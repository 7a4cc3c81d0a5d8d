// SPDX-License-Identifier: Apache-2.0
// The bytes of a file. XMLHttpRequest, because fetch does not tell how much has been sent.
import { ApiError } from './client';
import type { LibraryFile, Problem, Volume } from '@/contract/types';
import { t } from '@/strings';

function problemOf(text: string, status: number): Problem {
  try {
    const { error } = JSON.parse(text) as { error?: Problem };
    if (error) return error;
  } catch {
    // Not Facet's own answer.
  }
  return { code: 'unknown', message: t.errors.unexpectedAnswer(status), next: t.errors.tryAgain, details: {} };
}

/** Sends what follows the first @from bytes. The browser reads the file from the disk as it goes. */
export const sendFile = (id: string, file: File, from: number, onSent: (bytes: number) => void, signal: AbortSignal) =>
  send<LibraryFile>(`/files/${encodeURIComponent(id)}/content`, file, from, onSent, signal);
export const sendVolume = (id: string, file: File, from: number, onSent: (bytes: number) => void, signal: AbortSignal) =>
  send<Volume>(`/volumes/${encodeURIComponent(id)}/content`, file, from, onSent, signal);

function send<T>(path: string, file: File, from: number, onSent: (bytes: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `/api/v1${path}`);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('Content-Range', from < file.size ? `bytes ${from}-${file.size - 1}/${file.size}` : `bytes */${file.size}`);
    request.upload.onprogress = (event) => onSent(from + event.loaded);
    request.onload = () => {
      if (request.status === 200) resolve(JSON.parse(request.responseText) as T);
      else reject(new ApiError(request.status, problemOf(request.responseText, request.status)));
    };
    request.onerror = () => reject(new ApiError(0, { code: 'unreachable', message: t.files.broke, next: '', details: {} }));
    request.onabort = () => reject(new DOMException('', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file.slice(from));
  });
}
