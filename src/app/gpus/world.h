/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world as last observed: one immutable inventory, replaced by newer ones. A thread of its own refreshes it when
 * the helper says that something changed, and every few seconds; a plan's executor refreshes it after each step.
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
} FctWorldNews;
/* On the thread that refreshed, once the new inventory is the newest. Must not refresh itself. */
typedef void (*FctWorldChanged)(FctApp *app, const FctWorldNews *news, gpointer data);
/* The helper came or went. The same holds. */
typedef void (*FctWorldHelper)(FctApp *app, gpointer data);

FctWorld *fct_world_new(FctApp *app, GError **error);
void fct_world_free(FctWorld *world);
/* Before the start: who is told, in this order. */
void fct_world_on_change(FctWorld *world, FctWorldChanged changed, gpointer data);
/* The same, for one. */
void fct_world_on_helper(FctWorld *world, FctWorldHelper told, gpointer data);
void fct_world_start(FctWorld *world);
void fct_world_stop(FctWorld *world); /* waits for the thread; nobody is told any more */

/* The newest inventory, a new reference. FCT_ERROR_HELPER while there was none yet. Never waits. */
FctInventory *fct_world_inventory(FctWorld *world, GError **error);
/* Observes now (a round trip to the helper) and publishes what it saw. New reference. */
FctInventory *fct_world_refresh(FctWorld *world, GError **error);
gboolean fct_world_helper_up(FctWorld *world);

/* Marks a gpu as wedged for the rest of this boot. Waits for the disk; in memory it holds in any case. */
void fct_world_mark_wedged(FctWorld *world, const char *gpu, const char *reason);
