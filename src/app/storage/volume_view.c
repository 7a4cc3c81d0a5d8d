/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes as people see them, and whether one is a disk now. */
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"

#include <string.h>

/* A digest of what the volume is; writing to its content does not change it. */
static guint64 volume_revision(const FctVolume *volume)
{
    g_autofree char *text = g_strdup_printf("%s\n%s\n%s\n%" G_GINT64_FORMAT, volume->path, volume->format,
                                            volume->backing, volume->capacity);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    sum[12] = '\0';
    return g_ascii_strtoull(sum, NULL, 16) + 1;
}

static const char *volume_state(FctApp *app, const char *id, const FctVolumeRecord *record)
{
    if (record && fct_record_is_half(app, record))
        return "incomplete";
    return fct_storage_is_claimed(app->storage, id) || (record && record->state != FCT_RECORD_READY) ? "busy" : "ready";
}

/* As in the contract. */
static json_t *volume_view(FctApp *app, const FctVolumeSurvey *survey, const FctVolume *volume)
{
    g_autofree char *id = fct_volume_id(volume->pool, volume->name);
    const json_t *upload = g_hash_table_lookup(survey->uploads, id);
    json_t *json = fct_volume_to_json(volume);
    const FctVolumeRecord *record = g_hash_table_lookup(survey->records, id);
    const char *state = upload ? "uploading" : *volume->outside ? "outside" : volume_state(app, id, record);
    json_object_set_new(json, "outside", *volume->outside ? json_string(volume->outside) : json_null());
    json_object_set_new(json, "state", json_string(state));
    json_object_set_new(json, "upload",
                        upload ? json_pack("{s:I, s:I}", "size_bytes", (json_int_t)fct_json_int(upload, "size", 0),
                                           "received_bytes", (json_int_t)fct_json_int(upload, "received", 0))
                               : json_null());
    const char *told = fct_json_str(upload, "sha256", "");
    json_object_set_new(json, "sha256", *told ? json_string(told) : fct_volume_upload_sum(app, id));
    json_object_set_new(json, "used_by", fct_volume_users_json(fct_volume_survey_users(survey, volume->path)));
    fct_app_stamp(app, json, id, volume_revision(volume));
    return json;
}

static int volume_by_name(gconstpointer a, gconstpointer b)
{
    const FctVolume *const *x = a, *const *y = b;
    int order = strcmp((*x)->pool, (*y)->pool);
    return order ? order : strcmp((*x)->name, (*y)->name);
}

json_t *fct_volumes_list(FctApp *app, const char *pool, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    if (!survey || (pool && !fct_volume_survey_pool(survey, pool, error)))
        return NULL;
    json_t *items = json_array();
    g_ptr_array_sort(survey->volumes, volume_by_name);
    for (guint i = 0; i < survey->volumes->len; i++) {
        const FctVolume *volume = g_ptr_array_index(survey->volumes, i);
        if (!pool || strcmp(volume->pool, pool) == 0)
            json_array_append_new(items, volume_view(app, survey, volume));
    }
    return items;
}

json_t *fct_volumes_get(FctApp *app, const char *id, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    const FctVolume *volume = survey ? fct_volume_survey_find(survey, id, error) : NULL;
    return volume ? volume_view(app, survey, volume) : NULL;
}

gboolean fct_volume_ready(FctApp *app, const char *pool, const char *name, GError **error)
{
    g_autofree char *id = fct_volume_id(pool, name), *key = g_strconcat("upload/", id, NULL);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) upload = app->store->ops->get(app->store, key, &fault);
    if (!upload && fault->code != FCT_ERROR_NOT_FOUND)
        return fct_error_pass(error, &fault);
    if (!upload && !fct_storage_is_claimed(app->storage, id))
        return fct_volume_no_medium(app, pool, name, error) && fct_record_whole(app, pool, name, error);
    if (!upload && fct_record_whole(app, pool, name, NULL))
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Wait for the task that works on it.", NULL,
                           "Volume %s is being copied or changed.", name);
    else
        fct_set_error(error, FCT_ERROR_CONFLICT, "Volume %s is not all there yet.", name);
    return FALSE;
}

gboolean fct_volume_at_work(FctApp *app, const char *pool, const char *name)
{
    g_autofree char *id = fct_volume_id(pool, name), *key = g_strconcat("upload/", id, NULL);
    g_autoptr(FctDoc) upload = app->store->ops->get(app->store, key, NULL);
    return !upload && fct_storage_is_claimed(app->storage, id) && fct_record_whole(app, pool, name, NULL);
}
