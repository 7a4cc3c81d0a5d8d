/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sessions and tokens have opened and still use: event streams, consoles, uploads, downloads. When a login ends,
 * however it ends (sign-out, revocation, expiry, another password), everything that it opened ends within
 * FCT_OPENED_CHECK_MS. This module checks that for all of them, so that none has to check for itself.
 */
#pragma once
#include "app/api/api.h"

#define FCT_OPENED_CHECK_MS 500

typedef struct FctOpening FctOpening; /* one thing that is open */

/* Cuts the connection of a message. */
typedef void (*FctOpenedCut)(FctSoupMessage *message);
FctOpened *fct_opened_new(FctApp *app, FctOpenedCut cut);
void fct_opened_free(FctOpened *opened); /* main thread; openings that are left are not ended */

/*
 * Main thread. @login: of FctIdentity. @use: while it is open its session counts as used, and does not end for
 * idleness. @end ends what was opened, and must call fct_opened_gone. When @opened or @login is NULL it notes nothing
 * and returns NULL.
 */
FctOpening *fct_opened_add(FctOpened *opened, const char *login, gboolean use, void (*end)(gpointer data),
                           gpointer data);
/* What was opened has ended, by itself or by @end. NULL is allowed. */
void fct_opened_gone(FctOpening *opening);
/*
 * The same for a message that streams in either direction: its connection will be cut. It notices the end of the
 * message by itself.
 */
void fct_opened_message(FctOpened *opened, const char *login, gboolean use, FctSoupMessage *message);
/* Some logins have ended: check now. Any thread. NULL is allowed. */
void fct_opened_check(FctOpened *opened);
