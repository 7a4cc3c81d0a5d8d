/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is calling: users with argon2id passwords, sessions of browsers, API tokens. Secrets are kept as hashes only.
 * Looking up a session or token is a memory access, good for any thread; the functions that say so wait for the disk.
 */
#pragma once
#include "app/api/api.h"
#include "app/people/signins.h"
#include "app/people/tokens.h"

/*
 * Opens the accounts; on the first start makes the account admin whose password is that of FACET_ADMIN_PASSWORD, or a
 * random one written to STATE/initial-password (mode 0600).
 */
FctAuth *fct_auth_new(FctApp *app, GError **error);
void fct_auth_free(FctAuth *auth);
/* Some sessions or tokens have ended: who is told, before the first request. On the thread that ended them. */
typedef void (*FctAuthEnded)(gpointer data);
void fct_auth_on_end(FctAuth *auth, FctAuthEnded ended, gpointer data);
/* Says so; for whoever ended some elsewhere. */
void fct_auth_ended(FctAuth *auth);

/* NULL when the secret is not (or no longer) good. */
FctIdentity *fct_auth_by_session(FctAuth *auth, const char *secret);
FctIdentity *fct_auth_by_token(FctAuth *auth, const char *secret);

/*
 * Blocks (argon2id takes a while, and the session is stored). FCT_ERROR_UNAUTHENTICATED, or FCT_ERROR_TOO_MANY
 * (signins.h). *ret_secret goes into the cookie; free it.
 */
FctIdentity *fct_auth_login(FctAuth *auth, const FctAttempt *attempt, const char *password, char **ret_secret,
                            GError **error);
/* What makes a browser that is signed in a known one (browser.h); NULL: @cookie does already. Free it. */
char *fct_auth_browser(FctAuth *auth, const char *account, const char *cookie);
/* Whether a session or token that has not ended has this secret. Never waits: for any thread. */
gboolean fct_auth_knows(FctAuth *auth, const char *secret);
/* Blocks. Ends what @who came with: the session of @secret, or the token; the store has done so before it is said. */
gboolean fct_auth_logout(FctAuth *auth, const FctIdentity *who, const char *secret, GError **error);
/* Whether the session or token of FctIdentity.login is still good; @use: something that it opened is in use. */
gboolean fct_auth_live(FctAuth *auth, const char *login, gboolean use);
FctTokens *fct_auth_tokens(FctAuth *auth);

typedef struct {
    const FctIdentity *who;
    const char *old_password, *new_password, *address;
    gboolean end_tokens; /* not logins alone, which end in any case */
} FctPasswordChange;
/*
 * Blocks. Ends all other sessions and logins of the account, in the transaction that stores the password. *ret_secret
 * is the session that goes on instead of the caller's; NULL for a command line, whose login stays. FCT_ERROR_FORBIDDEN
 * when the old password is wrong; guesses count as failed sign-ins.
 */
gboolean fct_auth_change_password(FctAuth *auth, const FctPasswordChange *change, char **ret_secret, GError **error);

/* The cookie that carries a session, for FctReply; "" takes it away. Free it. */
char *fct_auth_cookie(const char *secret);
