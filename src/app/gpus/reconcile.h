/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the wanted layout of each card with the actual one, again and again. MIG instances never survive a restart
 * of the host, and on newer cards MIG mode does not either: so after a restart the wanted layout is made again, by a
 * plan and a task of the user "facet", if that interrupts nobody. Any other difference is shown (event, drift of the
 * gpu) and left to people.
 */
#pragma once
#include "app/shared/context.h"

FctReconciler *fct_reconciler_new(FctApp *app);
void fct_reconciler_start(FctReconciler *reconciler);
/*
 * TRUE when every wanted layout was restored in this boot or was found impossible (an event said so): there is nothing
 * more to wait for. FALSE before the first check of this boot. Any thread.
 */
gboolean fct_reconciler_settled(FctReconciler *reconciler, const char *boot_id);
/* Something changed: check all cards soon. Any thread. */
void fct_reconciler_kick(FctReconciler *reconciler);
void fct_reconciler_stop(FctReconciler *reconciler); /* waits for the thread */
void fct_reconciler_free(FctReconciler *reconciler);
