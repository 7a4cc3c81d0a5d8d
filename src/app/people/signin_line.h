/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits to sign in. A password takes long to check, on purpose, and one is checked at a time; so sign-ins wait here
 * and hold nobody else up. Each place (an address, of IPv6 a /64) has a lane and lanes take turns; known browsers come
 * before all. Main thread.
 */
#pragma once
#include <glib.h>

typedef struct FctSigninLine FctSigninLine;

FctSigninLine *fct_signin_line_new(guint in_all, guint by_lane);
/* What still waits is not freed. */
void fct_signin_line_free(FctSigninLine *line);
/* FALSE: the line is too long. @browser: id of the known browser at @address; NULL: none. */
gboolean fct_signin_line_push(FctSigninLine *line, const char *address, const char *browser, gpointer item);
/* NULL: nobody waits. */
gpointer fct_signin_line_pop(FctSigninLine *line);
