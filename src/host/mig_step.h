/* SPDX-License-Identifier: Apache-2.0 */
/* The effects: one NVML write a step. Runs in the step's own child. */
#pragma once
#include "host/nvml.h"
#include "model/plan.h"

/*
 * Does what @step says to the card of @device, whose conditions hold. TRUE: the driver returned success (whether the
 * effect is there is observed by the caller). FALSE: the error bears the driver's code and words, in details too.
 */
gboolean fct_mig_step_run(FctNvml *nvml, NvDevice device, const FctStep *step, GError **error);
