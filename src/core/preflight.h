/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preflight: what stands against an act, the same list in preview and in execution. BLOCK cannot be overridden, REFUSE
 * can be cleared, CONFIRM needs a typed yes, WARN is only said (reference host.md 1.1).
 *
 * Codes: gpu-lost gpu-wedged gpu-unmanaged gpu-driver holders-unknown no-mig mig-off mig-pending held-by-process
 * held-by-vm instances-go card-resets mode-forgotten; for VMs see chooser.h.
 */
#pragma once
#include "core/card.h"
#include "model/plan.h"

/* Appends what concerns the card as such. FALSE when it is a BLOCK or REFUSE: nothing can be planned on it. */
gboolean fct_preflight_card(const FctGpu *gpu, GPtrArray *verdicts);

/*
 * All of the above for a plan, on the card as it is now: made when the plan is made, and again when it is applied.
 * Returns an array of FctVerdict.
 */
GPtrArray *fct_preflight_plan(const FctGpu *gpu, const GPtrArray *reservations, const GPtrArray *steps);
/* The same verdicts as an error of code FCT_ERROR_REFUSED with details {"verdicts"}. NULL when all is allowed. */
GError *fct_preflight_error(const GPtrArray *verdicts, gboolean confirmed);
