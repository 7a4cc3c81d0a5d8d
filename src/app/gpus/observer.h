/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cards of this host as last seen: one immutable inventory, replaced by newer ones. A thread of its own refreshes
 * it when the helper says that something changed, and every few seconds; a plan's executor refreshes it after each
 * step.
 *
 * A gpu that hung is marked here until the next boot, whatever the hardware says meanwhile. Thread-safe.
 */
#pragma once
#include "app/shared/context.h"

/* A change that a plan could depend on. @gpus: ids of those of @now that are new or differ. */
typedef struct {
    FctInventory *before; /* NULL: the first look */
    FctInventory *now;
    GPtrArray *gpus;
} FctObserverNews;
/* On the thread that refreshed, once the new inventory is the newest. Must not refresh itself. */
typedef void (*FctObserverChanged)(FctApp *app, const FctObserverNews *news, gpointer data);
/* The helper came or went. The same holds. */
typedef void (*FctObserverHelper)(FctApp *app, gpointer data);

FctObserver *fct_observer_new(FctApp *app, GError **error);
void fct_observer_free(FctObserver *observer);
/* Before the start: who is told, in this order. */
void fct_observer_on_change(FctObserver *observer, FctObserverChanged changed, gpointer data);
/* The same, for one. */
void fct_observer_on_helper(FctObserver *observer, FctObserverHelper told, gpointer data);
void fct_observer_start(FctObserver *observer);
void fct_observer_stop(FctObserver *observer); /* waits for the thread; nobody is told any more */

/* The newest inventory, a new reference. FCT_ERROR_HELPER while there was none yet. Never waits. */
FctInventory *fct_observer_inventory(FctObserver *observer, GError **error);
/* Observes now (a round trip to the helper) and publishes what it saw. New reference. */
FctInventory *fct_observer_refresh(FctObserver *observer, GError **error);
gboolean fct_observer_helper_up(FctObserver *observer);

/* Marks a gpu as wedged for the rest of this boot. Waits for the disk; in memory it holds in any case. */
void fct_observer_mark_wedged(FctObserver *observer, const char *gpu, const char *reason);
