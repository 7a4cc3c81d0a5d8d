// SPDX-License-Identifier: Apache-2.0
// A plan as two pictures, now above then: what stays is untouched, what goes is pale, what comes is dashed.
import type { MigProfile, Plan } from '@/contract/types';
import { t } from '@/strings';
import { CardPicture, WholePicture } from './CardPicture';
import { picturesOfPlan } from './geometry';

export function PlanPair({ plan, profiles }: { plan: Plan; profiles: readonly MigProfile[] }) {
  const { now, then } = picturesOfPlan(plan, profiles);
  return (
    <div className="fct-stack">
      {plan.mig_now ? (
        <CardPicture title={t.carve.now} picture={now} variant="pair" memoryLabel={t.picture.nowRow} ruler />
      ) : (
        <WholePicture title={t.carve.now} text={t.gpu.wholeFree} variant="pair" units={plan.units} memoryLabel={t.picture.nowRow} ruler />
      )}
      {plan.mig_then ? (
        <CardPicture title={t.carve.then} picture={then} variant="pair" memoryLabel={t.picture.thenRow} />
      ) : (
        <WholePicture title={t.carve.then} text={t.gpu.wholeFree} variant="pair" units={plan.units} memoryLabel={t.picture.thenRow} />
      )}
      <div className="fct-legend">
        {(['kept', 'leaving', 'coming'] as const).map((fate) => (
          <span key={fate}>
            <span className={`fct-legend__mark fct-legend__mark--${fate}`} aria-hidden="true" />
            {t.carve.legend[fate]}
          </span>
        ))}
      </div>
    </div>
  );
}
