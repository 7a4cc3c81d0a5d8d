/* SPDX-License-Identifier: Apache-2.0 */
/* Wanted layout (model/layout.h) beside actual: what differs, in words, and the plan that repairs it. */
#pragma once
#include "core/carve.h"
#include "model/layout.h"

typedef enum {
    FCT_DRIFT_NONE,
    FCT_DRIFT_REPAIRABLE, /* *ret_plan interrupts nobody and nothing refuses it: policy may run it */
    FCT_DRIFT_NEEDS_YOU,  /* *ret_plan may be NULL; *ret_why says what forbids it */
} FctDrift;

/*
 * @wanted NULL: its record cannot be read, which a person is told. @ret_drift: sentences (char *) are appended.
 * *ret_plan: new plan or NULL. *ret_why: g_free; "" when nothing stands against the repair.
 */
FctDrift fct_reconcile(const FctGpu *gpu, const GPtrArray *reservations, const FctWantedLayout *wanted,
                       GPtrArray *ret_drift, FctPlan **ret_plan, char **ret_why);

/* What to store as wanted when a plan was applied: from its `then`; card and boot are the caller's. */
FctWantedLayout *fct_wanted_of(const FctPlan *plan);
