/* SPDX-License-Identifier: Apache-2.0 */
/* The effects of steps: one NVML write for each. Runs in the step's own child. */
#pragma once
#include "host/nvml.h"
#include "model/plan.h"

/*
 * Carries @step out on the card of @device, whose conditions hold. TRUE: the driver returned success; the caller
 * observes whether the effect is there. FALSE: the error has the driver's code and words, also in its details.
 */
gboolean fct_mig_step_run(FctNvml *nvml, NvDevice device, const FctStep *step, GError **error);
