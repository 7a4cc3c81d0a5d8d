/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_memory.h"

#include "store/watchers.h"

#include <string.h>

typedef struct {
    FctStore port;
    GRecMutex lock; /* a watcher may read the store that calls it */
    GTree *docs;    /* char* → FctDoc* */
    guint64 revision;
    gboolean full;
    FctWatchers watchers;
} MemoryStore;

static gint memory_compare_keys(gconstpointer a, gconstpointer b, gpointer data)
{
    return strcmp(a, b);
}

static FctDoc *doc_copy(const FctDoc *doc)
{
    FctDoc *copy = g_new(FctDoc, 1);
    *copy = (FctDoc){g_strdup(doc->key), doc->revision, json_deep_copy(doc->value)};
    return copy;
}

static FctDoc *memory_get(FctStore *port, const char *key, GError **error)
{
    MemoryStore *store = (MemoryStore *)port;
    g_rec_mutex_lock(&store->lock);
    const FctDoc *doc = g_tree_lookup(store->docs, key);
    FctDoc *copy = doc ? doc_copy(doc) : NULL;
    g_rec_mutex_unlock(&store->lock);
    if (!copy)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no “%s”.", key);
    return copy;
}

typedef struct {
    const char *prefix, *after;
    guint max;
    GPtrArray *docs;
} Listing;

static gboolean memory_collect(gpointer key, gpointer value, gpointer data)
{
    Listing *listing = data;
    if (g_str_has_prefix(key, listing->prefix) && (!listing->after || strcmp(key, listing->after) > 0))
        g_ptr_array_add(listing->docs, doc_copy(value));
    return listing->docs->len >= listing->max;
}

static GPtrArray *list_some(FctStore *port, const char *prefix, const char *after, guint max)
{
    MemoryStore *store = (MemoryStore *)port;
    Listing listing = {prefix, after, max, g_ptr_array_new_with_free_func((GDestroyNotify)fct_doc_free)};
    g_rec_mutex_lock(&store->lock);
    g_tree_foreach(store->docs, memory_collect, &listing);
    g_rec_mutex_unlock(&store->lock);
    return listing.docs;
}

static GPtrArray *memory_list(FctStore *port, const char *prefix, GError **error)
{
    return list_some(port, prefix, NULL, G_MAXUINT);
}

static GPtrArray *memory_list_after(FctStore *port, const char *prefix, const char *after, guint max, GError **error)
{
    return list_some(port, prefix, after, max);
}

static gboolean expectations_hold(MemoryStore *store, const FctWrite *writes, gsize n, GError **error)
{
    if (store->full)
        return fct_set_error(error, FCT_ERROR_NO_SPACE, "The disk is full.");
    for (gsize i = 0; i < n; i++) {
        const FctDoc *doc = g_tree_lookup(store->docs, writes[i].key);
        if (writes[i].expect != FCT_REV_ANY && writes[i].expect != (doc ? doc->revision : FCT_REV_NONE))
            return fct_set_error(error, FCT_ERROR_REVISION, "“%s” was changed meanwhile.", writes[i].key);
    }
    return TRUE;
}

static gboolean memory_commit(FctStore *port, const FctWrite *writes, gsize n, guint64 *ret_revision, GError **error)
{
    MemoryStore *store = (MemoryStore *)port;
    g_rec_mutex_lock(&store->lock);
    gboolean ok = expectations_hold(store, writes, n, error);
    if (ok) {
        store->revision++;
        for (gsize i = 0; i < n; i++) {
            if (!writes[i].value) {
                g_tree_remove(store->docs, writes[i].key);
                continue;
            }
            FctDoc *doc = g_new(FctDoc, 1);
            *doc = (FctDoc){g_strdup(writes[i].key), store->revision, json_deep_copy(writes[i].value)};
            g_tree_replace(store->docs, doc->key, doc);
        }
        if (ret_revision)
            *ret_revision = store->revision;
        fct_watchers_tell(&store->watchers, writes, n, store->revision);
    }
    g_rec_mutex_unlock(&store->lock);
    return ok;
}

static void memory_watch(FctStore *port, const char *prefix, FctStoreChanged changed, gpointer data)
{
    MemoryStore *store = (MemoryStore *)port;
    g_rec_mutex_lock(&store->lock);
    fct_watchers_add(&store->watchers, prefix, changed, data);
    g_rec_mutex_unlock(&store->lock);
}

static void memory_free(FctStore *port)
{
    MemoryStore *store = (MemoryStore *)port;
    g_tree_unref(store->docs);
    fct_watchers_clear(&store->watchers);
    g_rec_mutex_clear(&store->lock);
    g_free(store);
}

static gboolean memory_scrub(FctStore *port, GError **error)
{
    return TRUE; /* it has no files */
}

FctStore *fct_store_memory_new(void)
{
    static const FctStoreOps ops = {memory_get,   memory_list,  memory_list_after, memory_commit,
                                    memory_watch, memory_scrub, memory_free};
    MemoryStore *store = g_new0(MemoryStore, 1);
    store->port.ops = &ops;
    g_rec_mutex_init(&store->lock);
    store->docs = g_tree_new_full(memory_compare_keys, NULL, NULL, (GDestroyNotify)fct_doc_free);
    fct_watchers_init(&store->watchers);
    return &store->port;
}

void fct_store_memory_set_full(FctStore *port, gboolean full)
{
    MemoryStore *store = (MemoryStore *)port;
    g_rec_mutex_lock(&store->lock);
    store->full = full;
    g_rec_mutex_unlock(&store->lock);
}
