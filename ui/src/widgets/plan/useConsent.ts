// SPDX-License-Identifier: Apache-2.0
// Whether the plan that is shown may be applied: it is the present one, no verdict forbids it, and what it asks is confirmed.
import { useState } from 'react';
import type { Plan } from '@/contract/types';
import type { Preview } from './usePreview';

export interface Consent {
  /** The plan to show; undefined while there is none for the wish. */
  plan: Plan | undefined;
  asks: boolean;
  given: boolean;
  give: (on: boolean) => void;
  ready: boolean;
  /** Who stops when it is applied. */
  stops: readonly string[];
}

export const forbids = (plan: Plan) => plan.verdicts.filter((v) => v.severity === 'block' || v.severity === 'refuse');

export function useConsent(preview: Preview, unchanged = false): Consent {
  const [confirmed, setConfirmed] = useState('');
  const plan = unchanged || (preview.error && !preview.waiting) ? undefined : preview.plan;
  const asks = plan?.verdicts.some((v) => v.severity === 'confirm') ?? false;
  const refused = plan ? plan.state === 'refused' || forbids(plan).length > 0 : true;
  const given = !asks || confirmed === plan?.id;
  return {
    plan,
    asks,
    given,
    give: (on) => setConfirmed(on && plan ? plan.id : ''),
    ready: !refused && given && !preview.waiting && !preview.stale,
    stops: plan && !refused ? plan.interrupts : [],
  };
}
