/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world as last observed: one immutable inventory, replaced by newer ones. A thread of its own refreshes it when
 * the helper says that something changed, and every few seconds; a plan's executor refreshes it after each step.
 *
 * A gpu that hung is marked here until the next boot, whatever the hardware says meanwhile. Thread-safe.
 */
#pragma once
#include "app/context.h"

/* On the thread that refreshed, after the new inventory was published. Must not refresh itself. */
typedef void (*FctWorldChanged)(FctApp *app, FctInventory *inventory, gpointer data);

FctWorld *fct_world_new(FctApp *app, GError **error);
void fct_world_free(FctWorld *world);
/* Before the start: who is told when a plan-relevant change was seen, or the helper came or went. */
void fct_world_on_change(FctWorld *world, FctWorldChanged changed, gpointer data);
void fct_world_start(FctWorld *world);
void fct_world_stop(FctWorld *world); /* waits for the thread; nobody is told any more */

/* The newest inventory, a new reference. FCT_ERROR_HELPER while there was none yet. Never waits. */
FctInventory *fct_world_inventory(FctWorld *world, GError **error);
/* Observes now (a round trip to the helper) and publishes what it saw. New reference. */
FctInventory *fct_world_refresh(FctWorld *world, GError **error);
gboolean fct_world_helper_up(FctWorld *world);

/* Marks a gpu as wedged for the rest of this boot. Waits for the disk; in memory it holds in any case. */
void fct_world_mark_wedged(FctWorld *world, const char *gpu, const char *reason);
/* Tells the page that what belongs to this gpu beside the inventory (holders, wanted) has changed. */
void fct_world_publish_gpu(FctWorld *world, const char *gpu);
