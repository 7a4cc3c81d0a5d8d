/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volume_safe.h"

#include "app/library/file_probe.h"
#include "app/storage/volume_bytes.h"
#include "app/storage/volume_records.h"
#include "core/storage_rules.h"
#include "core/volume_rules.h"

#include <string.h>

gboolean fct_volume_refuse_opening(const FctVolume *volume, const char *why, GError **error)
{
    const char *next = volume->linked ? "Put a copy of the file into the pool's folder, with “cp”."
                                      : "Put the file itself into the pool's folder.";
    return fct_set_error_full(error, FCT_ERROR_REFUSED, next,
                              json_pack("{s:s, s:[s]}", "field", "volume", "reasons", why),
                              "Volume %s is opened by nobody. %s", volume->name, why);
}

gboolean fct_volume_inside(const FctVolume *volume, GError **error)
{
    return !*volume->outside || fct_volume_refuse_opening(volume, volume->outside, error);
}

gboolean fct_volume_replaced_whole(FctApp *app, const FctVolumeRecord *record, const FctVolume *there, GError **error)
{
    if (strcmp(record->format, "qcow2") != 0 || !fct_record_is_replaced(record, there))
        return TRUE;
    g_autofree FctVolumeBytes *content = g_new(FctVolumeBytes, 1);
    return fct_volume_bytes_read(app->vmm, there, content, error) &&
           fct_volume_judge_replaced(record->name, &content->bytes, *record->backing != '\0', error);
}

gboolean fct_volume_host_free(FctApp *app, const char *name, const char *path, GError **error)
{
    g_autofree char *where = NULL;
    g_autoptr(GPtrArray) remote = fct_file_probe_remote();
    gboolean may_hang = fct_file_is_remote(remote, path);
    FctDeviceUse use = may_hang ? FCT_DEVICE_FREE : app->vmm->ops->device_use(app->vmm, path, &where);
    return fct_device_is_free(name, use, where, error);
}
