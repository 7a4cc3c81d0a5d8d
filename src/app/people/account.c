/* SPDX-License-Identifier: Apache-2.0 */
#include "app/people/account.h"

#include "base/read.h"

#include <sodium.h>
#include <string.h>

gboolean fct_account_check_password(const char *password, GError **error)
{
    if (g_utf8_strlen(password, -1) < FCT_PASSWORD_MIN)
        return fct_read_refuse(error, "new_password", "A password must have 8 characters or more.");
    if (strlen(password) > FCT_PASSWORD_MAX)
        return fct_read_refuse(error, "new_password", "A password may have 1,024 bytes at most.");
    return TRUE;
}

char *fct_account_hash(const char *password, GError **error)
{
    char hash[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0)
        return g_strdup(hash);
    fct_set_error(error, FCT_ERROR_INTERNAL, "There is not enough memory to hash a password.");
    return NULL;
}

char *fct_account_new_password(void)
{
    static const char letters[] = "23456789abcdefghijkmnpqrstuvwxyz"; /* none looks like another */
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 20; i++) {
        if (i && i % 4 == 0)
            g_string_append_c(text, '-');
        g_string_append_c(text, letters[randombytes_uniform(sizeof letters - 1)]);
    }
    return g_string_free(text, FALSE);
}

static FctDoc *account_load(FctStore *store, const char *account, GError **error)
{
    g_autofree char *key = g_strdup_printf("user/%s", account);
    g_autoptr(GError) fault = NULL;
    FctDoc *doc = store->ops->get(store, key, &fault);
    if (!doc && fault->code == FCT_ERROR_NOT_FOUND)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no account “%s”.", account);
    else if (!doc)
        fct_error_pass(error, &fault);
    return doc;
}

static void end_each(GArray *writes, GPtrArray *keys, const char *kind, const GPtrArray *ids)
{
    for (guint i = 0; i < ids->len; i++) {
        char *key = g_strdup_printf("%s/%s", kind, (const char *)ids->pdata[i]);
        FctWrite write = {key, NULL, FCT_REV_ANY};
        g_ptr_array_add(keys, key);
        g_array_append_val(writes, write);
    }
}

gboolean fct_account_store(FctStore *store, const char *account, const char *hash, const GPtrArray *sessions,
                           const GPtrArray *tokens, GError **error)
{
    g_autoptr(FctDoc) doc = account_load(store, account, error);
    g_autoptr(GArray) writes = g_array_new(FALSE, FALSE, sizeof(FctWrite));
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    if (!doc)
        return FALSE;
    json_object_set_new(doc->value, "hash", json_string(hash));
    FctWrite write = {doc->key, doc->value, doc->revision};
    g_array_append_val(writes, write);
    end_each(writes, keys, "session", sessions);
    end_each(writes, keys, "token", tokens);
    return store->ops->commit(store, (const FctWrite *)(gpointer)writes->data, writes->len, NULL, error);
}

/* The ids below @prefix (sessions, or tokens that are logins) whose @member names @account. */
static GPtrArray *of_account(FctStore *store, const char *prefix, const char *member, const char *account,
                             GError **error)
{
    g_autoptr(GPtrArray) docs = store->ops->list(store, prefix, error);
    GPtrArray *ids = docs ? g_ptr_array_new_with_free_func(g_free) : NULL;
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        const json_t *login = json_object_get(doc->value, "login");
        gboolean ends = strcmp(prefix, "token/") != 0 || json_is_true(login);
        if (ends && strcmp(fct_json_str(doc->value, member, ""), account) == 0)
            g_ptr_array_add(ids, g_strdup(doc->key + strlen(prefix)));
    }
    return ids;
}

gboolean fct_account_reset(FctStore *store, const char *account, const char *password, GError **error)
{
    if (!fct_account_check_password(password, error))
        return FALSE;
    g_autoptr(GPtrArray) sessions = of_account(store, "session/", "user", account, error);
    g_autoptr(GPtrArray) tokens = sessions ? of_account(store, "token/", "account", account, error) : NULL;
    g_autofree char *hash = tokens ? fct_account_hash(password, error) : NULL;
    return hash && fct_account_store(store, account, hash, sessions, tokens, error);
}
