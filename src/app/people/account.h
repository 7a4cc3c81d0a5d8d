/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored side of accounts: their passwords, and the way back in for whoever owns the state folder. All functions
 * wait for the disk or compute long.
 */
#pragma once
#include "base/json.h"
#include "port/store.h"

#define FCT_PASSWORD_MIN 8
#define FCT_PASSWORD_MAX 1024

/* FCT_ERROR_BAD_REQUEST naming new_password: too short or too long. */
gboolean fct_account_check_password(const char *password, GError **error);
/* argon2id: takes 64 MiB and a second or so. Free it. */
char *fct_account_hash(const char *password, GError **error);
/* A password that is easy to type: five groups of four, 99 bits. Free it. */
char *fct_account_new_password(void);
/*
 * One transaction: @account gets the password of @hash, and these sessions (digests) and tokens (ids) end.
 * FCT_ERROR_NOT_FOUND.
 */
gboolean fct_account_store(FctStore *store, const char *account, const char *hash, const GPtrArray *sessions,
                           const GPtrArray *tokens, GError **error);
/*
 * Sets a new password without the old one; no facetd may have the store open. Ends all sessions and logins of the
 * account.
 */
gboolean fct_account_reset(FctStore *store, const char *account, const char *password, GError **error);
