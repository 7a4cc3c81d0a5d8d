/* SPDX-License-Identifier: Apache-2.0 */
#include "app/people/browser.h"

#include <sodium.h>
#include <string.h>

#define VALUE_MAX 512 /* longer values are not ours */
#define DAY_MS (24 * 3600 * 1000LL)

static char *browser_sign(const guint8 *key, const char *text)
{
    return g_compute_hmac_for_string(G_CHECKSUM_SHA256, key, FCT_BROWSER_KEY, text, -1);
}

static char *password_digest(const char *hash)
{
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, hash, -1);
    return g_strndup(digest, 16);
}

char *fct_browser_make(const guint8 *key, const char *account, const char *hash, const char *id, gint64 now_ms)
{
    g_autofree char *name = g_uri_escape_string(account, NULL, FALSE);
    g_autofree char *password = password_digest(hash);
    g_autofree char *text = g_strdup_printf("%s:%s:%s:%" G_GINT64_FORMAT, name, id, password, now_ms);
    g_autofree char *mac = browser_sign(key, text);
    return g_strdup_printf("%s:%s", text, mac);
}

FctBrowser *fct_browser_read(const guint8 *key, const char *value, gint64 now_ms)
{
    if (!value || strlen(value) > VALUE_MAX)
        return NULL;
    const char *mac = strrchr(value, ':');
    if (!mac)
        return NULL;
    g_autofree char *text = g_strndup(value, (gsize)(mac - value));
    g_autofree char *good = browser_sign(key, text);
    if (strlen(mac + 1) != strlen(good) || sodium_memcmp(mac + 1, good, strlen(good)) != 0)
        return NULL;
    g_auto(GStrv) parts = g_strsplit(text, ":", -1);
    gint64 age = g_strv_length(parts) == 4 ? now_ms - g_ascii_strtoll(parts[3], NULL, 10) : -1;
    if (age < 0 || age > FCT_BROWSER_DAYS * DAY_MS)
        return NULL;
    FctBrowser *browser = g_new(FctBrowser, 1);
    *browser = (FctBrowser){g_uri_unescape_string(parts[0], NULL), g_strdup(parts[1]), g_strdup(parts[2])};
    return browser;
}

gboolean fct_browser_is_of(const FctBrowser *browser, const char *account, const char *hash)
{
    g_autofree char *password = password_digest(hash);
    return g_strcmp0(browser->account, account) == 0 && strcmp(browser->password, password) == 0;
}

void fct_browser_free(FctBrowser *browser)
{
    if (!browser)
        return;
    g_free(browser->account);
    g_free(browser->id);
    g_free(browser->password);
    g_free(browser);
}
