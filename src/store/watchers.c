/* SPDX-License-Identifier: Apache-2.0 */
#include "store/watchers.h"

typedef struct {
    char *prefix;
    FctStoreChanged changed;
    gpointer data;
} Watcher;

static void clear_watcher(gpointer data)
{
    g_free(((Watcher *)data)->prefix);
}

void fct_watchers_init(FctWatchers *watchers)
{
    watchers->list = g_array_new(FALSE, FALSE, sizeof(Watcher));
    g_array_set_clear_func(watchers->list, clear_watcher);
}

void fct_watchers_clear(FctWatchers *watchers)
{
    g_array_unref(watchers->list);
}

void fct_watchers_add(FctWatchers *watchers, const char *prefix, FctStoreChanged changed, gpointer data)
{
    Watcher watcher = {g_strdup(prefix), changed, data};
    g_array_append_val(watchers->list, watcher);
}

void fct_watchers_tell(const FctWatchers *watchers, const FctWrite *writes, gsize n, guint64 revision)
{
    for (gsize i = 0; i < n; i++)
        for (guint w = 0; w < watchers->list->len; w++) {
            const Watcher *watcher = &g_array_index(watchers->list, Watcher, w);
            if (g_str_has_prefix(writes[i].key, watcher->prefix))
                watcher->changed(writes[i].key, revision, writes[i].value, watcher->data);
        }
}
