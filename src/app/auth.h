/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is calling: users with argon2id passwords, sessions of browsers, API tokens. Secrets are kept as hashes only.
 * Looking up a session or token is a memory access, good for any thread; the functions that say so wait for the disk.
 */
#pragma once
#include "app/api.h"
#include "app/signins.h"

/*
 * Opens the accounts; on the first start makes the account admin whose password is that of FACET_ADMIN_PASSWORD, or a
 * random one written to STATE/initial-password (mode 0600).
 */
FctAuth *fct_auth_new(FctApp *app, GError **error);
void fct_auth_free(FctAuth *auth);

void fct_identity_free(FctIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctIdentity, fct_identity_free)

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
/* Whether a session or token has this secret; whether it is still good is asked later. Never waits: for any thread. */
gboolean fct_auth_knows(FctAuth *auth, const char *secret);
gboolean fct_auth_logout(FctAuth *auth, const char *secret, GError **error); /* blocks */

/* Blocks. The token as in the contract; *ret_secret is shown once. It belongs to @who's account. */
json_t *fct_auth_token_make(FctAuth *auth, const FctIdentity *who, const char *name, const char *role,
                            char **ret_secret, GError **error);
/* Blocks. Tokens of other accounts are there for an admin alone: FCT_ERROR_NOT_FOUND. */
gboolean fct_auth_token_drop(FctAuth *auth, const FctIdentity *who, const char *id, GError **error);
/* Those of @who's account; all for an admin. */
json_t *fct_auth_tokens(FctAuth *auth, const FctIdentity *who);
