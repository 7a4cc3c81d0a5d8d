/* SPDX-License-Identifier: Apache-2.0 */
#include "model/volume_record.h"

#include "base/text.h"
#include "model/storage.h"

#include <string.h>

static const char *const states[] = {"ready", "making", "uploading"};

FctVolumeRecord *fct_volume_record_new(const char *pool, const char *name, const char *format)
{
    FctVolumeRecord *record = g_new0(FctVolumeRecord, 1);
    record->pool = g_strdup(pool);
    record->name = g_strdup(name);
    record->format = g_strdup(format);
    record->path = g_strdup("");
    record->backing = g_strdup("");
    record->vm = g_strdup("");
    record->task = g_strdup("");
    record->inode = g_strdup("");
    record->state = FCT_RECORD_MAKING;
    return record;
}

FctVolumeRecord *fct_volume_record_copy(const FctVolumeRecord *record)
{
    FctVolumeRecord *copy = fct_volume_record_new(record->pool, record->name, record->format);
    fct_text_set(&copy->path, record->path);
    fct_text_set(&copy->backing, record->backing);
    fct_text_set(&copy->vm, record->vm);
    fct_text_set(&copy->task, record->task);
    fct_text_set(&copy->inode, record->inode);
    copy->seed = record->seed;
    copy->state = record->state;
    copy->revision = record->revision;
    return copy;
}

void fct_volume_record_free(FctVolumeRecord *record)
{
    if (!record)
        return;
    g_free(record->pool);
    g_free(record->name);
    g_free(record->path);
    g_free(record->format);
    g_free(record->backing);
    g_free(record->vm);
    g_free(record->task);
    g_free(record->inode);
    g_free(record);
}

json_t *fct_volume_record_to_json(const FctVolumeRecord *record)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "pool", record->pool, "name", record->name,
                     "path", record->path, "format", record->format, "backing", record->backing, "vm", record->vm,
                     "task", record->task, "inode", record->inode, "seed", record->seed, "state",
                     states[record->state]);
}

FctVolumeRecord *fct_volume_record_from_json(const json_t *json, GError **error)
{
    const char *format = fct_json_str(json, "format", ""), *state = fct_json_str(json, "state", "");
    gsize i = 0;
    while (i < G_N_ELEMENTS(states) && strcmp(states[i], state) != 0)
        i++;
    if (i == G_N_ELEMENTS(states) || (strcmp(format, "raw") != 0 && strcmp(format, "qcow2") != 0)) {
        fct_set_error(error, FCT_ERROR_INTERNAL, "The record of volume %s of pool %s cannot be understood.",
                      fct_json_str(json, "name", "?"), fct_json_str(json, "pool", "?"));
        return NULL;
    }
    FctVolumeRecord *record =
        fct_volume_record_new(fct_json_str(json, "pool", ""), fct_json_str(json, "name", ""), format);
    fct_text_set(&record->path, fct_json_str(json, "path", ""));
    fct_text_set(&record->backing, fct_json_str(json, "backing", ""));
    fct_text_set(&record->vm, fct_json_str(json, "vm", ""));
    fct_text_set(&record->task, fct_json_str(json, "task", ""));
    fct_text_set(&record->inode, fct_json_str(json, "inode", ""));
    record->seed = fct_json_bool(json, "seed", FALSE);
    record->state = (FctRecordState)i;
    return record;
}

char *fct_volume_record_id(const FctVolumeRecord *record)
{
    return fct_volume_id(record->pool, record->name);
}
