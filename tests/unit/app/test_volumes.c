/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Facet deletes, and what it leaves: pools that do not answer, files that others made, folders that moved. The
 * test plays libvirt.
 */
#include "fixture.h"

#include "app/domains/domains.h"
#include "app/storage/storage.h"
#include "app/storage/volume_content.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "app/vms/disks/disks.h"
#include "base/text.h"
#include "quiet_vmm.h"
#include "volume_play.h"

#include <string.h>
#include <unistd.h>

Play play;

/* ---- libvirt ---- */

static gboolean answers(const char *pool, GError **error)
{
    if (g_strcmp0(pool, play.deaf) != 0)
        return TRUE;
    fct_set_error(error, FCT_ERROR_TIMEOUT, "libvirt does not answer.");
    return FALSE;
}

static FctVolume *volume_at(const char *id, const char *path)
{
    FctVolume *volume = fct_volume_new();
    g_free(volume->pool);
    g_free(volume->name);
    fct_volume_split(id, &volume->pool, &volume->name, NULL);
    fct_text_set(&volume->path, path);
    fct_text_set(&volume->outside, play.outside ? play.outside : "");
    gboolean known = play.inode && (!play.only || strcmp(volume->name, play.only) == 0);
    fct_text_set(&volume->inode, known ? play.inode : "");
    if (play.claim && strcmp(volume->name, "overlay") == 0)
        fct_text_set(&volume->claim, play.claim);
    volume->linked = play.linked;
    volume->ploop = play.ploop;
    volume->capacity = volume->physical = play.size;
    return volume;
}

static FctVolume *play_volume(FctVmm *vmm, const char *pool, const char *name, GError **error)
{
    g_autofree char *id = fct_volume_id(pool, name);
    if (!answers(pool, error))
        return NULL;
    if (g_strcmp0(id, play.garbled) == 0) {
        fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's description of storage could not be read.");
        return NULL;
    }
    g_rec_mutex_lock(&play.lock);
    const char *path = g_hash_table_lookup(play.volumes, id);
    FctVolume *volume = path ? volume_at(id, path) : NULL;
    g_rec_mutex_unlock(&play.lock);
    if (!volume)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no such volume.");
    return volume;
}

static GPtrArray *play_volumes(FctVmm *vmm, const char *pool, GError **error)
{
    GHashTableIter iter;
    gpointer id, path;
    g_autofree char *prefix = g_strconcat(pool, ":", NULL);
    if (!answers(pool, error))
        return NULL;
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_volume_free);
    g_rec_mutex_lock(&play.lock);
    g_hash_table_iter_init(&iter, play.volumes);
    while (g_hash_table_iter_next(&iter, &id, &path))
        if (g_str_has_prefix(id, prefix) && g_strcmp0(id, play.garbled) != 0)
            g_ptr_array_add(list, volume_at(id, path));
    g_rec_mutex_unlock(&play.lock);
    return list;
}

void put(const char *id, const char *path)
{
    g_rec_mutex_lock(&play.lock);
    g_hash_table_replace(play.volumes, g_strdup(id), g_strdup(path));
    g_rec_mutex_unlock(&play.lock);
}

static FctVolume *play_create(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                              const FctLayer *backing, GError **error)
{
    g_autofree char *id = fct_volume_id(pool, name),
                    *path = g_strdup_printf(strcmp(pool, "vg") == 0 ? "/dev/%s/%s" : "/pools/%s/%s", pool, name);
    play.made = TRUE;
    if (!answers(pool, error))
        return NULL;
    if (!play.fault || play.half)
        put(id, path);
    if (!play.fault)
        return play_volume(vmm, pool, name, error);
    fct_set_error(error, play.fault, "It could not be made.");
    return NULL;
}

typedef struct {
    FctVmmStream base;
    gint64 at, left;
} Stream;

static FctVmmStream *play_open(FctVmm *vmm, const char *pool, const char *name, gboolean write, gint64 offset,
                               gint64 length, GError **error)
{
    Stream *stream = g_new0(Stream, 1);
    *stream = (Stream){{vmm}, offset, length};
    return &stream->base;
}

static gssize play_read(FctVmmStream *base, guint8 *bytes, gsize length, gint64 *ret_hole, GError **error)
{
    Stream *stream = (Stream *)base;
    gsize n = (gsize)MIN((gint64)length, stream->left);
    memset(bytes, 0, n);
    if (play.head && stream->at == 0)
        memcpy(bytes, play.head, play.head_length ? MIN(n, play.head_length) : strlen(play.head));
    stream->at += (gint64)n;
    stream->left -= (gint64)n;
    return (gssize)n;
}

static gboolean play_write(FctVmmStream *base, const guint8 *bytes, gsize length, gboolean fresh, GError **error)
{
    Stream *stream = (Stream *)base;
    g_assert_false(fresh); /* or zeros would be left out */
    g_assert_true(bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
    g_assert_cmpint(stream->at, ==, play.cleared);
    play.cleared = stream->at += (gint64)length;
    return TRUE;
}

static gboolean play_close(FctVmmStream *base, gboolean finish, GError **error)
{
    g_free(base);
    return TRUE;
}

static gboolean play_grow(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                          GError **error)
{
    play.size = bytes;
    if (play.during)
        play.during();
    return TRUE;
}

static gboolean play_sync(FctVmm *vmm, const FctVolume *volume, GError **error)
{
    play.synced++;
    if (!play.lost)
        return TRUE;
    fct_set_error(error, play.lost, "What was written has no room.");
    return FALSE;
}

static FctDeviceUse play_use(FctVmm *vmm, const char *path, char **ret_where)
{
    *ret_where = play.use == FCT_DEVICE_FREE ? NULL : g_strdup("/srv/host");
    return play.use;
}

static gboolean play_delete(FctVmm *vmm, const char *pool, const char *name, GError **error)
{
    g_autofree char *id = fct_volume_id(pool, name);
    if (!answers(pool, error))
        return FALSE;
    g_rec_mutex_lock(&play.lock);
    const char *path = g_hash_table_lookup(play.volumes, id);
    if (path)
        g_string_append_printf(play.deleted, "%s ", path);
    g_hash_table_remove(play.volumes, id);
    g_rec_mutex_unlock(&play.lock);
    return TRUE;
}

/* Meanwhile another program puts a file of its own in its place. */
static FctVolume *play_copy(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name,
                            const char *format, FctVmmProgress progress, gpointer data, GError **error)
{
    g_autoptr(FctVolume) made G_GNUC_UNUSED = play_create(vmm, pool, name, format, from->bytes, NULL, error);
    progress(0, from->bytes, data);
    if (play.during)
        play.during();
    return play_volume(vmm, pool, name, error);
}

static gboolean play_copy_end(FctVmm *vmm, const char *pool, const char *name, GError **error)
{
    return TRUE;
}

static FctVmInfo *foreign_vm(void)
{
    FctVmInfo *info = fct_vm_info_new();
    fct_text_set(&info->id, FOREIGN);
    fct_text_set(&info->name, "theirs");
    info->state = play.unseen ? FCT_VM_RUNNING : FCT_VM_OFF;
    info->unseen = play.unseen;
    info->starts = play.starts;
    info->connection = play.connection;
    if (!play.unseen)
        json_array_append_new(info->disks, json_string(play.foreign));
    return info;
}

static GPtrArray *play_list(FctVmm *vmm, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_info_unref);
    if (play.foreign)
        g_ptr_array_add(list, foreign_vm());
    return list;
}

static FctVmInfo *play_info(FctVmm *vmm, const char *id, GError **error)
{
    if (play.busy)
        play.changed(VM, NULL, play.data);
    if (play.foreign && strcmp(id, FOREIGN) == 0)
        return foreign_vm();
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no such VM.");
    return NULL;
}

static GPtrArray *play_pools(FctVmm *vmm, GError **error)
{
    static const char *const names[] = {FCT_POOL_OWN, "nas", "vg", NULL};
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_pool_free);
    for (guint i = 0; names[i]; i++) {
        FctPool *pool = fct_pool_new();
        g_autofree char *path = g_strconcat("/pools/", names[i], NULL);
        fct_text_set(&pool->name, names[i]);
        fct_text_set(&pool->kind, strcmp(names[i], "vg") == 0 ? "logical" : "dir");
        fct_text_set(&pool->path, path);
        pool->active = TRUE;
        pool->capacity = pool->available = 100 * GIB;
        g_ptr_array_add(list, pool);
    }
    return list;
}

static gboolean play_refresh(FctVmm *vmm, const char *pool, GError **error)
{
    return answers(pool, error);
}

static void play_watch(FctVmm *vmm, FctVmmChanged changed, FctVmmConnection told, gpointer data)
{
    play.changed = changed;
    play.told = told;
    play.data = data;
}

static const FctVmmOps ops = {
    .facts = quiet_facts,
    .interfaces = quiet_interfaces,
    .stats = quiet_stats,
    .watch_storage = quiet_watch_storage,
    .watch_networks = quiet_watch_networks,
    .free = quiet_free,
    .list = play_list,
    .info = play_info,
    .pools = play_pools,
    .pool_refresh = play_refresh,
    .volumes = play_volumes,
    .volume = play_volume,
    .volume_create = play_create,
    .volume_copy = play_copy,
    .volume_delete = play_delete,
    .volume_sync = play_sync,
    .volume_grow = play_grow,
    .volume_open = play_open,
    .stream_read = play_read,
    .stream_write = play_write,
    .stream_close = play_close,
    .copy_end = play_copy_end,
    .device_use = play_use,
    .networks = quiet_networks,
    .watch = play_watch,
};
static FctVmm vmm = {&ops};

/* ---- the subject ---- */

static void begin(Fixture *f, gconstpointer data)
{
    play.volumes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    play.deleted = g_string_new(NULL);
    play.deaf = play.outside = play.inode = play.only = play.head = play.claim = play.foreign = NULL;
    play.fault = play.lost = 0;
    play.synced = 0;
    play.starts = 0;
    play.head_length = 0;
    play.use = FCT_DEVICE_FREE;
    play.unseen = play.busy = FALSE;
    play.connection = 1;
    play.during = NULL;
    play.size = GIB;
    play.cleared = 0;
    play.half = play.made = play.linked = play.ploop = FALSE;
    f->vmm = &vmm;
    fixture_set_up(f, NULL);
    play.told(TRUE, play.data);
    while (!fct_domains_is_up(f->app->domains))
        g_main_context_iteration(NULL, FALSE);
}

static void end(Fixture *f, gconstpointer data)
{
    fixture_tear_down(f, data);
    g_hash_table_unref(play.volumes);
    g_string_free(play.deleted, TRUE);
}

/* A volume with its record, as if it had been made so. */
void have(Fixture *f, const char *pool, const char *name, FctRecordState state, const char *path, const char *vm)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = fct_volume_id(pool, name), *key = g_strconcat("volume/", id, NULL);
    g_autofree char *place = g_strdup_printf("/pools/%s/%s", pool, name);
    g_autoptr(FctVolumeRecord) record = fct_volume_record_new(pool, name, "qcow2");
    fct_text_set(&record->path, path ? path : place);
    fct_text_set(&record->vm, vm);
    record->state = state;
    g_autoptr(json_t) value = fct_volume_record_to_json(record);
    const FctWrite write = {key, value, FCT_REV_ANY};
    f->store->ops->commit(f->store, &write, 1, NULL, &error);
    g_assert_no_error(error);
    put(id, place);
}

void assert_state(Fixture *f, const char *pool, const char *name, int state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVolumeRecord) record = fct_record_find(f->app, pool, name, &error);
    if (state < 0) {
        g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpint((int)record->state, ==, state);
}

static FctVolume *make(Fixture *f, const char *pool, const char *name, GError **error)
{
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new(pool, name, "qcow2");
    return fct_record_create(f->app, plan, GIB, TRUE, NULL, NULL, error);
}

/* The pool's server hangs: that nobody finds x does not make its name free. */
static void test_silent_is_not_free(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) wish = json_pack("{s:s, s:s, s:i}", "pool", "nas", "name", "x", "size_gib", 1);
    json_t *task = NULL, *volume = NULL;
    have(f, "nas", "x", FCT_RECORD_READY, NULL, "");
    play.deaf = "nas";
    g_assert_false(fct_volumes_create(f->app, "admin", wish, &task, &volume, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_assert_null(make(f, "nas", "x", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_assert_null(make(f, "nas", "y", &error)); /* one of which nothing is recorded, too */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_assert_false(play.made);
    play.deaf = NULL;
    g_assert_true(fct_records_sweep(f->app));
    assert_state(f, "nas", "x", FCT_RECORD_READY);
    g_assert_cmpstr(play.deleted->str, ==, "");
}

/* It came between the look and the making, or in a window of kill -9: nothing says that it is ours. */
static void test_others_stay(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    play.fault = FCT_ERROR_TIMEOUT;
    play.half = TRUE;
    g_assert_null(make(f, "nas", "theirs", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    assert_state(f, "nas", "theirs", FCT_RECORD_MAKING);
    have(f, "nas", "late", FCT_RECORD_MAKING, "", "");
    g_assert_true(fct_records_sweep(f->app));
    assert_state(f, "nas", "late", FCT_RECORD_MAKING); /* shown as incomplete: a person decides */
    g_assert_cmpstr(play.deleted->str, ==, "");
}

static void test_half_goes(Fixture *f, gconstpointer data)
{
    have(f, "nas", "half", FCT_RECORD_MAKING, NULL, "");
    play.deaf = "nas";
    g_assert_false(fct_records_sweep(f->app)); /* not now */
    play.deaf = FCT_POOL_OWN;
    g_assert_false(fct_records_sweep(f->app)); /* one of that pool may stand on it */
    g_assert_cmpstr(play.deleted->str, ==, "");
    play.deaf = NULL;
    g_assert_true(fct_records_sweep(f->app));
    g_assert_cmpstr(play.deleted->str, ==, "/pools/nas/half ");
    assert_state(f, "nas", "half", -1);
}

static void give_to_vm(Fixture *f, const char *path)
{
    g_autoptr(json_t) vm = json_pack("{s:s, s:[{s:s}]}", "name", "web", "disks", "path", path);
    const FctWrite write = {"vm/" VM, vm, FCT_REV_ANY};
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
}

static void test_half_in_use_stays(Fixture *f, gconstpointer data)
{
    have(f, "nas", "half", FCT_RECORD_MAKING, NULL, "");
    give_to_vm(f, "/pools/nas/half");
    g_assert_true(fct_records_sweep(f->app)); /* nothing more can be done now */
    g_assert_cmpstr(play.deleted->str, ==, "");
}

static FctVmDisk *disk_new(const char *path)
{
    FctVmDisk *disk = fct_vm_disk_new();
    fct_text_set(&disk->target, "vda");
    fct_text_set(&disk->pool, "nas");
    fct_text_set(&disk->volume, "web.qcow2");
    fct_text_set(&disk->path, path);
    disk->made = TRUE;
    return disk;
}

/* virsh led the pool to another folder, in which there is a file of that name. */
static void test_moved_pool(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    FctVm vm = {.id = (char *)VM, .name = (char *)"web", .making = (char *)""};
    g_autoptr(FctVmDisk) disk = disk_new("/old/web.qcow2");
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new("nas", "copy", "qcow2");
    have(f, "nas", "web.qcow2", FCT_RECORD_READY, "/old/web.qcow2", VM);
    g_autoptr(FctVolumeRecord) record = fct_record_find(f->app, "nas", "web.qcow2", NULL);
    g_assert_null(fct_record_copy(f->app, record, plan, NULL, NULL, &error)); /* it is in another format, perhaps */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_false(fct_record_grow(f->app, "nas", "web.qcow2", 2 * GIB, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    fct_vm_delete_disk(f->app, &vm, disk, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(play.deleted->str, ==, "");
    assert_state(f, "nas", "web.qcow2", -1);
}

/* facetd died before the VM's document had the path. */
static void test_disk_half_made(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    FctVm vm = {.id = (char *)VM, .name = (char *)"web", .making = (char *)"vda"};
    g_autoptr(FctVmDisk) disk = disk_new("");
    have(f, "nas", "web.qcow2", FCT_RECORD_READY, NULL, "another"); /* it only wanted that name */
    fct_vm_delete_disk(f->app, &vm, disk, &error);
    g_assert_no_error(error);
    assert_state(f, "nas", "web.qcow2", FCT_RECORD_READY);
    have(f, "nas", "web.qcow2", FCT_RECORD_MAKING, "", VM); /* begun, and nothing says that it was made */
    fct_vm_delete_disk(f->app, &vm, disk, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(play.deleted->str, ==, "");
    have(f, "nas", "web.qcow2", FCT_RECORD_MAKING, NULL, VM);
    fct_vm_delete_disk(f->app, &vm, disk, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(play.deleted->str, ==, "/pools/nas/web.qcow2 ");
    assert_state(f, "nas", "web.qcow2", -1);
}

static void test_spare(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    const char *path = "/pools/" FCT_POOL_OWN "/web.qcow2";
    have(f, FCT_POOL_OWN, "web.qcow2", FCT_RECORD_READY, NULL, VM);
    give_to_vm(f, path);
    g_assert_true(fct_volume_spare_one(f->app, VM, path, &error));
    g_assert_no_error(error);
    play.deaf = "nas"; /* an overlay of others in there may stand on it */
    g_assert_false(fct_volume_spare_one(f->app, VM, path, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_assert_false(fct_volume_alone(f->app, VM, path, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_clear_error(&error);
    play.deaf = NULL;
    fct_storage_claim(f->app->storage, FCT_POOL_OWN ":web.qcow2", &error); /* it is being copied */
    g_assert_no_error(error);
    g_assert_false(fct_volume_spare_one(f->app, VM, path, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_clear_error(&error);
    g_assert_false(fct_volume_alone(f->app, VM, path, &error)); /* a merge would change what is read */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_clear_error(&error);
    fct_storage_release(f->app->storage, FCT_POOL_OWN ":web.qcow2");
    g_assert_true(fct_volume_alone(f->app, VM, path, &error));
    g_assert_no_error(error);
}

/* Its file has given way to a link since it was recorded. */
static void test_led_outside(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVmDisk) disk = disk_new("/pools/nas/web.qcow2");
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new("nas", "copy", "qcow2");
    have(f, "nas", "web.qcow2", FCT_RECORD_READY, NULL, VM);
    g_autoptr(FctVolumeRecord) record = fct_record_find(f->app, "nas", "web.qcow2", &error);
    g_assert_true(fct_record_fill_disk(f->app, disk, &error));
    g_assert_no_error(error);
    play.outside = "A symbolic link leads to it.";
    g_assert_false(fct_record_fill_disk(f->app, disk, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_clear_error(&error);
    g_assert_null(fct_record_copy(f->app, record, plan, NULL, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    assert_state(f, "nas", "copy", -1);
}

/* Its format is recorded from now on. */
static void take(Fixture *f, const char *pool, const char *name, const char *format)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVolume) volume = play_volume(&vmm, pool, name, &error);
    g_assert_no_error(error);
    g_assert_true(fct_volume_take(f->app, volume, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(volume->format, ==, format);
}

static void prune(Fixture *f, const char *pool)
{
    const FctPool of = {.name = (char *)pool};
    g_autoptr(GHashTable) records = fct_records_load(f->app, NULL);
    g_autoptr(GPtrArray) volumes = play_volumes(&vmm, pool, NULL);
    fct_records_prune(f->app, &of, records, volumes);
}

void assert_inode(Fixture *f, const char *pool, const char *name, const char *inode)
{
    g_autoptr(FctVolumeRecord) record = fct_record_find(f->app, pool, name, NULL);
    g_assert_cmpstr(record ? record->inode : NULL, ==, inode);
}

/* The record of w.img was raw; another program has put a VMDK under its name since. */
static void test_another_file(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    put("nas:w.img", "/pools/nas/w.img");
    play.inode = "1";
    take(f, "nas", "w.img", "raw");
    assert_inode(f, "nas", "w.img", "1");
    take(f, "nas", "w.img", "raw"); /* the same file, whatever a guest wrote */
    play.inode = "2";
    play.head = "KDMV";
    g_autoptr(json_t) seen = fct_volumes_get(f->app, "nas:w.img", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(fct_json_str(seen, "format", ""), ==, "");
    g_autoptr(FctVolume) volume = play_volume(&vmm, "nas", "w.img", NULL);
    g_assert_false(fct_volume_take(f->app, volume, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    assert_state(f, "nas", "w.img", -1);
    play.inode = NULL; /* where the file system tells none, it goes by path */
    play.head = NULL;
    take(f, "nas", "w.img", "raw");
    play.head = "KDMV";
    take(f, "nas", "w.img", "raw");
}

/* A whole one that a task has claimed is not half made: nobody is told to finish an upload. */
static void test_at_work(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) busy = NULL, half = NULL;
    have(f, "nas", "whole", FCT_RECORD_READY, NULL, "");
    have(f, "nas", "half", FCT_RECORD_MAKING, NULL, "");
    g_assert_true(fct_volume_ready(f->app, "nas", "whole", NULL));
    g_assert_false(fct_volume_at_work(f->app, "nas", "whole"));
    g_assert_true(fct_storage_claim(f->app->storage, "nas:whole", NULL));
    g_assert_true(fct_storage_claim(f->app->storage, "nas:half", NULL));
    g_assert_false(fct_volume_ready(f->app, "nas", "whole", &busy));
    g_assert_nonnull(strstr(busy->message, "is being copied"));
    g_assert_true(fct_volume_at_work(f->app, "nas", "whole"));
    g_assert_false(fct_volume_ready(f->app, "nas", "half", &half));
    g_assert_nonnull(strstr(half->message, "not all there"));
    g_assert_false(fct_volume_at_work(f->app, "nas", "half"));
    fct_storage_release(f->app->storage, "nas:whole");
    fct_storage_release(f->app->storage, "nas:half");
}

/* The look at its pool ends the record, but for a disk that a VM names: that one was restored from a backup. */
static void test_record_follows(Fixture *f, gconstpointer data)
{
    have(f, "nas", "spare", FCT_RECORD_READY, NULL, "");
    have(f, "nas", "root", FCT_RECORD_READY, NULL, VM);
    give_to_vm(f, "/pools/nas/root");
    play.inode = "1";
    prune(f, "nas"); /* they were made before records knew their files */
    assert_inode(f, "nas", "spare", "1");
    play.inode = "2";
    prune(f, "nas");
    assert_state(f, "nas", "spare", -1);
    assert_inode(f, "nas", "root", "2");
    have(f, "nas", "odd", FCT_RECORD_READY, NULL, "");
    play.garbled = "nas:odd"; /* it is left out of the list, and there all the same */
    prune(f, "nas");
    assert_state(f, "nas", "odd", FCT_RECORD_READY);
    play.garbled = NULL;
    g_hash_table_remove_all(play.volumes);
    have(f, "nas", "spare", FCT_RECORD_READY, NULL, "");
    g_hash_table_remove_all(play.volumes);
    prune(f, "nas"); /* it is not mounted */
    assert_state(f, "nas", "spare", FCT_RECORD_READY);
}

/* "ln facet.db POOL/hard.img": no disk and no download; a backup by "cp -l" does not stop the VM that it is of. */
static void test_hard_link(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVmDisk) disk = disk_new("/pools/nas/web.qcow2");
    have(f, "nas", "web.qcow2", FCT_RECORD_READY, NULL, VM);
    put("nas:hard.img", "/pools/nas/hard.img");
    play.linked = TRUE;
    g_autoptr(FctVolume) volume = play_volume(&vmm, "nas", "hard.img", NULL);
    g_assert_null(fct_volume_inspect(f->app, volume, "raw", TRUE, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_clear_error(&error);
    g_assert_false(fct_volume_take(f->app, volume, "raw", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_clear_error(&error);
    g_autoptr(json_t) seen = fct_volumes_get(f->app, "nas:hard.img", NULL);
    g_assert_cmpstr(fct_json_str(seen, "state", ""), ==, "outside");
    g_assert_true(fct_record_fill_disk(f->app, disk, &error));
    g_assert_no_error(error);
    take(f, "nas", "web.qcow2", "qcow2");
}

/* libvirt would look for the program "ploop". */
static void test_parallels(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    put("nas:p.hds", "/pools/nas/p.hds");
    play.ploop = TRUE;
    g_autoptr(FctVolume) volume = play_volume(&vmm, "nas", "p.hds", NULL);
    g_assert_null(fct_volume_inspect(f->app, volume, NULL, TRUE, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "Parallels"));
}

/* A VM of the host is taken over with what it has, but for a file that is somebody else's, too. */
static void test_adopt_linked(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctWrites) writes = fct_writes_new();
    g_autofree char *path = g_build_filename(f->dir, "a.img", NULL), *other = g_strconcat(path, "2", NULL);
    g_autoptr(FctVmDisk) disk = disk_new(path);
    fct_text_set(&disk->pool, "");
    fct_text_set(&disk->format, "raw");
    g_assert_true(g_file_set_contents(path, "bytes", -1, &error));
    g_assert_true(fct_volume_adopt(f->app, disk, FALSE, writes, &error));
    g_assert_no_error(error);
    g_assert_cmpint(link(path, other), ==, 0);
    g_assert_false(fct_volume_adopt(f->app, disk, FALSE, writes, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
}

static gboolean watch_clearing(gint64 done, gint64 total, gpointer data)
{
    Fixture *f = data;
    assert_state(f, "vg", "lv", FCT_RECORD_MAKING);
    g_assert_cmpint(total, ==, play.size);
    return done < GIB / 2 || !play.half;
}

/* Of a volume group the next guest gets the extents of the last one, with what they hold. */
static void test_cleared(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new("vg", "lv", "raw");
    g_autoptr(FctVolume) made G_GNUC_UNUSED = fct_record_create(f->app, plan, GIB, TRUE, watch_clearing, f, &error);
    g_assert_no_error(error);
    g_assert_cmpint(play.cleared, ==, GIB);
    assert_state(f, "vg", "lv", FCT_RECORD_READY);
    g_assert_true(fct_record_grow(f->app, "vg", "lv", 2 * GIB, &error));
    g_assert_no_error(error);
    g_assert_cmpint(play.cleared, ==, 2 * GIB);
    g_assert_true(fct_record_delete(f->app, "vg", "lv", &error));
    /* Cancelled: nothing is left. */
    play.half = TRUE;
    play.cleared = 0;
    g_assert_null(fct_record_create(f->app, plan, GIB, TRUE, watch_clearing, f, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CANCELLED);
    assert_state(f, "vg", "lv", -1);
    g_assert_cmpstr(play.deleted->str, ==, "/dev/vg/lv /dev/vg/lv ");
}

/* The last byte of an upload: ready and no longer on its way in one commit, or neither. */
static void test_complete_at_once(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) note = json_object();
    const FctWrite there = {"upload/nas:up", note, FCT_REV_ANY}, fails = {"upload/nas:up", NULL, FCT_REV_NONE},
                   drop = {"upload/nas:up", NULL, FCT_REV_ANY};
    have(f, "nas", "up", FCT_RECORD_UPLOADING, NULL, "");
    g_assert_true(f->store->ops->commit(f->store, &there, 1, NULL, &error));
    g_assert_false(fct_record_complete_with(f->app, "nas", "up", &fails, 1, &error));
    g_clear_error(&error);
    assert_state(f, "nas", "up", FCT_RECORD_UPLOADING);
    g_assert_true(fct_record_complete_with(f->app, "nas", "up", &drop, 1, &error));
    g_assert_no_error(error);
    assert_state(f, "nas", "up", FCT_RECORD_READY);
}

/* Pool "a" with a volume "b-c" and pool "a-b" with "c" once had one file; nothing fills the disk of the store. */
static void test_scratch(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *one = fct_volume_scratch(f->app, 1, &error), *other = fct_volume_scratch(f->app, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(one, !=, other);
    g_assert_null(fct_volume_scratch(f->app, G_MAXINT64 / 2, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NO_SPACE);
    g_assert_true(g_file_set_contents(one, "left by a run that was killed", -1, NULL));
    fixture_restart(f);
    g_assert_false(g_file_test(one, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(Fixture *f, gconstpointer data);
    } tests[] = {{"/volumes/silent-is-not-free", test_silent_is_not_free},
                 {"/volumes/others-stay", test_others_stay},
                 {"/volumes/half-goes", test_half_goes},
                 {"/volumes/half-in-use-stays", test_half_in_use_stays},
                 {"/volumes/moved-pool", test_moved_pool},
                 {"/volumes/disk-half-made", test_disk_half_made},
                 {"/volumes/spare", test_spare},
                 {"/volumes/spelled", test_spelled},
                 {"/volumes/unclear", test_unclear},
                 {"/volumes/foreign-link", test_foreign_link},
                 {"/volumes/foreign-unseen", test_foreign_unseen},
                 {"/volumes/led-outside", test_led_outside},
                 {"/volumes/another-file", test_another_file},
                 {"/volumes/record-follows", test_record_follows},
                 {"/volumes/at-work", test_at_work},
                 {"/volumes/hard-link", test_hard_link},
                 {"/volumes/adopt-linked", test_adopt_linked},
                 {"/volumes/half-replaced", test_half_replaced},
                 {"/volumes/copy-replaced", test_copy_replaced},
                 {"/volumes/upload-replaced", test_upload_replaced},
                 {"/volumes/upload-rebooted", test_upload_rebooted},
                 {"/volumes/broken-vm", test_broken_vm},
                 {"/volumes/rest-kept", test_rest_kept},
                 {"/volumes/rest-of-medium", test_rest_of_medium},
                 {"/volumes/rest-broken", test_rest_broken},
                 {"/volumes/rest-unknown", test_rest_unknown},
                 {"/volumes/rest-gone", test_rest_gone},
                 {"/volumes/look-beside-news", test_look_beside_news},
                 {"/volumes/told-later", test_told_later},
                 {"/volumes/rest-written", test_rest_written},
                 {"/volumes/rest-written-below", test_rest_written_below},
                 {"/volumes/rest-exchanged", test_rest_exchanged},
                 {"/volumes/rest-relabelled", test_rest_relabelled},
                 {"/volumes/host-uses", test_host_uses},
                 {"/volumes/replaced-head", test_replaced_head},
                 {"/volumes/source-exchanged", test_source_exchanged},
                 {"/volumes/grown-exchanged", test_grown_exchanged},
                 {"/volumes/pool-of-others", test_pool_of_others},
                 {"/volumes/on-disk", test_on_disk},
                 {"/volumes/pool-place", test_pool_place},
                 {"/volumes/parallels", test_parallels},
                 {"/volumes/cleared", test_cleared},
                 {"/volumes/complete-at-once", test_complete_at_once},
                 {"/volumes/scratch", test_scratch}};
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Fixture, NULL, begin, tests[i].test, end);
    return g_test_run();
}
