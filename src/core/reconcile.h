/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wanted layout beside actual: what differs, in words, and the plan that repairs it.
 * The wanted layout as it is stored: {"mig": bool, "profiles": {name: count}, "placements":
 * [{"profile","start","compute"?}…]}; placements (optional) are where the instances were when the wish was fulfilled,
 * so that after a restart they come back to the same places if these are possible. compute (names) is there when the
 * instance shall not be whole.
 */
#pragma once
#include "core/carve.h"

typedef enum {
    FCT_DRIFT_NONE,
    FCT_DRIFT_REPAIRABLE, /* *ret_plan interrupts nobody and is refused by nothing: policy may run it */
    FCT_DRIFT_NEEDS_YOU,  /* *ret_plan may be NULL; *ret_why says what stands against it */
} FctDrift;

/*
 * @ret_drift: sentences (char *) are appended. *ret_plan: new plan or NULL. *ret_why: g_free; "" when nothing stands
 * against the repair.
 */
FctDrift fct_reconcile(const FctGpu *gpu, const GPtrArray *reservations, const json_t *wanted, GPtrArray *ret_drift,
                       FctPlan **ret_plan, char **ret_why);

/* How instances of each profile are to be split, for places other than the recorded: {profile: [names]}. New reference.
 */
json_t *fct_wanted_compute(const json_t *wanted);

/* What to store as wanted when a plan was applied: from its `then`. New reference. */
json_t *fct_wanted_of(const FctPlan *plan);
