/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executor runs plans: one thread a plan, one plan a gpu, any number of gpus at once.
 *
 * For each step: observe, judge `before` and who holds what, make the journal record durable, run the step through the
 * helper, observe until `after` holds. What fails is taken back in reverse order. A gpu that hangs or is lost is marked
 * and left alone. The task's outcome says which layout the gpu has.
 */
#pragma once
#include "app/gpus/journal.h"

FctExecutor *fct_executor_new(FctApp *app);
void fct_executor_free(FctExecutor *executor);
/*
 * Continues every open journal, each on a thread of its own. Call it before the server starts. Does not wait for the
 * helper.
 */
gboolean fct_executor_recover(FctExecutor *executor, GError **error);

/*
 * Applies a plan: the card must be as it was when the plan was made (observed now), the verdicts must allow it, nobody
 * may hold what goes. Then wanted layout, plan, journal and task are committed at once and the task runs. Returns the
 * task. Blocks; FCT_ERROR_NOT_FOUND, APPLIED, STALE, REFUSED, CONFLICT (another plan of that gpu runs), HELPER…
 */
json_t *fct_executor_apply(FctExecutor *executor, const char *plan, gboolean confirmed, const char *user,
                           GError **error);

/*
 * Called on the plan's thread when a plan has ended, whatever its outcome, after its task says so. There is one
 * listener; set it before the first plan.
 */
typedef void (*FctExecutorEnded)(gpointer data);
void fct_executor_on_end(FctExecutor *executor, FctExecutorEnded ended, gpointer data);

/*
 * For tests of recovery: called on the executor's thread at each place where a crash would matter, with the name of the
 * place ("committed", "journaled", "ran", "done", "undo-journaled", "undo-ran", "undone"). Set before the first plan.
 */
typedef void (*FctProbe)(const char *place, gpointer data);
void fct_executor_set_probe(FctExecutor *executor, FctProbe probe, gpointer data);
