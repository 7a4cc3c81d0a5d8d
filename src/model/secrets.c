/* SPDX-License-Identifier: Apache-2.0 */
#include "model/secrets.h"

/* The path to the secret from the top of the document; an empty one: the whole document. */
static const struct {
    const char *prefix, *way[4];
} places[] = {
    {"vm/", {"first_boot", "hash"}},
    {"vm/", {"first_boot", "user_data"}},
    {"vm-origin/", {"xml"}}, /* a screen's password is in it */
    {"template/", {"input", "cloud_init", "user_data"}},
    {"user/", {"hash"}},
    {"secret/", {NULL}},
    {"aside/", {"text"}}, /* a broken document, of any kind */
};

static const json_t *secret_at(const json_t *doc, const char *const *way)
{
    for (; *way; way++)
        doc = json_object_get(doc, *way);
    return doc;
}

static gboolean is_empty(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_string(value) && !json_string_length(value));
}

gboolean fct_secrets_may_be_in(const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
        if (g_str_has_prefix(key, places[i].prefix))
            return TRUE;
    return FALSE;
}

gboolean fct_secrets_leave(const char *key, const json_t *old, const json_t *new_or_null)
{
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        const json_t *had = g_str_has_prefix(key, places[i].prefix) ? secret_at(old, places[i].way) : NULL;
        if (!is_empty(had) && !json_equal(had, secret_at(new_or_null, places[i].way)))
            return TRUE;
    }
    return FALSE;
}
