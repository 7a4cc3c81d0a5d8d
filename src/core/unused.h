/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compute that a wish leaves idle (4g alone, 3g beside 3g), and a larger layout that would use it: it has each wished
 * instance, perhaps in a larger size, and whatever else fits. Pure; allocates only inside.
 */
#pragma once
#include "core/place_mig.h"
#include "model/inventory.h"

/*
 * Appends (char *) one sentence that ends in the larger layout's list of profiles, when there is such a layout that
 * interrupts nothing more than the wish does. Silent on a card that is too large for the planner's table.
 */
void fct_unused_compute(const FctGpu *gpu, const FctMigPlanner *planner, const FctMigState *state,
                        const FctMigWant *want, GPtrArray *alternatives);
