/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/executor.h"

#include "app/gpus/executor_run.h"
#include "app/gpus/gpu_publish.h"
#include "app/gpus/observer.h"
#include "app/gpus/parts.h"
#include "app/gpus/plans.h"
#include "app/news/aside.h"
#include "app/news/hub.h"
#include "core/carve.h"
#include "core/reconcile.h"

#include <string.h>

struct FctExecutor {
    FctApp *app;
    FctExecutorListeners listeners;
};

FctExecutor *fct_executor_new(FctApp *app)
{
    FctExecutor *executor = g_new0(FctExecutor, 1);
    executor->app = app;
    return executor;
}

void fct_executor_free(FctExecutor *executor)
{
    g_free(executor);
}

void fct_executor_set_probe(FctExecutor *executor, FctProbe probe, gpointer data)
{
    executor->listeners.probe = probe;
    executor->listeners.probe_data = data;
}

void fct_executor_on_end(FctExecutor *executor, FctExecutorEnded ended, gpointer data)
{
    executor->listeners.ended = ended;
    executor->listeners.ended_data = data;
}

/* Takes @journal over. */
static void executor_run_journal(FctExecutor *executor, FctTask *task, FctJournal *journal)
{
    FctRun *go = g_new(FctRun, 1);
    *go = (FctRun){.app = executor->app, .task = task, .journal = journal, .listeners = executor->listeners};
    fct_task_start(task, fct_run_go, go, (GDestroyNotify)fct_run_free);
}

/* ---- recovering ---- */

static gboolean executor_recover_run(FctExecutor *executor, const FctDoc *doc, GError **error)
{
    g_autoptr(FctJournal) journal = fct_journal_from_json(doc->value, error);
    g_autoptr(FctTask) task = journal ? fct_task_resume(executor->app, journal->task, error) : NULL;
    if (!task)
        return FALSE;
    fct_task_log(task, "Facet was restarted in the middle; going on from the journal.");
    executor_run_journal(executor, task, g_steal_pointer(&journal));
    return TRUE;
}

gboolean fct_executor_recover(FctExecutor *executor, GError **error)
{
    FctStore *store = executor->app->store;
    g_autoptr(GPtrArray) docs = store->ops->list(store, "journal/", error);
    for (guint i = 0; docs && i < docs->len; i++) {
        g_autoptr(GError) fault = NULL;
        /*
         * A journal that cannot be read is set aside rather than waited for: the card shows what it has, and the other
         * runs continue.
         */
        if (!executor_recover_run(executor, docs->pdata[i], &fault) &&
            !fct_aside_put(executor->app, docs->pdata[i], fault, error)) {
            g_prefix_error(error, "The journal %s cannot be replayed: ", ((FctDoc *)docs->pdata[i])->key);
            return FALSE;
        }
    }
    return docs != NULL;
}

/* ---- applying ---- */

/* What an apply needs, gathered before anything is written. */
typedef struct {
    FctApp *app;
    FctDoc *doc; /* of the plan */
    FctPlan *plan;
    FctInventory *seen;
    const FctGpu *gpu; /* of seen */
    char *label;
    json_t *previous_wanted; /* NULL: none */
} Applying;

static void applying_clear(Applying *a)
{
    fct_doc_free(a->doc);
    fct_plan_free(a->plan);
    g_clear_pointer(&a->seen, fct_inventory_unref);
    g_free(a->label);
    json_decref(a->previous_wanted);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Applying, applying_clear)

static void set_applied_error(GError **error, const FctPlan *plan)
{
    fct_set_error_full(error, FCT_ERROR_APPLIED, NULL, json_pack("{s:s}", "task", plan->task),
                       "The plan “%s” was applied already.", plan->title);
}

static gboolean still_good(const Applying *a, gboolean confirmed, GError **error)
{
    if (strcmp(a->plan->state, "applied") == 0) {
        set_applied_error(error, a->plan);
        return FALSE;
    }
    if (fct_app_now_ms() - a->plan->created_ms > FCT_PLAN_LIFE_MS)
        return fct_set_error(error, FCT_ERROR_STALE, "The plan “%s” is older than an hour.", a->plan->title);
    GError *refusal = fct_preflight_error(a->plan->verdicts, confirmed);
    if (refusal)
        g_propagate_error(error, refusal);
    return !refusal;
}

/* Compares the card now with the card for which the plan was made. */
static gboolean applying_unchanged(Applying *a, gboolean confirmed, GError **error)
{
    a->seen = fct_observer_refresh(a->app->observer, error);
    if (!a->seen)
        return FALSE;
    a->gpu = fct_inventory_gpu(a->seen, a->plan->gpu);
    if (!a->gpu || a->gpu->state == FCT_GPU_LOST)
        return fct_set_error(error, FCT_ERROR_GPU_LOST, "The card of the plan “%s” no longer answers.", a->plan->title);
    if (a->gpu->state == FCT_GPU_WEDGED)
        return fct_set_error(error, FCT_ERROR_GPU_WEDGED, "GPU %d hung: %s", a->gpu->index, a->gpu->state_reason);
    g_autofree char *digest = fct_gpu_digest(a->gpu);
    if (strcmp(digest, a->plan->gpu_digest) != 0)
        return fct_set_error(error, FCT_ERROR_STALE, "GPU %d has changed since the plan was made.", a->gpu->index);
    a->label = g_strdup_printf("GPU %d", a->gpu->index);
    g_autoptr(GPtrArray) reservations = fct_parts_reservations(a->app, error);
    if (!reservations)
        return FALSE;
    g_autoptr(GPtrArray) verdicts = fct_preflight_plan(a->gpu, reservations, a->plan->steps);
    GError *refusal = fct_preflight_error(verdicts, confirmed);
    if (refusal)
        g_propagate_error(error, refusal);
    return !refusal;
}

static FctTask *make_task(const Applying *a, const char *user)
{
    g_autoptr(GPtrArray) titles = g_ptr_array_new();
    for (guint i = 0; i < a->plan->steps->len; i++)
        g_ptr_array_add(titles, ((FctStep *)a->plan->steps->pdata[i])->title);
    g_ptr_array_add(titles, NULL);
    const FctTaskSpec spec = {.kind = "apply",
                              .title = a->plan->title,
                              .user = user,
                              .subject_kind = "gpu",
                              .subject_id = a->gpu->id,
                              .subject_name = a->label,
                              .plan = a->plan->id,
                              .steps = (const char *const *)titles->pdata,
                              .cancellable = TRUE,
                              .undoable = a->plan->steps->len > 0};
    return fct_task_new(a->app, &spec);
}

/*
 * Adds to the transaction that nobody holds a part that the plan removes: deleting a hold that must not exist fails
 * when it does.
 */
static void demand_unheld(GArray *writes, GPtrArray *keys, const FctPlan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const FctStep *step = plan->steps->pdata[i];
        if (step->kind != FCT_STEP_GI_DESTROY)
            continue;
        g_autofree char *part = fct_part_id(step->gpu, step->start, step->profile_id);
        char *key = fct_hold_key(part);
        FctWrite write = {key, NULL, FCT_REV_NONE};
        g_ptr_array_add(keys, key);
        g_array_append_val(writes, write);
    }
}

static json_t *wanted_json(const Applying *a)
{
    g_autoptr(FctWantedLayout) wanted = fct_wanted_of(a->plan);
    g_free(wanted->gpu_uuid);
    g_free(wanted->boot_id);
    wanted->gpu_uuid = g_strdup(a->gpu->uuid);
    wanted->boot_id = g_strdup(a->seen->boot_id);
    return fct_wanted_layout_to_json(wanted);
}

/* Stores plan, wanted layout, journal and task in one transaction. */
static gboolean applying_commit(const Applying *a, FctTask *task, const FctJournal *journal, GError **error)
{
    g_autofree char *journal_key = fct_journal_key(a->gpu->id);
    g_autofree char *wanted_key = g_strconcat("wanted/", a->gpu->id, NULL);
    g_autoptr(json_t) journal_json = fct_journal_to_json(journal);
    g_autoptr(json_t) wanted = wanted_json(a);
    g_autoptr(json_t) plan_doc = fct_plan_to_json(a->plan);
    const FctWrite base[] = {{a->doc->key, plan_doc, a->doc->revision},
                             {wanted_key, wanted, FCT_REV_ANY},
                             {journal_key, journal_json, FCT_REV_NONE}};
    g_autoptr(GArray) writes = g_array_new(FALSE, FALSE, sizeof(FctWrite));
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_array_append_vals(writes, base, G_N_ELEMENTS(base));
    demand_unheld(writes, keys, a->plan);
    return fct_task_commit(task, (FctWrite *)writes->data, writes->len, error);
}

/* The transaction failed because somebody else was quicker: says who. */
static void explain_conflict(const Applying *a, GError **error)
{
    g_autofree char *key = fct_journal_key(a->plan->gpu);
    g_autoptr(FctPlan) now = fct_plans_get(a->app, a->plan->id, NULL, NULL);
    g_autoptr(FctDoc) journal = a->app->store->ops->get(a->app->store, key, NULL);
    if (now && strcmp(now->state, "applied") == 0)
        set_applied_error(error, now);
    else if (journal)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Wait until that task has ended.",
                           json_pack("{s:s}", "task", fct_json_str(journal->value, "task", "")),
                           "Another change of %s is running.", a->label);
    else
        fct_set_error(error, FCT_ERROR_STALE, "A VM has taken a part of %s that this plan removes.", a->label);
}

static json_t *read_wanted(FctApp *app, const char *gpu)
{
    g_autofree char *key = g_strconcat("wanted/", gpu, NULL);
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, NULL);
    return doc ? json_incref(doc->value) : NULL;
}

json_t *fct_executor_apply(FctExecutor *executor, const char *id, gboolean confirmed, const char *user, GError **error)
{
    FctApp *app = executor->app;
    g_auto(Applying) a = {.app = app};
    g_autoptr(GError) fault = NULL;
    g_autoptr(GRWLockReaderLocker) choosing G_GNUC_UNUSED = g_rw_lock_reader_locker_new(&app->choosing);
    a.plan = fct_plans_get(app, id, &a.doc, error);
    if (!a.plan || !still_good(&a, confirmed, error) || !applying_unchanged(&a, confirmed, error))
        return NULL;
    a.previous_wanted = read_wanted(app, a.gpu->id);
    g_autoptr(FctTask) task = make_task(&a, user);
    g_autoptr(FctJournal) journal =
        fct_journal_new(a.plan, fct_task_id(task), a.label, a.seen->boot_id, a.previous_wanted);
    g_free(a.plan->state);
    g_free(a.plan->task);
    a.plan->state = g_strdup("applied");
    a.plan->task = g_strdup(fct_task_id(task));
    if (!applying_commit(&a, task, journal, &fault)) {
        fct_task_forget(task);
        if (fct_error_code(fault) == FCT_ERROR_REVISION)
            explain_conflict(&a, error);
        else
            fct_error_pass(error, &fault);
        return NULL;
    }
    if (executor->listeners.probe)
        executor->listeners.probe("committed", executor->listeners.probe_data);
    fct_hub_publish(app->hub, "plan", a.plan->id, fct_plans_present(app, a.plan, a.plan->revision));
    executor_run_journal(executor, task, g_steal_pointer(&journal));
    fct_gpu_publish(app, a.gpu->id);
    return fct_task_to_json(task);
}
