/* SPDX-License-Identifier: Apache-2.0 */
/* One plan on its way through the executor: what executor.c starts and executor_run.c does. Private to both. */
#pragma once
#include "app/gpus/executor.h"

/* Who is told. Either may be NULL. */
typedef struct {
    FctProbe probe;
    gpointer probe_data;
    FctExecutorEnded ended;
    gpointer ended_data;
} FctExecutorListeners;

typedef struct {
    FctApp *app;
    FctTask *task;
    FctJournal *journal; /* owned */
    FctExecutorListeners listeners;
    FctInventory *seen; /* of the look that has just found a step's effect: the next step need not look again. Owned */
} FctRun;

void fct_run_free(FctRun *run);
/* A FctTaskFunc; @data is the FctRun. */
void fct_run_go(FctTask *task, gpointer data);

/*
 * executor_words.c: what a run says of the card, from the cards as they were seen last. A layout is called wanted or
 * previous only when the card has it.
 */
char *fct_run_outcome(const FctRun *run, gboolean wanted);
/* What the card holds now. */
char *fct_run_layout(const FctRun *run);
/* @error (taken over) with what another program made on the card meanwhile, where there is such. */
GError *fct_run_name_strangers(const FctRun *run, GError *error);
