/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts to sign in: who may try, and what failed. Failures are no part of the audit: they are counted by address and
 * minute, so that ten thousand of them are one row, and can neither fill the disk nor push out who changed what.
 * Thread-safe.
 */
#pragma once
#include "app/people/browser.h"
#include "app/shared/context.h"

#define FCT_NAME_MAX 64 /* characters of an account's name */

typedef struct {
    const char *name;    /* at most FCT_NAME_MAX characters, and an ellipsis */
    const char *address; /* of the client */
    const char *browser; /* value of the browser's cookie; NULL: none */
    /* Somebody signed in proves the password once more: what this is counted by, apart from strangers' guesses, as of a
     * known browser; NULL: nobody. */
    const char *signed_in;
} FctAttempt;

FctSignins *fct_signins_new(FctApp *app, GError **error);
void fct_signins_free(FctSignins *signins);

/* FCT_ERROR_TOO_MANY. @hash: of the account's password; NULL: there is no such account. */
gboolean fct_signins_may_try(FctSignins *signins, const FctAttempt *attempt, const char *hash, GError **error);
void fct_signins_passed(FctSignins *signins, const FctAttempt *attempt, const char *hash);
void fct_signins_failed(FctSignins *signins, const FctAttempt *attempt, const char *hash);
/* A value for the cookie of who has just signed in; free it. NULL: the browser is known already. */
char *fct_signins_browser(FctSignins *signins, const FctAttempt *attempt, const char *hash);
/* The browser that the cookie names, without looking at an account; never waits. */
FctBrowser *fct_signins_browser_of(FctSignins *signins, const char *cookie);

/*
 * A request was refused since nobody, or nobody known, had signed in. @name may be "". Writes to the disk now and then.
 */
void fct_signins_refused(FctSignins *signins, const char *address, const char *name);
/*
 * Something was refused to somebody who is signed in, or failed. TRUE when that was so often within a minute that one
 * more row of the audit tells nothing new: it is counted instead.
 */
gboolean fct_signins_refused_again(FctSignins *signins, const char *account);
/* Rows as in the contract, the newest first. */
json_t *fct_signins_list(FctSignins *signins);
