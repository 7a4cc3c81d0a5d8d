/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds, grows and removes disks of an existing VM. While the VM runs they are plugged in and out; what the guest or its
 * bus does not take then is kept in the document and takes effect with the next start.
 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/vms/act/task.h"
#include "app/vms/disks/disks.h"

#include "app/domains/vm_edit.h"
#include "app/storage/storage.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "app/vms/state/facts.h"
#include "base/read.h"
#include "core/vm_pending.h"

#include <string.h>

#define GIB (G_GINT64_CONSTANT(1) << 30)
#define PLUGGED_MS 20000
#define UNPLUGGED_MS 30000

static const char *const add_steps[] = {"Make the disk", "Give it to the VM", NULL};
static const char *const remove_steps[] = {"Take it from the VM", "Delete it", NULL};
static void add_thread(FctTask *task, gpointer data);
static void remove_thread(FctTask *task, gpointer data);
static const FctVmJob add_job = {"vm.disk", "Add a disk to", add_steps, TRUE, add_thread};
static const FctVmJob remove_job = {"vm.disk", "Remove a disk from", remove_steps, FALSE, remove_thread};

typedef struct {
    const char *target;
    gboolean there;
} Wait;

static gboolean has_drive(const FctVmInfo *info, gpointer data)
{
    const Wait *wait = data;
    gboolean there = FALSE;
    size_t i;
    json_t *drive;
    json_array_foreach (info->drives, i, drive)
        there |= strcmp(fct_json_str(drive, "target", ""), wait->target) == 0;
    return there == wait->there;
}

static gboolean is_active(FctApp *app, const char *id)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, id);
    return fct_vm_info_active(info);
}

/* Applies a change both to the wanted settings and to those of the run, so that nothing is pending afterwards. */
static void note_run(FctVm *vm)
{
    g_autoptr(json_t) now = fct_vm_run_json(vm);
    if (json_is_object(vm->run))
        json_object_set(vm->run, "disks", json_object_get(now, "disks"));
}

static void copy_disks_and_run(FctVm *vm, gpointer data)
{
    const FctVm *wanted = data;
    g_ptr_array_set_size(vm->disks, 0);
    for (guint i = 0; i < wanted->disks->len; i++)
        g_ptr_array_add(vm->disks, fct_vm_disk_copy(g_ptr_array_index(wanted->disks, i)));
    json_decref(vm->run);
    vm->run = json_incref(wanted->run);
}

/* Stores the VM's drives, live and wanted, and brings libvirt's definition along, so that virsh shows the same. */
static gboolean disks_settle(FctApp *app, FctVm *vm, gboolean live, GError **error)
{
    g_autoptr(FctVmSpec) spec = fct_record_spec(app, vm, error);
    if (live)
        note_run(vm);
    return spec && fct_vm_edit(app, vm->id, copy_disks_and_run, vm, error) &&
           app->vmm->ops->define(app->vmm, spec, error);
}

static void disk_drop(FctVm *vm, const char *target)
{
    g_ptr_array_remove(vm->disks, fct_vm_find_disk(vm, target));
}

/* ---- adding ---- */

static gboolean disk_plug(FctVmWork *work, FctTask *task, FctVmDisk *disk, const char **ret_later, GError **error)
{
    FctVmm *vmm = work->app->vmm;
    Wait wait = {disk->target, TRUE};
    gboolean active = is_active(work->app, work->vm->id);
    *ret_later = active && strcmp(disk->bus, "virtio") != 0 ? "A disk at this bus comes with the next start." : NULL;
    if (!active || *ret_later)
        return disks_settle(work->app, work->vm, FALSE, error);
    if (!fct_record_fill_disk(work->app, disk, error) || !vmm->ops->disk_attach(vmm, work->vm->id, disk, error))
        return FALSE;
    if (!fct_domains_await_that(work->app->domains, task, work->vm->id, has_drive, &wait, PLUGGED_MS))
        return fct_set_error(error, FCT_ERROR_TIMEOUT, "libvirt does not show disk %s in the VM.", disk->target);
    return disks_settle(work->app, work->vm, TRUE, error);
}

static void undo_add(FctVmWork *work, FctTask *task, guint step, const char *target, const GError *error)
{
    g_autoptr(GError) fault = NULL;
    gboolean cancelled = fct_task_cancelled(task);
    const FctVmDisk *disk = fct_vm_find_disk(work->vm, target);
    gboolean clean = fct_volume_spare_one(work->app, work->vm->id, disk->made ? disk->path : "", &fault) &&
                     fct_vm_delete_disk(work->app, work->vm, disk, &fault);
    if (clean) {
        disk_drop(work->vm, target);
        g_free(work->vm->making);
        work->vm->making = g_strdup("");
        clean = fct_vm_store_disks(work->app, work->vm, &fault);
    }
    if (!clean)
        fct_task_log(task, "%s", fault->message);
    g_autofree char *outcome = g_strdup_printf("VM %s has no further disk%s.", work->vm->name,
                                               clean ? "" : "; what was made of it could not be deleted");
    fct_task_step(task, step, cancelled ? FCT_TASK_STEP_UNDONE : FCT_TASK_STEP_FAILED, error->message);
    fct_vm_task_end(work, task, cancelled ? FCT_TASK_CANCELLED : FCT_TASK_FAILED, cancelled ? NULL : error, outcome);
}

static void add_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    FctVmDisk *disk = g_ptr_array_index(work->vm->disks, work->vm->disks->len - 1);
    const char *later = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *target = g_strdup(disk->target);
    gboolean attached = *disk->path != '\0';
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    if (!attached && !fct_vm_make_disk(work->app, task, 0, work->vm, disk, &error)) {
        if (fct_task_stopping(task))
            fct_acts_end(work->app->acts, work->vm->id); /* the next start of facetd takes the change back */
        else
            undo_add(work, task, 0, target, error);
        return;
    }
    fct_task_step(task, 0, attached ? FCT_TASK_STEP_SKIPPED : FCT_TASK_STEP_DONE,
                  attached ? "The volume is there already." : NULL);
    fct_task_step(task, 1, FCT_TASK_STEP_RUNNING, NULL);
    if (!disk_plug(work, task, disk, &later, &error)) {
        undo_add(work, task, 1, target, error);
        return;
    }
    g_autofree char *outcome =
        g_strdup_printf("VM %s has disk %s%s.", work->vm->name, target, later ? " with its next start" : "");
    fct_task_step(task, 1, later ? FCT_TASK_STEP_SKIPPED : FCT_TASK_STEP_DONE, later);
    fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
}

/*
 * Ends the act when the change is refused. libvirt's definition follows a change, so this must not hide another error.
 */
static gboolean disks_may_change(FctApp *app, const FctVm *vm, GError **error)
{
    gboolean may = fct_vm_facts_check_outside(app, vm, "cannot be changed", error);
    if (!may)
        fct_acts_end(app->acts, vm->id);
    return may;
}

/* Stores @vm as changed together with a task and runs the task. The act has begun. Takes @vm over. */
static FctTask *begin_task(FctApp *app, const FctIdentity *who, const FctVmJob *job, FctVm *taken, GError **error)
{
    g_autoptr(FctVm) vm = taken;
    g_autoptr(FctTask) task = fct_vm_task_new(app, who, job, vm);
    g_autoptr(FctWrites) writes = fct_writes_new();
    fct_writes_add(writes, fct_vm_key(vm->id), fct_vm_to_doc(vm), vm->revision);
    if (fct_task_commit(task, (const FctWrite *)writes->writes->data, writes->writes->len, error)) {
        fct_vm_task_run(app, task, job, g_steal_pointer(&vm), FALSE, TRUE);
        return g_steal_pointer(&task);
    }
    fct_task_forget(task);
    fct_acts_end(app->acts, vm->id);
    return NULL;
}

/* One at a time, so that two changes do not count on the same room. The act has begun. Takes @given and @taken over. */
static FctTask *begin_add(FctApp *app, const FctIdentity *who, FctVm *given, FctVmDisk *taken, GError **error)
{
    g_autoptr(FctVm) vm = given;
    g_autoptr(FctVmDisk) disk = taken;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(fct_storage_names(app->storage));
    if (!fct_vm_plan_disk(app, vm, disk, "size_gib", error)) {
        fct_acts_end(app->acts, vm->id);
        return NULL;
    }
    g_ptr_array_add(vm->disks, g_steal_pointer(&disk));
    return begin_task(app, who, &add_job, g_steal_pointer(&vm), error);
}

FctTask *fct_vm_disk_add(FctApp *app, const FctIdentity *who, FctVm *given, const json_t *input, GError **error)
{
    g_autoptr(FctVm) vm = given;
    g_autoptr(FctVmDisk) disk = fct_vm_read_disk(vm, input, error);
    if (!disk || !fct_acts_begin_beside(app->acts, vm->id, "is being changed", error))
        return NULL;
    if (!disks_may_change(app, vm, error))
        return NULL;
    return begin_add(app, who, g_steal_pointer(&vm), g_steal_pointer(&disk), error);
}

/* ---- a disk by its name ---- */

static FctVmDisk *find_disk(const FctVm *vm, const char *target, GError **error)
{
    FctVmDisk *disk = fct_vm_find_disk(vm, target);
    if (disk && !disk->cdrom && !disk->seed && !disk->leaving)
        return disk;
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "VM %s has no disk “%s”.", vm->name, target);
    return NULL;
}

/* A snapshot needs the file that the disk had: without it the snapshot would be worthless. */
static gboolean no_snapshots(FctApp *app, const FctVm *vm, const char *what, GError **error)
{
    g_autofree char *prefix = g_strdup_printf("snapshot/%s/", vm->id);
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, prefix, error);
    if (docs && docs->len)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Delete its snapshots first.", NULL,
                           "VM %s has snapshots; its disks cannot be %s.", vm->name, what);
    return docs && !docs->len;
}

/* ---- removing ---- */

/* Stores the drives without the disk that is leaving; the document marks it as leaving. */
static FctVmDisk *disk_leaving(const FctVm *vm)
{
    for (guint i = 0; i < vm->disks->len; i++)
        if (((FctVmDisk *)vm->disks->pdata[i])->leaving)
            return vm->disks->pdata[i];
    return NULL;
}

/* TRUE when the run does not have the disk, or not any more. */
static gboolean disk_unplug(FctVmWork *work, FctTask *task, const FctVmDisk *disk, GError **error)
{
    FctVmm *vmm = work->app->vmm;
    Wait wait = {disk->target, FALSE};
    if (!is_active(work->app, work->vm->id))
        return TRUE;
    if (strcmp(disk->bus, "virtio") != 0)
        return fct_set_error(error, FCT_ERROR_UNSUPPORTED, "A disk at this bus goes with the next start.");
    if (!vmm->ops->disk_detach(vmm, work->vm->id, disk->target, error))
        return FALSE;
    if (fct_domains_await_that(work->app->domains, task, work->vm->id, has_drive, &wait, UNPLUGGED_MS))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_TIMEOUT,
                         "The guest has not let go of the disk: it goes with the next start.");
}

gboolean fct_vm_settle_disks(FctApp *app, FctVm *vm, GError **error)
{
    gboolean changed = FALSE;
    for (FctVmDisk *disk = disk_leaving(vm); disk; disk = disk_leaving(vm)) {
        if (!fct_volume_spare_one(app, vm->id, disk->made ? disk->path : "", error) ||
            !fct_vm_delete_disk(app, vm, disk, error))
            return FALSE;
        g_ptr_array_remove(vm->disks, disk);
        changed = TRUE;
    }
    return !changed || fct_vm_store_disks(app, vm, error);
}

static void remove_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    FctVmDisk *disk = disk_leaving(work->vm);
    g_autofree char *target = g_strdup(disk->target), *outcome = NULL;
    g_autoptr(GError) error = NULL;
    gboolean active = is_active(work->app, work->vm->id);
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    if (!disk_unplug(work, task, disk, &error)) {
        fct_task_step(task, 0, FCT_TASK_STEP_SKIPPED, error->message);
        fct_task_step(task, 1, FCT_TASK_STEP_SKIPPED, NULL);
        outcome = g_strdup_printf("Disk %s of VM %s goes with its next start.", target, work->vm->name);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
        return;
    }
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
    fct_task_step(task, 1, FCT_TASK_STEP_RUNNING, NULL);
    if (fct_vm_settle_disks(work->app, work->vm, &error) && disks_settle(work->app, work->vm, active, &error)) {
        outcome = g_strdup_printf("VM %s has disk %s no more.", work->vm->name, target);
        fct_task_step(task, 1, FCT_TASK_STEP_DONE, NULL);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
        return;
    }
    outcome = g_strdup_printf("Disk %s of VM %s could not be removed whole.", target, work->vm->name);
    fct_task_step(task, 1, FCT_TASK_STEP_FAILED, error->message);
    fct_vm_task_end(work, task, FCT_TASK_FAILED, error, outcome);
}

FctTask *fct_vm_disk_remove(FctApp *app, const FctIdentity *who, FctVm *given, const char *target, gboolean keep,
                            GError **error)
{
    g_autoptr(FctVm) vm = given;
    FctVmDisk *disk = find_disk(vm, target, error);
    if (!disk || !no_snapshots(app, vm, "removed", error) ||
        !fct_acts_begin_beside(app->acts, vm->id, "is being changed", error))
        return NULL;
    if (!disks_may_change(app, vm, error))
        return NULL;
    disk->leaving = TRUE;
    disk->made &= !keep;
    return begin_task(app, who, &remove_job, g_steal_pointer(&vm), error);
}

/* ---- making larger ---- */

static gboolean check_size(const FctVmDisk *disk, const json_t *input, gint64 *ret_gib, GError **error)
{
    static const char *const known[] = {"size_gib", NULL};
    if (!fct_read_only(input, known, error) || !fct_read_int(input, "size_gib", 1, 65536, ret_gib, error))
        return FALSE;
    if (!*disk->pool)
        return fct_read_refuse(error, "target",
                               "This disk is no volume of a storage pool: its size is not ours to set.");
    if (*ret_gib > disk->size_gib)
        return TRUE;
    return fct_read_refuse(error, "size_gib", "A disk can only be made larger.");
}

static gboolean disk_grow_to(FctApp *app, FctVm *vm, FctVmDisk *disk, gint64 gib, GError **error)
{
    FctVmm *vmm = app->vmm;
    gboolean active = is_active(app, vm->id), block = fct_path_is_device(disk->path);
    /* QEMU has the file open and grows it itself; a block device is enlarged below it first. */
    if ((!active || block) && !fct_record_grow(app, disk->pool, disk->volume, gib * GIB, error))
        return FALSE;
    if (active && !vmm->ops->disk_grow(vmm, vm->id, disk->target, gib * GIB, error))
        return FALSE;
    disk->size_gib = (int)gib;
    return disks_settle(app, vm, active, error);
}

gboolean fct_vm_disk_grow(FctApp *app, FctVm *given, const char *target, const json_t *input, GError **error)
{
    gint64 gib;
    g_autoptr(FctVm) vm = given;
    if (!fct_vm_begin(app, &vm, "is being changed", error))
        return FALSE;
    if (!disks_may_change(app, vm, error))
        return FALSE;
    FctVmDisk *disk = find_disk(vm, target, error);
    gboolean ok = disk && check_size(disk, input, &gib, error) && fct_vm_check_growth(app, disk, gib * GIB, error) &&
                  disk_grow_to(app, vm, disk, gib, error);
    fct_acts_end(app->acts, vm->id);
    return ok;
}

/* ---- after a restart ---- */

gboolean fct_vm_disk_recover(FctApp *app, FctVm *vm, GError **error)
{
    for (guint i = vm->disks->len; i > 0; i--) {
        FctVmDisk *disk = vm->disks->pdata[i - 1];
        if (disk->cdrom || *disk->path)
            continue;
        if (!fct_vm_delete_disk(app, vm, disk, error))
            return FALSE;
        g_ptr_array_remove_index(vm->disks, i - 1);
    }
    g_free(vm->making);
    vm->making = g_strdup("");
    if (!is_active(app, vm->id) && !fct_vm_settle_disks(app, vm, error))
        return FALSE;
    return fct_vm_store_disks(app, vm, error);
}
