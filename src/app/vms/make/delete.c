/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/gpus/holds.h"
#include "app/vms/act/refused.h"
#include "app/vms/make/make.h"

#include "app/domains/vm_edit.h"
#include "app/storage/volumes.h"
#include "app/vms/disks/disks.h"
#include "app/vms/state/facts.h"
#include "app/vms/state/tree.h"
#include "base/text.h"

#include <string.h>

static const char *const delete_steps[] = {"Remove the VM from libvirt", "Delete its disks", NULL};
static void vm_delete_thread(FctTask *task, gpointer data);
static const FctVmJob delete_job = {"vm.delete", "Delete", delete_steps, FALSE, vm_delete_thread};

/* A first-boot medium is of use to nobody else and may hold secrets, so it is deleted in any case. */
static gboolean stays_behind(const FctVm *vm, const FctVmDisk *disk)
{
    return !disk->seed && g_strv_contains((const char *const *)vm->keep, disk->target);
}

/* The disks that were made for the VM, except those in @keep. */
static gboolean remove_disks(FctApp *app, const FctVm *vm, gboolean keep, GError **error)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        gboolean stays = keep && stays_behind(vm, disk);
        if (!stays && !fct_vm_delete_disk(app, vm, disk, error))
            return FALSE;
    }
    return TRUE;
}

/* Checked before anything is taken apart: if one file must stay, the VM stays as a whole. */
static gboolean all_spare(FctApp *app, const FctVm *vm, gboolean keep, GError **error)
{
    g_autoptr(GPtrArray) paths = fct_vm_tree_paths(app, vm, error);
    for (guint i = 0; paths && i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        gboolean stays = keep && stays_behind(vm, disk);
        if (!stays && disk->made && *disk->path)
            g_ptr_array_add(paths, g_strdup(disk->path));
    }
    return paths && fct_volume_spare(app, vm->id, paths, error);
}

static void delete_set_ready(FctVm *vm, gpointer unused)
{
    fct_text_set(&vm->state, "ready");
}

/* Nothing was taken apart yet, and what is in the way may stay there: the VM becomes an ordinary VM again. */
static void delete_leave_vm(FctApp *app, const FctVm *vm)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmInfo) info = app->vmm->ops->info(app->vmm, vm->id, NULL);
    if (info && strcmp(vm->state, "deleting") == 0 && !fct_vm_edit(app, vm->id, delete_set_ready, NULL, &fault))
        g_warning("VM %s: that it stays could not be stored: %s", vm->name, fault->message);
}

gboolean fct_vm_remove(FctApp *app, const FctVm *vm, gboolean keep, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctWrites) writes = fct_writes_new();
    if (!all_spare(app, vm, keep, error)) {
        delete_leave_vm(app, vm);
        return FALSE;
    }
    if (!vmm->ops->undefine(vmm, vm->id, error) || !remove_disks(app, vm, keep, error) ||
        !fct_vm_tree_remove(app, vm, writes, error))
        return FALSE;
    fct_writes_add(writes, fct_vm_key(vm->id), NULL, FCT_REV_ANY);
    fct_writes_add(writes, fct_vm_name_key(vm->name), NULL, FCT_REV_ANY);
    if (json_is_object(vm->origin))
        fct_writes_add(writes, fct_vm_origin_key(vm->id), NULL, FCT_REV_ANY);
    return fct_writes_commit(app->store, writes, NULL, error);
}

static char *kept_paths(const FctVm *vm)
{
    GString *paths = g_string_new(NULL);
    for (guint i = 0; vm->keep[i]; i++) {
        const FctVmDisk *disk = fct_vm_find_disk(vm, vm->keep[i]);
        if (disk && !disk->seed)
            g_string_append_printf(paths, "%s%s", paths->len ? ", " : "", disk->path);
    }
    return g_string_free(paths, FALSE);
}

static void vm_delete_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *kept = kept_paths(work->vm);
    g_autofree char *gone = g_strdup_printf("VM %s is deleted%s%s.", work->vm->name, *kept ? "; kept is " : "", kept);
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    if (!fct_vm_remove(work->app, work->vm, TRUE, &error)) {
        g_autoptr(FctVm) now = fct_vm_load(work->app->store, work->vm->id, NULL);
        gboolean stays = now && strcmp(now->state, "ready") == 0;
        g_autofree char *rest = g_strdup_printf(
            stays ? "VM %s is as it was." : "VM %s could not be deleted whole; delete it again.", work->vm->name);
        fct_task_step(task, 0, FCT_TASK_STEP_FAILED, error->message);
        fct_vm_task_end(work, task, FCT_TASK_FAILED, error, rest);
        return;
    }
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
    fct_task_step(task, 1, *kept ? FCT_TASK_STEP_SKIPPED : FCT_TASK_STEP_DONE, NULL);
    fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, gone);
}

static gboolean check_deletable(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    g_autoptr(GPtrArray) holds = fct_holds_list(app->store, vm->id, error);
    if (!holds)
        return FALSE;
    if (!fct_domains_is_up(app->domains))
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt does not answer; VM %s cannot be deleted now.", vm->name);
    else if (fct_vm_info_active(info))
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Stop it first.", NULL, "VM %s runs.", vm->name);
    else if (holds->len)
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Try again in a few seconds.", NULL,
                           "The parts of VM %s are still being released.", vm->name);
    else
        return TRUE;
    return FALSE;
}

/* Only first-boot media are deleted here, so it does not matter where virsh has moved a disk. */
static gboolean keeps_all(FctApp *app, const FctVm *vm)
{
    g_autoptr(GPtrArray) of_snapshots = fct_vm_tree_paths(app, vm, NULL);
    gboolean all = of_snapshots && !of_snapshots->len;
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        all = all && (disk->seed || !disk->made || stays_behind(vm, disk));
    }
    return all;
}

static gboolean is_left_to_us(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    fct_vm_facts_judge_outside(app, vm, verdicts);
    if (keeps_all(app, vm))
        fct_vm_facts_pass(verdicts, "disk-moved");
    if (verdicts->len)
        fct_vm_set_refused(error, vm, verdicts, "cannot be deleted", NULL);
    return !verdicts->len;
}

FctTask *fct_vm_delete(FctApp *app, const FctIdentity *who, FctVm *given, const char *const *keep, GError **error)
{
    g_autoptr(FctVm) vm = given;
    if (!fct_acts_begin(app->acts, vm->id, "is being deleted", error))
        return NULL;
    g_strfreev(vm->keep);
    vm->keep = g_strdupv((char **)keep);
    gboolean may = check_deletable(app, vm, error) && is_left_to_us(app, vm, error) &&
                   fct_vm_tree_can_leave(app, vm, (const char *const *)vm->keep, error);
    g_autoptr(FctTask) task = may ? fct_vm_task_new(app, who, &delete_job, vm) : NULL;
    g_autoptr(FctWrites) writes = fct_writes_new();
    g_free(vm->state);
    vm->state = g_strdup("deleting");
    fct_writes_add(writes, fct_vm_key(vm->id), fct_vm_to_doc(vm), vm->revision);
    if (!task || !fct_task_commit(task, (const FctWrite *)writes->writes->data, writes->writes->len, error)) {
        if (task)
            fct_task_forget(task);
        fct_acts_end(app->acts, vm->id);
        return NULL;
    }
    fct_vm_task_run(app, task, &delete_job, g_steal_pointer(&vm), FALSE, TRUE);
    return g_steal_pointer(&task);
}
