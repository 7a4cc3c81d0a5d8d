/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage.h"

#include "app/hub.h"
#include "app/records.h"
#include "app/vms.h"
#include "app/volume_content.h"
#include "app/volume_record.h"
#include "core/storage_rules.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* libvirt tells of pools, but not of volumes that come and go. */
#define LOOK_US (5 * G_USEC_PER_SEC)

struct FctStorage {
    FctApp *app;
    GThread *thread;
    GMutex names; /* see fct_storage_names */
    GMutex lock;  /* guards the rest */
    GCond cond;
    gboolean quit, ensure, sweep;
    GHashTable *due;      /* set of pools' names */
    GPtrArray *pools;     /* immutable; NULL: libvirt did not tell the last time */
    GHashTable *promised; /* pool's name → gint64*: what its thin volumes may still grow by */
    GHashTable *claimed;  /* set of volumes' ids */
    GHashTable *making;   /* the same */
    GHashTable *marks;    /* the thread's alone: pool's name → what was last told of it */
    GHashTable *rooms;    /* the thread's alone: pool's name → FctRoom + 1, as last seen */
};

/* On libvirt's thread: notes only. */
static void on_changed(const char *pool, gpointer data)
{
    FctStorage *storage = data;
    g_mutex_lock(&storage->lock);
    if (pool)
        g_hash_table_add(storage->due, g_strdup(pool));
    else
        storage->ensure = storage->sweep = TRUE;
    g_cond_broadcast(&storage->cond);
    g_mutex_unlock(&storage->lock);
}

void fct_storage_poke(FctStorage *storage, const char *pool)
{
    on_changed(pool, storage);
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
    g_mutex_lock(&storage->lock);
    g_hash_table_remove(storage->claimed, id);
    g_mutex_unlock(&storage->lock);
}

gboolean fct_storage_is_claimed(FctStorage *storage, const char *id)
{
    g_mutex_lock(&storage->lock);
    gboolean claimed = g_hash_table_contains(storage->claimed, id);
    g_mutex_unlock(&storage->lock);
    return claimed;
}

void fct_storage_note_making(FctStorage *storage, const char *id, gboolean making)
{
    g_mutex_lock(&storage->lock);
    if (making)
        g_hash_table_add(storage->making, g_strdup(id));
    else
        g_hash_table_remove(storage->making, id);
    g_mutex_unlock(&storage->lock);
}

gboolean fct_storage_is_making(FctStorage *storage, const char *id)
{
    g_mutex_lock(&storage->lock);
    gboolean making = g_hash_table_contains(storage->making, id);
    g_mutex_unlock(&storage->lock);
    return making;
}

void fct_storage_sweep_later(FctStorage *storage)
{
    g_mutex_lock(&storage->lock);
    storage->sweep = TRUE;
    g_mutex_unlock(&storage->lock);
}

gint64 fct_storage_promised(FctStorage *storage, const char *pool)
{
    g_mutex_lock(&storage->lock);
    const gint64 *promised = g_hash_table_lookup(storage->promised, pool);
    gint64 n = promised ? *promised : -1;
    g_mutex_unlock(&storage->lock);
    return n;
}

GPtrArray *fct_storage_pools(FctStorage *storage)
{
    g_mutex_lock(&storage->lock);
    GPtrArray *pools = storage->pools ? g_ptr_array_ref(storage->pools) : NULL;
    g_mutex_unlock(&storage->lock);
    return pools;
}

/* @pools NULL: not known now. TRUE when there are others, or they run or not other than before. */
static gboolean keep_pools(FctStorage *storage, GPtrArray *pools)
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

/* ---- our own pool ---- */

static gboolean make_folder(const char *path, GError **error)
{
    /* QEMU, which is somebody else, must pass through; what is in it is each disk's own business. */
    if (g_mkdir_with_parents(path, 0711) == 0 && chmod(path, 0711) == 0)
        return TRUE;
    fct_set_error(error, FCT_ERROR_INTERNAL, "The folder for disks %s cannot be made: %s.", path, g_strerror(errno));
    return FALSE;
}

static const FctPool *find(const GPtrArray *pools, const char *name)
{
    for (guint i = 0; i < pools->len; i++)
        if (strcmp(((FctPool *)pools->pdata[i])->name, name) == 0)
            return pools->pdata[i];
    return NULL;
}

static gboolean make_own(FctStorage *storage, GError **error)
{
    FctVmm *vmm = storage->app->vmm;
    g_autoptr(FctPoolInput) input = fct_pool_input_new();
    const char *folder = storage->app->config.disks_dir;
    g_autofree char *whole = g_canonicalize_filename(folder, NULL);
    g_free(input->name);
    g_free(input->kind);
    g_free(input->path);
    input->name = g_strdup(FCT_POOL_OWN);
    input->kind = g_strdup("dir");
    input->path = g_steal_pointer(&whole);
    return make_folder(folder, error) && vmm->ops->pool_create(vmm, input, error);
}

/* The pool of that name is taken as it is, whoever defined it. */
static void ensure_own(FctStorage *storage)
{
    FctVmm *vmm = storage->app->vmm;
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) pools = vmm->ops->pools(vmm, &fault);
    const FctPool *own = pools ? find(pools, FCT_POOL_OWN) : NULL;
    gboolean ok = pools && (!own          ? make_own(storage, &fault)
                            : own->active ? vmm->ops->pool_refresh(vmm, FCT_POOL_OWN, &fault)
                                          : vmm->ops->pool_start(vmm, FCT_POOL_OWN, &fault));
    if (!ok && fault->code != FCT_ERROR_LIBVIRT_DOWN)
        fct_event(storage->app, "pool", "error", "pool", FCT_POOL_OWN, FCT_POOL_OWN,
                  "The pool for VMs' disks is not there: %s", fault->message);
}

/* ---- what has changed ---- */

static char *mark_of(const FctPool *pool)
{
    return g_strdup_printf("%d %d %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, pool->active, pool->autostart,
                           pool->volumes, pool->capacity / (1 << 20), pool->allocated / (1 << 20));
}

static void publish(FctStorage *storage, const char *name, gboolean gone)
{
    FctHub *hub = storage->app->hub;
    if (gone)
        fct_hub_publish_deleted(hub, "pool", name);
    else
        fct_hub_publish(hub, "pool", name, json_pack("{s:s}", "id", name));
    fct_hub_publish(hub, "volume", name, json_pack("{s:s}", "pool", name));
}

/* What changed may have changed what is promised. */
static void count(FctStorage *storage, const FctPool *pool)
{
    FctVmm *vmm = storage->app->vmm;
    /* The records first: whatever has one by then is listed after. */
    g_autoptr(GHashTable) records = pool->active ? fct_records_load(storage->app, NULL) : NULL;
    g_autoptr(GPtrArray) volumes = records ? vmm->ops->volumes(vmm, pool->name, NULL) : NULL;
    gint64 *promised = g_new0(gint64, 1);
    for (guint i = 0; volumes && i < volumes->len; i++) {
        fct_record_apply(records, volumes->pdata[i]);
        *promised += fct_volume_promise(volumes->pdata[i]);
    }
    if (volumes)
        fct_records_prune(storage->app, pool, records, volumes);
    if (!volumes || !fct_pool_has_files(pool))
        *promised = -1;
    g_mutex_lock(&storage->lock);
    g_hash_table_replace(storage->promised, g_strdup(pool->name), promised);
    g_mutex_unlock(&storage->lock);
}

/* Told once when it gets worse; the page shows how it is. What was so when we started is no news. */
static void tell_room(FctStorage *storage, const FctPool *pool)
{
    g_autofree char *why = NULL;
    FctRoom room = fct_pool_room(pool, fct_storage_promised(storage, pool->name), &why);
    int before = GPOINTER_TO_INT(g_hash_table_lookup(storage->rooms, pool->name)) - 1;
    g_hash_table_replace(storage->rooms, g_strdup(pool->name), GINT_TO_POINTER((int)room + 1));
    if (before >= 0 && (int)room > before)
        fct_event(storage->app, "pool", fct_room_name(room), "pool", pool->name, pool->name,
                  "Storage pool %s runs full: %s", pool->name, why);
}

static void look(FctStorage *storage, GHashTable *due)
{
    FctVmm *vmm = storage->app->vmm;
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) pools = vmm->ops->pools(vmm, &fault);
    g_autoptr(GHashTable) old = storage->marks;
    GHashTableIter iter;
    gpointer name;
    if (keep_pools(storage, pools))
        fct_vm_news_host_changed(storage->app->vm_news);
    if (!pools) {
        g_steal_pointer(&old);
        return;
    }
    storage->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < pools->len; i++) {
        const FctPool *pool = pools->pdata[i];
        char *mark = mark_of(pool);
        if (g_strcmp0(g_hash_table_lookup(old, pool->name), mark) != 0 || g_hash_table_contains(due, pool->name)) {
            count(storage, pool);
            publish(storage, pool->name, FALSE);
        }
        tell_room(storage, pool);
        g_hash_table_replace(storage->marks, g_strdup(pool->name), mark);
    }
    g_hash_table_iter_init(&iter, old);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (!g_hash_table_contains(storage->marks, name))
            publish(storage, name, TRUE);
}

static gpointer watch(gpointer data)
{
    FctStorage *storage = data;
    g_mutex_lock(&storage->lock);
    while (!storage->quit) {
        gint64 until = g_get_monotonic_time() + LOOK_US;
        while (!storage->quit && !storage->ensure && !g_hash_table_size(storage->due) &&
               g_cond_wait_until(&storage->cond, &storage->lock, until))
            ;
        if (storage->quit)
            break;
        g_autoptr(GHashTable) due = storage->due;
        gboolean ensure = storage->ensure, sweep = storage->sweep;
        storage->due = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        storage->ensure = storage->sweep = FALSE;
        g_mutex_unlock(&storage->lock);
        if (ensure)
            ensure_own(storage);
        look(storage, due);
        if (sweep && (!fct_domains_is_up(storage->app->domains) || !fct_records_sweep(storage->app)))
            fct_storage_sweep_later(storage);
        g_mutex_lock(&storage->lock);
    }
    g_mutex_unlock(&storage->lock);
    return NULL;
}

/* ---- the object ---- */

FctStorage *fct_storage_new(FctApp *app)
{
    FctStorage *storage = g_new0(FctStorage, 1);
    storage->app = app;
    fct_volume_scratch_clear(app);
    g_mutex_init(&storage->names);
    g_mutex_init(&storage->lock);
    g_cond_init(&storage->cond);
    storage->due = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    storage->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    storage->promised = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    storage->claimed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    storage->making = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    storage->rooms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return storage;
}

void fct_storage_start(FctStorage *storage)
{
    storage->thread = g_thread_new("storage", watch, storage);
    storage->app->vmm->ops->watch_storage(storage->app->vmm, on_changed, storage);
}

void fct_storage_stop(FctStorage *storage)
{
    if (!storage || !storage->thread)
        return;
    storage->app->vmm->ops->watch_storage(storage->app->vmm, NULL, NULL);
    g_mutex_lock(&storage->lock);
    storage->quit = TRUE;
    g_cond_broadcast(&storage->cond);
    g_mutex_unlock(&storage->lock);
    g_thread_join(storage->thread);
    storage->thread = NULL;
}

void fct_storage_free(FctStorage *storage)
{
    if (!storage)
        return;
    g_clear_pointer(&storage->pools, g_ptr_array_unref);
    g_hash_table_unref(storage->due);
    g_hash_table_unref(storage->marks);
    g_hash_table_unref(storage->promised);
    g_hash_table_unref(storage->claimed);
    g_hash_table_unref(storage->making);
    g_hash_table_unref(storage->rooms);
    g_mutex_clear(&storage->names);
    g_mutex_clear(&storage->lock);
    g_cond_clear(&storage->cond);
    g_free(storage);
}
