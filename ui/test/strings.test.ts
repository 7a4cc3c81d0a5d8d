// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { t } from '@/strings';

describe('what may be done', () => {
  it('has words for every action of the API, and for no other', () => {
    const folder = new URL('../../api/openapi/', import.meta.url);
    const api = readdirSync(folder)
      .map((part) => readFileSync(new URL(part, folder), 'utf8'))
      .join('');
    // Who signs in needs no right for it, but it stands in the audit.
    const asked = new Set(['session.login', ...[...api.matchAll(/x-action: ([a-z.-]+)/g)].map((found) => found[1])]);
    expect(Object.keys(t.actions).sort()).toEqual([...asked].sort());
  });
});
