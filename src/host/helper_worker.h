/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's side of its one observing child: a queue of jobs, one at a time, each with a deadline. Main context
 * only.
 */
#pragma once
#include "host/helper_avoid.h"
#include "host/helper_child.h"

typedef struct FctWorker FctWorker;

/* @answer is borrowed; NULL with @error. */
typedef void (*FctWorkerDone)(json_t *answer, const GError *error, gpointer data);

FctWorker *fct_worker_new(const FctHelperConfig *config, FctAvoid *avoid);
void fct_worker_free(FctWorker *worker);
/*
 * @request: {"verb": "look" | "sample", …}; taken over. "avoid" is added when it is sent. Equal questions that have not
 * begun share one answer.
 */
void fct_worker_ask(FctWorker *worker, json_t *request, FctWorkerDone done, gpointer data);
/* Lets the present job finish, then ends the child, so that this process holds no card; jobs wait until resume. */
void fct_worker_release(FctWorker *worker, void (*released)(gpointer data), gpointer data);
void fct_worker_resume(FctWorker *worker);
/* Lets the present job finish, then ends the child, which lets go of what it held. The next job gets a new one. */
void fct_worker_renew(FctWorker *worker, void (*renewed)(gpointer data), gpointer data);
