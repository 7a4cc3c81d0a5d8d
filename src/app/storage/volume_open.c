/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volume_open.h"

#include "app/storage/volume_records.h"
#include "app/storage/volume_safe.h"
#include "base/text.h"

#include <string.h>

#define LAYERS_MAX 200 /* more than libvirt takes; also ends a cycle of records */

/* Checked now and not when the VM got the disk: whoever can write into the folder may have put a link there since. */
static gboolean lies_inside(FctApp *app, const FctVolumeRecord *record, GError **error)
{
    g_autoptr(FctVolume) there =
        *record->pool ? app->vmm->ops->volume(app->vmm, record->pool, record->name, NULL) : NULL;
    if (!there) /* a volume that libvirt does not find is not opened by its name either */
        return TRUE;
    return fct_volume_inside(there, error) && fct_volume_replaced_whole(app, record, there, error);
}

/* A file that is in no pool has a record by its path. @inspect: libvirt is asked where the volume lies. */
static FctVolumeRecord *record_need(FctApp *app, const char *pool, const char *name, gboolean inspect, GError **error)
{
    g_autoptr(GError) fault = NULL;
    FctVolumeRecord *record = fct_record_find(app, pool, name, &fault);
    if (record && fct_record_check_whole(app, record, error) && (!inspect || lies_inside(app, record, error)))
        return record;
    fct_volume_record_free(record);
    if (fault && fault->code == FCT_ERROR_NOT_FOUND)
        fct_set_error_full(error, FCT_ERROR_REFUSED, "Take it out of the VM and attach it again.", NULL,
                           "Facet has no record of what volume %s is, so it opens it nowhere.", name);
    else
        fct_error_pass(error, &fault);
    return NULL;
}

/* The record that @backing names. */
FctVolumeRecord *fct_record_below(FctApp *app, const char *backing, gboolean inspect, GError **error)
{
    const char *colon = strchr(backing, ':');
    g_autofree char *pool = g_strndup(backing, colon ? (gsize)(colon - backing) : 0);
    return record_need(app, pool, colon ? colon + 1 : backing, inspect, error);
}

/* FctLayer*: all files below it. */
GPtrArray *fct_record_layers(FctApp *app, const FctVolumeRecord *top, gboolean inspect, GError **error)
{
    g_autoptr(GPtrArray) below = fct_layers_new();
    g_autofree char *next = g_strdup(top->backing);
    while (*next) {
        if (below->len == LAYERS_MAX) {
            fct_set_error(error, FCT_ERROR_INTERNAL, "The chain of volume %s has no end.", top->name);
            return NULL;
        }
        g_autoptr(FctVolumeRecord) record = fct_record_below(app, next, inspect, error);
        if (!record)
            return NULL;
        g_ptr_array_add(below, fct_layer_new(record->path, record->format));
        fct_text_set(&next, record->backing);
    }
    return g_steal_pointer(&below);
}

/* Fills @format and @below from the record. */
static gboolean record_fill_disk(FctApp *app, const char *pool, const char *name, gboolean inspect, char **format,
                                 GPtrArray **below, GError **error)
{
    g_clear_pointer(below, g_ptr_array_unref);
    g_autoptr(FctVolumeRecord) record = record_need(app, pool, name, inspect, error);
    *below = record ? fct_record_layers(app, record, inspect, error) : NULL;
    if (*below)
        fct_text_set(format, record->format);
    return *below != NULL;
}

static gboolean fill_disk(FctApp *app, FctVmDisk *disk, gboolean inspect, GError **error)
{
    if (!disk->cdrom || *disk->pool || (*disk->path && !*disk->file))
        return record_fill_disk(app, disk->pool, *disk->pool ? disk->volume : disk->path, inspect, &disk->format,
                                &disk->below, error);
    g_clear_pointer(&disk->below, g_ptr_array_unref);
    fct_text_set(&disk->format, "raw");
    return TRUE;
}

gboolean fct_record_fill_disk(FctApp *app, FctVmDisk *disk, GError **error)
{
    return fill_disk(app, disk, TRUE, error);
}

gboolean fct_record_judge_disk(FctApp *app, FctVmDisk *disk, GError **error)
{
    return fill_disk(app, disk, FALSE, error);
}

gboolean fct_record_fill_files(FctApp *app, const GPtrArray *files, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        FctChainFile *file = files->pdata[i];
        if (!record_fill_disk(app, file->pool, *file->pool ? file->volume : file->path, TRUE, &file->format,
                              &file->below, error))
            return FALSE;
    }
    return TRUE;
}

FctVmSpec *fct_record_spec(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(FctVmSpec) spec = fct_vm_spec(vm);
    for (guint i = 0; i < spec->disks->len; i++)
        if (!fct_record_fill_disk(app, spec->disks->pdata[i], error))
            return NULL;
    return g_steal_pointer(&spec);
}

FctVmSpec *fct_record_spec_told(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(GError) fault = NULL;
    FctVmSpec *spec = fct_record_spec(app, vm, &fault);
    if (!spec && fault->code == FCT_ERROR_REFUSED)
        return fct_vm_spec(vm);
    if (!spec)
        fct_error_pass(error, &fault);
    return spec;
}
