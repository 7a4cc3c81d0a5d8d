/* SPDX-License-Identifier: Apache-2.0 */
#include "host/helper_worker.h"

#include "host/helper_numbers.h"
#include "host/observe.h"

#include <string.h>

/* how often a job is given to a fresh child after its child died or hung */
#define TRIES 3
/*
 * After the search for holders hung it is left out for so many deadlines; twice as many after each further hang, up to
 * a bound.
 */
#define SEARCH_PAUSE 2
#define SEARCH_PAUSE_MAX 40

typedef struct {
    FctWorkerDone done;
    gpointer data;
} Asker;

typedef struct {
    void (*renewed)(gpointer data);
    gpointer data;
} Renewal;

typedef struct {
    json_t *request;
    GArray *askers; /* Asker: those who wait for the answer */
    int tries;
} Job;

struct FctWorker {
    const FctHelperConfig *config;
    FctAvoid *avoid;
    FctChild *child; /* NULL: started when there is a job */
    GQueue jobs;     /* Job*; the head is being done when `busy` */
    gboolean busy;
    char *at;       /* the card that the child is working on; "" for NVML itself; NULL none */
    guint deadline; /* timer: deadline of the job, or of the kill */
    gboolean killed;
    int nvml_silent; /* hangs of NVML itself, in a row */
    gint64 no_nvml_until_us;
    int search_pause; /* in deadlines; 0: the search for holders did not hang the last time */
    gint64 no_search_until_us;
    gboolean held;
    void (*released)(gpointer data);
    gpointer released_data;
    GArray *renewals; /* Renewal: those who wait for a fresh child */
    FctNumbers *numbers;
};

static void worker_next(FctWorker *worker);

static void worker_job_free(Job *job)
{
    json_decref(job->request);
    g_array_unref(job->askers);
    g_free(job);
}

static void worker_finish(FctWorker *worker, json_t *answer, const GError *error)
{
    Job *job = g_queue_pop_head(&worker->jobs);
    worker->busy = FALSE;
    g_clear_handle_id(&worker->deadline, g_source_remove);
    g_clear_pointer(&worker->at, g_free);
    for (guint i = 0; i < job->askers->len; i++) {
        const Asker *asker = &g_array_index(job->askers, Asker, i);
        asker->done(answer, error, asker->data);
    }
    worker_job_free(job);
}

/*
 * After the search for holders hung it is not tried for each observation, since all others would wait for it. Meanwhile
 * cards are observed without it and are marked as "holders unknown", so that nobody takes one for free.
 */
static gboolean is_search_off(const FctWorker *worker, const Job *job)
{
    return fct_json_bool(job->request, "full", FALSE) && g_get_monotonic_time() < worker->no_search_until_us;
}

static void give_up_or_retry(FctWorker *worker)
{
    Job *job = g_queue_peek_head(&worker->jobs);
    worker->busy = FALSE;
    if (job->tries >= TRIES) {
        g_autoptr(GError) error = NULL;
        fct_set_error(&error, FCT_ERROR_HELPER, "The hardware of this host cannot be read now.");
        worker_finish(worker, NULL, error);
    }
}

/* Remembers what hung, so that the next child does not hang in the same place. */
static void worker_blame(FctWorker *worker, gboolean unkillable)
{
    gint64 now = g_get_monotonic_time();
    if (worker->at && strcmp(worker->at, FCT_AT_PROCESSES) == 0) {
        worker->search_pause = CLAMP(worker->search_pause * 2, SEARCH_PAUSE, SEARCH_PAUSE_MAX);
        gint64 pause_ms = (gint64)worker->search_pause * worker->config->worker_timeout_ms;
        worker->no_search_until_us = now + pause_ms * 1000;
        g_warning("The search for processes that hold cards hangs; it is left alone for %" G_GINT64_FORMAT " s.",
                  pause_ms / 1000);
    } else if (worker->at && *worker->at) {
        if (unkillable)
            fct_avoid_wedge(worker->avoid, worker->at,
                            "The driver hangs when this card is asked, and cannot be "
                            "interrupted.");
        else
            fct_avoid_silent(worker->avoid, worker->at, now);
    } else if (worker->at) {
        worker->nvml_silent++;
        worker->no_nvml_until_us = now + (gint64)MIN(worker->nvml_silent, 30) * 60 * G_USEC_PER_SEC;
        g_warning("The NVIDIA library hangs when it is opened; it is left alone for %d min.",
                  MIN(worker->nvml_silent, 30));
    }
    g_clear_pointer(&worker->at, g_free);
}

static gboolean worker_on_unkillable(gpointer data)
{
    FctWorker *worker = data;
    worker->deadline = 0;
    worker_blame(worker, TRUE);
    fct_child_abandon(g_steal_pointer(&worker->child));
    worker->killed = FALSE;
    if (worker->busy)
        give_up_or_retry(worker);
    worker_next(worker);
    return G_SOURCE_REMOVE;
}

static gboolean worker_on_deadline(gpointer data)
{
    FctWorker *worker = data;
    worker->killed = TRUE;
    fct_child_kill(worker->child);
    worker->deadline = g_timeout_add((guint)worker->config->grace_ms, worker_on_unkillable, worker);
    return G_SOURCE_REMOVE;
}

static void start_deadline(FctWorker *worker)
{
    g_clear_handle_id(&worker->deadline, g_source_remove);
    worker->deadline = g_timeout_add((guint)worker->config->worker_timeout_ms, worker_on_deadline, worker);
}

static void worker_on_frame(json_t *frame, gpointer data)
{
    FctWorker *worker = data;
    const char *at = fct_json_str(frame, "at", NULL);
    if (at) {
        g_free(worker->at);
        worker->at = g_strdup(at);
        /*
         * The deadline counts from the last progress and not for all cards: a busy machine is slow, a hang makes no
         * progress.
         */
        if (worker->busy && !worker->killed)
            start_deadline(worker);
    } else if (worker->busy && !worker->killed) {
        const Job *job = g_queue_peek_head(&worker->jobs);
        worker->nvml_silent = 0;
        if (fct_json_bool(job->request, "full", FALSE) && !json_object_get(job->request, "no_search"))
            worker->search_pause = 0;
        fct_avoid_learn(worker->avoid, json_object_get(frame, "cards"));
        fct_numbers_learn(worker->numbers, json_object_get(frame, "numbers"));
        worker_finish(worker, frame, NULL);
        worker_next(worker);
    }
}

static void worker_on_ended(int status, gpointer data)
{
    FctWorker *worker = data;
    worker->child = NULL;
    g_clear_handle_id(&worker->deadline, g_source_remove);
    if (worker->busy) {
        const Job *job = g_queue_peek_head(&worker->jobs);
        /* One death may be chance (somebody killed the child); a second one at the same card is caused by the card. */
        if (worker->killed || job->tries > 1)
            worker_blame(worker, FALSE);
        give_up_or_retry(worker);
    }
    worker->killed = FALSE;
    g_clear_pointer(&worker->at, g_free);
    worker_next(worker);
}

static const FctChildEvents events = {worker_on_frame, worker_on_ended};

static gboolean ensure_child(FctWorker *worker)
{
    g_autoptr(GError) error = NULL;
    if (worker->child)
        return TRUE;
    worker->child = fct_child_spawn(worker->config, "worker", &events, worker, &error);
    if (!worker->child)
        worker_finish(worker, NULL, error);
    return worker->child != NULL;
}

static void send_job(FctWorker *worker, Job *job)
{
    gint64 now = g_get_monotonic_time();
    json_object_set_new(job->request, "avoid", fct_avoid_to_json(worker->avoid, now));
    json_object_set(job->request, "known", fct_avoid_known(worker->avoid));
    json_object_set(job->request, "numbers", fct_numbers_json(worker->numbers));
    if (now < worker->no_nvml_until_us)
        json_object_set_new(job->request, "no_nvml",
                            json_string("The NVIDIA library does not answer. Restart the host when it suits you."));
    else
        json_object_del(job->request, "no_nvml");
    if (is_search_off(worker, job))
        json_object_set_new(job->request, "no_search",
                            json_string("Who holds it cannot be found out: the search through the processes of this "
                                        "host hangs. Look for a process in state D (ps). Facet tries again by "
                                        "itself."));
    else
        json_object_del(job->request, "no_search");
    job->tries++;
    worker->busy = TRUE;
    start_deadline(worker);
    fct_child_send(worker->child, job->request);
}

/* No job is being done: the child can only be idle. */
static void end_child(FctWorker *worker)
{
    worker->killed = TRUE;
    fct_child_kill(worker->child);
    worker->deadline = g_timeout_add((guint)worker->config->grace_ms, worker_on_unkillable, worker);
}

static void tell_renewed(FctWorker *worker)
{
    g_autoptr(GArray) renewals = g_steal_pointer(&worker->renewals);
    worker->renewals = g_array_new(FALSE, FALSE, sizeof(Renewal));
    for (guint i = 0; i < renewals->len; i++) {
        const Renewal *renewal = &g_array_index(renewals, Renewal, i);
        renewal->renewed(renewal->data);
    }
}

static void worker_next(FctWorker *worker)
{
    if (worker->busy || worker->killed)
        return;
    if (worker->renewals->len > 0 && worker->child) {
        end_child(worker);
        return;
    }
    tell_renewed(worker);
    if (worker->held) {
        if (worker->child) {
            end_child(worker);
        } else if (worker->released) {
            void (*released)(gpointer) = g_steal_pointer(&worker->released);
            released(worker->released_data);
        }
        return;
    }
    while (!worker->busy && !g_queue_is_empty(&worker->jobs)) {
        Job *job = g_queue_peek_head(&worker->jobs);
        if (ensure_child(worker))
            send_job(worker, job);
    }
}

FctWorker *fct_worker_new(const FctHelperConfig *config, FctAvoid *avoid)
{
    FctWorker *worker = g_new0(FctWorker, 1);
    worker->config = config;
    worker->avoid = avoid;
    worker->renewals = g_array_new(FALSE, FALSE, sizeof(Renewal));
    worker->numbers = fct_numbers_load(config->state);
    g_queue_init(&worker->jobs);
    return worker;
}

void fct_worker_free(FctWorker *worker)
{
    g_clear_handle_id(&worker->deadline, g_source_remove);
    if (worker->child) {
        fct_child_kill(worker->child);
        fct_child_abandon(worker->child);
    }
    g_queue_clear_full(&worker->jobs, (GDestroyNotify)worker_job_free);
    g_array_unref(worker->renewals);
    fct_numbers_free(worker->numbers);
    g_free(worker->at);
    g_free(worker);
}

/* A job with the same question that has not begun: its answer will be as new as that of another job. */
static Job *same_waiting(FctWorker *worker, const json_t *request)
{
    for (GList *at = worker->jobs.head; at; at = at->next) {
        Job *job = at->data;
        if (job->tries == 0 && json_equal(job->request, request))
            return job;
    }
    return NULL;
}

void fct_worker_ask(FctWorker *worker, json_t *request, FctWorkerDone done, gpointer data)
{
    Asker asker = {done, data};
    Job *job = same_waiting(worker, request);
    if (job) {
        json_decref(request);
    } else {
        job = g_new0(Job, 1);
        job->request = request;
        job->askers = g_array_new(FALSE, FALSE, sizeof(Asker));
        g_queue_push_tail(&worker->jobs, job);
    }
    g_array_append_val(job->askers, asker);
    worker_next(worker);
}

void fct_worker_release(FctWorker *worker, void (*released)(gpointer data), gpointer data)
{
    worker->held = TRUE;
    worker->released = released;
    worker->released_data = data;
    worker_next(worker);
}

void fct_worker_renew(FctWorker *worker, void (*renewed)(gpointer data), gpointer data)
{
    const Renewal renewal = {renewed, data};
    g_array_append_val(worker->renewals, renewal);
    worker_next(worker);
}

void fct_worker_resume(FctWorker *worker)
{
    worker->held = FALSE;
    worker_next(worker);
}
