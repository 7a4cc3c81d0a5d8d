/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from a client into a volume. The volume is made first and has a document "upload/<id>" until the last byte is
 * there; until then it is no disk. How many bytes have arrived is noted for each segment that libvirt has taken, so an
 * upload continues after any end of the connection or of facetd. A volume whose content is refused is deleted.
 */
#include "app/library/files.h"
#include "app/news/records.h"
#include "app/storage/storage.h"
#include "app/storage/volume_content.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "core/file_rules.h"
#include "core/storage_rules.h"
#include "core/upload_rules.h"

#include <string.h>

#define SEGMENT (G_GINT64_CONSTANT(128) << 20) /* bytes of one stream of libvirt's */
#define META (1024 * 1024)
#define BOOT_ID "/proc/sys/kernel/random/boot_id" /* of the kernel whose memory the bytes pass through */

struct FctVolumeUpload {
    FctApp *app;
    char *id, *key, *pool, *name, *format; /* id: claimed */
    FctVmmStream *stream;                  /* of the present segment; NULL: none */
    gint64 at, end, size;                  /* next byte, end of this request's bytes, size of the whole */
    gint64 noted;                          /* as the document says, unless the host was restarted since */
    gint64 reached; /* the most that any request noted: earlier bytes may lie up to a segment further */
    gint64 segment_end;
    gboolean released; /* the claim */
    gint64 fresh_from; /* from here on the volume reads as zeros */
    char *sha256;      /* the checksum that the client told; "" */
    FctSum *sum;
    gboolean judged, refused, begun;
};

/* "": it cannot be told. */
static char *boot_id(void)
{
    char *id = NULL;
    return g_file_get_contents(BOOT_ID, &id, NULL, NULL) ? g_strchomp(id) : g_strdup("");
}

/* @reached -1: no byte can have been written. */
static json_t *note_json(const char *format, gint64 size, gint64 received, gint64 reached, const char *sha256)
{
    g_autofree char *boot = boot_id();
    return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s}", "format", format, "size", (json_int_t)size, "received",
                     (json_int_t)received, "reached", (json_int_t)reached, "sha256", sha256, "boot_id", boot);
}

gboolean fct_volume_upload_forget(FctApp *app, const char *id, GError **error)
{
    g_autofree char *key = g_strconcat("upload/", id, NULL), *sum = fct_volume_sum_key(id);
    const FctWrite drops[] = {{key, NULL, FCT_REV_ANY}, {sum, NULL, FCT_REV_ANY}};
    return app->store->ops->commit(app->store, drops, G_N_ELEMENTS(drops), NULL, error);
}

json_t *fct_volume_upload_begin(FctApp *app, const FctVolumeSurvey *survey, const char *pool, const char *name,
                                const char *format, gint64 size_bytes, const char *sha256, GError **error)
{
    g_autofree char *id = fct_volume_id(pool, name), *key = g_strconcat("upload/", id, NULL),
                    *sum = fct_volume_sum_key(id);
    g_autoptr(json_t) note = note_json(format, size_bytes, 0, -1, sha256);
    const FctPool *target = fct_volume_survey_pool(survey, pool, error);
    const FctWrite writes[] = {{key, note, FCT_REV_ANY}, {sum, NULL, FCT_REV_ANY}}, drop = {key, NULL, FCT_REV_ANY};
    gboolean qcow2 = strcmp(format, "qcow2") == 0;
    if (!target || !fct_volume_fits(target, format, size_bytes, size_bytes, error) ||
        !fct_storage_claim(app->storage, id, error))
        return NULL;
    g_autoptr(FctVolume) volume = NULL;
    if (app->store->ops->commit(app->store, writes, G_N_ELEMENTS(writes), NULL, error)) {
        /* A qcow2 contains its own size. */
        g_autoptr(FctVolumeRecord) plan = fct_volume_record_new(pool, name, format);
        plan->state = FCT_RECORD_UPLOADING;
        volume = fct_record_create(app, plan, qcow2 ? META : size_bytes, FALSE, NULL, NULL, error);
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
    if (!fct_record_there(upload->app, upload->pool, upload->name, error)) /* libvirt opens it by its name */
        return FALSE;
    upload->segment_end = upload->at + length;
    upload->stream = vmm->ops->volume_open(vmm, upload->pool, upload->name, TRUE, upload->at, length, error);
    return upload->stream != NULL;
}

static gboolean volume_upload_note(FctVolumeUpload *upload, GError **error)
{
    FctStore *store = upload->app->store;
    gint64 reached = MAX(upload->reached, upload->at);
    g_autoptr(json_t) json = note_json(upload->format, upload->size, upload->at, reached, upload->sha256);
    const FctWrite write = {upload->key, json, FCT_REV_ANY};
    if (!store->ops->commit(store, &write, 1, NULL, error))
        return FALSE;
    upload->noted = upload->at;
    upload->reached = reached;
    return TRUE;
}

/* Notes how many bytes have arrived. */
static gboolean close_segment(FctVolumeUpload *upload, GError **error)
{
    FctVmmStream *stream = g_steal_pointer(&upload->stream);
    if (stream && !upload->app->vmm->ops->stream_close(stream, TRUE, error))
        return FALSE;
    return upload->noted == upload->at || volume_upload_note(upload, error);
}

static void volume_upload_release(FctVolumeUpload *upload)
{
    if (!upload->released) {
        fct_storage_release(upload->app->storage, upload->id);
        fct_storage_poke(upload->app->storage, upload->pool);
    }
    upload->released = TRUE;
}

/* Deletes the volume before its record: if that fails now, it stays marked as incomplete and can be deleted by hand. */
static void volume_upload_take_back(FctVolumeUpload *upload)
{
    FctApp *app = upload->app;
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, upload->pool, upload->name, NULL);
    if (!fct_record_abandon(app, upload->pool, upload->name, record ? record->path : "", &fault) ||
        !fct_volume_upload_forget(app, upload->id, &fault))
        g_warning("What was refused of volume %s could not be deleted: %s", upload->id, fault->message);
}

void fct_volume_upload_free(FctVolumeUpload *upload)
{
    if (!upload)
        return;
    FctSums *sums = fct_files_sums(upload->app->files);
    if (upload->stream)
        upload->app->vmm->ops->stream_close(upload->stream, FALSE, NULL);
    if (upload->refused)
        volume_upload_take_back(upload);
    if (upload->sum && !upload->refused && upload->noted < upload->size)
        fct_sums_keep(sums, upload->key, g_steal_pointer(&upload->sum));
    volume_upload_release(upload);
    fct_sum_free(upload->sum);
    g_free(upload->sha256);
    g_free(upload->id);
    g_free(upload->key);
    g_free(upload->pool);
    g_free(upload->name);
    g_free(upload->format);
    g_free(upload);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVolumeUpload, fct_volume_upload_free)

/* libvirt's bytes reach the disk some time later; a power cut in between loses them, and nothing tells. */
static gboolean is_of_this_boot(const json_t *note)
{
    g_autofree char *now = boot_id();
    const char *then = fct_json_str(note, "boot_id", now);
    return !*now || !*then || strcmp(now, then) == 0;
}

static gboolean load_note(FctVolumeUpload *upload, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) doc = upload->app->store->ops->get(upload->app->store, upload->key, &fault);
    if (!doc && fault->code == FCT_ERROR_NOT_FOUND)
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Begin an upload to a new volume.", NULL,
                                  "No upload to volume %s was begun, or it is all there.", upload->name);
    if (!doc)
        return fct_error_pass(error, &fault);
    upload->format = g_strdup(fct_json_str(doc->value, "format", "raw"));
    upload->size = fct_json_int(doc->value, "size", 0);
    gint64 received = fct_json_int(doc->value, "received", 0);
    upload->reached = fct_json_int(doc->value, "reached", received);
    upload->begun = upload->reached >= 0;
    upload->noted = is_of_this_boot(doc->value) ? received : 0;
    upload->sha256 = g_strdup(fct_json_str(doc->value, "sha256", ""));
    return TRUE;
}

/* TRUE for the volume with which the upload began: after virsh deleted it, somebody may have made one of that name. */
static gboolean volume_upload_is_same(const FctVolumeUpload *upload, const FctVolumeSurvey *survey,
                                      const FctVolume *volume, GError **error)
{
    FctApp *app = upload->app;
    const FctVolumeRecord *record = g_hash_table_lookup(survey->records, upload->id);
    if (!record || !fct_record_is_lost(record, volume))
        return TRUE;
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Begin an upload to a new volume.", NULL,
                       "Volume %s is another one now: the upload to it has ended, and it stays.", upload->name);
    if (fct_record_abandon(app, upload->pool, upload->name, record->path, NULL))
        fct_volume_upload_forget(app, upload->id, NULL);
    return FALSE;
}

static gboolean volume_upload_volume_exists(const FctVolumeUpload *upload, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(upload->app, error);
    const FctVolume *volume = survey ? fct_volume_survey_find(survey, upload->id, error) : NULL;
    const GPtrArray *users = volume ? fct_volume_survey_users(survey, volume->path) : NULL;
    if (users && users->len)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Begin an upload to a new volume.", NULL,
                           "Volume %s is another one now, which %s has.", upload->name,
                           ((FctVolumeUser *)users->pdata[0])->name);
    return volume && !(users && users->len) && volume_upload_is_same(upload, survey, volume, error);
}

/* In a pool without files the old content of the device shows through; elsewhere the bytes of an earlier request. */
static gboolean set_fresh(FctVolumeUpload *upload, GError **error)
{
    g_autoptr(GPtrArray) pools = upload->app->vmm->ops->pools(upload->app->vmm, error);
    gboolean qcow2 = strcmp(upload->format, "qcow2") == 0;
    upload->fresh_from = G_MAXINT64;
    for (guint i = 0; pools && i < pools->len; i++) {
        const FctPool *pool = g_ptr_array_index(pools, i);
        if (strcmp(pool->name, upload->pool) == 0 && fct_pool_has_files(pool))
            upload->fresh_from = MAX(upload->begun ? upload->reached + SEGMENT : 0, qcow2 ? META : 0);
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
    if (!load_note(upload, error) || !volume_upload_volume_exists(upload, error) ||
        !fct_file_range(range, body_length, upload->size, &bytes, error) || !set_fresh(upload, error))
        return NULL;
    upload->at = bytes.length ? bytes.first : upload->noted;
    upload->end = upload->at + bytes.length;
    upload->judged = upload->noted >= FCT_DISK_HEAD_BYTES;
    if (upload->at == upload->noted && (upload->begun || volume_upload_note(upload, error))) {
        upload->sum = fct_sums_take(fct_files_sums(app->files), upload->key, upload->noted);
        return g_steal_pointer(&upload);
    }
    if (upload->at == upload->noted)
        return NULL;
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Go on with the byte after those that are there.",
                       json_pack("{s:I}", "received_bytes", (json_int_t)upload->noted),
                       "%" G_GINT64_FORMAT " bytes of %s are there; the request begins at %" G_GINT64_FORMAT ".",
                       upload->noted, upload->name, upload->at);
    return NULL;
}

/* ---- what came ---- */

/* The size that the content announces to a guest must be possible in the pool, however little it takes now. */
static gboolean volume_upload_has_room(const FctVolumeUpload *upload, gint64 bytes, GError **error)
{
    g_autoptr(GPtrArray) pools = upload->app->vmm->ops->pools(upload->app->vmm, error);
    for (guint i = 0; pools && i < pools->len; i++)
        if (strcmp(((FctPool *)pools->pdata[i])->name, upload->pool) == 0)
            return fct_thin_fits(pools->pdata[i], bytes, "content", error);
    return pools != NULL;
}

static gboolean check_head(const FctVolumeUpload *upload, const FctDiskHead *head, GError **error)
{
    gboolean qcow2 = head->kind == FCT_DISK_QCOW2, raw = strcmp(upload->format, "raw") == 0;
    if (!(raw ? fct_upload_accept_raw : fct_upload_accept)(head, upload->name, upload->size, error))
        return FALSE;
    if (qcow2 == (strcmp(upload->format, "qcow2") == 0))
        return !qcow2 || volume_upload_has_room(upload, head->virtual_bytes, error);
    return fct_set_error_full(error, FCT_ERROR_REFUSED, "Begin again with the other format.",
                              json_pack("{s:s}", "field", "format"), "The content is %s, and the volume was to be %s.",
                              qcow2 ? "qcow2" : "raw", upload->format);
}

/* Refused for good: sending it again would not change it. */
static gboolean note_refusal(FctVolumeUpload *upload, gboolean ok, GError *fault, GError **error)
{
    if (ok)
        return TRUE;
    upload->refused = fault->code == FCT_ERROR_REFUSED;
    g_propagate_error(error, fault);
    return FALSE;
}

/* Judges the first bytes before any reach the pool, when the request brings enough of them. */
static gboolean judge_block(FctVolumeUpload *upload, const guint8 *bytes, gsize length, GError **error)
{
    FctDiskHead head;
    GError *fault = NULL;
    if (upload->judged || upload->at != 0 || (gint64)length < MIN(upload->size, (gint64)FCT_DISK_HEAD_BYTES))
        return TRUE;
    const FctDiskBytes begun = {bytes, MIN(length, FCT_DISK_HEAD_BYTES), NULL, 0, upload->size};
    upload->judged = TRUE;
    fct_disk_head_read(&begun, &head);
    gboolean ok = check_head(upload, &head, &fault);
    return note_refusal(upload, ok, fault, error);
}

/* Judges content that arrived in small pieces, and all of it once it is there. */
static gboolean judge_volume(FctVolumeUpload *upload, GError **error)
{
    FctDiskHead head;
    GError *fault = NULL;
    gboolean whole = upload->noted == upload->size;
    if (!whole && (upload->judged || upload->noted < FCT_DISK_HEAD_BYTES))
        return TRUE;
    if (!fct_volume_head(upload->app, upload->pool, upload->name, upload->noted, upload->size, &head, error))
        return FALSE;
    upload->judged = TRUE;
    gboolean ok = check_head(upload, &head, &fault);
    return note_refusal(upload, ok, fault, error);
}

/* The checksum is compared first: if the bytes are not those that were meant, no other reason matters. */
static gboolean check_whole(FctVolumeUpload *upload, char **ret_sha256, GError **error)
{
    FctApp *app = upload->app;
    GError *fault = NULL;
    *ret_sha256 = fct_sum_end(upload->sum, upload->size);
    if (!*ret_sha256)
        *ret_sha256 = fct_volume_sha256(app, upload->pool, upload->name, upload->size, error);
    if (!*ret_sha256)
        return FALSE;
    gboolean ok = fct_sha256_compare(upload->sha256, *ret_sha256, upload->name, &fault);
    if (!note_refusal(upload, ok, fault, error) || !judge_volume(upload, error))
        return FALSE;
    if (strcmp(upload->format, "qcow2") != 0)
        return TRUE;
    g_autoptr(FctVolume) volume = app->vmm->ops->volume(app->vmm, upload->pool, upload->name, error);
    if (!volume)
        return FALSE;
    ok = fct_volume_sound(app, volume, upload->size, &fault);
    return note_refusal(upload, ok, fault, error);
}

gboolean fct_volume_upload_write(FctVolumeUpload *upload, const guint8 *bytes, gsize length, GError **error)
{
    if (length > (guint64)(upload->end - upload->at))
        return fct_set_error(error, FCT_ERROR_TOO_LARGE, "More bytes came than the request had announced.");
    if (!judge_block(upload, bytes, length, error))
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
        fct_sum_add(upload->sum, upload->at, bytes, n);
        bytes += n;
        length -= n;
        upload->at += (gint64)n;
        if (upload->at == upload->segment_end && !close_segment(upload, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean volume_upload_publish(FctVolumeUpload *upload, GError **error)
{
    FctApp *app = upload->app;
    g_autofree char *sha256 = NULL, *key = fct_volume_sum_key(upload->id);
    if (!check_whole(upload, &sha256, error) ||
        !fct_volume_zero(app, upload->pool, upload->name, upload->size, NULL, NULL, error))
        return FALSE;
    g_autoptr(json_t) sum = json_pack("{s:s}", "sha256", sha256);
    const FctWrite writes[] = {{upload->key, NULL, FCT_REV_ANY}, {key, sum, FCT_REV_ANY}};
    if (!fct_record_complete_with(app, upload->pool, upload->name, writes, G_N_ELEMENTS(writes), error))
        return FALSE;
    fct_event(app, "volume.uploaded", "info", "volume", upload->id, upload->name, "Volume %s of pool %s was uploaded.",
              upload->name, upload->pool);
    return TRUE;
}

gboolean fct_volume_upload_end(FctVolumeUpload *upload, json_t **ret, GError **error)
{
    if (!close_segment(upload, error) || (upload->noted < upload->size && !judge_volume(upload, error)) ||
        (upload->noted == upload->size && !volume_upload_publish(upload, error)))
        return FALSE;
    volume_upload_release(upload); /* the answer shows the state after this request */
    *ret = fct_volumes_get(upload->app, upload->id, error);
    return *ret != NULL;
}
