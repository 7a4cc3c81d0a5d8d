/* SPDX-License-Identifier: Apache-2.0 */
/*
 * API tokens, and the logins of command lines, which are tokens too. A token ends when it is revoked, when its time is
 * over, and when the token that made it ends; a login also ends once it was not used for FCT_LOGIN_IDLE_MS. Secrets are
 * kept as hashes. Looking one up is a memory access, good for any thread; the functions that say so wait for the disk.
 */
#pragma once
#include "app/api/api.h"

#define FCT_LOGIN_IDLE_MS (30 * 24 * 3600 * 1000LL)
#define FCT_TOKEN_LIFE_MAX_S (10 * 366 * 24 * 3600LL)

typedef struct FctTokens FctTokens;

/* What a new one is to be. */
typedef struct {
    const char *name, *role;
    gboolean login;    /* of a command line: acts as its account does, until it signs out */
    gboolean makes;    /* it may make tokens, which end with it */
    gint64 lifetime_s; /* 0: until it is revoked */
} FctTokenWish;

/* Whether the session FctIdentity.login is still good. Called with a lock of the tokens held. */
typedef gboolean (*FctSessionLives)(gpointer data, const char *login);
FctTokens *fct_tokens_open(FctApp *app, FctSessionLives lives, gpointer data, GError **error);
void fct_tokens_free(FctTokens *tokens);

/* NULL when the secret is not (or no longer) good. A use of the token. */
FctIdentity *fct_tokens_identify(FctTokens *tokens, const char *secret);
/* Whether a token that has not ended has this secret. Never waits: for any thread. */
gboolean fct_tokens_knows(FctTokens *tokens, const char *secret);
/* Whether the token is still good; @use: something that it opened is in use, which keeps a login alive. */
gboolean fct_tokens_live(FctTokens *tokens, const char *id, gboolean use);

/*
 * Blocks. As in the contract; *ret_secret is shown once. It belongs to @who's account, and, when a token makes it, to
 * that token: it ends no later, and its role is no higher (the caller has checked that).
 */
json_t *fct_tokens_make(FctTokens *tokens, const FctIdentity *who, const FctTokenWish *wish, char **ret_secret,
                        GError **error);
/*
 * Blocks. Ends the token and all that it made; the store first, so that what is said to have ended has. @who sees what
 * fct_tokens_list shows: FCT_ERROR_NOT_FOUND.
 */
gboolean fct_tokens_drop(FctTokens *tokens, const FctIdentity *who, const char *id, GError **error);
/* A token: itself and what it made. Somebody signed in: those of the account; all for an admin. */
json_t *fct_tokens_list(FctTokens *tokens, const FctIdentity *who);

/*
 * When an account's password changes: the ids of those that end with it. Logins do, but for @but (NULL: none is
 * spared), and with @all every token.
 */
GPtrArray *fct_tokens_of_account(FctTokens *tokens, const char *account, const char *but, gboolean all);
/* Forgets them: the store has done so already. */
void fct_tokens_forget(FctTokens *tokens, const GPtrArray *ids);
