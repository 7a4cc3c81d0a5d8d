/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wanted beside actual, again and again. Instances never survive a restart of the host, and on newer cards neither does
 * the mode: after a restart the wanted layout is made again, by a plan and a task of the user "facet", when that
 * interrupts nobody. Any other difference is told (event, drift of the gpu) and left to people.
 */
#pragma once
#include "app/shared/context.h"

FctReconciler *fct_reconciler_new(FctApp *app);
void fct_reconciler_start(FctReconciler *reconciler);
/*
 * Whether every wanted layout was made again in this boot, or was found impossible (which was told then): nothing more
 * is to be waited for. FALSE before the first look of this boot. Any thread.
 */
gboolean fct_reconciler_settled(FctReconciler *reconciler, const char *boot_id);
/* Something changed: look soon. Any thread. */
void fct_reconciler_kick(FctReconciler *reconciler);
void fct_reconciler_stop(FctReconciler *reconciler); /* waits for the thread */
void fct_reconciler_free(FctReconciler *reconciler);
