/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a VM: choose its parts, reserve them durably, then start the domain with them. When a required device cannot
 * be had, the request is refused before there is a task.
 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_edit.h"
#include "app/gpus/holds.h"
#include "app/storage/volume_record.h"
#include "app/vms/act/refused.h"
#include "app/vms/act/task.h"
#include "app/vms/disks/disks.h"
#include "app/vms/power/choose.h"
#include "app/vms/power/power.h"
#include "app/vms/state/facts.h"
#include "core/vm_pending.h"

#include <string.h>

#define RESERVE_TRIES 5
#define SEEN_RUNNING_MS 30000
#define BACK_TRIES 300 /* a minute */
#define BACK_PAUSE_MS 200

static const char *const start_steps[] = {"Reserve the parts", "Start the VM", NULL};
static void start_thread(FctTask *task, gpointer data);
static const FctVmJob start_job = {"vm.start", "Start", start_steps, FALSE, start_thread};

static void note_warnings(FctTask *task, const GPtrArray *verdicts)
{
    for (guint i = 0; i < verdicts->len; i++)
        fct_task_log(task, "%s", ((FctVerdict *)verdicts->pdata[i])->sentence);
}

/* One try; FCT_ERROR_REVISION when somebody else was quicker. */
static gboolean try_reserve(FctApp *app, const FctVm *vm, FctTask *task, GError **error)
{
    g_autoptr(FctVmOffer) offer = NULL;
    g_autoptr(GPtrArray) verdicts = NULL;
    g_autoptr(GPtrArray) picks = NULL;
    g_autoptr(FctWrites) writes = fct_writes_new();
    g_autoptr(GPtrArray) held = fct_holds_list(app->store, vm->id, error);
    if (!held)
        return FALSE;
    if (held->len)
        return fct_set_error_full(error, FCT_ERROR_IN_USE, "Try again in a few seconds.", NULL,
                                  "VM %s still holds parts of its last run.", vm->name);
    g_autoptr(GRWLockReaderLocker) choosing G_GNUC_UNUSED =
        vm->devices->len ? g_rw_lock_reader_locker_new(&app->choosing) : NULL;
    if (vm->devices->len && !(offer = fct_vm_offer_new(app, TRUE, error)))
        return FALSE;
    fct_vm_facts_refresh(app);
    fct_domains_refresh(app->domains, vm->id);
    fct_vm_preflight(app, offer, vm, FALSE, &verdicts, &picks);
    if (!fct_verdicts_allow(verdicts, FALSE)) {
        fct_vm_set_refused(error, vm, verdicts, "cannot start", NULL);
        return FALSE;
    }
    for (guint i = 0; i < picks->len; i++)
        fct_writes_reserve(writes, g_ptr_array_index(picks, i));
    fct_vm_guard_plans(writes, picks);
    note_warnings(task, verdicts);
    if (!fct_task_commit(task, (const FctWrite *)writes->writes->data, writes->writes->len, error))
        return FALSE;
    fct_vms_publish_holds(app, picks);
    return TRUE;
}

gboolean fct_vm_reserve(FctApp *app, const FctVm *vm, FctTask *task, GError **error)
{
    for (int try = 0;; try++) {
        g_autoptr(GError) fault = NULL;
        if (try_reserve(app, vm, task, &fault))
            return TRUE;
        if (fault->code == FCT_ERROR_REVISION && try < RESERVE_TRIES)
            continue;
        if (fault->code == FCT_ERROR_REVISION)
            fct_set_error_full(error, FCT_ERROR_CONFLICT, "Start the VM when the change of its card has ended.", NULL,
                               "The card is being changed.");
        else
            fct_error_pass(error, &fault);
        return FALSE;
    }
}

/* The domain was seen running: notes its parts as in use, and the settings that this run has. */
static void start_note_running(FctApp *app, const FctVm *vm)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(json_t) run = fct_vm_run_json(vm);
    if (!fct_vm_reconcile(app, vm->id))
        fct_acts_retry_later(app->acts);
    if (!fct_vm_edit(app, vm->id, fct_vm_set_run, run, &fault))
        g_warning("VM %s: what it was started with could not be stored: %s", vm->name, fault->message);
}

/*
 * For a libvirt that went away in the middle of a start: what became of the start can only be told when it is back. A
 * QEMU that libvirt had not released yet is paused for ever and is ended, since nobody has seen it run. @fault tells
 * when it cannot be ended.
 */
static gboolean came_true(FctApp *app, FctTask *task, const FctVm *vm, GError **fault)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctVmInfo) info = NULL;
    if ((*fault)->code != FCT_ERROR_LIBVIRT_DOWN)
        return FALSE;
    fct_task_log(task, "libvirt went away while the VM started; waiting for it.");
    for (int i = 0; i < BACK_TRIES && !info && !fct_task_stopping(task); i++) {
        g_autoptr(GError) away = NULL;
        info = fct_domains_is_up(app->domains) ? vmm->ops->info(vmm, vm->id, &away) : NULL;
        if (!info)
            fct_task_wait(task, BACK_PAUSE_MS);
    }
    if (!info || info->state == FCT_VM_RUNNING)
        return info != NULL;
    if (fct_vm_info_active(info)) {
        g_autoptr(GError) stays = NULL;
        if (vmm->ops->destroy(vmm, vm->id, &stays)) {
            fct_domains_await(app->domains, task, vm->id, FALSE, SEEN_RUNNING_MS);
        } else {
            g_clear_error(fault);
            *fault = g_steal_pointer(&stays);
        }
    }
    return FALSE;
}

/* Deletes disks that the last run did not let go of. */
static gboolean settle_disks(FctApp *app, const FctVm *vm, GError **error)
{
    gboolean leaving = FALSE;
    for (guint i = 0; i < vm->disks->len; i++)
        leaving |= ((FctVmDisk *)vm->disks->pdata[i])->leaving;
    if (!leaving)
        return TRUE;
    g_autoptr(FctVm) stored = fct_vm_load(app->store, vm->id, error);
    return stored && fct_vm_settle_disks(app, stored, error);
}

gboolean fct_vm_run(FctApp *app, FctTask *task, const FctVm *vm, GError **error)
{
    FctVmm *vmm = app->vmm;
    if (!settle_disks(app, vm, error))
        return FALSE;
    g_autoptr(FctVmSpec) spec = fct_record_spec(app, vm, error);
    g_autoptr(GPtrArray) holds = spec ? fct_holds_list(app->store, vm->id, error) : NULL;
    g_autoptr(GError) fault = NULL;
    if (!holds)
        return FALSE;
    for (guint i = 0; i < holds->len; i++) {
        FctVmDevice *device = fct_vm_device_for(g_ptr_array_index(holds, i), i);
        fct_task_log(task, "%s is given to the VM.", device->label);
        g_ptr_array_add(spec->devices, device);
    }
    if (!vmm->ops->start(vmm, spec, &fault) && !came_true(app, task, vm, &fault))
        return fct_error_pass(error, &fault);
    if (!fct_domains_await(app->domains, task, vm->id, TRUE, SEEN_RUNNING_MS)) {
        g_autoptr(FctVmInfo) info = vmm->ops->info(vmm, vm->id, error);
        if (!info)
            return FALSE;
        if (!fct_vm_info_active(info)) { /* it ran, and ended at once */
            return fct_set_error_full(error, FCT_ERROR_LIBVIRT, "Look at QEMU's log of this VM.", NULL,
                                      "VM %s ended as soon as it had started.", vm->name);
        }
    }
    start_note_running(app, vm);
    return TRUE;
}

static void start_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    g_autoptr(GError) error = NULL;
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL); /* with the request, in one transaction with this task */
    fct_task_step(task, 1, FCT_TASK_STEP_RUNNING, NULL);
    if (fct_vm_run(work->app, task, work->vm, &error)) {
        g_autofree char *outcome = g_strdup_printf("VM %s runs.", work->vm->name);
        fct_task_step(task, 1, FCT_TASK_STEP_DONE, NULL);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
        return;
    }
    gboolean is_free = fct_vm_release_parts(work->app, task, work->vm->id);
    g_autofree char *outcome = g_strdup_printf(
        "VM %s did not start; %s.", work->vm->name,
        is_free ? "it holds nothing" : "its parts stay reserved until it is certain that nothing uses them");
    fct_task_step(task, 1, FCT_TASK_STEP_FAILED, error->message);
    fct_vm_task_end(work, task, FCT_TASK_FAILED, error, outcome);
}

static gboolean check_off(FctApp *app, const FctVm *vm, GError **error)
{
    fct_domains_refresh(app->domains, vm->id); /* it may have ended a moment ago */
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    if (!fct_vm_info_active(info))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s runs already.", vm->name);
}

FctTask *fct_vm_start(FctApp *app, const FctIdentity *who, FctVm *given, GError **error)
{
    g_autoptr(FctVm) vm = given;
    if (!fct_vm_begin(app, &vm, "is being started", error))
        return NULL;
    if (!check_off(app, vm, error)) {
        fct_acts_end(app->acts, vm->id);
        return NULL;
    }
    g_autoptr(FctTask) task = fct_vm_task_new(app, who, &start_job, vm);
    if (!fct_vm_reserve(app, vm, task, error)) {
        fct_task_forget(task);
        fct_acts_end(app->acts, vm->id);
        return NULL;
    }
    fct_vm_task_run(app, task, &start_job, g_steal_pointer(&vm), FALSE, TRUE);
    return g_steal_pointer(&task);
}
