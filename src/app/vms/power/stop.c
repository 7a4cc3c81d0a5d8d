/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/vms/power/power.h"

#include <string.h>

#define ASK_AGAIN_S 15 /* a guest that was still booting did not hear it */
#define FORCED_MS 60000
#define SETTLE_MS 2000
#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

static const char *const polite_steps[] = {"Ask the guest to shut down",
                                           "Wait until it is off (at most " TEXT(FCT_VM_POLITE_S) " s)",
                                           "Release its parts", NULL};
static const char *const force_steps[] = {"Force the VM off", "Release its parts", NULL};
static void polite_thread(FctTask *task, gpointer data);
static void force_thread(FctTask *task, gpointer data);
static const FctVmJob polite_job = {"vm.stop", "Stop", polite_steps, TRUE, polite_thread};
static const FctVmJob force_job = {"vm.stop", "Force off", force_steps, FALSE, force_thread};

static void stop_fail(FctVmWork *work, FctTask *task, guint step, FctTaskState state, const GError *error,
                      const char *outcome)
{
    fct_task_step(task, step, FCT_TASK_STEP_FAILED, error ? error->message : NULL);
    fct_vm_task_end(work, task, state, error, outcome);
}

static void stop_switch_off(FctVmWork *work, FctTask *task, guint step)
{
    g_autofree char *outcome = g_strdup_printf("VM %s is off.", work->vm->name);
    fct_task_step(task, step, FCT_TASK_STEP_RUNNING, NULL);
    if (!work->acts) /* it may be starting at this moment: whoever starts it knows when its parts are free */
        fct_task_step(task, step, FCT_TASK_STEP_SKIPPED, "The task that was under way releases them.");
    else if (fct_vm_release_parts(work->app, task, work->vm->id))
        fct_task_step(task, step, FCT_TASK_STEP_DONE, NULL);
    else
        fct_task_step(task, step, FCT_TASK_STEP_SKIPPED, "They are released as soon as nothing uses them.");
    fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
}

gboolean fct_vm_shut_down(FctVmWork *work, FctTask *task, GError **error)
{
    FctVmm *vmm = work->app->vmm;
    gint64 until = g_get_monotonic_time() + FCT_VM_POLITE_S * G_TIME_SPAN_SECOND;
    for (gboolean first = TRUE;; first = FALSE) {
        g_autoptr(GError) fault = NULL;
        gboolean asked = vmm->ops->shutdown(vmm, work->vm->id, &fault);
        if (!asked && !fct_domains_await(work->app->domains, task, work->vm->id, FALSE,
                                         SETTLE_MS)) /* it may have gone off just then */
            return fct_error_pass(error, &fault);
        if (first) {
            fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
            fct_task_step(task, 1, FCT_TASK_STEP_RUNNING, NULL);
        }
        if (fct_domains_await(work->app->domains, task, work->vm->id, FALSE, ASK_AGAIN_S * 1000))
            return TRUE;
        if (fct_task_cancelled(task) || fct_task_stopping(task) || g_get_monotonic_time() >= until)
            break;
    }
    return fct_set_error_full(error, FCT_ERROR_TIMEOUT, "Force the VM off, or shut it down from inside.", NULL,
                              "The guest has not shut down within %d s.", FCT_VM_POLITE_S);
}

static void polite_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *still = g_strdup_printf("VM %s still runs.", work->vm->name);
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    if (fct_vm_shut_down(work, task, &error)) {
        fct_task_step(task, 1, FCT_TASK_STEP_DONE, NULL);
        stop_switch_off(work, task, 2);
    } else if (fct_task_stopping(task)) {
        fct_acts_end(work->app->acts, work->vm->id); /* the next start of facetd ends the task */
    } else if (fct_task_cancelled(task)) {
        stop_fail(work, task, 1, FCT_TASK_CANCELLED, NULL, still);
    } else {
        stop_fail(work, task, error->code == FCT_ERROR_TIMEOUT ? 1 : 0, FCT_TASK_FAILED, error, still);
    }
}

gboolean fct_vm_force_off(FctVmWork *work, FctTask *task, GError **error)
{
    FctVmm *vmm = work->app->vmm;
    if (!vmm->ops->destroy(vmm, work->vm->id, error))
        return FALSE;
    fct_domains_refresh(work->app->domains, work->vm->id);
    if (fct_domains_await(work->app->domains, task, work->vm->id, FALSE, FORCED_MS))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_TIMEOUT, "libvirt does not show the VM as off.");
}

static void force_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *still = g_strdup_printf("VM %s still runs.", work->vm->name);
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    if (!fct_vm_force_off(work, task, &error)) {
        stop_fail(work, task, 0, FCT_TASK_FAILED, error, still);
        return;
    }
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
    stop_switch_off(work, task, 1);
}

FctTask *fct_vm_stop(FctApp *app, const FctIdentity *who, FctVm *given, gboolean force, GError **error)
{
    g_autoptr(FctVm) vm = given;
    const FctVmJob *job = force ? &force_job : &polite_job;
    g_autoptr(GError) acting = NULL;
    gboolean acts = fct_acts_begin(app->acts, vm->id, "is being stopped", &acting);
    if (!acts && !force) { /* force works beside another act: it is the way out of one that hangs */
        fct_error_pass(error, &acting);
        return NULL;
    }
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    g_autoptr(FctTask) task = NULL;
    if (!fct_domains_is_up(app->domains))
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt does not answer; VM %s cannot be stopped now.", vm->name);
    else if (acts && !fct_vm_info_active(info))
        fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s is off already.", vm->name);
    else
        task = fct_vm_task_new(app, who, job, vm);
    if (!task || !fct_task_commit(task, NULL, 0, error)) {
        if (task)
            fct_task_forget(task);
        if (acts)
            fct_acts_end(app->acts, vm->id);
        return NULL;
    }
    fct_vm_task_run(app, task, job, g_steal_pointer(&vm), force, acts);
    return g_steal_pointer(&task);
}
