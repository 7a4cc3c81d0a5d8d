/* SPDX-License-Identifier: Apache-2.0 */
#include "app/shared/writes.h"

#include <jansson.h>

static void value_free(gpointer value)
{
    json_decref(value);
}

FctWrites *fct_writes_new(void)
{
    FctWrites *writes = g_new(FctWrites, 1);
    writes->writes = g_array_new(FALSE, FALSE, sizeof(FctWrite));
    writes->keys = g_ptr_array_new_with_free_func(g_free);
    writes->values = g_ptr_array_new_with_free_func(value_free);
    return writes;
}

void fct_writes_free(FctWrites *writes)
{
    if (!writes)
        return;
    g_array_unref(writes->writes);
    g_ptr_array_unref(writes->keys);
    g_ptr_array_unref(writes->values);
    g_free(writes);
}

void fct_writes_add(FctWrites *writes, char *key, json_t *value, guint64 expect)
{
    FctWrite write = {key, value, expect};
    g_ptr_array_add(writes->keys, key);
    if (value)
        g_ptr_array_add(writes->values, value);
    g_array_append_val(writes->writes, write);
}

gboolean fct_writes_commit(FctStore *store, const FctWrites *writes, guint64 *ret_revision, GError **error)
{
    guint64 revision;
    return !writes->writes->len ||
           store->ops->commit(store, (const FctWrite *)writes->writes->data, writes->writes->len,
                              ret_revision ? ret_revision : &revision, error);
}
