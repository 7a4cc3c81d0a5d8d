/* SPDX-License-Identifier: Apache-2.0 */
#include "app/work/task.h"

#include "app/news/hub.h"
#include "app/news/records.h"
#include "app/work/task_log.h"
#include "base/scope.h"

#include <stdarg.h>
#include <string.h>

#define LOG_MAX 500    /* lines of one task */
#define TASKS_KEPT 500 /* ended tasks in the store */
#define PRUNE_EVERY 64 /* ended tasks */
#define RETRY_S 1      /* between attempts to store the end of a task */

struct FctTask {
    gint refs;
    FctApp *app;
    char *id;
    GMutex lock;
    json_t *json;  /* as in the contract, without the stamp */
    json_t *shown; /* what is shown instead while the end is on its way to the disk; NULL: json */
    guint64 revision;
    gint cancelled;
};

typedef struct {
    char *prefix;
    FctTaskRecover recover;
    gpointer data;
} Recoverer;

struct FctTasks {
    FctApp *app;
    GMutex lock;
    GCond changed;
    GHashTable *live; /* id → FctTask*: from making until the end is stored */
    guint threads;    /* that run tasks */
    guint ended;      /* since the start */
    gboolean stopping;
    GArray *recoverers; /* Recoverer */
};

static const char *const state_names[] = {"queued", "running", "done", "failed", "undone", "cancelled"};
static const char *const step_state_names[] = {"waiting", "running", "done", "failed", "undone", "skipped"};

/* ---- one task ---- */

static char *task_key(const char *id)
{
    return g_strconcat("task/", id, NULL);
}

static FctTask *task_alloc(FctApp *app, const char *id, json_t *json)
{
    FctTask *task = g_new0(FctTask, 1);
    task->refs = 1;
    task->app = app;
    task->id = g_strdup(id);
    task->json = json;
    g_mutex_init(&task->lock);
    fct_autolock(&app->tasks->lock);
    g_hash_table_insert(app->tasks->live, task->id, fct_task_ref(task));
    return task;
}

FctTask *fct_task_new(FctApp *app, const FctTaskSpec *spec)
{
    g_autofree char *id = fct_app_new_id("task");
    json_t *steps = json_array();
    for (guint i = 0; spec->steps && spec->steps[i]; i++)
        json_array_append_new(steps, json_pack("{s:s, s:s, s:s, s:n, s:n}", "title", spec->steps[i], "state", "waiting",
                                               "message", "", "started_ms", "ended_ms"));
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s}, s:s, s:o, s:[], s:n, s:s, s:I, s:n, s:n, s:b, s:b}", "kind",
        spec->kind, "title", spec->title, "state", "queued", "outcome", "", "percent", 0, "subject", "kind",
        spec->subject_kind, "id", spec->subject_id, "name", spec->subject_name, "plan", spec->plan ? spec->plan : "",
        "steps", steps, "log", "error", "user", spec->user, "created_ms", (json_int_t)fct_app_now_ms(), "started_ms",
        "ended_ms", "can_cancel", spec->cancellable, "can_undo", FALSE);
    json_object_set_new(json, "undoable", json_boolean(spec->undoable));
    return task_alloc(app, id, json);
}

void fct_task_forget(FctTask *task)
{
    FctTasks *tasks = task->app->tasks;
    fct_autolock(&tasks->lock);
    g_hash_table_remove(tasks->live, task->id);
}

FctTask *fct_task_resume(FctApp *app, const char *id, GError **error)
{
    g_autofree char *key = task_key(id);
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, error);
    if (!doc)
        return NULL;
    FctTask *task = task_alloc(app, id, json_incref(doc->value));
    task->revision = doc->revision;
    return task;
}

FctTask *fct_task_ref(FctTask *task)
{
    g_atomic_int_inc(&task->refs);
    return task;
}

void fct_task_unref(FctTask *task)
{
    if (!task || !g_atomic_int_dec_and_test(&task->refs))
        return;
    json_decref(task->json);
    json_decref(task->shown);
    g_mutex_clear(&task->lock);
    g_free(task->id);
    g_free(task);
}

const char *fct_task_id(const FctTask *task)
{
    return task->id;
}

gboolean fct_task_cancelled(FctTask *task)
{
    return g_atomic_int_get(&task->cancelled);
}

gboolean fct_task_stopping(FctTask *task)
{
    FctTasks *tasks = task->app->tasks;
    fct_autolock(&tasks->lock);
    return tasks->stopping;
}

gboolean fct_task_wait(FctTask *task, guint ms)
{
    FctTasks *tasks = task->app->tasks;
    gint64 until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
    gboolean was = fct_task_cancelled(task), early = FALSE;
    g_mutex_lock(&tasks->lock);
    while (!(early = tasks->stopping || fct_task_cancelled(task) != was))
        if (!g_cond_wait_until(&tasks->changed, &tasks->lock, until))
            break;
    g_mutex_unlock(&tasks->lock);
    return !early;
}

static json_t *task_present(const FctApp *app, const char *id, guint64 revision, const json_t *stored)
{
    json_t *json = json_deep_copy(stored);
    json_object_del(json, "undoable");
    fct_app_stamp(app, json, id, revision);
    return json;
}

json_t *fct_task_to_json(FctTask *task)
{
    fct_autolock(&task->lock);
    return task_present(task->app, task->id, task->revision, task->shown ? task->shown : task->json);
}

static void task_publish(FctTask *task)
{
    fct_hub_publish(task->app->hub, "task", task->id, fct_task_to_json(task));
}

gboolean fct_task_commit(FctTask *task, const FctWrite *more, gsize n, GError **error)
{
    g_autofree FctWrite *writes = g_new(FctWrite, n + 1);
    g_autofree char *key = task_key(task->id);
    guint64 revision;
    g_mutex_lock(&task->lock);
    g_autoptr(json_t) copy = json_deep_copy(task->json);
    g_mutex_unlock(&task->lock);
    writes[0] = (FctWrite){key, copy, FCT_REV_ANY};
    if (n)
        memcpy(writes + 1, more, n * sizeof *more);
    if (!task->app->store->ops->commit(task->app->store, writes, n + 1, &revision, error))
        return FALSE;
    g_mutex_lock(&task->lock);
    task->revision = revision;
    g_mutex_unlock(&task->lock);
    task_publish(task);
    return TRUE;
}

void fct_task_store(FctTask *task)
{
    g_autoptr(GError) error = NULL;
    if (!fct_task_commit(task, NULL, 0, &error))
        g_warning("%s could not be stored: %s", task->id, error->message);
}

void fct_task_step(FctTask *task, guint step, FctTaskStepState state, const char *message)
{
    gboolean ends = state != FCT_TASK_STEP_WAITING && state != FCT_TASK_STEP_RUNNING;
    g_mutex_lock(&task->lock);
    json_t *steps = json_object_get(task->json, "steps");
    json_t *json = json_array_get(steps, step);
    g_autoptr(json_t) told = json && ends ? json_deep_copy(task->json) : NULL;
    g_autofree char *title = g_strdup(fct_json_str(json, "title", ""));
    if (json) {
        json_object_set_new(json, "state", json_string(step_state_names[state]));
        if (message)
            json_object_set_new(json, "message", json_string(message));
        if (state == FCT_TASK_STEP_RUNNING) {
            json_object_set_new(json, "started_ms", json_integer(fct_app_now_ms()));
            json_object_set_new(json, "ended_ms", json_null());
        } else if (ends) {
            json_object_set_new(json, "ended_ms", json_integer(fct_app_now_ms()));
        }
        if (state == FCT_TASK_STEP_DONE)
            json_object_set_new(task->json, "percent",
                                json_integer((json_int_t)(100 * (step + 1) / json_array_size(steps))));
    }
    g_mutex_unlock(&task->lock);
    if (told)
        fct_task_tell_log(task->id, told, title, step_state_names[state], message ? message : "");
    task_publish(task);
}

void fct_task_progress(FctTask *task, guint step, guint percent, const char *message)
{
    g_mutex_lock(&task->lock);
    json_t *steps = json_object_get(task->json, "steps"), *json = json_array_get(steps, step);
    gint64 whole = (gint64)(100 * step + MIN(percent, 100)) / (gint64)MAX(json_array_size(steps), 1);
    gboolean changed = whole != fct_json_int(task->json, "percent", -1);
    if (changed)
        json_object_set_new(task->json, "percent", json_integer(whole));
    if (json && message && changed)
        json_object_set_new(json, "message", json_string(message));
    g_mutex_unlock(&task->lock);
    if (changed)
        task_publish(task);
}

void fct_task_log(FctTask *task, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_mutex_lock(&task->lock);
    json_t *log = json_object_get(task->json, "log");
    if (json_array_size(log) >= LOG_MAX)
        json_array_remove(log, 0);
    json_array_append_new(log, json_pack("{s:I, s:s}", "time_ms", (json_int_t)fct_app_now_ms(), "text", text));
    g_mutex_unlock(&task->lock);
    task_publish(task);
}

static void task_set_ended(FctTask *task, FctTaskState state, const GError *error, const char *outcome)
{
    fct_autolock(&task->lock);
    task->shown = json_deep_copy(task->json);
    json_object_set_new(task->json, "state", json_string(state_names[state]));
    json_object_set_new(task->json, "outcome", json_string(outcome));
    json_object_set_new(task->json, "error", error ? fct_error_to_json(error) : json_null());
    json_object_set_new(task->json, "ended_ms", json_integer(fct_app_now_ms()));
    json_object_set_new(task->json, "can_cancel", json_false());
    json_object_set_new(task->json, "can_undo",
                        json_boolean(state == FCT_TASK_DONE && fct_json_bool(task->json, "undoable", FALSE)));
    if (state == FCT_TASK_DONE)
        json_object_set_new(task->json, "percent", json_integer(100));
}

static void show_end(FctTask *task)
{
    g_mutex_lock(&task->lock);
    g_clear_pointer(&task->shown, json_decref);
    g_mutex_unlock(&task->lock);
    task_publish(task);
}

/* FALSE when facetd ends before the disk took it. */
static gboolean store_end(FctTask *task, const FctWrite *more, gsize n)
{
    FctTasks *tasks = task->app->tasks;
    for (;;) {
        g_autoptr(GError) error = NULL;
        gboolean stored = fct_task_commit(task, more, n, &error);
        show_end(task); /* whoever hears of the end finds what it set free */
        if (stored)
            return TRUE;
        g_warning("The end of %s could not be stored, trying again: %s", task->id, error->message);
        gint64 until = g_get_monotonic_time() + RETRY_S * G_TIME_SPAN_SECOND;
        g_mutex_lock(&tasks->lock);
        while (!tasks->stopping && g_cond_wait_until(&tasks->changed, &tasks->lock, until))
            ;
        gboolean stopping = tasks->stopping;
        g_mutex_unlock(&tasks->lock);
        if (stopping)
            return FALSE;
    }
}

/* Forgets the oldest tasks that have ended. */
static void tasks_prune(FctTasks *tasks)
{
    FctStore *store = tasks->app->store;
    g_autoptr(GPtrArray) docs = store->ops->list(store, "task/", NULL);
    g_autoptr(GArray) writes = g_array_new(FALSE, FALSE, sizeof(FctWrite));
    for (guint i = 0; docs && i + TASKS_KEPT < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        FctWrite drop = {doc->key, NULL, FCT_REV_ANY};
        if (!json_is_null(json_object_get(doc->value, "ended_ms")))
            g_array_append_val(writes, drop);
    }
    if (writes->len && !store->ops->commit(store, (FctWrite *)writes->data, writes->len, NULL, NULL))
        g_debug("old tasks stay");
}

void fct_task_end(FctTask *task, FctTaskState state, const GError *error, const FctWrite *more, gsize n,
                  const char *outcome_format, ...)
{
    va_list ap;
    va_start(ap, outcome_format);
    g_autofree char *outcome = g_strdup_vprintf(outcome_format, ap);
    va_end(ap);
    FctTasks *tasks = task->app->tasks;
    task_set_ended(task, state, error, outcome);
    if (!store_end(task, more, n))
        return; /* the next start finds it as it was last stored, and ends it again */
    g_autoptr(json_t) json = fct_task_to_json(task);
    const json_t *subject = json_object_get(json, "subject");
    fct_task_tell_log(task->id, json, "", state_names[state], outcome);
    fct_event(task->app, "task", state == FCT_TASK_DONE || state == FCT_TASK_CANCELLED ? "info" : "error",
              fct_json_str(subject, "kind", ""), fct_json_str(subject, "id", ""), fct_json_str(subject, "name", ""),
              "%s: %s", fct_json_str(json, "title", ""), outcome);
    g_mutex_lock(&tasks->lock);
    g_hash_table_remove(tasks->live, task->id);
    gboolean due = ++tasks->ended % PRUNE_EVERY == 0;
    g_mutex_unlock(&tasks->lock);
    if (due)
        tasks_prune(tasks);
}

/* ---- running ---- */

typedef struct {
    FctTask *task;
    FctTaskFunc func;
    gpointer data;
    GDestroyNotify destroy;
} Run;

static gpointer run_thread(gpointer user)
{
    g_autofree Run *run = user;
    FctTasks *tasks = run->task->app->tasks;
    run->func(run->task, run->data);
    if (run->destroy)
        run->destroy(run->data);
    fct_task_unref(run->task);
    fct_autolock(&tasks->lock);
    tasks->threads--;
    g_cond_broadcast(&tasks->changed);
    return NULL;
}

void fct_task_start(FctTask *task, FctTaskFunc func, gpointer data, GDestroyNotify destroy)
{
    FctTasks *tasks = task->app->tasks;
    Run *run = g_new(Run, 1);
    *run = (Run){fct_task_ref(task), func, data, destroy};
    g_mutex_lock(&task->lock);
    json_object_set_new(task->json, "state", json_string("running"));
    if (!json_is_integer(json_object_get(task->json, "started_ms")))
        json_object_set_new(task->json, "started_ms", json_integer(fct_app_now_ms()));
    g_mutex_unlock(&task->lock);
    g_mutex_lock(&tasks->lock);
    tasks->threads++;
    g_mutex_unlock(&tasks->lock);
    task_publish(task);
    g_thread_unref(g_thread_new("task", run_thread, run));
}

/* ---- all tasks ---- */

static void clear_recoverer(gpointer data)
{
    g_free(((Recoverer *)data)->prefix);
}

FctTasks *fct_tasks_new(FctApp *app)
{
    FctTasks *tasks = g_new0(FctTasks, 1);
    tasks->app = app;
    g_mutex_init(&tasks->lock);
    g_cond_init(&tasks->changed);
    tasks->live = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)fct_task_unref);
    tasks->recoverers = g_array_new(FALSE, FALSE, sizeof(Recoverer));
    g_array_set_clear_func(tasks->recoverers, clear_recoverer);
    return tasks;
}

void fct_tasks_stop(FctTasks *tasks)
{
    fct_autolock(&tasks->lock);
    tasks->stopping = TRUE;
    g_cond_broadcast(&tasks->changed);
    while (tasks->threads)
        g_cond_wait(&tasks->changed, &tasks->lock);
}

void fct_tasks_free(FctTasks *tasks)
{
    if (!tasks)
        return;
    g_hash_table_unref(tasks->live);
    g_array_unref(tasks->recoverers);
    g_mutex_clear(&tasks->lock);
    g_cond_clear(&tasks->changed);
    g_free(tasks);
}

void fct_tasks_on_recover(FctTasks *tasks, const char *prefix, FctTaskRecover recover, gpointer data)
{
    Recoverer recoverer = {g_strdup(prefix), recover, data};
    g_array_append_val(tasks->recoverers, recoverer);
}

static void task_recover(FctTasks *tasks, FctTask *task)
{
    for (guint i = 0; i < tasks->recoverers->len; i++) {
        const Recoverer *recoverer = &g_array_index(tasks->recoverers, Recoverer, i);
        if (g_str_has_prefix(fct_json_str(task->json, "kind", ""), recoverer->prefix)) {
            recoverer->recover(task, recoverer->data);
            return;
        }
    }
    g_autoptr(GError) error = NULL;
    fct_set_error_full(&error, FCT_ERROR_INTERNAL, "Look at the object, then start the work again.", NULL,
                       "Facet was restarted in the middle of this task.");
    fct_task_end(task, FCT_TASK_FAILED, error, NULL, 0, "Facet was restarted in the middle; it did not finish.");
}

gboolean fct_tasks_recover(FctTasks *tasks, GError **error)
{
    FctStore *store = tasks->app->store;
    g_autoptr(GPtrArray) docs = store->ops->list(store, "task/", error);
    if (!docs)
        return FALSE;
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        const char *id = doc->key + strlen("task/");
        g_mutex_lock(&tasks->lock);
        gboolean live = g_hash_table_contains(tasks->live, id);
        g_mutex_unlock(&tasks->lock);
        if (live || !json_is_null(json_object_get(doc->value, "ended_ms")))
            continue;
        /* One that the executor resumed may have ended since the list was made: it is stored before it stops being
         * live. */
        g_autoptr(FctDoc) fresh = store->ops->get(store, doc->key, error);
        if (!fresh)
            return FALSE;
        if (!json_is_null(json_object_get(fresh->value, "ended_ms")))
            continue;
        g_autoptr(FctTask) task = fct_task_resume(tasks->app, id, error);
        if (!task)
            return FALSE;
        task_recover(tasks, task);
    }
    tasks_prune(tasks);
    return TRUE;
}

static FctTask *find_live(FctTasks *tasks, const char *id)
{
    fct_autolock(&tasks->lock);
    FctTask *task = g_hash_table_lookup(tasks->live, id);
    if (task)
        fct_task_ref(task);
    return task;
}

json_t *fct_tasks_get(FctTasks *tasks, const char *id, GError **error)
{
    g_autoptr(FctTask) task = find_live(tasks, id);
    if (task)
        return fct_task_to_json(task);
    g_autofree char *key = task_key(id);
    g_autoptr(FctDoc) doc = tasks->app->store->ops->get(tasks->app->store, key, NULL);
    if (!doc) {
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no task “%s”.", id);
        return NULL;
    }
    return task_present(tasks->app, id, doc->revision, doc->value);
}

json_t *fct_tasks_list(FctTasks *tasks, const char *state, const char *subject, const char *before, guint limit,
                       GError **error)
{
    FctStore *store = tasks->app->store;
    g_autoptr(GPtrArray) docs = store->ops->list(store, "task/", error);
    if (!docs)
        return NULL;
    json_t *items = json_array();
    for (guint i = docs->len; i-- > 0 && json_array_size(items) < limit;) {
        const FctDoc *doc = docs->pdata[i];
        const char *id = doc->key + strlen("task/");
        if (before && strcmp(id, before) >= 0)
            continue;
        g_autoptr(FctTask) task = find_live(tasks, id);
        g_autoptr(json_t) json =
            task ? fct_task_to_json(task) : task_present(tasks->app, id, doc->revision, doc->value);
        const char *about = fct_json_str(json_object_get(json, "subject"), "id", "");
        if ((!state || strcmp(state, fct_json_str(json, "state", "")) == 0) &&
            (!subject || strcmp(subject, about) == 0))
            json_array_append(items, json);
    }
    return items;
}

json_t *fct_tasks_cancel(FctTasks *tasks, const char *id, GError **error)
{
    g_autoptr(FctTask) task = find_live(tasks, id);
    g_autoptr(json_t) json = task ? fct_task_to_json(task) : fct_tasks_get(tasks, id, error);
    if (!json)
        return NULL;
    if (!task || !fct_json_bool(json, "can_cancel", FALSE)) {
        fct_set_error(error, FCT_ERROR_CONFLICT, "The task has ended or cannot be stopped.");
        return NULL;
    }
    g_atomic_int_set(&task->cancelled, 1);
    fct_task_log(task, "Asked to stop.");
    g_mutex_lock(&tasks->lock);
    g_cond_broadcast(&tasks->changed);
    g_mutex_unlock(&tasks->lock);
    return fct_task_to_json(task);
}
