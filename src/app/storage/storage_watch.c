/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/storage_watch.h"

#include "app/domains/domains.h"
#include "app/domains/vm_news.h"
#include "app/news/hub.h"
#include "app/news/records.h"
#include "app/storage/storage.h"
#include "app/storage/volume_content.h"
#include "app/storage/volume_record.h"
#include "core/storage_rules.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* libvirt sends events of pools, but not of volumes that come and go. */
#define POLL_US (5 * G_USEC_PER_SEC)

struct FctStorageWatch {
    FctApp *app;
    FctStorage *storage; /* the context's */
    GThread *thread;
    /* The thread's own: */
    GHashTable *marks; /* pool's name → text that was last published of it */
    GHashTable *rooms; /* pool's name → FctRoom + 1, as last seen */
};

/* ---- our own pool ---- */

static gboolean make_folder(const char *path, GError **error)
{
    /* QEMU runs as another user and must be able to pass through the folder; the disks in it have their own modes. */
    if (g_mkdir_with_parents(path, 0711) == 0 && chmod(path, 0711) == 0)
        return TRUE;
    return fct_set_error(error, FCT_ERROR_INTERNAL, "The folder for disks %s cannot be made: %s.", path,
                         g_strerror(errno));
}

static const FctPool *storage_watch_find_pool(const GPtrArray *pools, const char *name)
{
    for (guint i = 0; i < pools->len; i++)
        if (strcmp(((FctPool *)pools->pdata[i])->name, name) == 0)
            return pools->pdata[i];
    return NULL;
}

static gboolean make_own(FctStorageWatch *watch, GError **error)
{
    FctVmm *vmm = watch->app->vmm;
    g_autoptr(FctPoolInput) input = fct_pool_input_new();
    const char *folder = watch->app->config.disks_dir;
    g_autofree char *whole = g_canonicalize_filename(folder, NULL);
    g_free(input->name);
    g_free(input->kind);
    g_free(input->path);
    input->name = g_strdup(FCT_POOL_OWN);
    input->kind = g_strdup("dir");
    input->path = g_steal_pointer(&whole);
    return make_folder(folder, error) && vmm->ops->pool_create(vmm, input, error);
}

/* A pool that has the name already is used as it is, whoever defined it. */
static void ensure_own(FctStorageWatch *watch)
{
    FctVmm *vmm = watch->app->vmm;
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) pools = vmm->ops->pools(vmm, &fault);
    const FctPool *own = pools ? storage_watch_find_pool(pools, FCT_POOL_OWN) : NULL;
    gboolean ok = pools && (!own          ? make_own(watch, &fault)
                            : own->active ? vmm->ops->pool_refresh(vmm, FCT_POOL_OWN, &fault)
                                          : vmm->ops->pool_start(vmm, FCT_POOL_OWN, &fault));
    if (!ok && fault->code != FCT_ERROR_LIBVIRT_DOWN)
        fct_event(watch->app, "pool", "error", "pool", FCT_POOL_OWN, FCT_POOL_OWN,
                  "The pool for VMs' disks is not there: %s", fault->message);
}

static char *mark_of(const FctPool *pool)
{
    return g_strdup_printf("%d %d %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, pool->active, pool->autostart,
                           pool->volumes, pool->capacity / (1 << 20), pool->allocated / (1 << 20));
}

static void storage_watch_publish(FctStorageWatch *watch, const char *name, gboolean gone)
{
    FctHub *hub = watch->app->hub;
    if (gone)
        fct_hub_publish_deleted(hub, "pool", name);
    else
        fct_hub_publish(hub, "pool", name, json_pack("{s:s}", "id", name));
    fct_hub_publish(hub, "volume", name, json_pack("{s:s}", "pool", name));
}

/* A change of volumes may have changed how much is promised. */
static void storage_watch_count(FctStorageWatch *watch, const FctPool *pool)
{
    FctVmm *vmm = watch->app->vmm;
    /* The records are read first, so that every volume with a record is in the list that is read after. */
    g_autoptr(GHashTable) records = pool->active ? fct_records_load(watch->app, NULL) : NULL;
    g_autoptr(GPtrArray) volumes = records ? vmm->ops->volumes(vmm, pool->name, NULL) : NULL;
    gint64 promised = 0;
    for (guint i = 0; volumes && i < volumes->len; i++) {
        fct_record_apply(records, volumes->pdata[i]);
        promised += fct_volume_promise(volumes->pdata[i]);
    }
    if (volumes)
        fct_records_prune(watch->app, pool, records, volumes);
    if (!volumes || !fct_pool_has_files(pool))
        promised = -1;
    fct_storage_keep_promised(watch->storage, pool->name, promised);
}

/* Tells once when a pool gets fuller; the page shows how full it is. The state at our start is no news. */
static void tell_room(FctStorageWatch *watch, const FctPool *pool)
{
    g_autofree char *why = NULL;
    FctRoom room = fct_pool_room(pool, fct_storage_promised(watch->storage, pool->name), &why);
    int before = GPOINTER_TO_INT(g_hash_table_lookup(watch->rooms, pool->name)) - 1;
    g_hash_table_replace(watch->rooms, g_strdup(pool->name), GINT_TO_POINTER((int)room + 1));
    if (before >= 0 && (int)room > before)
        fct_event(watch->app, "pool", fct_room_name(room), "pool", pool->name, pool->name,
                  "Storage pool %s runs full: %s", pool->name, why);
}

static void storage_watch_check_pools(FctStorageWatch *watch, GHashTable *due)
{
    FctVmm *vmm = watch->app->vmm;
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) pools = vmm->ops->pools(vmm, &fault);
    g_autoptr(GHashTable) old = watch->marks;
    GHashTableIter iter;
    gpointer name;
    if (fct_storage_keep_pools(watch->storage, pools))
        fct_vm_news_host_changed(watch->app->vm_news);
    if (!pools) {
        g_steal_pointer(&old);
        return;
    }
    watch->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < pools->len; i++) {
        const FctPool *pool = pools->pdata[i];
        char *mark = mark_of(pool);
        if (g_strcmp0(g_hash_table_lookup(old, pool->name), mark) != 0 || g_hash_table_contains(due, pool->name)) {
            storage_watch_count(watch, pool);
            storage_watch_publish(watch, pool->name, FALSE);
        }
        tell_room(watch, pool);
        g_hash_table_replace(watch->marks, g_strdup(pool->name), mark);
    }
    g_hash_table_iter_init(&iter, old);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (!g_hash_table_contains(watch->marks, name))
            storage_watch_publish(watch, name, TRUE);
}

static gpointer storage_watch_run(gpointer data)
{
    FctStorageWatch *watch = data;
    for (;;) {
        g_auto(FctStorageDue) due = {0};
        if (!fct_storage_await(watch->storage, POLL_US, &due))
            return NULL;
        if (due.ensure)
            ensure_own(watch);
        storage_watch_check_pools(watch, due.pools);
        if (due.sweep && (!fct_domains_is_up(watch->app->domains) || !fct_records_sweep(watch->app)))
            fct_storage_sweep_later(watch->storage);
    }
}

/* ---- the object ---- */

/* On libvirt's thread. */
static void storage_watch_on_changed(const char *pool, gpointer storage)
{
    fct_storage_poke(storage, pool);
}

FctStorageWatch *fct_storage_watch_new(FctApp *app)
{
    FctStorageWatch *watch = g_new0(FctStorageWatch, 1);
    watch->app = app;
    watch->storage = app->storage;
    fct_volume_scratch_clear(app);
    watch->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    watch->rooms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return watch;
}

void fct_storage_watch_start(FctStorageWatch *watch)
{
    watch->thread = g_thread_new("storage", storage_watch_run, watch);
    watch->app->vmm->ops->watch_storage(watch->app->vmm, storage_watch_on_changed, watch->storage);
}

void fct_storage_watch_stop(FctStorageWatch *watch)
{
    if (!watch || !watch->thread)
        return;
    watch->app->vmm->ops->watch_storage(watch->app->vmm, NULL, NULL);
    fct_storage_quit(watch->storage);
    g_thread_join(watch->thread);
    watch->thread = NULL;
}

void fct_storage_watch_free(FctStorageWatch *watch)
{
    if (!watch)
        return;
    g_hash_table_unref(watch->marks);
    g_hash_table_unref(watch->rooms);
    g_free(watch);
}
