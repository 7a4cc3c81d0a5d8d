/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts to sign in: who may try, and which failed. Failures are not rows of the audit trail: they are counted by
 * address and minute, so ten thousand of them make one row and can neither fill the disk nor push the record of changes
 * out. Thread-safe.
 */
#pragma once
#include "app/people/browser.h"
#include "app/shared/context.h"

#define FCT_NAME_MAX 64 /* characters of an account's name */

typedef struct {
    const char *name;    /* at most FCT_NAME_MAX characters, and an ellipsis */
    const char *address; /* of the client */
    const char *browser; /* value of the browser's cookie; NULL: none */
    /*
     * When somebody who is signed in proves the password once more: the key by which their guesses are counted, apart
     * from strangers' guesses, like a known browser's; NULL: not signed in.
     */
    const char *signed_in;
} FctAttempt;

FctSignins *fct_signins_new(FctApp *app, GError **error);
void fct_signins_free(FctSignins *signins);

/* FCT_ERROR_TOO_MANY. @hash: of the account's password; NULL: the account does not exist. */
gboolean fct_signins_may_try(FctSignins *signins, const FctAttempt *attempt, const char *hash, GError **error);
void fct_signins_passed(FctSignins *signins, const FctAttempt *attempt, const char *hash);
void fct_signins_failed(FctSignins *signins, const FctAttempt *attempt, const char *hash);
/* A cookie value for whoever has just signed in; free it. NULL: the browser is known already. */
char *fct_signins_browser(FctSignins *signins, const FctAttempt *attempt, const char *hash);
/* The browser that the cookie names, without looking at an account; never waits. */
FctBrowser *fct_signins_browser_of(FctSignins *signins, const char *cookie);

/*
 * A request was refused because its caller was not signed in, or is unknown. @name may be "". Writes to the disk now
 * and then.
 */
void fct_signins_refused(FctSignins *signins, const char *address, const char *name);
/*
 * A request of somebody who is signed in was refused or failed. TRUE when that happened so often within a minute that
 * another row of the audit trail would tell nothing new: it is counted instead.
 */
gboolean fct_signins_refused_again(FctSignins *signins, const char *account);
/* Rows as in the contract, the newest first. */
json_t *fct_signins_list(FctSignins *signins);
