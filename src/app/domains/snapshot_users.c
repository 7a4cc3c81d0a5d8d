/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/snapshot_users.h"

#include "app/domains/vm_docs.h"

#include <string.h>

static gboolean settings_name(const json_t *settings, const char *list, const char *member, const char *value)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(settings, list), i, entry)
        if (strcmp(fct_json_str(entry, member, ""), value) == 0)
            return TRUE;
    return FALSE;
}

static char *snapshot_user_title(FctStore *store, const FctDoc *doc)
{
    const char *vm = fct_json_str(doc->value, "vm", "");
    g_autofree char *key = fct_vm_key(vm);
    g_autoptr(FctDoc) owner = store->ops->get(store, key, NULL);
    return g_strdup_printf("snapshot %s of VM %s", fct_json_str(doc->value, "name", ""),
                           owner ? fct_json_str(owner->value, "name", vm) : vm);
}

GPtrArray *fct_snapshot_users(FctApp *app, const char *list, const char *member, const char *value, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, FCT_SNAPSHOT_KEY, error);
    GPtrArray *users = docs ? g_ptr_array_new_with_free_func(g_free) : NULL;
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = g_ptr_array_index(docs, i);
        if (!fct_json_bool(doc->value, "hidden", FALSE) &&
            settings_name(json_object_get(doc->value, "settings"), list, member, value))
            g_ptr_array_add(users, snapshot_user_title(app->store, doc));
    }
    return users;
}
