/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans for one card: from its present layout to the wanted one, as typed steps, with everything that a person wants to
 * see first. They fill title, gpu, gpu_digest, mig_now/then, units, now, then, steps, verdicts, interrupts,
 * alternatives and state ("open", or "refused" when a verdict blocks or refuses) of @plan; id, node, project, request
 * and times are the caller's. @reservations: as in card.h. Pure.
 *
 * An error means that there is no plan: FCT_ERROR_BAD_REQUEST (details: field), FCT_ERROR_NO_FIT (details: "reasons"
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
 * Turning MIG off removes the instances first. Asking for the present mode gives a plan without steps, or, when a
 * change is pending, one that takes the change back. Asking for the pending mode finishes the change.
 */
void fct_plan_mode(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, gboolean enabled);

/*
 * Goes back to the layout of @before: undoes @done (array of FctStep: those steps of a plan made on @before that were
 * done) on @gpu as it is now. Ending without any instance needs consent. FCT_ERROR_STALE when the card was changed
 * since, so that this is impossible.
 */
gboolean fct_plan_undo(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, const FctGpu *before,
                       const GPtrArray *done, GError **error);
