/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/executor_run.h"

#include "app/gpus/gpu_publish.h"
#include "app/gpus/observer.h"
#include "app/gpus/parts.h"
#include "core/carve.h"

#include <string.h>

#define HELPER_RETRY_MS 500 /* between tries while the helper is away */
#define SETTLE_MS 250       /* between looks for an effect that comes late */
#define SETTLE_TRIES 12
#define STEP_TRIES 3 /* when the helper went away in the middle and the step had no effect */

/* How one part of a run ended. */
typedef enum {
    WENT,    /* as it should */
    FAILED,  /* error is set: undo the steps */
    STOPPED, /* the task was cancelled: undo the steps */
    DEAD,    /* error is set: the gpu hangs or is gone; no more steps are sent to it */
    REBOOT,  /* the host was restarted meanwhile */
    LEAVING, /* facetd ends: the next start continues from the journal */
} End;

void fct_run_free(FctRun *run)
{
    fct_journal_free(run->journal);
    g_clear_pointer(&run->seen, fct_inventory_unref);
    g_free(run);
}

static void run_kill_point(const FctRun *run, const char *place)
{
    if (run->listeners.probe)
        run->listeners.probe(place, run->listeners.probe_data);
}

/* ---- journal ---- */

static gboolean run_save(FctRun *run, GError **error)
{
    g_autofree char *key = fct_journal_key(run->journal->gpu);
    g_autoptr(json_t) json = fct_journal_to_json(run->journal);
    FctWrite write = {key, json, FCT_REV_ANY};
    return fct_task_commit(run->task, &write, 1, error);
}

static void run_show(FctRun *run, guint i, FctTaskStepState state, const char *message)
{
    fct_task_step(run->task, i, state, message);
}

/* ---- observing ---- */

static gboolean helper_is_away(const GError *error)
{
    FctErrorCode code = fct_error_code(error);
    return code == FCT_ERROR_HELPER || code == FCT_ERROR_TIMEOUT;
}

/* Observes the hardware anew. Waits for the helper as long as it is away, since nothing can be decided unseen. */
static End run_observe(FctRun *run, FctInventory **ret_inventory, const FctGpu **ret_gpu, GError **error)
{
    gboolean said = FALSE;
    for (;;) {
        g_autoptr(GError) fault = NULL;
        g_autoptr(FctInventory) inventory = fct_observer_refresh(run->app->observer, &fault);
        if (inventory && strcmp(inventory->boot_id, run->journal->boot_id) != 0)
            return REBOOT;
        if (inventory) {
            *ret_gpu = fct_inventory_gpu(inventory, run->journal->gpu);
            if (!*ret_gpu || (*ret_gpu)->state == FCT_GPU_LOST || (*ret_gpu)->state == FCT_GPU_WEDGED) {
                gboolean wedged = *ret_gpu && (*ret_gpu)->state == FCT_GPU_WEDGED;
                fct_set_error(error, wedged ? FCT_ERROR_GPU_WEDGED : FCT_ERROR_GPU_LOST, "%s %s %s",
                              run->journal->label, wedged ? "hung." : "no longer answers.",
                              *ret_gpu ? (*ret_gpu)->state_reason : "There is no card in its slot.");
                return DEAD;
            }
            *ret_inventory = g_steal_pointer(&inventory);
            return WENT;
        }
        if (!helper_is_away(fault)) {
            fct_error_pass(error, &fault);
            return FAILED;
        }
        if (!said)
            fct_task_log(run->task, "Waiting for the hardware helper: %s", fault->message);
        said = TRUE;
        if (fct_task_stopping(run->task))
            return LEAVING;
        fct_task_wait(run->task, HELPER_RETRY_MS);
    }
}

/* The cards before a step: the observation that ended the step before, which is moments old, or else a new one. */
static End run_compare(FctRun *run, FctInventory **ret_inventory, const FctGpu **ret_gpu, GError **error)
{
    if (!run->seen)
        return run_observe(run, ret_inventory, ret_gpu, error);
    *ret_inventory = g_steal_pointer(&run->seen);
    *ret_gpu = fct_inventory_gpu(*ret_inventory, run->journal->gpu);
    return WENT;
}

/* ---- one step ---- */

/*
 * Checks right before each step who holds the parts: a plan that was harmless when it was shown may be dangerous now.
 */
static gboolean nobody_minds(FctRun *run, const FctStep *step, const FctGpu *gpu, GError **error)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_autoptr(GPtrArray) reservations = fct_parts_reservations(run->app, error);
    if (!reservations)
        return FALSE;
    g_ptr_array_add(one, (gpointer)step);
    g_autoptr(GPtrArray) verdicts = fct_preflight_plan(gpu, reservations, one);
    GError *refusal = fct_preflight_error(verdicts, TRUE); /* the user agreed to this when the plan was applied */
    if (refusal)
        g_propagate_error(error, refusal);
    return !refusal;
}

/* Observes until the effect is there. A step that "succeeded" is given some time for it. */
static End await_effect(FctRun *run, const FctStep *step, gboolean patient, GError **error)
{
    for (int i = 0;; i++) {
        g_autoptr(FctInventory) inventory = NULL;
        g_autoptr(GError) fault = NULL;
        const FctGpu *gpu;
        End end = run_observe(run, &inventory, &gpu, error);
        if (end != WENT)
            return end;
        if (fct_step_after_holds(step, inventory, &fault)) {
            run->seen = g_steal_pointer(&inventory);
            return WENT;
        }
        if (!patient || i >= SETTLE_TRIES) {
            fct_error_pass(error, &fault);
            return FAILED;
        }
        if (fct_task_stopping(run->task))
            return LEAVING;
        fct_task_wait(run->task, SETTLE_MS);
    }
}

/* Sends the step to the helper and finds out what it did. Its journal record is durable already. */
static End run_send(FctRun *run, const FctStep *step, const char *place, GError **error)
{
    for (int i = 1;; i++) {
        g_autoptr(GError) words = NULL, unseen = NULL;
        FctStepOutcome outcome = run->app->hw->ops->run_step(run->app->hw, step, &words);
        run_kill_point(run, place);
        if (outcome == FCT_STEP_OUTCOME_WEDGED) {
            g_autofree char *reason = g_strdup_printf("It hung in this step: %s.", step->title);
            fct_observer_mark_wedged(run->app->observer, run->journal->gpu, reason);
            fct_set_error(error, FCT_ERROR_GPU_WEDGED, "%s hung in this step: %s.", run->journal->label, step->title);
            return DEAD;
        }
        if (words)
            fct_task_log(run->task, "%s: %s", step->title, words->message);
        End end = await_effect(run, step, outcome == FCT_STEP_OUTCOME_DONE, &unseen);
        gboolean again = end == FAILED && words && helper_is_away(words) && i < STEP_TRIES;
        if (!again) {
            /* An error of the driver explains more than the missing effect does. */
            if (end == FAILED && words)
                fct_error_pass(error, &words);
            else
                fct_error_pass(error, &unseen);
            return end;
        }
        fct_task_log(run->task, "The step had no effect; trying again.");
    }
}

/* ---- forward ---- */

/* Finds out whether a step that a crash interrupted had its effect. */
static gboolean took_effect(const FctEntry *entry, const FctInventory *inventory, const FctGpu *gpu)
{
    g_autofree char *digest = fct_gpu_digest(gpu);
    return strcmp(digest, entry->digest) != 0 && fct_step_after_holds(entry->step, inventory, NULL);
}

static End run_begin_step(FctRun *run, guint i, const FctGpu *gpu, GError **error)
{
    FctEntry *entry = run->journal->entries->pdata[i];
    fct_step_free(entry->undo);
    g_free(entry->digest);
    entry->undo = fct_step_undo(entry->step, gpu);
    entry->digest = fct_gpu_digest(gpu);
    entry->state = FCT_ENTRY_RUNNING;
    run_show(run, i, FCT_TASK_STEP_RUNNING, "");
    if (run_save(run, error)) {
        run_kill_point(run, "journaled");
        return WENT;
    }
    entry->state = FCT_ENTRY_WAITING; /* the step is not sent, since its journal record is not on the disk */
    return FAILED;
}

static End end_step(FctRun *run, guint i, const char *message, GError **error)
{
    FctEntry *entry = run->journal->entries->pdata[i];
    entry->state = FCT_ENTRY_DONE;
    run_show(run, i, FCT_TASK_STEP_DONE, message);
    if (!run_save(run, error))
        return FAILED;
    run_kill_point(run, "done");
    return WENT;
}

static End forward_one(FctRun *run, guint i, GError **error)
{
    FctEntry *entry = run->journal->entries->pdata[i];
    g_autoptr(FctInventory) inventory = NULL;
    g_autoptr(GError) why = NULL;
    const FctGpu *gpu;
    End end = run_compare(run, &inventory, &gpu, error);
    if (end != WENT)
        return end;
    if (entry->state == FCT_ENTRY_RUNNING && took_effect(entry, inventory, gpu))
        return end_step(run, i, "It was done already when Facet came back.", error);
    if (!fct_step_before_holds(entry->step, inventory, &why)) {
        if (entry->state == FCT_ENTRY_WAITING && fct_step_after_holds(entry->step, inventory, NULL))
            return end_step(run, i, "It was so already.", error); /* nothing to undo: undo stays NULL */
        fct_error_pass(error, &why);
        return FAILED;
    }
    if (!nobody_minds(run, entry->step, gpu, error))
        return FAILED;
    if ((end = run_begin_step(run, i, gpu, error)) != WENT)
        return end;
    if ((end = run_send(run, entry->step, "ran", error)) != WENT)
        return end;
    return end_step(run, i, "", error);
}

static End run_forward(FctRun *run, GError **error)
{
    GPtrArray *entries = run->journal->entries;
    for (guint i = 0; i < entries->len; i++) {
        if (((FctEntry *)entries->pdata[i])->state == FCT_ENTRY_DONE)
            continue;
        if (fct_task_stopping(run->task))
            return LEAVING;
        if (fct_task_cancelled(run->task))
            return STOPPED;
        g_autoptr(GError) fault = NULL;
        End end = forward_one(run, i, &fault);
        if (end == FAILED || end == DEAD)
            run_show(run, i, FCT_TASK_STEP_FAILED, fault->message);
        fct_error_pass(error, &fault);
        if (end != WENT)
            return end;
    }
    return WENT;
}

/* ---- back ---- */

/*
 * The record of the step holds its undo, so that a crash in here is found again even when the disk takes no record of
 * the way back: that is why a failed save does not stop it.
 */
static void save_undo(FctRun *run)
{
    g_autoptr(GError) error = NULL;
    if (!run_save(run, &error))
        g_warning("The way back is not on disk: %s", error->message);
}

static End undo_one(FctRun *run, guint i, GError **error)
{
    FctEntry *entry = run->journal->entries->pdata[i];
    g_autoptr(FctInventory) inventory = NULL;
    const FctGpu *gpu;
    End end = run_compare(run, &inventory, &gpu, error);
    if (end != WENT)
        return end;
    gboolean was_there = entry->state == FCT_ENTRY_DONE || took_effect(entry, inventory, gpu);
    if (entry->undo && was_there && !fct_step_after_holds(entry->undo, inventory, NULL)) {
        if (!fct_step_before_holds(entry->undo, inventory, error) || !nobody_minds(run, entry->undo, gpu, error))
            return FAILED;
        save_undo(run);
        run_kill_point(run, "undo-journaled");
        end = run_send(run, entry->undo, "undo-ran", error);
        if (end != WENT)
            return end;
    }
    entry->state = FCT_ENTRY_UNDONE;
    if (was_there)
        run_show(run, i, FCT_TASK_STEP_UNDONE, NULL);
    save_undo(run);
    run_kill_point(run, "undone");
    return WENT;
}

static End run_undo_step(FctRun *run, GError **error)
{
    GPtrArray *entries = run->journal->entries;
    for (guint i = entries->len; i-- > 0;) {
        const FctEntry *entry = entries->pdata[i];
        if (fct_task_stopping(run->task))
            return LEAVING;
        if (entry->state == FCT_ENTRY_WAITING)
            run_show(run, i, FCT_TASK_STEP_SKIPPED, NULL);
        if (entry->state == FCT_ENTRY_WAITING || entry->state == FCT_ENTRY_UNDONE)
            continue;
        End end = undo_one(run, i, error);
        if (end != WENT)
            return end;
    }
    return WENT;
}

/* ---- the end ---- */

static void run_end_task(FctRun *run, FctTaskState state, const GError *error, gboolean keep_wanted,
                         const char *outcome)
{
    g_autofree char *journal_key = fct_journal_key(run->journal->gpu);
    g_autofree char *wanted_key = g_strconcat("wanted/", run->journal->gpu, NULL);
    const FctWrite writes[] = {{journal_key, NULL, FCT_REV_ANY},
                               {wanted_key, run->journal->previous_wanted, FCT_REV_ANY}};
    fct_task_end(run->task, state, error, writes, keep_wanted ? 1 : 2, "%s", outcome);
    fct_gpu_publish(run->app, run->journal->gpu);
    if (run->listeners.ended)
        run->listeners.ended(run->listeners.ended_data);
}

static void end_dead(FctRun *run, const GError *error)
{
    gboolean wedged = fct_error_code(error) == FCT_ERROR_GPU_WEDGED;
    g_autofree char *outcome =
        wedged ? g_strdup_printf("%s hung and is left alone until the host restarts; its layout is not known.",
                                 run->journal->label)
               : g_strdup_printf("%s went away in the middle; its layout is not known.", run->journal->label);
    run_end_task(run, FCT_TASK_FAILED, error, FALSE, outcome);
}

static void end_reboot(FctRun *run)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *outcome = g_strdup_printf(
        "The host was restarted in the middle. Instances do not survive that; Facet now makes the wanted layout of %s.",
        run->journal->label);
    fct_set_error_full(&error, FCT_ERROR_CONFLICT, "Follow the task that restores the layout.", NULL,
                       "The host was restarted in the middle of the change.");
    run_end_task(run, FCT_TASK_FAILED, error, TRUE, outcome);
}

static void end_undone(FctRun *run)
{
    const GError *reason = run->journal->reason;
    g_autofree char *outcome = fct_run_outcome(run, FALSE);
    run_end_task(run, reason ? FCT_TASK_UNDONE : FCT_TASK_CANCELLED, reason, FALSE, outcome);
}

static void end_stuck(FctRun *run, const GError *error)
{
    g_autofree char *layout = fct_run_layout(run);
    g_autofree char *outcome = g_strdup_printf("%s could not be brought back (%s). It has now: %s.",
                                               run->journal->label, error->message, layout);
    run_end_task(run, FCT_TASK_FAILED, run->journal->reason ? run->journal->reason : error, FALSE, outcome);
}

static void run_go_back(FctRun *run)
{
    g_autoptr(GError) error = NULL;
    switch (run_undo_step(run, &error)) {
    case WENT:
        end_undone(run);
        break;
    case STOPPED: /* undoing cannot be cancelled */
        g_assert_not_reached();
    case FAILED:
        end_stuck(run, error);
        break;
    case DEAD:
        end_dead(run, error);
        break;
    case REBOOT:
        end_reboot(run);
        break;
    case LEAVING:
        break;
    }
}

/* Takes @why over; NULL: a person cancelled. */
static void run_turn_back(FctRun *run, GError *why)
{
    fct_task_log(run->task, "%s Taking back what was done.", why ? why->message : "Cancelled.");
    run->journal->undoing = TRUE;
    g_clear_error(&run->journal->reason);
    run->journal->reason = why;
    save_undo(run);
    run_go_back(run);
}

void fct_run_go(FctTask *task, gpointer data)
{
    FctRun *run = data;
    GError *error = NULL;
    if (run->journal->undoing) {
        run_go_back(run);
        return;
    }
    switch (run_forward(run, &error)) {
    case WENT: {
        g_autofree char *outcome = fct_run_outcome(run, TRUE);
        run_end_task(run, FCT_TASK_DONE, NULL, TRUE, outcome);
        break;
    }
    case FAILED:
        run_turn_back(run, fct_run_name_strangers(run, error));
        break;
    case STOPPED:
        run_turn_back(run, NULL);
        break;
    case DEAD:
        end_dead(run, error);
        g_error_free(error);
        break;
    case REBOOT:
        end_reboot(run);
        break;
    case LEAVING:
        break;
    }
}
