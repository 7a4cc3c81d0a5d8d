/* SPDX-License-Identifier: Apache-2.0 */
/* A VM that virsh saved in the middle of a run: it goes on with its saved memory, or the memory is dropped. */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/news/records.h"
#include "app/vms/act/refused.h"
#include "app/vms/act/task.h"
#include "app/vms/power/power.h"
#include "app/vms/state/facts.h"

#define SEEN_ACTIVE_MS 30000

static const char *const continue_steps[] = {"Let the VM go on with its saved memory", NULL};
static void continue_thread(FctTask *task, gpointer data);
static const FctVmJob continue_job = {"vm.continue", "Continue", continue_steps, FALSE, continue_thread};

static gboolean check_saved(FctApp *app, const FctVm *vm, GError **error)
{
    fct_domains_refresh(app->domains, vm->id); /* libvirt sends no event when virsh drops the memory */
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    if (!fct_domains_is_up(app->domains))
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt does not answer; nothing can be done to VM %s now.",
                      vm->name);
    else if (fct_vm_info_active(info))
        fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s runs.", vm->name);
    else if (!info || !info->saved)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Start it.", NULL, "VM %s has no saved memory.", vm->name);
    else
        return TRUE;
    return FALSE;
}

/* All checks of a start except those for parts: a run that had parts is not continued. */
static gboolean can_run(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    fct_vm_facts_refresh(app);
    fct_vm_facts_judge(app, vm, FALSE, verdicts);
    fct_vm_facts_pass(verdicts, "saved");
    if (fct_verdicts_allow(verdicts, FALSE))
        return TRUE;
    fct_vm_set_refused(error, vm, verdicts, "cannot go on", NULL);
    return FALSE;
}

/* Its run has the settings that its document noted before it was saved. */
static gboolean saved_go_on(FctVmWork *work, FctTask *task, GError **error)
{
    FctVmm *vmm = work->app->vmm;
    if (!vmm->ops->saved_continue(vmm, work->vm->id, work->vm->memory_mib, error))
        return FALSE;
    if (fct_domains_await(work->app->domains, task, work->vm->id, TRUE, SEEN_ACTIVE_MS))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt does not show it.");
}

static void continue_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    g_autoptr(GError) error = NULL;
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    gboolean ok = saved_go_on(work, task, &error);
    g_autofree char *outcome = g_strdup_printf(
        ok ? "VM %s goes on with its saved memory." : "VM %s does not go on with its saved memory.", work->vm->name);
    fct_task_step(task, 0, ok ? FCT_TASK_STEP_DONE : FCT_TASK_STEP_FAILED, ok ? NULL : error->message);
    fct_vm_task_end(work, task, ok ? FCT_TASK_DONE : FCT_TASK_FAILED, error, outcome);
}

FctTask *fct_vm_continue(FctApp *app, const FctIdentity *who, FctVm *given, GError **error)
{
    g_autoptr(FctVm) vm = given;
    if (!fct_vm_begin(app, &vm, "is being continued", error))
        return NULL;
    g_autoptr(FctTask) task =
        check_saved(app, vm, error) && can_run(app, vm, error) ? fct_vm_task_new(app, who, &continue_job, vm) : NULL;
    if (task && fct_task_commit(task, NULL, 0, error)) {
        fct_vm_task_run(app, task, &continue_job, g_steal_pointer(&vm), FALSE, TRUE);
        return g_steal_pointer(&task);
    }
    if (task)
        fct_task_forget(task);
    fct_acts_end(app->acts, vm->id);
    return NULL;
}

gboolean fct_vm_drop_saved(FctApp *app, const FctIdentity *who, const FctVm *vm, GError **error)
{
    FctVmm *vmm = app->vmm;
    if (!fct_acts_begin_beside(app->acts, vm->id, "loses its saved memory", error))
        return FALSE;
    gboolean ok = check_saved(app, vm, error) && vmm->ops->saved_drop(vmm, vm->id, error);
    if (ok) {
        fct_domains_refresh(app->domains, vm->id);
        fct_event(app, "vm", "info", "vm", vm->id, vm->name, "The saved memory of VM %s was dropped (%s).", vm->name,
                  who->user);
    }
    fct_acts_end(app->acts, vm->id);
    return ok;
}
