/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guards files that Facet deletes by itself, with a VM, a disk or a snapshot. The caller knows from the documents that
 * no VM of ours needs them; here it is checked who else has one now. Running VMs are asked of libvirt and not
 * remembered, since virsh may have started one a moment ago.
 */
#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "core/storage_rules.h"

#include <string.h>

/* @who and @what: "VM db-2", "has it". */
static gboolean guard_refuse(GError **error, const char *path, const char *who, const char *name, const char *what)
{
    g_autofree char *file = g_path_get_basename(path), *sentence = g_strdup_printf("%s %s %s.", who, name, what);
    return fct_set_error_full(error, FCT_ERROR_IN_USE, "Take it out of there first.",
                              json_pack("{s:[s]}", "reasons", sentence), "%s must stay as it is: %s", file, sentence);
}

/* Files of the VM itself may stand on one another: after a merge the survey still lists them that way. */
static gboolean is_own(const FctVolumeSurvey *survey, const char *vm, const char *id)
{
    const FctVolume *volume = fct_volume_survey_find(survey, id, NULL);
    const GPtrArray *users = volume ? fct_volume_survey_users(survey, volume->path) : NULL;
    for (guint i = 0; users && i < users->len; i++)
        if (*vm && strcmp(((FctVolumeUser *)users->pdata[i])->vm, vm) == 0)
            return TRUE;
    return FALSE;
}

static gboolean check_users(FctApp *app, const FctVolumeSurvey *survey, const char *vm, const char *path,
                            GError **error)
{
    const GPtrArray *users = fct_volume_survey_users(survey, path);
    for (guint i = 0; users && i < users->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(users, i);
        gboolean backing = strcmp(user->how, "backing") == 0;
        if (backing ? is_own(survey, vm, user->name) : strcmp(user->vm, vm) == 0)
            continue;
        if (backing)
            return guard_refuse(error, path, "volume", user->name, "stands on it");
        return guard_refuse(error, path, strcmp(user->how, "snapshot") == 0 ? "snapshot" : "VM", user->name, "has it");
    }
    g_autofree char *file = g_path_get_basename(path);
    return fct_volume_survey_clear(survey, path, error) && fct_volume_host_free(app, file, path, error);
}

/* A volume of a pool that does not answer may stand on any file. */
static gboolean all_answer(const FctVolumeSurvey *survey, GError **error)
{
    if (survey->silent)
        g_propagate_error(error, g_error_copy(survey->silent));
    return !survey->silent;
}

/*
 * A copy under way reads files by name, a piece at a time: a change of such a file, or of one below it, would spoil the
 * copy.
 */
static gboolean is_idle(FctApp *app, const FctVolumeSurvey *survey, const char *path, GError **error)
{
    for (guint i = 0; i < survey->volumes->len; i++) {
        const FctVolume *volume = g_ptr_array_index(survey->volumes, i);
        g_autofree char *id = fct_volume_id(volume->pool, volume->name);
        if (!fct_volume_survey_same(survey, volume->path, path) || !fct_storage_is_claimed(app->storage, id))
            continue;
        return fct_set_error_full(error, FCT_ERROR_IN_USE, "Wait until that has ended, or cancel its task.",
                                  json_pack("{s:[s]}", "reasons", id), "Volume %s is being copied or changed.",
                                  volume->name);
    }
    return TRUE;
}

/*
 * Refreshes the pools, to find overlays that were made in the folders without libvirt. A pool that is being written to
 * is not scanned.
 */
static void guard_refresh(FctApp *app, const GPtrArray *paths)
{
    g_autoptr(GPtrArray) pools = app->vmm ? app->vmm->ops->pools(app->vmm, NULL) : NULL;
    for (guint i = 0; pools && i < pools->len; i++) {
        const FctPool *pool = g_ptr_array_index(pools, i);
        gboolean asked = FALSE;
        for (guint k = 0; k < paths->len; k++)
            asked |= *pool->path && fct_path_overlaps(pool->path, paths->pdata[k]);
        if (asked && pool->active)
            app->vmm->ops->pool_refresh(app->vmm, pool->name, NULL);
    }
}

gboolean fct_volume_spare(FctApp *app, const char *vm, const GPtrArray *paths, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (!paths->len)
        return TRUE;
    guard_refresh(app, paths);
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    g_autoptr(FctVmInfo) info = survey && *vm ? app->vmm->ops->info(app->vmm, vm, &fault) : NULL;
    if (!survey || !all_answer(survey, error))
        return FALSE;
    if (fault && fault->code != FCT_ERROR_NOT_FOUND)
        return fct_error_pass(error, &fault);
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        if (info && fct_vm_info_active(info) &&
            (info->unseen || fct_volume_survey_has(survey, info, path))) /* it may have */
            return guard_refuse(error, path, "VM", info->name, "runs with it");
        if (!is_idle(app, survey, path, error) || !check_users(app, survey, vm, path, error))
            return FALSE;
    }
    return TRUE;
}

gboolean fct_volume_alone(FctApp *app, const char *vm, const char *path, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    return survey && all_answer(survey, error) && is_idle(app, survey, path, error) &&
           check_users(app, survey, vm, path, error);
}

gboolean fct_volume_spare_one(FctApp *app, const char *vm, const char *path, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    if (*path)
        g_ptr_array_add(paths, (gpointer)path);
    return fct_volume_spare(app, vm, paths, error);
}

/* ---- of the file library ---- */

/* Asks libvirt itself: the event of a VM that was defined a moment ago may not have arrived yet. */
static gboolean guard_add_domains(FctApp *app, const FctVolumeSurvey *survey, const char *path, json_t *reasons,
                                  GError **error)
{
    g_autoptr(GPtrArray) vms = app->vmm->ops->list(app->vmm, error);
    for (guint i = 0; vms && i < vms->len; i++) {
        const FctVmInfo *vm = g_ptr_array_index(vms, i);
        if (fct_volume_survey_has(survey, vm, path)) {
            g_autofree char *reason = g_strdup_printf("VM %s has it in a drive.", vm->name);
            json_array_append_new(reasons, json_string(reason));
        }
        if (vm->unseen)
            return fct_domain_unseen(vm, error);
    }
    return vms != NULL;
}

/* A disk that another program made in a pool may stand on an image of the library. */
static gboolean guard_add_volumes(const FctVolumeSurvey *survey, const char *path, json_t *reasons, GError **error)
{
    const GPtrArray *users = fct_volume_survey_users(survey, path);
    for (guint i = 0; users && i < users->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(users, i);
        if (strcmp(user->how, "backing") != 0)
            continue;
        g_autofree char *reason = g_strdup_printf("Volume %s stands on it.", user->name);
        json_array_append_new(reasons, json_string(reason));
    }
    if (survey->silent)
        g_propagate_error(error, g_error_copy(survey->silent));
    return !survey->silent;
}

gboolean fct_volume_file_users(FctApp *app, const char *path, json_t *reasons, GError **error)
{
    g_autoptr(FctVolumeSurvey) survey = fct_volume_survey_new(app, error);
    return survey && guard_add_domains(app, survey, path, reasons, error) &&
           guard_add_volumes(survey, path, reasons, error);
}
