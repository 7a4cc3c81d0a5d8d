// SPDX-License-Identifier: Apache-2.0
// The one door to the API: JSON in, JSON out, and every refusal as an ApiError with Facet's own code, sentence and next step.
import type { Problem } from '@/contract/types';
import { t } from '@/strings';

export class ApiError extends Error {
  readonly status: number;
  readonly code: Problem['code'];
  readonly next: string;
  readonly details: Partial<Problem['details']>;

  constructor(status: number, problem: Problem) {
    super(problem.message);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code;
    this.next = problem.next;
    this.details = problem.details;
  }
}

const BASE = '/api/v1';
const unauthenticated = new Set<() => void>();

/** Calls back whenever the server says that nobody is signed in. Returns the way to stop. */
export function onUnauthenticated(listener: () => void): () => void {
  unauthenticated.add(listener);
  return () => unauthenticated.delete(listener);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as { error?: Problem };
    if (body.error) return { ...body.error, details: body.error.details ?? {} };
  } catch {
    // Not Facet's own answer: a proxy, or a server that is going down.
  }
  return { code: 'unknown', message: t.errors.unexpectedAnswer(response.status), next: t.errors.tryAgain, details: {} };
}

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  revision?: number;
  signal?: AbortSignal;
}

export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.revision !== undefined) headers['If-Match'] = `"${options.revision}"`;
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method: options.method ?? 'GET',
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, { code: 'unreachable', message: t.errors.unreachable, next: t.errors.unreachableNext, details: {} });
  }
  if (!response.ok) {
    const error = new ApiError(response.status, await problemOf(response));
    if (response.status === 401 && !(path === '/session' && options.method === 'POST')) unauthenticated.forEach((tell) => tell());
    throw error;
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** Address of a WebSocket of the API. */
export function socketUrl(path: string): string {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}${BASE}${path}`;
}

/** It begins with what every page shows around its own matter. */
export const STREAM_URL = `${BASE}/events/stream?state=true`;
