/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cards of this host as last observed: one immutable inventory, replaced by newer ones. A thread observes when the
 * helper reports a change, and every few seconds; the executor of a plan observes after each step.
 *
 * A gpu that hung is marked here until the next boot, whatever the hardware says meanwhile. Thread-safe.
 */
#pragma once
#include "app/shared/context.h"

/* A change that a plan could depend on. @gpus: ids of the cards of @now that are new or differ. */
typedef struct {
    FctInventory *before; /* NULL: this is the first observation */
    FctInventory *now;
    GPtrArray *gpus;
} FctObserverNews;
/* Called on the thread that observed, once the new inventory is the newest. It must not call fct_observer_refresh. */
typedef void (*FctObserverChanged)(FctApp *app, const FctObserverNews *news, gpointer data);
/* The helper came or went. Called in the same way. */
typedef void (*FctObserverHelper)(FctApp *app, gpointer data);

FctObserver *fct_observer_new(FctApp *app, GError **error);
void fct_observer_free(FctObserver *observer);
/* Adds a listener for both; they are called in the order in which they were added. Only before the start. */
void fct_observer_on_change(FctObserver *observer, FctObserverChanged changed, gpointer data);
/* The same, for one. */
void fct_observer_on_helper(FctObserver *observer, FctObserverHelper told, gpointer data);
void fct_observer_start(FctObserver *observer);
void fct_observer_stop(FctObserver *observer); /* waits for the thread; no listener is called afterwards */

/* The newest inventory, as a new reference. FCT_ERROR_HELPER before the first one. Never waits. */
FctInventory *fct_observer_inventory(FctObserver *observer, GError **error);
/* Observes now, by a round trip to the helper, and publishes the result. New reference. */
FctInventory *fct_observer_refresh(FctObserver *observer, GError **error);
gboolean fct_observer_helper_up(FctObserver *observer);

/* Marks a gpu as wedged for the rest of this boot. Waits for the disk; in memory it holds in any case. */
void fct_observer_mark_wedged(FctObserver *observer, const char *gpu, const char *reason);
