/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The volumes behind a VM's drives. The VM's document names a volume, and says that it is being made, before it is
 * made: so after any crash Facet knows what it made, and does not touch what others made.
 */
#include "app/vms/disks/disks.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_docs.h"

#include "app/domains/vm_edit.h"
#include "app/library/files.h"
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "core/storage_rules.h"

#include <string.h>

#define GIB (G_GINT64_CONSTANT(1) << 30)
#define NAME_TRIES 100

static void disk_set(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

static gboolean disk_refuse(GError **error, FctErrorCode code, const char *field, const char *next, const char *format,
                            ...) G_GNUC_PRINTF(5, 6);

static gboolean disk_refuse(GError **error, FctErrorCode code, const char *field, const char *next, const char *format,
                            ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *sentence = g_strdup_vprintf(format, ap);
    va_end(ap);
    return fct_set_error_full(error, code, next, json_pack("{s:s}", "field", field), "%s", sentence);
}

/* ---- before anything is made ---- */

static const FctPool *disk_find_pool(const GPtrArray *pools, const char *name, GError **error)
{
    for (guint i = 0; i < pools->len; i++) {
        const FctPool *pool = g_ptr_array_index(pools, i);
        if (strcmp(pool->name, name) != 0)
            continue;
        if (pool->active)
            return pool;
        disk_refuse(error, FCT_ERROR_CONFLICT, "pool", "Start the pool first.", "The storage pool %s is stopped.",
                    name);
        return NULL;
    }
    disk_refuse(error, FCT_ERROR_BAD_REQUEST, "pool", NULL, "There is no storage pool “%s”.", name);
    return NULL;
}

gboolean fct_vm_check_growth(FctApp *app, const FctVmDisk *disk, gint64 bytes, GError **error)
{
    g_autoptr(GPtrArray) pools = app->vmm->ops->pools(app->vmm, error);
    const FctPool *pool = pools ? disk_find_pool(pools, disk->pool, error) : NULL;
    gint64 more = pool && fct_pool_has_files(pool) ? bytes : bytes - disk->size_gib * GIB;
    return pool && fct_disk_fits(pool, more, 0, "size_gib", error);
}

static gboolean is_planned(FctApp *app, const FctVm *vm, const char *pool, const char *name)
{
    g_autoptr(GPtrArray) known = fct_vm_docs_all(app->vm_docs);
    for (guint i = 0; i <= known->len; i++) {
        const FctVm *other = i < known->len ? ((FctVmKnown *)known->pdata[i])->vm : vm;
        for (guint k = 0; k < other->disks->len; k++) {
            const FctVmDisk *disk = g_ptr_array_index(other->disks, k);
            if (strcmp(disk->volume, name) == 0 && strcmp(disk->pool, pool) == 0)
                return TRUE;
        }
    }
    return FALSE;
}

/* "db-1.qcow2", "db-1-2.qcow2": the first name that neither the pool nor another VM's document uses. */
static char *free_name(FctApp *app, const FctVm *vm, const FctVmDisk *disk, const char *suffix, GError **error)
{
    FctVmm *vmm = app->vmm;
    for (int i = 1; i <= NAME_TRIES; i++) {
        g_autofree char *number = i > 1 ? g_strdup_printf("-%d", i) : g_strdup("");
        g_autofree char *name = g_strconcat(vm->name, number, suffix, NULL);
        g_autoptr(GError) fault = NULL;
        if (is_planned(app, vm, disk->pool, name))
            continue;
        g_autoptr(FctVolume) there = vmm->ops->volume(vmm, disk->pool, name, &fault);
        if (!there && fault->code == FCT_ERROR_NOT_FOUND)
            return g_steal_pointer(&name);
        if (fault) {
            fct_error_pass(error, &fault);
            return NULL;
        }
    }
    disk_refuse(error, FCT_ERROR_EXISTS, "name", NULL, "The pool %s is full of volumes called %s.", disk->pool,
                vm->name);
    return NULL;
}

/* Bytes of disks that come before @disk and are to be made in the same pool. */
static gint64 planned_beside(const FctVm *vm, const FctVmDisk *disk)
{
    gint64 sum = 0;
    for (guint i = 0; i < vm->disks->len && vm->disks->pdata[i] != disk; i++) {
        const FctVmDisk *other = g_ptr_array_index(vm->disks, i);
        if (other->made && !*other->path && strcmp(other->pool, disk->pool) == 0)
            sum += other->size_gib * GIB;
    }
    return sum;
}

static gboolean disk_plan_volume(FctApp *app, const FctVm *vm, FctVmDisk *disk, const GPtrArray *pools,
                                 const char *field, GError **error)
{
    const FctPool *pool = disk_find_pool(pools, disk->pool, error);
    if (!pool || !fct_disk_fits(pool, disk->size_gib * GIB, planned_beside(vm, disk), field, error))
        return FALSE;
    gboolean files = fct_pool_has_files(pool);
    char *name = free_name(app, vm, disk, files ? ".qcow2" : "", error);
    if (!name)
        return FALSE;
    g_free(disk->volume);
    disk->volume = name;
    disk->made = TRUE;
    disk_set(&disk->format, files ? "qcow2" : "raw");
    return TRUE;
}

/* FCT_ERROR_IN_USE naming who uses the file, other than the VM @vm (id; "": nobody is excepted). */
static gboolean volume_free(FctApp *app, const char *vm, const char *path, const char *field, GError **error)
{
    g_autoptr(GPtrArray) users = fct_volume_users(app, path, error);
    for (guint i = 0; users && i < users->len; i++) {
        const FctVolumeUser *user = g_ptr_array_index(users, i);
        if (strcmp(user->vm, vm) == 0 && *vm)
            continue;
        return disk_refuse(error, FCT_ERROR_IN_USE, field, NULL,
                           strcmp(user->how, "backing") == 0    ? "The disk %s stands on this volume."
                           : strcmp(user->how, "snapshot") == 0 ? "A snapshot of VM %s has this volume."
                                                                : "VM %s has this volume.",
                           user->name);
    }
    return users != NULL;
}

static gboolean plan_attached(FctApp *app, const FctVm *vm, FctVmDisk *disk, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolume) volume = app->vmm->ops->volume(app->vmm, disk->pool, disk->volume, &fault);
    if (!volume && fault->code == FCT_ERROR_NOT_FOUND)
        return disk_refuse(error, FCT_ERROR_BAD_REQUEST, "volume", NULL, "There is no volume “%s” in a pool “%s”.",
                           disk->volume, disk->pool);
    if (!volume)
        return fct_error_pass(error, &fault);
    g_autoptr(FctVolumeSurvey) places = fct_volume_places_new(app, error);
    if (!places)
        return FALSE;
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *other = g_ptr_array_index(vm->disks, i);
        if (other != disk && fct_volume_survey_same(places, other->path, volume->path))
            return disk_refuse(error, FCT_ERROR_BAD_REQUEST, "volume", NULL, "The VM has this volume already, as %s.",
                               other->target);
    }
    if (!volume_free(app, "", volume->path, "volume", error) ||
        !fct_volume_ready(app, disk->pool, disk->volume, error) ||
        !fct_volume_take(app, volume, *disk->format ? disk->format : NULL, error))
        return FALSE;
    disk_set(&disk->path, volume->path);
    disk_set(&disk->format, volume->format);
    disk->size_gib = (int)((volume->capacity + GIB - 1) / GIB);
    return TRUE;
}

gboolean fct_vm_plan_cdrom(FctApp *app, FctVmDisk *drive, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (!*drive->file || *drive->path)
        return TRUE;
    g_autofree char *path = fct_files_path(app->files, drive->file, &fault);
    const char *kind = "";
    if (!path && fault->code == FCT_ERROR_NOT_FOUND)
        return disk_refuse(error, FCT_ERROR_BAD_REQUEST, "file", "Upload it under Files first.",
                           "There is no file “%s” in the library.", drive->file);
    if (!path)
        return fct_error_pass(error, &fault);
    if (!fct_files_read_kind(path, &kind, error))
        return FALSE;
    if (strcmp(kind, "iso") != 0)
        return disk_refuse(error, FCT_ERROR_BAD_REQUEST, "file", NULL, "“%s” is no ISO.", drive->file);
    disk_set(&drive->path, path);
    return TRUE;
}

gboolean fct_vm_plan_disk(FctApp *app, const FctVm *vm, FctVmDisk *disk, const char *field, GError **error)
{
    if (disk->cdrom)
        return fct_vm_plan_cdrom(app, disk, error);
    if (*disk->volume)
        return plan_attached(app, vm, disk, error);
    g_autoptr(GPtrArray) pools = app->vmm->ops->pools(app->vmm, error);
    return pools && disk_plan_volume(app, vm, disk, pools, field, error);
}

gboolean fct_vm_plan_disks(FctApp *app, FctVm *vm, GError **error)
{
    const FctVmDisk *first = fct_vm_first_disk(vm);
    guint further = 0;
    for (guint i = 0; i < vm->disks->len; i++) {
        FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        g_autofree char *field =
            disk->cdrom || disk == first ? g_strdup("disk_gib") : g_strdup_printf("disks[%u].size_gib", further++);
        if (!fct_vm_plan_disk(app, vm, disk, field, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- making ---- */

static void store_disks(FctVm *vm, gpointer data)
{
    const FctVm *wanted = data;
    g_ptr_array_set_size(vm->disks, 0);
    for (guint i = 0; i < wanted->disks->len; i++)
        g_ptr_array_add(vm->disks, fct_vm_disk_copy(g_ptr_array_index(wanted->disks, i)));
    disk_set(&vm->making, wanted->making);
}

gboolean fct_vm_store_disks(FctApp *app, FctVm *vm, GError **error)
{
    return fct_vm_edit(app, vm->id, store_disks, vm, error);
}

static FctVolumeRecord *plan_of(const FctVm *vm, const FctVmDisk *disk)
{
    FctVolumeRecord *plan = fct_volume_record_new(disk->pool, disk->volume, disk->format);
    disk_set(&plan->vm, vm->id);
    return plan;
}

static FctVolume *copy_image(FctApp *app, FctTask *task, guint step, const FctVm *vm, const FctVmDisk *disk,
                             GError **error)
{
    g_autoptr(FctImage) image = fct_images_find(app->config.images_dir, vm->image, error);
    if (!image)
        return NULL;
    g_autoptr(FctVolumeRecord) plan = plan_of(vm, disk);
    return fct_volume_from_image(app, task, image, plan, disk->size_gib * GIB, step, error);
}

static FctVolume *disk_make_volume(FctApp *app, FctTask *task, guint step, const FctVm *vm, const FctVmDisk *disk,
                                   GError **error)
{
    if (disk == fct_vm_first_disk(vm) && *vm->image && strcmp(vm->state, "creating") == 0)
        return copy_image(app, task, step, vm, disk, error);
    g_autoptr(FctVolumeRecord) plan = plan_of(vm, disk);
    FctVolumeProgress progress = {task, step, "Clearing"};
    return fct_record_create(app, plan, disk->size_gib * GIB, TRUE, fct_volume_progress, &progress, error);
}

/* Somebody else took the name meanwhile: the volume there is theirs, and ours gets another name. */
static gboolean rename_volume(FctApp *app, FctVm *vm, FctVmDisk *disk, GError **error)
{
    g_autofree char *name = free_name(app, vm, disk, g_str_has_suffix(disk->volume, ".qcow2") ? ".qcow2" : "", error);
    disk_set(&vm->making, "");
    if (name)
        disk_set(&disk->volume, name);
    return name && fct_vm_store_disks(app, vm, error);
}

gboolean fct_vm_make_disk(FctApp *app, FctTask *task, guint step, FctVm *vm, FctVmDisk *disk, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctVolume) volume = NULL;
    while (!volume) {
        g_autoptr(GError) fault = NULL;
        g_autoptr(FctVolume) there = vmm->ops->volume(vmm, disk->pool, disk->volume, &fault);
        if (there) {
            if (!rename_volume(app, vm, disk, error))
                return FALSE;
            continue;
        }
        if (fault->code != FCT_ERROR_NOT_FOUND) /* the volume may exist */
            return fct_error_pass(error, &fault);
        g_clear_error(&fault);
        disk_set(&vm->making, disk->target);
        if (!fct_vm_store_disks(app, vm, error))
            return FALSE;
        volume = disk_make_volume(app, task, step, vm, disk, &fault);
        if (volume || (fault->code == FCT_ERROR_EXISTS && rename_volume(app, vm, disk, error)))
            continue;
        if (fault->code != FCT_ERROR_EXISTS)
            fct_error_pass(error, &fault);
        return FALSE;
    }
    disk_set(&disk->path, volume->path);
    disk_set(&vm->making, "");
    fct_storage_poke(app->storage, disk->pool);
    return fct_vm_store_disks(app, vm, error);
}

gboolean fct_vm_make_disks(FctApp *app, FctTask *task, guint step, FctVm *vm, GError **error)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (disk->made && !disk->seed && !*disk->path && !fct_vm_make_disk(app, task, step, vm, disk, error))
            return FALSE;
        if (fct_task_cancelled(task))
            return fct_set_error(error, FCT_ERROR_CANCELLED, "Making the disks was cancelled.");
    }
    return TRUE;
}

/* ---- removing ---- */

/*
 * Finds the volume by its path, from the document or else from its record: somebody else may have made one of that
 * name.
 */
static gboolean disk_delete_volume(FctApp *app, const FctVm *vm, const FctVmDisk *disk, GError **error)
{
    if (*disk->path)
        return fct_record_abandon(app, disk->pool, disk->volume, disk->path, error);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolumeRecord) record = fct_record_find(app, disk->pool, disk->volume, &fault);
    if (!record && fault->code != FCT_ERROR_NOT_FOUND)
        return fct_error_pass(error, &fault);
    if (!record || strcmp(record->vm, vm->id) != 0)
        return TRUE; /* never begun, or somebody else's */
    return fct_volume_spare_one(app, vm->id, record->path, error) &&
           fct_record_abandon(app, disk->pool, disk->volume, record->path, error);
}

gboolean fct_vm_delete_disk(FctApp *app, const FctVm *vm, const FctVmDisk *disk, GError **error)
{
    if (!disk->made || (!*disk->path && strcmp(vm->making, disk->target) != 0))
        return TRUE; /* another's, or never begun */
    if (*disk->pool && !disk_delete_volume(app, vm, disk, error))
        return FALSE;
    if (*disk->pool)
        fct_storage_poke(app->storage, disk->pool);
    /* The file of a disk that a facetd from before pools made, in a folder that the pool does not have any more. */
    return !g_file_test(disk->path, G_FILE_TEST_IS_REGULAR) || app->vmm->ops->disk_delete(app->vmm, disk->path, error);
}
