/* SPDX-License-Identifier: Apache-2.0 */
#include "app/news/aside.h"

#include "app/news/records.h"

gboolean fct_aside_put(FctApp *app, const FctDoc *doc, const GError *why, GError **error)
{
    g_autofree char *key = g_strconcat(FCT_STORE_ASIDE, doc->key, NULL);
    g_autofree char *text = fct_json_text(doc->value);
    g_autoptr(json_t) json = json_pack("{s:s, s:s, s:s, s:I}", "key", doc->key, "text", text, "reason", why->message,
                                       "time_ms", (json_int_t)fct_app_now_ms());
    const FctWrite writes[] = {{key, json, FCT_REV_ANY}, {doc->key, NULL, doc->revision}};
    g_warning("The record %s cannot be used (%s). It was set aside as %s.", doc->key, why->message, key);
    return app->store->ops->commit(app->store, writes, G_N_ELEMENTS(writes), NULL, error);
}

void fct_aside_tell_unreadable(FctApp *app, const char *prefix, FctReads reads)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, prefix, NULL);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        g_autoptr(GError) fault = NULL;
        if (!reads(doc->value, &fault))
            fct_event(
                app, "store.unreadable", "error", "", "", fct_json_str(doc->value, "name", ""),
                "The record %s cannot be read: %s What it was about goes on without it: make it again, or restore "
                "a backup of the database.",
                doc->key, fault->message);
    }
}

void fct_aside_tell(FctApp *app)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, FCT_STORE_ASIDE, &fault);
    if (!docs)
        g_warning("What was set aside cannot be read: %s", fault->message);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        const char *key = fct_json_str(doc->value, "key", "");
        if (fct_json_bool(doc->value, "told", FALSE))
            continue;
        fct_event(app, "store.aside", "error", "", "", "",
                  "The record %s is broken (%s) and was set aside. What it was about goes on without it: look at it, "
                  "then make it again or restore a backup.",
                  key, fct_json_str(doc->value, "reason", ""));
        json_object_set_new(doc->value, "told", json_true());
        const FctWrite write = {doc->key, doc->value, doc->revision};
        if (!app->store->ops->commit(app->store, &write, 1, NULL, NULL))
            g_warning("It will be told once more that %s was set aside.", key);
    }
}
