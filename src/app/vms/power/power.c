/* SPDX-License-Identifier: Apache-2.0 */
/* Reboot, pause, resume. */
#include "app/vms/power/power.h"
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/vms/act/task.h"

#include <string.h>

#define REBOOT_S 90 /* how long a guest gets to go down and come up again */
#define ASK_AGAIN_S 15
#define STATE_MS 30000
#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

static const char *const reboot_steps[] = {"Ask the guest to reboot",
                                           "Wait until it does (at most " TEXT(REBOOT_S) " s)", NULL};
static const char *const reset_steps[] = {"Reset the VM", NULL};
static const char *const pause_steps[] = {"Pause the VM", NULL};
static const char *const resume_steps[] = {"Let the VM go on", NULL};
static void reboot_thread(FctTask *task, gpointer data);
static void simple_thread(FctTask *task, gpointer data);
static const FctVmJob reboot_job = {"vm.reboot", "Reboot", reboot_steps, TRUE, reboot_thread};
static const FctVmJob reset_job = {"vm.reboot", "Reset", reset_steps, FALSE, simple_thread};
static const FctVmJob pause_job = {"vm.pause", "Pause", pause_steps, FALSE, simple_thread};
static const FctVmJob resume_job = {"vm.resume", "Resume", resume_steps, FALSE, simple_thread};

static void power_fail(FctVmWork *work, FctTask *task, guint step, FctTaskState state, const GError *error,
                       const char *what)
{
    g_autofree char *outcome = g_strdup_printf("VM %s %s", work->vm->name, what);
    fct_task_step(task, step, FCT_TASK_STEP_FAILED, error ? error->message : NULL);
    fct_vm_task_end(work, task, state, error, outcome);
}

/* ---- the guest is asked ---- */

static gboolean domain_has_rebooted(const FctVmInfo *info, gpointer data)
{
    return info->reboots > *(const int *)data || !fct_vm_info_active(info);
}

static gboolean power_ask_guest(FctVmWork *work, FctTask *task, GError **error)
{
    FctVmm *vmm = work->app->vmm;
    g_autoptr(FctVmInfo) info = fct_domains_info(work->app->domains, work->vm->id);
    int before = info ? info->reboots : 0;
    for (int waited = 0; waited < REBOOT_S; waited += ASK_AGAIN_S) { /* a guest that still boots does not hear it */
        if (!vmm->ops->reboot(vmm, work->vm->id, error))
            return FALSE;
        if (!waited) {
            fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
            fct_task_step(task, 1, FCT_TASK_STEP_RUNNING, NULL);
        }
        if (fct_domains_await_that(work->app->domains, task, work->vm->id, domain_has_rebooted, &before,
                                   ASK_AGAIN_S * 1000))
            return TRUE;
        if (fct_task_cancelled(task) || fct_task_stopping(task))
            break;
    }
    return fct_set_error_full(error, FCT_ERROR_TIMEOUT, "Reset the VM, or reboot it from inside.", NULL,
                              "The guest has not rebooted within %d s.", REBOOT_S);
}

static void reboot_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    g_autoptr(GError) error = NULL;
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    if (power_ask_guest(work, task, &error)) {
        g_autofree char *outcome = g_strdup_printf("VM %s has rebooted.", work->vm->name);
        fct_task_step(task, 1, FCT_TASK_STEP_DONE, NULL);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
    } else if (fct_task_stopping(task)) {
        fct_acts_end(work->app->acts, work->vm->id); /* the next start of facetd ends the task */
    } else if (fct_task_cancelled(task)) {
        power_fail(work, task, 1, FCT_TASK_CANCELLED, NULL, "was asked to reboot and may still do it.");
    } else {
        power_fail(work, task, error->code == FCT_ERROR_TIMEOUT ? 1 : 0, FCT_TASK_FAILED, error, "has not rebooted.");
    }
}

/* ---- QEMU does it ---- */

static gboolean is_in_state(const FctVmInfo *info, gpointer data)
{
    return info->state == *(const FctVmState *)data;
}

static void simple_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    const FctVmmOps *ops = work->app->vmm->ops;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = fct_task_to_json(task);
    const char *kind = fct_json_str(json, "kind", "");
    gboolean pause = strcmp(kind, "vm.pause") == 0, resume = strcmp(kind, "vm.resume") == 0;
    FctVmState wanted = pause ? FCT_VM_PAUSED : FCT_VM_RUNNING;
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    gboolean ok = (pause ? ops->pause : resume ? ops->resume : ops->reset)(work->app->vmm, work->vm->id, &error);
    if (ok && (pause || resume) &&
        !fct_domains_await_that(work->app->domains, task, work->vm->id, is_in_state, &wanted, STATE_MS)) {
        fct_set_error(&error, FCT_ERROR_TIMEOUT, "libvirt does not show it.");
        ok = FALSE;
    }
    if (!ok) {
        power_fail(work, task, 0, FCT_TASK_FAILED, error, "is as it was.");
        return;
    }
    g_autofree char *outcome = g_strdup_printf("VM %s %s.", work->vm->name,
                                               pause    ? "is paused"
                                               : resume ? "goes on"
                                                        : "was reset");
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
    fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
}

/* ---- asking for it ---- */

static gboolean power_check_state(FctApp *app, const FctVm *vm, const FctVmJob *job, GError **error)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    if (!fct_domains_is_up(app->domains))
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt does not answer; nothing can be done to VM %s now.",
                      vm->name);
    else if (!fct_vm_info_active(info))
        fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s is off.", vm->name);
    else if (job == &resume_job ? info->state != FCT_VM_PAUSED : info->state == FCT_VM_PAUSED)
        fct_set_error(error, FCT_ERROR_CONFLICT,
                      job == &resume_job ? "VM %s is not paused." : "VM %s is paused: let it go on first.", vm->name);
    else
        return TRUE;
    return FALSE;
}

static FctTask *power_begin(FctApp *app, const FctIdentity *who, const FctVmJob *job, FctVm *given, const char *what,
                            GError **error)
{
    g_autoptr(FctVm) vm = given;
    if (!fct_acts_begin(app->acts, vm->id, what, error))
        return NULL;
    g_autoptr(FctTask) task = power_check_state(app, vm, job, error) ? fct_vm_task_new(app, who, job, vm) : NULL;
    if (task && fct_task_commit(task, NULL, 0, error)) {
        fct_vm_task_run(app, task, job, g_steal_pointer(&vm), FALSE, TRUE);
        return g_steal_pointer(&task);
    }
    if (task)
        fct_task_forget(task);
    fct_acts_end(app->acts, vm->id);
    return NULL;
}

FctTask *fct_vm_reboot(FctApp *app, const FctIdentity *who, FctVm *vm, gboolean force, GError **error)
{
    return power_begin(app, who, force ? &reset_job : &reboot_job, vm, "is being rebooted", error);
}

FctTask *fct_vm_pause(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error)
{
    return power_begin(app, who, &pause_job, vm, "is being paused", error);
}

FctTask *fct_vm_resume(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error)
{
    return power_begin(app, who, &resume_job, vm, "is being resumed", error);
}
