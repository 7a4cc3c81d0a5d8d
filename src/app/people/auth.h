/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is calling: users with argon2id passwords, sessions of browsers, API tokens. Only hashes of secrets are kept.
 * Looking up a session or token is a memory access, allowed on any thread; functions that wait for the disk say so.
 */
#pragma once
#include "app/api/api.h"
#include "app/people/signins.h"
#include "app/people/tokens.h"

/*
 * Opens the accounts. On the first start it makes the account admin with the password of FACET_ADMIN_PASSWORD, or with
 * a random one that it writes to STATE/initial-password (mode 0600).
 */
FctAuth *fct_auth_new(FctApp *app, GError **error);
void fct_auth_free(FctAuth *auth);
/* Sets who is told when sessions or tokens end; before the first request. Called on the thread that ended them. */
typedef void (*FctAuthEnded)(gpointer data);
void fct_auth_on_end(FctAuth *auth, FctAuthEnded ended, gpointer data);
/* Tells the listener; for code that ended sessions or tokens elsewhere. */
void fct_auth_ended(FctAuth *auth);

/* NULL when the secret is not valid (any more). */
FctIdentity *fct_auth_by_session(FctAuth *auth, const char *secret);
FctIdentity *fct_auth_by_token(FctAuth *auth, const char *secret);

/*
 * Blocks (argon2id takes a while, and the session is stored). FCT_ERROR_UNAUTHENTICATED, or FCT_ERROR_TOO_MANY
 * (signins.h). *ret_secret goes into the cookie; free it.
 */
FctIdentity *fct_auth_login(FctAuth *auth, const FctAttempt *attempt, const char *password, char **ret_secret,
                            GError **error);
/*
 * A cookie that makes the browser of whoever is signed in a known one (browser.h); NULL: @cookie does so already. Free
 * it.
 */
char *fct_auth_browser(FctAuth *auth, const char *account, const char *cookie);
/* Whether a live session or token has this secret. Never waits: allowed on any thread. */
gboolean fct_auth_knows(FctAuth *auth, const char *secret);
/* Blocks. Ends the session of @secret, or the token with which @who came; it is gone from the store on return. */
gboolean fct_auth_logout(FctAuth *auth, const FctIdentity *who, const char *secret, GError **error);
/*
 * Whether the session or token of FctIdentity.login is still valid. @use: something that it opened is being used, which
 * keeps it alive.
 */
gboolean fct_auth_live(FctAuth *auth, const char *login, gboolean use);
FctTokens *fct_auth_tokens(FctAuth *auth);

typedef struct {
    const FctIdentity *who;
    const char *old_password, *new_password, *address;
    gboolean end_tokens; /* end all tokens too; logins end in any case */
} FctPasswordChange;
/*
 * Blocks. Sets a new password and ends all other sessions and logins of the account, in one transaction. *ret_secret is
 * a new session that replaces the caller's; NULL for a command line, whose login stays. FCT_ERROR_FORBIDDEN when the
 * old password is wrong; wrong guesses count as failed sign-ins.
 */
gboolean fct_auth_change_password(FctAuth *auth, const FctPasswordChange *change, char **ret_secret, GError **error);

/* The cookie that carries a session, for FctReply; "" deletes it. Free it. */
char *fct_auth_cookie(const char *secret);
