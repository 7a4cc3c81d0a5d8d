/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preflight: what forbids a plan; the same list in preview and in execution. BLOCK cannot be overridden, REFUSE can be
 * cleared, CONFIRM needs a typed yes, WARN only informs (reference host.md 1.1). Pure.
 *
 * Codes: gpu-lost gpu-wedged gpu-unmanaged gpu-driver holders-unknown no-mig mig-off mig-pending held-by-process
 * held-by-vm instances-go card-resets mode-forgotten; for VMs see chooser.h.
 */
#pragma once
#include "core/card.h"
#include "model/plan.h"

/* Appends verdicts on the card as such. FALSE for BLOCK or REFUSE: nothing can be planned on it. */
gboolean fct_preflight_card(const FctGpu *gpu, GPtrArray *verdicts);

/*
 * All verdicts on a plan for the card as it is now. Made with the plan, and again when the plan is applied. Returns an
 * array of FctVerdict.
 */
GPtrArray *fct_preflight_plan(const FctGpu *gpu, const GPtrArray *reservations, const GPtrArray *steps);
/* These verdicts as an error FCT_ERROR_REFUSED with details {"verdicts"}; NULL when all is allowed. */
GError *fct_preflight_error(const GPtrArray *verdicts, gboolean confirmed);
