/* SPDX-License-Identifier: Apache-2.0 */
/*
 * API tokens, and the logins of command lines, which are tokens too. A token ends when it is revoked, when its time is
 * over, and when the token that made it ends; a login also ends when it was not used for FCT_LOGIN_IDLE_MS. Only hashes
 * of secrets are kept. Looking one up is a memory access, allowed on any thread; functions that wait for the disk say
 * so.
 */
#pragma once
#include "app/api/api.h"

#define FCT_LOGIN_IDLE_MS (30 * 24 * 3600 * 1000LL)
#define FCT_TOKEN_LIFE_MAX_S (10 * 366 * 24 * 3600LL)

typedef struct FctTokens FctTokens;

/* What a new token is to be. */
typedef struct {
    const char *name, *role;
    gboolean login;    /* of a command line: may do what its account may, until it signs out */
    gboolean makes;    /* it may make tokens, which end when it ends */
    gint64 lifetime_s; /* 0: no end, until it is revoked */
} FctTokenWish;

/* Whether the session FctIdentity.login is still valid. Called with the lock of the tokens held. */
typedef gboolean (*FctSessionLives)(gpointer data, const char *login);
FctTokens *fct_tokens_open(FctApp *app, FctSessionLives lives, gpointer data, GError **error);
void fct_tokens_free(FctTokens *tokens);

/* NULL when the secret is not valid (any more). Counts as a use of the token. */
FctIdentity *fct_tokens_identify(FctTokens *tokens, const char *secret);
/* Whether a live token has this secret. Never waits: allowed on any thread. */
gboolean fct_tokens_knows(FctTokens *tokens, const char *secret);
/* Whether the token is still valid. @use: something that it opened is being used, which keeps a login alive. */
gboolean fct_tokens_live(FctTokens *tokens, const char *id, gboolean use);

/*
 * Blocks. Returns the token as in the contract; *ret_secret is shown once. The token belongs to @who's account. When a
 * token makes it, it also ends with that token; the caller has checked that its role is no higher.
 */
json_t *fct_tokens_make(FctTokens *tokens, const FctIdentity *who, const FctTokenWish *wish, char **ret_secret,
                        GError **error);
/*
 * Blocks. Ends the token and all that it made; they are gone from the store on return. FCT_ERROR_NOT_FOUND unless
 * fct_tokens_list shows it to @who.
 */
gboolean fct_tokens_drop(FctTokens *tokens, const FctIdentity *who, const char *id, GError **error);
/* What @who may see. A token: itself and what it made. A person: the tokens of the account; an admin: all. */
json_t *fct_tokens_list(FctTokens *tokens, const FctIdentity *who);

/*
 * The ids of the tokens that end when an account's password changes: logins, except @but (NULL: none is spared), and
 * with @all every token.
 */
GPtrArray *fct_tokens_of_account(FctTokens *tokens, const char *account, const char *but, gboolean all);
/* Removes them from memory; the caller has removed them from the store. */
void fct_tokens_forget(FctTokens *tokens, const GPtrArray *ids);
