/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/storage.h"
#include "base/scope.h"

#include <string.h>

struct FctStorage {
    GMutex names; /* see fct_storage_names */
    GMutex lock;  /* guards the rest */
    GCond cond;
    FctStorageAsk ask;
    gboolean quit;
    FctStorageDue due;    /* work that is due for the watch */
    GPtrArray *pools;     /* immutable; NULL: libvirt did not answer the last time */
    GHashTable *promised; /* pool's name → gint64*: bytes by which its thin volumes may still grow */
    GHashTable *claimed;  /* set of ids of volumes that somebody works on */
    GHashTable *making;   /* the same */
};

static GHashTable *due_set_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void fct_storage_due_clear(FctStorageDue *due)
{
    g_clear_pointer(&due->pools, g_hash_table_unref);
}

void fct_storage_poke(FctStorage *storage, const char *pool)
{
    fct_autolock(&storage->lock);
    if (pool)
        g_hash_table_add(storage->due.pools, g_strdup(pool));
    else
        storage->due.ensure = storage->due.sweep = TRUE;
    g_cond_broadcast(&storage->cond);
}

void fct_storage_on_read(FctStorage *storage, FctStorageAsk ask)
{
    storage->ask = ask;
}

gboolean fct_storage_may_read(FctApp *app, const FctVm *vm, GError **error)
{
    return !app->storage->ask || app->storage->ask(app, vm, error);
}

/* ---- who works on what ---- */

GMutex *fct_storage_names(FctStorage *storage)
{
    return &storage->names;
}

gboolean fct_storage_claim(FctStorage *storage, const char *id, GError **error)
{
    g_mutex_lock(&storage->lock);
    gboolean free_now = g_hash_table_add(storage->claimed, g_strdup(id));
    g_mutex_unlock(&storage->lock);
    if (!free_now)
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Wait until that has ended.", NULL,
                           "Volume %s is being made, sent or changed.", strchr(id, ':') + 1);
    return free_now;
}

void fct_storage_release(FctStorage *storage, const char *id)
{
    fct_autolock(&storage->lock);
    g_hash_table_remove(storage->claimed, id);
}

gboolean fct_storage_is_claimed(FctStorage *storage, const char *id)
{
    fct_autolock(&storage->lock);
    return g_hash_table_contains(storage->claimed, id);
}

void fct_storage_note_making(FctStorage *storage, const char *id, gboolean making)
{
    fct_autolock(&storage->lock);
    if (making)
        g_hash_table_add(storage->making, g_strdup(id));
    else
        g_hash_table_remove(storage->making, id);
}

gboolean fct_storage_is_making(FctStorage *storage, const char *id)
{
    fct_autolock(&storage->lock);
    return g_hash_table_contains(storage->making, id);
}

void fct_storage_sweep_later(FctStorage *storage)
{
    fct_autolock(&storage->lock);
    storage->due.sweep = TRUE;
}

gint64 fct_storage_promised(FctStorage *storage, const char *pool)
{
    fct_autolock(&storage->lock);
    const gint64 *promised = g_hash_table_lookup(storage->promised, pool);
    return promised ? *promised : -1;
}

GPtrArray *fct_storage_pools(FctStorage *storage)
{
    fct_autolock(&storage->lock);
    return storage->pools ? g_ptr_array_ref(storage->pools) : NULL;
}

/* ---- for the watch ---- */

gboolean fct_storage_await(FctStorage *storage, gint64 us, FctStorageDue *ret)
{
    gint64 until = g_get_monotonic_time() + us;
    fct_autolock(&storage->lock);
    while (!storage->quit && !storage->due.ensure && !g_hash_table_size(storage->due.pools) &&
           g_cond_wait_until(&storage->cond, &storage->lock, until))
        ;
    gboolean goes_on = !storage->quit;
    *ret = storage->due;
    storage->due = (FctStorageDue){.pools = due_set_new()};
    return goes_on;
}

void fct_storage_quit(FctStorage *storage)
{
    fct_autolock(&storage->lock);
    storage->quit = TRUE;
    g_cond_broadcast(&storage->cond);
}

void fct_storage_keep_promised(FctStorage *storage, const char *pool, gint64 bytes)
{
    gint64 *promised = g_new(gint64, 1);
    *promised = bytes;
    fct_autolock(&storage->lock);
    g_hash_table_replace(storage->promised, g_strdup(pool), promised);
}

gboolean fct_storage_keep_pools(FctStorage *storage, GPtrArray *pools)
{
    g_mutex_lock(&storage->lock);
    GPtrArray *old = storage->pools;
    gboolean news = !old || !pools || old->len != pools->len;
    for (guint i = 0; !news && i < pools->len; i++) {
        const FctPool *a = old->pdata[i], *b = pools->pdata[i];
        news = strcmp(a->name, b->name) != 0 || a->active != b->active;
    }
    storage->pools = pools ? g_ptr_array_ref(pools) : NULL;
    g_mutex_unlock(&storage->lock);
    news = news && (old || pools);
    g_clear_pointer(&old, g_ptr_array_unref);
    return news;
}

/* ---- the object ---- */

FctStorage *fct_storage_new(void)
{
    FctStorage *storage = g_new0(FctStorage, 1);
    g_mutex_init(&storage->names);
    g_mutex_init(&storage->lock);
    g_cond_init(&storage->cond);
    storage->due.pools = due_set_new();
    storage->promised = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    storage->claimed = due_set_new();
    storage->making = due_set_new();
    return storage;
}

void fct_storage_free(FctStorage *storage)
{
    if (!storage)
        return;
    g_clear_pointer(&storage->pools, g_ptr_array_unref);
    fct_storage_due_clear(&storage->due);
    g_hash_table_unref(storage->promised);
    g_hash_table_unref(storage->claimed);
    g_hash_table_unref(storage->making);
    g_mutex_clear(&storage->names);
    g_mutex_clear(&storage->lock);
    g_cond_clear(&storage->cond);
    g_free(storage);
}
