/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One plan while it is carried out: executor.c starts it, executor_run.c works through its steps. Private to these two.
 */
#pragma once
#include "app/gpus/executor.h"

/* Listeners. Either may be NULL. */
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
    FctInventory *seen; /* the observation that has just shown a step's effect; the next step uses it. Owned */
} FctRun;

void fct_run_free(FctRun *run);
/* A FctTaskFunc; @data is the FctRun. */
void fct_run_go(FctTask *task, gpointer data);

/*
 * executor_words.c: how a run describes the card, from the last observation. A layout is called wanted or previous only
 * when the card really has it.
 */
char *fct_run_outcome(const FctRun *run, gboolean wanted);
/* The layout that the card has now. */
char *fct_run_layout(const FctRun *run);
/* Takes @error over; adds what another program made on the card meanwhile, if anything. */
GError *fct_run_name_strangers(const FctRun *run, GError *error);
