/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thaws a guest's file systems after a snapshot that froze them, whatever came of it. libvirt thaws where it can, and
 * we do it once more: libvirt's success does not say that it thawed, and after its failure the guest may freeze late.
 * When the agent does not thaw at once, that becomes a task of its own, which survives facetd: a hanging agent or a
 * killed libvirtd must not leave somebody's database frozen.
 */
#include "app/domains/vm_doc.h"
#include "app/vms/act/task.h"
#include "app/vms/snapshots/snapshots.h"
#include "app/vms/state/tree.h"

#define AT_ONCE_MS 15000
#define RETRY_MS 2000

static const char *const steps[] = {"Wait until the guest agent lets them be written again", NULL};
static void thaw_thread(FctTask *task, gpointer data);
static const FctVmJob thaw_job = {"vm.thaw", "Thaw the file systems of", steps, TRUE, thaw_thread};

void fct_vm_thaw_go_on(FctVmWork *work, FctTask *task)
{
    FctVmm *vmm = work->app->vmm;
    const char *name = work->vm ? work->vm->name : "";
    while (work->vm) {
        g_autoptr(GError) fault = NULL;
        if (vmm->ops->thaw(vmm, work->vm->id, &fault))
            break;
        if (fct_task_stopping(task))
            return; /* the next start of facetd goes on */
        if (fct_task_cancelled(task)) {
            g_autofree char *outcome = g_strdup_printf("The file systems of VM %s may still be frozen.", name);
            fct_task_step(task, 0, FCT_TASK_STEP_UNDONE, fault->message);
            fct_vm_task_end(work, task, FCT_TASK_CANCELLED, NULL, outcome);
            return;
        }
        fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, fault->message);
        fct_task_wait(task, RETRY_MS);
    }
    g_autofree char *outcome = g_strdup_printf("No file system of VM %s is frozen.", name);
    fct_task_step(task, 0, FCT_TASK_STEP_DONE, NULL);
    fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
}

static void thaw_thread(FctTask *task, gpointer data)
{
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    fct_vm_thaw_go_on(data, task);
}

/* Its record is written before that of the snapshot ends: after a crash in between the guest is thawed twice. */
static void go_on_apart(FctApp *app, FctTask *task, const char *id)
{
    g_autoptr(json_t) json = fct_task_to_json(task);
    FctIdentity who = {.user = (char *)fct_json_str(json, "user", "")};
    g_autoptr(GError) fault = NULL;
    FctVm *vm = fct_vm_load(app->store, id, &fault);
    if (!vm) {
        fct_task_log(task, "%s", fault->message);
        return;
    }
    g_autoptr(FctTask) thaw = fct_vm_task_new(app, &who, &thaw_job, vm);
    if (!fct_task_commit(thaw, NULL, 0, &fault)) /* memory has the task, so it is done all the same */
        g_warning("VM %s: its thaw could not be stored: %s", vm->name, fault->message);
    fct_vm_task_run(app, thaw, &thaw_job, vm, FALSE, FALSE);
}

gboolean fct_vm_thaw(FctApp *app, FctTask *task, const char *id)
{
    FctVmm *vmm = app->vmm;
    gint64 until = g_get_monotonic_time() + AT_ONCE_MS * G_TIME_SPAN_MILLISECOND;
    while (TRUE) {
        g_autoptr(GError) fault = NULL;
        if (vmm->ops->thaw(vmm, id, &fault))
            return TRUE;
        if (fct_task_stopping(task))
            return FALSE;
        if (g_get_monotonic_time() >= until) {
            fct_task_log(task, "%s", fault->message);
            go_on_apart(app, task, id);
            return FALSE;
        }
        fct_task_wait(task, RETRY_MS);
    }
}
