/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's side of steps: one child for each step, one step at a time for each card, different cards at the same
 * time. A change of MIG mode runs alone and without the worker, since the driver refuses it while any other NVML
 * client, even ours, is there. Main context only.
 */
#pragma once
#include "host/helper_worker.h"
#include "model/plan.h"

typedef struct FctSteps FctSteps;

/* @result: {"outcome", "already", "error"}; borrowed. */
typedef void (*FctStepDone)(json_t *result, gpointer data);

FctSteps *fct_steps_new(const FctHelperConfig *config, FctAvoid *avoid, FctWorker *worker);
void fct_steps_free(FctSteps *steps);
/* Takes @step over. */
void fct_steps_run(FctSteps *steps, FctStep *step, FctStepDone done, gpointer data);
/* TRUE while a step of that card runs or waits. */
gboolean fct_steps_has(const FctSteps *steps, const char *gpu);
