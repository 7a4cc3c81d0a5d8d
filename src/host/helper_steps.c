/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper_steps.h"

#include <string.h>
#include <sys/wait.h>

typedef struct {
    FctSteps *steps;
    FctStep *step;
    FctStepDone done;
    gpointer data;
    FctChild *child;
    json_t *result; /* what the child reported */
    guint timer;
    gboolean overran;
} Job;

struct FctSteps {
    const FctHelperConfig *config;
    FctAvoid *avoid;
    FctWorker *worker;
    GQueue waiting;       /* Job*, in the order of arrival */
    GList *running;       /* Job* */
    gboolean mode_change; /* a change of mode is running, alone */
};

static void steps_schedule(FctSteps *steps);

static void step_job_free(gpointer data)
{
    Job *job = data;
    g_clear_handle_id(&job->timer, g_source_remove);
    fct_step_free(job->step);
    json_decref(job->result);
    g_free(job);
}

static void step_job_finish(Job *job, json_t *result)
{
    FctSteps *steps = job->steps;
    gboolean mode_change = job->step->kind == FCT_STEP_MIG_MODE;
    steps->running = g_list_remove(steps->running, job);
    if (mode_change) {
        steps->mode_change = FALSE;
        fct_worker_resume(steps->worker);
    }
    job->done(result, job->data);
    step_job_free(job);
    steps_schedule(steps);
}

static void finish_with(Job *job, const char *outcome, FctErrorCode code, const char *message)
{
    g_autoptr(GError) error = NULL;
    fct_set_error(&error, code, "%s", message);
    g_autoptr(json_t) result = json_pack("{s:s, s:o}", "outcome", outcome, "error", fct_error_to_json(error));
    step_job_finish(job, result);
}

static void step_job_wedge(Job *job, const char *reason)
{
    fct_avoid_wedge(job->steps->avoid, job->step->gpu, reason);
    finish_with(job, "wedged", FCT_ERROR_GPU_WEDGED, reason);
}

static gboolean step_job_on_unkillable(gpointer data)
{
    Job *job = data;
    job->timer = 0;
    fct_child_abandon(g_steal_pointer(&job->child));
    step_job_wedge(job,
                   "A step hung in the driver and cannot be ended. The card is left alone until the host restarts.");
    return G_SOURCE_REMOVE;
}

static gboolean step_job_on_deadline(gpointer data)
{
    Job *job = data;
    job->overran = TRUE;
    fct_child_kill(job->child);
    job->timer = g_timeout_add((guint)job->steps->config->grace_ms, step_job_on_unkillable, job);
    return G_SOURCE_REMOVE;
}

static void step_job_on_frame(json_t *frame, gpointer data)
{
    Job *job = data;
    json_decref(job->result);
    job->result = json_incref(frame);
}

static void step_job_on_ended(int status, gpointer data)
{
    Job *job = data;
    job->child = NULL;
    g_clear_handle_id(&job->timer, g_source_remove);
    if (job->result && strcmp(fct_json_str(job->result, "outcome", ""), "locked") == 0) {
        step_job_wedge(job,
                       "An earlier step is still stuck in the driver. The card is left alone until the host restarts.");
    } else if (job->result) {
        g_autoptr(json_t) result = json_incref(job->result);
        step_job_finish(job, result);
    } else if (job->overran) {
        finish_with(job, "failed", FCT_ERROR_TIMEOUT, "The driver did not finish the step in time; it was stopped.");
    } else {
        g_autofree char *text =
            WIFSIGNALED(status)
                ? g_strdup_printf("The step was ended by signal %d before it could report.", WTERMSIG(status))
                : g_strdup_printf("The step ended without a report (status %d).", WEXITSTATUS(status));
        finish_with(job, "failed", FCT_ERROR_HW, text);
    }
}

static const FctChildEvents events = {step_job_on_frame, step_job_on_ended};

static void start_child(gpointer data)
{
    Job *job = data;
    g_autoptr(GError) error = NULL;
    const FctHelperConfig *config = job->steps->config;
    job->child = fct_child_spawn(config, "step", &events, job, &error);
    if (!job->child) {
        finish_with(job, "failed", FCT_ERROR_INTERNAL, error->message);
        return;
    }
    g_autoptr(json_t) request = json_pack("{s:o}", "step", fct_step_to_json(job->step));
    fct_child_send(job->child, request);
    job->timer = g_timeout_add((guint)job->step->deadline_ms, step_job_on_deadline, job);
}

static gboolean card_busy(const FctSteps *steps, const char *gpu)
{
    for (const GList *at = steps->running; at; at = at->next)
        if (strcmp(((Job *)at->data)->step->gpu, gpu) == 0)
            return TRUE;
    return FALSE;
}

gboolean fct_steps_has(const FctSteps *steps, const char *gpu)
{
    for (const GList *at = steps->waiting.head; at; at = at->next)
        if (strcmp(((Job *)at->data)->step->gpu, gpu) == 0)
            return TRUE;
    return card_busy(steps, gpu);
}

/* The first waiting job that may start; nothing overtakes a waiting change of mode. */
static Job *steps_pick(FctSteps *steps)
{
    for (GList *at = steps->waiting.head; at && !steps->mode_change; at = at->next) {
        Job *job = at->data;
        gboolean alone = job->step->kind == FCT_STEP_MIG_MODE;
        if (alone ? steps->running == NULL : !card_busy(steps, job->step->gpu)) {
            g_queue_delete_link(&steps->waiting, at);
            return job;
        }
        if (alone)
            return NULL;
    }
    return NULL;
}

/* Without having begun. */
static void step_job_refuse(Job *job, const char *outcome, FctErrorCode code, const char *message)
{
    g_autoptr(GError) error = NULL;
    fct_set_error(&error, code, "%s", message);
    g_autoptr(json_t) result = json_pack("{s:s, s:o}", "outcome", outcome, "error", fct_error_to_json(error));
    job->done(result, job->data);
    step_job_free(job);
}

static void steps_schedule(FctSteps *steps)
{
    Job *job;
    while ((job = steps_pick(steps))) {
        const char *wedged = fct_avoid_wedged_reason(steps->avoid, job->step->gpu);
        if (wedged) {
            step_job_refuse(job, "wedged", FCT_ERROR_GPU_WEDGED, wedged);
            continue;
        }
        if (fct_avoid_is_released(steps->avoid, job->step->gpu)) {
            step_job_refuse(job, "failed", FCT_ERROR_CONFLICT,
                            "The card was let go for other programs; take it back first.");
            continue;
        }
        steps->running = g_list_prepend(steps->running, job);
        if (job->step->kind == FCT_STEP_MIG_MODE) {
            steps->mode_change = TRUE;
            fct_worker_release(steps->worker, start_child, job);
        } else {
            start_child(job);
        }
    }
}

FctSteps *fct_steps_new(const FctHelperConfig *config, FctAvoid *avoid, FctWorker *worker)
{
    FctSteps *steps = g_new0(FctSteps, 1);
    steps->config = config;
    steps->avoid = avoid;
    steps->worker = worker;
    g_queue_init(&steps->waiting);
    return steps;
}

void fct_steps_free(FctSteps *steps)
{
    for (GList *at = steps->running; at; at = at->next) {
        Job *job = at->data;
        if (job->child) {
            fct_child_kill(job->child);
            fct_child_abandon(job->child);
        }
    }
    g_list_free_full(steps->running, step_job_free);
    g_queue_clear_full(&steps->waiting, step_job_free);
    g_free(steps);
}

void fct_steps_run(FctSteps *steps, FctStep *step, FctStepDone done, gpointer data)
{
    Job *job = g_new0(Job, 1);
    job->steps = steps;
    job->step = step;
    job->done = done;
    job->data = data;
    g_queue_push_tail(&steps->waiting, job);
    steps_schedule(steps);
}
