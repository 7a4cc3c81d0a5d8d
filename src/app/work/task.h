/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: pieces of work that outlive a request, with steps, progress, a log and an outcome. Each is a document
 * ("task/<id>") and, while it runs, an object in memory, which is the truth when the disk is full.
 *
 * All functions are thread-safe. Each change is stored (it waits for the disk) and published. A store that fails does
 * not stop a task here: what must not go on without its record commits by fct_task_commit and looks at the result.
 */
#pragma once
#include "app/api/api.h"

typedef struct FctTask FctTask;

typedef enum {
    FCT_TASK_QUEUED,
    FCT_TASK_RUNNING,
    FCT_TASK_DONE,
    FCT_TASK_FAILED,
    FCT_TASK_UNDONE,
    FCT_TASK_CANCELLED
} FctTaskState;

typedef enum {
    FCT_TASK_STEP_WAITING,
    FCT_TASK_STEP_RUNNING,
    FCT_TASK_STEP_DONE,
    FCT_TASK_STEP_FAILED,
    FCT_TASK_STEP_UNDONE,
    FCT_TASK_STEP_SKIPPED
} FctTaskStepState;

typedef struct {
    const char *kind; /* "apply", "vm.create" … as in the contract */
    const char *title;
    const char *user;
    const char *subject_kind, *subject_id, *subject_name;
    const char *plan;               /* id; "" when there is none */
    const char *const *steps;       /* titles, ends with NULL; NULL: no steps */
    gboolean cancellable, undoable; /* undoable: a plan of kind undo is possible once it is done */
} FctTaskSpec;

/* On the task's own thread. It must call fct_task_end before it returns. */
typedef void (*FctTaskFunc)(FctTask *task, gpointer data);
/* A task that was running when facetd ended and has no journal: brings it to an end (fct_task_end). */
typedef void (*FctTaskRecover)(FctTask *task, gpointer data);

/* For a handler: 202 with @task, which is taken over; NULL: it was refused, FALSE. */
gboolean fct_reply_task(FctReply *reply, FctTask *task);

FctTasks *fct_tasks_new(FctApp *app);
/* Waits for running tasks to notice (fct_task_stopping) and end. */
void fct_tasks_stop(FctTasks *tasks);
void fct_tasks_free(FctTasks *tasks);
/* Before fct_tasks_recover: who ends the left-over tasks whose kind begins with @prefix ("vm."). */
void fct_tasks_on_recover(FctTasks *tasks, const char *prefix, FctTaskRecover recover, gpointer data);
/* Loads the tasks that were running; those that nobody claims end as failed. Once, at start, after the journals. */
gboolean fct_tasks_recover(FctTasks *tasks, GError **error);

/* Makes a task in memory; it is stored by the first fct_task_commit. One reference. */
FctTask *fct_task_new(FctApp *app, const FctTaskSpec *spec);
/* A task that was made but never stored: it never was. */
void fct_task_forget(FctTask *task);
/* Loads a task that was left running, to go on with it. FCT_ERROR_NOT_FOUND. */
FctTask *fct_task_resume(FctApp *app, const char *id, GError **error);
FctTask *fct_task_ref(FctTask *task);
void fct_task_unref(FctTask *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctTask, fct_task_unref)

/* Stores the task as it is now together with @more in one transaction. */
gboolean fct_task_commit(FctTask *task, const FctWrite *more, gsize n, GError **error);
/* Runs @func on a thread of its own. Keeps a reference meanwhile. */
void fct_task_start(FctTask *task, FctTaskFunc func, gpointer data, GDestroyNotify destroy);

/* @message NULL keeps the one there is. These change memory and publish; fct_task_store writes. */
void fct_task_step(FctTask *task, guint step, FctTaskStepState state, const char *message);
/* How far a running step is; the step's share of the whole counts. @message as above. Publishes when it has changed. */
void fct_task_progress(FctTask *task, guint step, guint percent, const char *message);
void fct_task_log(FctTask *task, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Writes the task as it is; a failure is logged and forgotten (memory has it). */
void fct_task_store(FctTask *task);
/*
 * The end: outcome is one sentence. @error may be NULL; it is copied. @more is committed together with the end, tried
 * again until the disk takes it or facetd stops. Publishes, and adds an event.
 */
void fct_task_end(FctTask *task, FctTaskState state, const GError *error, const FctWrite *more, gsize n,
                  const char *outcome_format, ...) G_GNUC_PRINTF(6, 7);

const char *fct_task_id(const FctTask *task);
gboolean fct_task_cancelled(FctTask *task); /* somebody asked to cancel */
gboolean fct_task_stopping(FctTask *task);  /* facetd ends: leave things as they are */
/* Waits so long, or until somebody cancels (once) or facetd ends. FALSE when it came back early. */
gboolean fct_task_wait(FctTask *task, guint ms);
/* As in the contract. New reference. */
json_t *fct_task_to_json(FctTask *task);

/* For the API: running tasks from memory, ended ones from the store. */
json_t *fct_tasks_get(FctTasks *tasks, const char *id, GError **error);
/* The newest first, at most @limit; with @before only those that are older than this one. */
json_t *fct_tasks_list(FctTasks *tasks, const char *state, const char *subject, const char *before, guint limit,
                       GError **error);
json_t *fct_tasks_cancel(FctTasks *tasks, const char *id, GError **error);
