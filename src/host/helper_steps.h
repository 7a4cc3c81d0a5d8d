/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's side of steps: one child a step, one step a card at a time, cards beside each other. A change of MIG
 * mode runs alone, with the worker gone: any NVML client of ours would be "another client" to it.
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
