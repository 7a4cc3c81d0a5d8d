// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { t } from '@/strings';

describe('what may be done', () => {
  it('has words for every action of the API, and for no other', () => {
    const api = readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8');
    // Who signs in needs no right for it, but it stands in the audit.
    const asked = new Set(['session.login', ...[...api.matchAll(/x-action: ([a-z.-]+)/g)].map((found) => found[1])]);
    expect(Object.keys(t.actions).sort()).toEqual([...asked].sort());
  });
});
