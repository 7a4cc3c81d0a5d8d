/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known browsers. A browser that has signed in to an account gets a signed cookie. It does not sign anybody in, but
 * lets this browser try to when others at the same address have used up all tries. A new password of the account makes
 * it void. Pure.
 */
#pragma once
#include <glib.h>

#define FCT_BROWSER_COOKIE "facet_browser"
#define FCT_BROWSER_KEY 32
#define FCT_BROWSER_DAYS 180

typedef struct {
    char *account, *id, *password; /* digest of the account's password hash */
} FctBrowser;

/* The cookie's value. @hash: the password's, as stored. */
char *fct_browser_make(const guint8 *key, const char *account, const char *hash, const char *id, gint64 now_ms);
/* NULL: no cookie, not one of ours, or too old. */
FctBrowser *fct_browser_read(const guint8 *key, const char *value_or_null, gint64 now_ms);
gboolean fct_browser_is_of(const FctBrowser *browser, const char *account, const char *hash);
void fct_browser_free(FctBrowser *browser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctBrowser, fct_browser_free)
