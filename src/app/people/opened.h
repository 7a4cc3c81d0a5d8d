/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sessions and tokens have opened and is open still: event streams, consoles, uploads, downloads. One rule for all
 * of them: what a login opened ends with it, however it ends (sign-out, revocation, the end of its time, another
 * password), within FCT_OPENED_LOOK_MS. So nothing that stays open is to be trusted to look for itself.
 */
#pragma once
#include "app/api/api.h"

#define FCT_OPENED_LOOK_MS 500

typedef struct FctOpening FctOpening; /* one thing that is open */

/* Cuts the connection of a message. */
typedef void (*FctOpenedCut)(FctSoupMessage *message);
FctOpened *fct_opened_new(FctApp *app, FctOpenedCut cut);
void fct_opened_free(FctOpened *opened); /* main thread; what is open still is left alone */

/*
 * Main thread. @login: of FctIdentity. @use: while it is open its session is in use, and does not end for idleness.
 * @end ends it, and calls fct_opened_gone. NULL for @opened or @login: nothing is noted, and NULL comes back.
 */
FctOpening *fct_opened_add(FctOpened *opened, const char *login, gboolean use, void (*end)(gpointer data),
                           gpointer data);
/* It has ended by itself, or by @end. NULL is nothing. */
void fct_opened_gone(FctOpening *opening);
/* The same for a message that streams, either way: its connection is cut. Notices its end by itself. */
void fct_opened_message(FctOpened *opened, const char *login, gboolean use, FctSoupMessage *message);
/* Some logins have ended: look now. Any thread. NULL is nothing. */
void fct_opened_look(FctOpened *opened);
