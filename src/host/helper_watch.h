/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices changes of the hardware: hot-plug, other programs, our own steps. A cheap observation every few seconds is
 * compared with the one before, since a simulated tree sends no kernel events; on a real host the kernel's uevents
 * cause one at once. The revision rises with every change; it starts with the time, so it never goes back.
 */
#pragma once
#include "host/helper_worker.h"

typedef struct FctWatch FctWatch;

FctWatch *fct_watch_new(const FctHelperConfig *config, FctAvoid *avoid, FctWorker *worker,
                        void (*changed)(guint64 revision, gpointer data), gpointer data);
void fct_watch_free(FctWatch *watch);
guint64 fct_watch_revision(const FctWatch *watch);
/* A full observation was made: @answer of the worker. Raises the revision when it differs from the last. */
void fct_watch_saw(FctWatch *watch, const json_t *answer);
/* Makes it observe soon. */
void fct_watch_hurry(FctWatch *watch);
