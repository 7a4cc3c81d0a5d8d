/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of people who sign in. Checking a password takes long on purpose, and one is checked at a time; so sign-ins
 * wait here and hold nobody else up. Each place (an address, or an IPv6 /64) has a lane and the lanes take turns; known
 * browsers come first. Main thread.
 */
#pragma once
#include <glib.h>

typedef struct FctSigninLine FctSigninLine;

FctSigninLine *fct_signin_line_new(guint in_all, guint by_lane);
/* Entries that still wait are not freed. */
void fct_signin_line_free(FctSigninLine *line);
/* FALSE: the queue is full. @browser: id of the known browser at @address; NULL: none. */
gboolean fct_signin_line_push(FctSigninLine *line, const char *address, const char *browser, gpointer item);
/* NULL: nobody waits. */
gpointer fct_signin_line_pop(FctSigninLine *line);
