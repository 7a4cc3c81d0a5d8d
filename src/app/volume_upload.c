/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from a client into a volume. The volume is made first, and bears a document "upload/<id>" until the last byte
 * is there: until then it is no disk. How many have come is noted when libvirt has taken them, a segment at a time, so
 * an upload goes on after any end of the connection or of facetd.
 */
#include "app/records.h"
#include "app/storage.h"
#include "app/volume_record.h"
#include "app/volumes.h"
#include "core/file_rules.h"
#include "core/storage_rules.h"

#include <string.h>

#define SEGMENT (G_GINT64_CONSTANT(128) << 20) /* bytes of one stream of libvirt's */
#define META (1024 * 1024)

struct FctVolumeUpload {
    FctApp *app;
    char *id, *key, *pool, *name, *format; /* id: claimed */
    FctVmmStream *stream;                  /* of the present segment; NULL: none */
    gint64 at, end, size;                  /* bytes: the next, behind the last of this request, of the whole */
    gint64 noted;                          /* as the document says */
    gint64 segment_end;
    gboolean released; /* the claim */
    gint64 fresh_from; /* from here the volume reads as zeros where nothing was written */
};

static json_t *note_json(const char *format, gint64 size, gint64 received)
{
    return json_pack("{s:s, s:I, s:I}", "format", format, "size", (json_int_t)size, "received", (json_int_t)received);
}

json_t *fct_volume_upload_begin(FctApp *app, const FctVolumeWorld *world, const char *pool, const char *name,
                                const char *format, gint64 size_bytes, GError **error)
{
    g_autofree char *id = fct_volume_id(pool, name), *key = g_strconcat("upload/", id, NULL);
    g_autoptr(json_t) note = note_json(format, size_bytes, 0);
    const FctPool *target = fct_volume_world_pool(world, pool, error);
    const FctWrite write = {key, note, FCT_REV_ANY}, drop = {key, NULL, FCT_REV_ANY};
    gboolean qcow2 = strcmp(format, "qcow2") == 0;
    if (!target || !fct_volume_fits(target, format, size_bytes, size_bytes, error) ||
        !fct_storage_claim(app->storage, id, error))
        return NULL;
    g_autoptr(FctVolume) volume = NULL;
    if (app->store->ops->commit(app->store, &write, 1, NULL, error)) {
        /* A qcow2 brings its own size along. */
        g_autoptr(FctVolumeRecord) plan = fct_volume_record_new(pool, name, format);
        plan->state = FCT_RECORD_UPLOADING;
        volume = fct_record_create(app, plan, qcow2 ? META : size_bytes, FALSE, error);
        if (!volume)
            app->store->ops->commit(app->store, &drop, 1, NULL, NULL);
    }
    fct_storage_release(app->storage, id);
    fct_storage_poke(app->storage, pool);
    return volume ? fct_volumes_get(app, id, error) : NULL;
}

/* ---- one request ---- */

static gboolean open_segment(FctVolumeUpload *upload, GError **error)
{
    FctVmm *vmm = upload->app->vmm;
    gint64 length = MIN(SEGMENT, upload->end - upload->at);
    upload->segment_end = upload->at + length;
    upload->stream = vmm->ops->volume_open(vmm, upload->pool, upload->name, TRUE, upload->at, length, error);
    return upload->stream != NULL;
}

/* What was sent has been taken, and is noted. */
static gboolean close_segment(FctVolumeUpload *upload, GError **error)
{
    FctStore *store = upload->app->store;
    FctVmmStream *stream = g_steal_pointer(&upload->stream);
    if (stream && !upload->app->vmm->ops->stream_close(stream, TRUE, error))
        return FALSE;
    g_autoptr(json_t) note = note_json(upload->format, upload->size, upload->at);
    const FctWrite write = {upload->key, note, FCT_REV_ANY};
    if (upload->noted == upload->at)
        return TRUE;
    if (!store->ops->commit(store, &write, 1, NULL, error))
        return FALSE;
    upload->noted = upload->at;
    return TRUE;
}

static void release(FctVolumeUpload *upload)
{
    if (!upload->released) {
        fct_storage_release(upload->app->storage, upload->id);
        fct_storage_poke(upload->app->storage, upload->pool);
    }
    upload->released = TRUE;
}

void fct_volume_upload_free(FctVolumeUpload *upload)
{
    if (!upload)
        return;
    if (upload->stream)
        upload->app->vmm->ops->stream_close(upload->stream, FALSE, NULL);
    release(upload);
    g_free(upload->id);
    g_free(upload->key);
    g_free(upload->pool);
    g_free(upload->name);
    g_free(upload->format);
    g_free(upload);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVolumeUpload, fct_volume_upload_free)

static gboolean load_note(FctVolumeUpload *upload, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) doc = upload->app->store->ops->get(upload->app->store, upload->key, &fault);
    if (!doc && fault->code == FCT_ERROR_NOT_FOUND) {
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Begin an upload to a new volume.", NULL,
                           "No upload to volume %s was begun, or it is all there.", upload->name);
        return FALSE;
    }
    if (!doc) {
        g_propagate_error(error, g_steal_pointer(&fault));
        return FALSE;
    }
    upload->format = g_strdup(fct_json_str(doc->value, "format", "raw"));
    upload->size = fct_json_int(doc->value, "size", 0);
    upload->noted = fct_json_int(doc->value, "received", 0);
    return TRUE;
}

/*
 * The volume that the upload was begun with: one that virsh deleted may have been made anew since, by somebody who has
 * it now.
 */
static gboolean is_there(const FctVolumeUpload *upload, GError **error)
{
    g_autoptr(FctVolumeWorld) world = fct_volume_world_new(upload->app, error);
    const FctVolume *volume = world ? fct_volume_world_find(world, upload->id, error) : NULL;
    const GPtrArray *users = volume ? fct_volume_world_users(world, volume->path) : NULL;
    if (users && users->len)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Begin an upload to a new volume.", NULL,
                           "Volume %s is another one now, which %s has.", upload->name,
                           ((FctVolumeUser *)users->pdata[0])->name);
    return volume && !(users && users->len);
}

/* Of a pool that has no files what was there before shows through. */
static gboolean set_fresh(FctVolumeUpload *upload, GError **error)
{
    g_autoptr(GPtrArray) pools = upload->app->vmm->ops->pools(upload->app->vmm, error);
    upload->fresh_from = G_MAXINT64;
    for (guint i = 0; pools && i < pools->len; i++) {
        const FctPool *pool = g_ptr_array_index(pools, i);
        if (strcmp(pool->name, upload->pool) == 0 && fct_pool_has_files(pool))
            upload->fresh_from = strcmp(upload->format, "qcow2") == 0 ? META : 0;
    }
    return pools != NULL;
}

FctVolumeUpload *fct_volume_upload_open(FctApp *app, const char *id, const char *range, gint64 body_length,
                                        GError **error)
{
    FctFileRange bytes;
    g_autofree char *pool = NULL, *name = NULL;
    if (!app->storage) {
        fct_set_error(error, FCT_ERROR_UNSUPPORTED, "This node runs without libvirt.");
        return NULL;
    }
    if (!fct_volume_split(id, &pool, &name, error) || !fct_storage_claim(app->storage, id, error))
        return NULL;
    g_autoptr(FctVolumeUpload) upload = g_new0(FctVolumeUpload, 1);
    *upload = (FctVolumeUpload){.app = app,
                                .id = g_strdup(id),
                                .key = g_strconcat("upload/", id, NULL),
                                .pool = g_steal_pointer(&pool),
                                .name = g_steal_pointer(&name)};
    if (!load_note(upload, error) || !is_there(upload, error) ||
        !fct_file_range(range, body_length, upload->size, &bytes, error) || !set_fresh(upload, error))
        return NULL;
    upload->at = bytes.length ? bytes.first : upload->noted;
    upload->end = upload->at + bytes.length;
    if (upload->at == upload->noted)
        return g_steal_pointer(&upload);
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Go on with the byte after those that are there.",
                       json_pack("{s:I}", "received_bytes", (json_int_t)upload->noted),
                       "%" G_GINT64_FORMAT " bytes of %s are there; the request begins at %" G_GINT64_FORMAT ".",
                       upload->noted, upload->name, upload->at);
    return NULL;
}

/* A disk that says that its data is in another file would open that file of the host's. */
static gboolean check_head(const FctVolumeUpload *upload, const guint8 *bytes, gsize length, GError **error)
{
    static const guint8 no_mark[FCT_FILE_ISO_MARK] = {0};
    guint8 head[FCT_FILE_HEAD] = {0};
    FctFileKind kind;
    if ((gint64)length < MIN((gint64)FCT_FILE_HEAD, upload->size)) {
        fct_set_error(error, FCT_ERROR_BAD_REQUEST, "Send at least the first %d bytes at once.", FCT_FILE_HEAD);
        return FALSE;
    }
    memcpy(head, bytes, MIN(length, sizeof head));
    if (!fct_file_kind(head, no_mark, &kind, error))
        return FALSE;
    if ((kind == FCT_FILE_QCOW2) == (strcmp(upload->format, "qcow2") == 0))
        return TRUE;
    fct_set_error_full(error, FCT_ERROR_REFUSED, "Delete the volume, and begin again with the other format.",
                       json_pack("{s:s}", "field", "format"), "The content is %s, and the volume is to be %s.",
                       kind == FCT_FILE_QCOW2 ? "qcow2" : "raw", upload->format);
    return FALSE;
}

gboolean fct_volume_upload_write(FctVolumeUpload *upload, const guint8 *bytes, gsize length, GError **error)
{
    if (length > (guint64)(upload->end - upload->at)) {
        fct_set_error(error, FCT_ERROR_TOO_LARGE, "More bytes came than the request had announced.");
        return FALSE;
    }
    if (upload->at == 0 && !check_head(upload, bytes, length, error))
        return FALSE;
    while (length > 0) {
        if (!upload->stream && !open_segment(upload, error))
            return FALSE;
        gsize n = MIN(length, (gsize)(upload->segment_end - upload->at));
        if (!upload->app->vmm->ops->stream_write(upload->stream, bytes, n, upload->at >= upload->fresh_from, error)) {
            upload->app->vmm->ops->stream_close(g_steal_pointer(&upload->stream), FALSE, NULL);
            upload->at = upload->noted;
            return FALSE;
        }
        bytes += n;
        length -= n;
        upload->at += (gint64)n;
        if (upload->at == upload->segment_end && !close_segment(upload, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean publish(FctVolumeUpload *upload, GError **error)
{
    FctApp *app = upload->app;
    const FctWrite drop = {upload->key, NULL, FCT_REV_ANY};
    if (!fct_record_complete(app, upload->pool, upload->name, error) ||
        !app->store->ops->commit(app->store, &drop, 1, NULL, error))
        return FALSE;
    fct_event(app, "volume.uploaded", "info", "volume", upload->id, upload->name, "Volume %s of pool %s was uploaded.",
              upload->name, upload->pool);
    return TRUE;
}

gboolean fct_volume_upload_end(FctVolumeUpload *upload, json_t **ret, GError **error)
{
    if (!close_segment(upload, error) || (upload->noted == upload->size && !publish(upload, error)))
        return FALSE;
    release(upload); /* the answer tells how it is after this request */
    *ret = fct_volumes_get(upload->app, upload->id, error);
    return *ret != NULL;
}
