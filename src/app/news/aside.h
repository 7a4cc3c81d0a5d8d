/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that cannot be read any more: put aside ("aside/<key>", with their text), so that one broken record does
 * not keep all others from starting, and told as an event. Nothing is thrown away.
 */
#pragma once
#include "app/shared/context.h"

/* FALSE: not even that can be written. */
gboolean fct_aside_put(FctApp *app, const FctDoc *doc, const GError *why, GError **error);
/*
 * An event for each document below @prefix that @reads refuses: it stays where it is, and whoever reads it goes on
 * without it.
 */
typedef gboolean (*FctReads)(const json_t *value, GError **error);
void fct_aside_tell_unreadable(FctApp *app, const char *prefix, FctReads reads);
/* An event for each that nobody was told of, whoever put it aside (the store does, too). */
void fct_aside_tell(FctApp *app);
