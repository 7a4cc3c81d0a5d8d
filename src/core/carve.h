/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans for one card: from the way it is to the way it is wanted, as typed steps with everything a person wants to see
 * first. They fill title, gpu, gpu_digest, mig_now/then, units, now, then, steps, verdicts, interrupts, alternatives
 * and state ("open", or "refused" when a verdict blocks or refuses) of @plan; id, node, project, request and times are
 * the caller's. @reservations as in card.h.
 *
 * Errors mean that there is no plan: FCT_ERROR_BAD_REQUEST (details: field), FCT_ERROR_NO_FIT (details: "reasons"
 * [text], "alternatives" [text], "alternative_profiles" [{profile: count}] in the same order).
 */
#pragma once
#include "core/foresee.h"
#include "core/preflight.h"
#include "model/layout.h"

/*
 * @request as in model/layout.h. A card with MIG off gets it turned on first; one whose MIG is to go off at its next
 * reset keeps it. A wish for nothing at all asks for consent. Idle instances that hold only a part of their compute, or
 * are split otherwise than is wished, get what is wished.
 */
gboolean fct_plan_carve(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, const FctCarveRequest *request,
                        GError **error);

/*
 * Turning off removes the instances first. Asking for the mode there is gives a plan without steps, unless a change of
 * it is pending: then one that takes this back. Asking for the pending mode finishes the change.
 */
void fct_plan_mode(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, gboolean enabled);

/*
 * Back to the layout of @before: undoes @done (array of FctStep: the steps of a plan made on @before that were done) on
 * @gpu as it is now. What leaves no instance asks for consent. FCT_ERROR_STALE when the card was changed since so that
 * this is not possible.
 */
gboolean fct_plan_undo(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, const FctGpu *before,
                       const GPtrArray *done, GError **error);
