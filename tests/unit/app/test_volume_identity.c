/* SPDX-License-Identifier: Apache-2.0 */
/* Which file a volume is, however its path is spelled, and whatever takes its place. Run by test_volumes.c. */
#include "volume_play.h"

#include "app/storage/pools.h"
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "base/text.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A real folder with the file “base”, to which "link" leads too; their volumes are in the pool "nas". */
static char *have_folder(Fixture *f)
{
    char *folder = g_build_filename(f->dir, "pool", NULL);
    g_autofree char *base = g_build_filename(folder, "base", NULL), *link = g_build_filename(f->dir, "link", NULL);
    g_autofree char *overlay = g_build_filename(folder, "overlay", NULL);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(base, "bytes", -1, NULL));
    g_assert_true(g_file_set_contents(overlay, "bytes", -1, NULL));
    g_assert_cmpint(symlink(folder, link), ==, 0);
    put("nas:base", base);
    put("nas:overlay", overlay);
    return folder;
}

static void assert_stays(Fixture *f, const char *id)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(fct_volumes_delete(f->app, id, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_assert_cmpstr(play.deleted->str, ==, "");
}

/* An overlay of another program is one however it spells the file that it stands on. */
void test_spelled(Fixture *f, gconstpointer data)
{
    static const char *const claims[] = {"base",
                                         "./base",
                                         "%s/base",
                                         "%s/./base",
                                         "%s//base",
                                         "%s/../pool/base",
                                         "%s/../link/base",
                                         "file:%s/base",
                                         "json:{\"driver\":\"qcow2\",\"file\":{\"filename\":\"%s/base\"}}",
                                         "json:{\"file.filename\":\"%s/../link/base\"}"};
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = have_folder(f), *base = g_build_filename(folder, "base", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(claims); i++) {
        g_auto(GStrv) parts = g_strsplit(claims[i], "%s", 2);
        g_autofree char *claim = g_strjoinv(folder, parts);
        play.claim = claim;
        assert_stays(f, "nas:base");
        g_assert_false(fct_volume_spare_one(f->app, VM, base, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
        g_clear_error(&error);
        play.claim = NULL;
    }
    play.claim = "nbd://elsewhere/base";
    g_assert_true(fct_volumes_delete(f->app, "nas:base", &error));
    g_assert_no_error(error);
}

/* What it stands on cannot be told: it may be any file beside it, but for itself. */
void test_unclear(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = have_folder(f), *base = g_build_filename(folder, "base", NULL);
    play.claim = "json:{\"driver\":\"qcow2\",\"file\":\"node\"}";
    put(FCT_POOL_OWN ":apart", "/pools/" FCT_POOL_OWN "/apart");
    assert_stays(f, "nas:base");
    g_assert_false(fct_volume_spare_one(f->app, VM, base, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_assert_nonnull(strstr(error->message, "overlay"));
    g_clear_error(&error);
    g_assert_true(fct_volumes_delete(f->app, FCT_POOL_OWN ":apart", &error));
    g_assert_no_error(error);
    g_assert_true(fct_volumes_delete(f->app, "nas:overlay", &error));
    g_assert_no_error(error);
}

/* virsh gave it to a VM by a way through a link. */
void test_foreign_link(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder G_GNUC_UNUSED = have_folder(f), *path = g_build_filename(f->dir, "link", "base", NULL);
    play.foreign = path;
    assert_stays(f, "nas:base");
    play.foreign = NULL;
    g_assert_true(fct_volumes_delete(f->app, "nas:base", &error));
    g_assert_no_error(error);
}

/* A VM of others hangs, and nobody can know which files it has: none goes until it answers or has ended. */
void test_foreign_unseen(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    have(f, "nas", "base", FCT_RECORD_READY, NULL, "");
    play.foreign = "/elsewhere";
    play.unseen = TRUE;
    g_assert_false(fct_volumes_delete(f->app, "nas:base", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_assert_cmpstr(play.deleted->str, ==, "");
    g_clear_error(&error);
    play.unseen = FALSE;
    g_assert_true(fct_volumes_delete(f->app, "nas:base", &error));
    g_assert_no_error(error);
    play.foreign = NULL;
}

/* facetd dies while it makes it, and virsh deletes what is there and makes a volume of its own by that name. */
void test_half_replaced(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new("nas", "x", "raw");
    play.inode = "ours";
    g_autoptr(FctVolume) made G_GNUC_UNUSED = fct_record_create(f->app, plan, GIB, FALSE, NULL, NULL, &error);
    g_assert_no_error(error);
    assert_inode(f, "nas", "x", "ours");
    play.inode = "theirs";
    g_assert_false(fct_record_grow(f->app, "nas", "x", 2 * GIB, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_false(fct_record_complete(f->app, "nas", "x", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    assert_state(f, "nas", "x", FCT_RECORD_MAKING);
    fct_storage_note_making(f->app->storage, "nas:x", FALSE);
    g_assert_true(fct_records_sweep(f->app));
    g_assert_cmpstr(play.deleted->str, ==, "");
    assert_state(f, "nas", "x", -1); /* ours is gone */
}

static void exchange(void)
{
    play.inode = "theirs";
}

void test_copy_replaced(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new("nas", "copy", "qcow2");
    have(f, "nas", "source", FCT_RECORD_READY, NULL, "");
    g_autoptr(FctVolumeRecord) source = fct_record_find(f->app, "nas", "source", NULL);
    play.inode = "ours";
    play.during = exchange;
    g_assert_null(fct_record_copy(f->app, source, plan, NULL, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_assert_cmpstr(play.deleted->str, ==, "");
    assert_state(f, "nas", "copy", -1);
}

/* The copy is whole and ours; what was read is another file than the one that was looked at. */
void test_source_exchanged(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new("vg", "copy", "raw");
    have(f, "nas", "source", FCT_RECORD_READY, NULL, "");
    g_autoptr(FctVolumeRecord) source = fct_record_find(f->app, "nas", "source", NULL);
    play.inode = "looked at";
    play.only = "source";
    play.during = exchange;
    g_assert_null(fct_record_copy(f->app, source, plan, NULL, NULL, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "source was exchanged"));
    g_assert_cmpstr(play.deleted->str, ==, "/dev/vg/copy ");
    assert_state(f, "vg", "copy", -1);
}

/* libvirt grew whatever had the name then. */
void test_grown_exchanged(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    have(f, "nas", "web.qcow2", FCT_RECORD_READY, NULL, "");
    play.inode = "looked at";
    play.during = exchange;
    g_assert_false(fct_record_grow(f->app, "nas", "web.qcow2", 2 * GIB, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "web.qcow2 was exchanged"));
}

/* What is sent on does not go into it, and what is wrong with it takes it away from nobody. */
void test_upload_replaced(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) wish =
        json_pack("{s:s, s:s, s:s, s:i}", "pool", "nas", "name", "up", "format", "raw", "upload_bytes", 1 << 20);
    g_autoptr(json_t) volume = NULL;
    json_t *task = NULL;
    play.inode = "ours";
    g_assert_true(fct_volumes_create(f->app, "admin", wish, &task, &volume, &error));
    g_assert_no_error(error);
    play.inode = "theirs";
    g_assert_null(fct_volume_upload_open(f->app, "nas:up", NULL, 1 << 20, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_assert_cmpstr(play.deleted->str, ==, "");
    assert_state(f, "nas", "up", -1);
    g_autoptr(json_t) seen = fct_volumes_get(f->app, "nas:up", NULL);
    g_assert_cmpstr(fct_json_str(seen, "state", ""), ==, "ready"); /* theirs: no upload to it is under way */
}

/* What libvirt had taken when the host lost its power may not be on the disk: it comes again. */
void test_upload_rebooted(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) wish =
        json_pack("{s:s, s:s, s:s, s:i}", "pool", "nas", "name", "up", "format", "raw", "upload_bytes", 1 << 20);
    g_autoptr(json_t) volume = NULL;
    json_t *task = NULL;
    g_assert_true(fct_volumes_create(f->app, "admin", wish, &task, &volume, &error));
    g_assert_no_error(error);
    g_autoptr(FctDoc) doc = f->store->ops->get(f->store, "upload/nas:up", &error);
    g_assert_no_error(error);
    json_object_set_new(doc->value, "received", json_integer(4096));
    const FctWrite write = {(char *)"upload/nas:up", doc->value, FCT_REV_ANY};
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, &error));
    FctVolumeUpload *on =
        fct_volume_upload_open(f->app, "nas:up", "bytes 4096-1048575/1048576", (1 << 20) - 4096, &error);
    g_assert_no_error(error);
    fct_volume_upload_free(on);
    json_object_set_new(doc->value, "boot_id", json_string("6f1c4d9e-0000-4b5e-9a57-0d3c5b1a7e42"));
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, &error));
    g_assert_null(fct_volume_upload_open(f->app, "nas:up", "bytes 4096-1048575/1048576", (1 << 20) - 4096, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "0 bytes of up are there"));
    g_clear_error(&error);
    /* What the upload had reached before is not forgotten when less of it comes again. */
    json_object_set_new(doc->value, "reached", json_integer(4096));
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, &error));
    on = fct_volume_upload_open(f->app, "nas:up", "bytes 0-1023/1048576", 1024, &error);
    g_assert_no_error(error);
    const guint8 some[1024] = {0};
    g_assert_true(fct_volume_upload_write(on, some, sizeof some, &error));
    json_t *ended = NULL;
    g_assert_true(fct_volume_upload_end(on, &ended, &error));
    json_decref(ended);
    g_assert_no_error(error);
    fct_volume_upload_free(on);
    g_autoptr(FctDoc) after = f->store->ops->get(f->store, "upload/nas:up", &error);
    g_assert_no_error(error);
    g_assert_cmpint(fct_json_int(after->value, "received", -1), ==, 1024);
    g_assert_cmpint(fct_json_int(after->value, "reached", -1), ==, 4096);
}

/* A host that loses its power has what Facet called ready; what the disk did not take is not. */
void test_on_disk(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    have(f, "nas", "copy", FCT_RECORD_MAKING, NULL, "");
    play.lost = FCT_ERROR_NO_SPACE;
    g_assert_false(fct_record_complete(f->app, "nas", "copy", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NO_SPACE);
    g_clear_error(&error);
    assert_state(f, "nas", "copy", FCT_RECORD_MAKING);
    play.lost = 0;
    g_assert_true(fct_record_complete(f->app, "nas", "copy", &error));
    g_assert_no_error(error);
    assert_state(f, "nas", "copy", FCT_RECORD_READY);
    g_assert_cmpuint(play.synced, ==, 2);
}

static void assert_host_has(gboolean ok, GError **error)
{
    g_assert_false(ok);
    g_assert_error(*error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_assert_nonnull(strstr((*error)->message, "/srv/host"));
    g_clear_error(error);
}

/* A logical volume that the host has mounted: no VM gets it, and nobody copies, grows, clears or deletes it. */
void test_host_uses(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctVolumeRecord) plan = fct_volume_record_new("vg", "lv", "raw");
    g_autoptr(FctVolumeRecord) copy = fct_volume_record_new("nas", "copy", "raw");
    g_autoptr(FctVolume) made = fct_record_create(f->app, plan, GIB, TRUE, NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(FctVolumeRecord) record = fct_record_find(f->app, "vg", "lv", NULL);
    g_autoptr(FctVmDisk) disk = fct_vm_disk_new();
    g_autoptr(FctWrites) writes = fct_writes_new();
    fct_text_set(&disk->path, made->path);
    fct_text_set(&disk->format, "raw");
    play.use = FCT_DEVICE_MOUNTED;
    assert_host_has(fct_volume_take(f->app, made, NULL, &error), &error);
    assert_host_has(fct_volume_adopt(f->app, disk, FALSE, writes, &error), &error);
    assert_host_has(fct_record_copy(f->app, record, copy, NULL, NULL, &error) != NULL, &error);
    assert_host_has(fct_record_grow(f->app, "vg", "lv", 2 * GIB, &error), &error);
    assert_host_has(fct_record_there(f->app, "vg", "lv", &error), &error);
    assert_host_has(fct_volume_spare_one(f->app, VM, made->path, &error), &error);
    assert_host_has(fct_volumes_delete(f->app, "vg:lv", &error), &error);
    g_assert_cmpstr(play.deleted->str, ==, "");
    g_autoptr(FctVolumeRecord) other =
        fct_volume_record_new("vg", "other", "raw"); /* mounted as soon as it was there */
    play.cleared = 0;
    assert_host_has(fct_record_create(f->app, other, GIB, TRUE, NULL, NULL, &error) != NULL, &error);
    g_assert_cmpint(play.cleared, ==, 0);
    g_assert_cmpstr(play.deleted->str, ==, "");
    assert_state(f, "vg", "other", FCT_RECORD_MAKING);
    play.use = FCT_DEVICE_FREE;
    g_assert_true(fct_volumes_delete(f->app, "vg:lv", &error));
    g_assert_no_error(error);
}

static void assert_no_pool(Fixture *f, const char *kind, const char *path, FctErrorCode code)
{
    g_autoptr(GError) error = NULL;
    gboolean nfs = strcmp(kind, "nfs") == 0;
    g_autoptr(json_t) wish = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s*}", "name", "p", "kind", kind, "path", path,
                                       "host", nfs ? "127.0.0.1" : NULL, "export", nfs ? "/x" : NULL, "confirm",
                                       code == FCT_ERROR_REFUSED ? NULL : path);
    g_assert_null(fct_pools_create(f->app, wish, &error));
    g_assert_error(error, FCT_ERROR, (gint)code);
}

/* Neither a folder of files nor a mount comes over what Facet has itself, by whatever way; nor over files in silence.
 */
void test_pool_place(Fixture *f, gconstpointer data)
{
    g_autofree char *apart = g_dir_make_tmp("facet-apart-XXXXXX", NULL), *link = g_build_filename(apart, "link", NULL);
    g_autofree char *library = g_build_filename(apart, "library", NULL);
    g_autofree char *to_library = g_build_filename(apart, "to-library", NULL);
    g_assert_cmpint(symlink(f->dir, link), ==, 0);
    g_assert_cmpint(symlink(library, to_library), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(library, 0700), ==, 0);
    assert_no_pool(f, "nfs", apart, FCT_ERROR_REFUSED); /* it is not empty */
    fct_text_set(&f->app->config.images_dir, library);
    static const char *const kinds[] = {"dir", "nfs"};
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        assert_no_pool(f, kinds[i], f->dir, FCT_ERROR_BAD_REQUEST);
        assert_no_pool(f, kinds[i], link, FCT_ERROR_BAD_REQUEST);
        assert_no_pool(f, kinds[i], to_library, FCT_ERROR_BAD_REQUEST);
    }
    g_assert_true(unlink(link) == 0 && unlink(to_library) == 0 && rmdir(library) == 0 && rmdir(apart) == 0);
}

static void assert_asked(Fixture *f, const char *path, gboolean asked)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) wish = json_pack("{s:s, s:s, s:s}", "name", "p", "kind", "dir", "path", path);
    g_assert_null(fct_pools_create(f->app, wish, &error)); /* it lies in no usual folder, so it is asked in any case */
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_autoptr(json_t) wire = fct_error_to_json(error);
    g_autofree char *reasons = json_dumps(json_object_get(json_object_get(wire, "details"), "reasons"), 0);
    g_assert_true((strstr(reasons, "may write") != NULL) == asked);
}

/* Whoever may write there could lead libvirt to any file: an administrator has to know. */
void test_pool_of_others(Fixture *f, gconstpointer data)
{
    g_autofree char *dir = g_dir_make_tmp("facet-writers-XXXXXX", NULL), *pool = g_build_filename(dir, "pool", NULL);
    g_autofree char *new = g_build_filename(pool, "new", NULL);
    g_assert_cmpint(g_mkdir(pool, 0755), ==, 0);
    assert_asked(f, pool, FALSE);
    assert_asked(f, new, FALSE);
    g_assert_cmpint(chmod(pool, 0777), ==, 0);
    assert_asked(f, pool, TRUE);
    assert_asked(f, new, TRUE);
    g_assert_cmpint(chmod(pool, 01777), ==, 0);
    assert_asked(f, pool, TRUE); /* a link can be put beside the disks */
    assert_asked(f, new, FALSE); /* as /tmp, in which these folders are */
    g_assert_true(chmod(pool, 0755) == 0 && chmod(dir, 0777) == 0);
    assert_asked(f, pool, TRUE); /* it could be exchanged whole */
    g_assert_cmpint(chmod(dir, 0755), ==, 0);
    if (geteuid() == 0) {
        g_assert_cmpint(chown(pool, 12345, 0), ==, 0);
        assert_asked(f, pool, TRUE);
        g_assert_true(chown(pool, 0, 12345) == 0 && chmod(pool, 0775) == 0);
        assert_asked(f, pool, TRUE);
        g_assert_true(chown(pool, 12345, 0) == 0 && chmod(pool, 01777) == 0);
        assert_asked(f, new, TRUE); /* its owner may exchange what is in it, sticky or not */
    }
    g_assert_true(rmdir(pool) == 0 && rmdir(dir) == 0);
}
