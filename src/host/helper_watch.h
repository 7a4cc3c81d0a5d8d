/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices that the hardware has changed: hot-plug, a person with another tool, a step of ours. A cheap look every few
 * seconds is compared with the one before (a simulated tree has no kernel events); on a real host the kernel's uevents
 * bring it forward. The revision rises with every change and, being seeded with the time, never goes back.
 */
#pragma once
#include "host/helper_worker.h"

typedef struct FctWatch FctWatch;

FctWatch *fct_watch_new(const FctHelperConfig *config, FctAvoid *avoid, FctWorker *worker,
                        void (*changed)(guint64 revision, gpointer data), gpointer data);
void fct_watch_free(FctWatch *watch);
guint64 fct_watch_revision(const FctWatch *watch);
/* A whole observation went by: @answer as the worker gave it. Raises the revision when it differs from the last. */
void fct_watch_saw(FctWatch *watch, const json_t *answer);
/* Look soon. */
void fct_watch_hurry(FctWatch *watch);
