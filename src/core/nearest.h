/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a wish does not fit, or fits only by displacing something busy: the smallest changes of it that would do. A
 * change drops one instance, or takes a smaller profile for it. Pure; allocates only inside.
 */
#pragma once
#include "core/place_mig.h"

typedef struct {
    FctMigCounts counts; /* this would fit */
    guint edits;         /* instances dropped or made smaller */
    int compute_lost, units_lost;
} FctMigNearest;

/*
 * Fills up to @max of @ret, best first: fewest edits, then least compute lost, then least memory. @keep_busy: only
 * wishes that keep every busy instance. Returns how many; 0 only when even an empty card would not do.
 */
guint fct_mig_nearest(const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                      gboolean keep_busy, FctMigNearest *ret, guint max);
