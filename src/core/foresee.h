/* SPDX-License-Identifier: Apache-2.0 */
/* What a card will look like after steps, without touching it, and the steps that take them back. Pure. */
#pragma once
#include "core/card.h"
#include "model/plan.h"

/*
 * Applies @steps (of FctStep) one by one to the layout of @gpu. FCT_ERROR_STALE at the first step that could not run
 * there (place taken, nothing to remove, compute instances left, MIG off). Returns FctLayoutItem by start; `kept` marks
 * those that no step touched. *ret_mig (may be NULL): MIG mode afterwards.
 */
GPtrArray *fct_foresee(const FctGpu *gpu, const GPtrArray *steps, gboolean *ret_mig, GError **error);

/* The present layout, with busy and holder. Array of FctLayoutItem by start. */
GPtrArray *fct_layout_now(const FctGpu *gpu, const GPtrArray *reservations);
/* Copies the holders of instances that stay from @now to @then, which was foreseen from it. */
void fct_layout_keep_holders(GPtrArray *then, const GPtrArray *now);

/*
 * The steps that undo @done, in the order to run them. @done: the first steps of a plan that was made on @before. Array
 * of FctStep.
 */
GPtrArray *fct_undo_steps(const FctGpu *before, const GPtrArray *done);
