/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that cannot be read any more. They are put aside ("aside/<key>", with their text), so that one broken
 * record does not keep everything else from starting, and an event tells so. Nothing is thrown away. Any thread; waits
 * for the disk.
 */
#pragma once
#include "app/shared/context.h"

/* Puts a document aside. FALSE: the disk does not take even that. */
gboolean fct_aside_put(FctApp *app, const FctDoc *doc, const GError *why, GError **error);
/*
 * Sends an event for each document below @prefix that @reads refuses. The document stays where it is, and its readers
 * skip it.
 */
typedef gboolean (*FctReads)(const json_t *value, GError **error);
void fct_aside_tell_unreadable(FctApp *app, const char *prefix, FctReads reads);
/* Sends an event for each document that was put aside without one, also by the store. */
void fct_aside_tell(FctApp *app);
