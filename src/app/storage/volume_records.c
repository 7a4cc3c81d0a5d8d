/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volume_records.h"

#include "app/news/aside.h"
#include "app/storage/storage.h"
#include "app/storage/volumes.h"
#include "base/text.h"

#include <string.h>

#define KEY "volume/"

char *fct_record_key(const char *pool, const char *name)
{
    g_autofree char *id = fct_volume_id(pool, name);
    return g_strconcat(KEY, id, NULL);
}

static FctVolumeRecord *from_doc(const FctDoc *doc, GError **error)
{
    FctVolumeRecord *record = fct_volume_record_from_json(doc->value, NULL);
    if (record)
        record->revision = doc->revision;
    else
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Restore a backup of the database, or delete the volume.", NULL,
                           "What Facet knows of volume %s cannot be read, so it is not opened.",
                           doc->key + strlen(KEY));
    return record;
}

static gboolean record_reads(const json_t *value, GError **error)
{
    g_autoptr(FctVolumeRecord) record = fct_volume_record_from_json(value, error);
    return record != NULL;
}

void fct_records_tell_unreadable(FctApp *app)
{
    fct_aside_tell_unreadable(app, KEY, record_reads);
}

FctVolumeRecord *fct_record_find(FctApp *app, const char *pool, const char *name, GError **error)
{
    g_autofree char *key = fct_record_key(pool, name);
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, error);
    return doc ? from_doc(doc, error) : NULL;
}

GHashTable *fct_records_load(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, KEY, error);
    if (!docs)
        return NULL;
    GHashTable *records =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_volume_record_free);
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        g_autoptr(GError) fault = NULL;
        FctVolumeRecord *record = from_doc(doc, &fault);
        if (record)
            g_hash_table_insert(records, g_strdup(doc->key + strlen(KEY)), record);
        else
            g_warning("%s", fault->message);
    }
    return records;
}

gboolean fct_record_store(FctApp *app, const FctVolumeRecord *record, GError **error)
{
    g_autofree char *key = fct_record_key(record->pool, record->name);
    g_autoptr(json_t) value = fct_volume_record_to_json(record);
    const FctWrite write = {key, value, record->revision};
    return app->store->ops->commit(app->store, &write, 1, NULL, error);
}

gboolean fct_record_drop(FctApp *app, const char *pool, const char *name, guint64 revision, GError **error)
{
    g_autofree char *id = fct_volume_id(pool, name), *key = g_strconcat(KEY, id, NULL);
    g_autofree char *sum = fct_volume_sum_key(id); /* another volume of this name has other bytes */
    const FctWrite writes[] = {{key, NULL, revision}, {sum, NULL, FCT_REV_ANY}};
    return app->store->ops->commit(app->store, writes, G_N_ELEMENTS(writes), NULL, error);
}

void fct_record_apply(const GHashTable *records, FctVolume *volume)
{
    g_autofree char *id = fct_volume_id(volume->pool, volume->name);
    const FctVolumeRecord *record = g_hash_table_lookup((GHashTable *)records, id);
    if (!record || (*record->path && strcmp(record->path, volume->path) != 0))
        return; /* a record of a pool of that name in another place */
    const FctVolumeRecord *below = g_hash_table_lookup((GHashTable *)records, record->backing);
    fct_text_set(&volume->format, record->format);
    fct_text_set(&volume->backing, below ? below->path : "");
    fct_text_set(&volume->claim, "");
    /* For a raw disk that looks like another format, libvirt reports a size that the guest has written into it. */
    if (strcmp(record->format, "raw") == 0 && volume->physical >= 0)
        volume->capacity = volume->physical;
}

static gboolean is_other(const FctVolumeRecord *record, const FctVolume *there)
{
    return *record->inode && *there->inode && strcmp(record->inode, there->inode) != 0 &&
           strcmp(record->path, there->path) == 0;
}

gboolean fct_record_is_replaced(const FctVolumeRecord *record, const FctVolume *there)
{
    return record->state == FCT_RECORD_READY && is_other(record, there);
}

gboolean fct_record_is_lost(const FctVolumeRecord *record, const FctVolume *there)
{
    return record->state != FCT_RECORD_READY && is_other(record, there);
}

gboolean fct_record_end_replaced(FctApp *app, const FctVolume *volume, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, volume->pool, volume->name, &fault);
    if (record)
        return !fct_record_is_replaced(record, volume) ||
               fct_record_drop(app, record->pool, record->name, record->revision, error);
    if (fault->code == FCT_ERROR_NOT_FOUND)
        return TRUE;
    return fct_error_pass(error, &fault);
}

FctVolume *fct_record_volume(FctApp *app, const char *pool, const char *name, GError **error)
{
    g_autoptr(GHashTable) records = fct_records_load(app, error);
    FctVolume *volume = records ? app->vmm->ops->volume(app->vmm, pool, name, error) : NULL;
    if (volume)
        fct_record_apply(records, volume);
    return volume;
}

gboolean fct_record_is_half(FctApp *app, const FctVolumeRecord *record)
{
    g_autofree char *id = fct_volume_record_id(record);
    return record->state == FCT_RECORD_MAKING && !fct_storage_is_making(app->storage, id) &&
           !fct_storage_is_claimed(app->storage, id);
}

gboolean fct_record_check_whole(FctApp *app, const FctVolumeRecord *record, GError **error)
{
    if (record->state == FCT_RECORD_READY)
        return TRUE;
    if (fct_record_is_half(app, record))
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Delete it, then make it again.", NULL,
                           "Volume %s is not complete: the work that made it has ended in the middle.", record->name);
    else
        fct_set_error(error, FCT_ERROR_CONFLICT, "Volume %s is not all there yet.", record->name);
    return FALSE;
}

gboolean fct_record_whole(FctApp *app, const char *pool, const char *name, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, pool, name, &fault);
    if (record)
        return fct_record_check_whole(app, record, error);
    if (fault->code == FCT_ERROR_NOT_FOUND)
        return TRUE;
    return fct_error_pass(error, &fault);
}
