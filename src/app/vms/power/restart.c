/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Switches a VM off and on again as one task, so that pending changes take effect and nobody has to wait to start it.
 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_edit.h"
#include "app/vms/act/refused.h"
#include "app/vms/act/task.h"
#include "app/vms/power/choose.h"
#include "app/vms/power/power.h"
#include "app/vms/state/facts.h"

#include <string.h>

#define LEFT_FORCED_MS 30000 /* libvirt kills a QEMU that does not end within 30 s (virProcessKillPainfully) */
#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

static const char *const polite_steps[] = {
    "Ask the guest to shut down", "Wait until it is off (at most " TEXT(FCT_VM_POLITE_S) " s)", "Start it again", NULL};
static const char *const force_steps[] = {"Force the VM off", "Start it again", NULL};
static void restart_thread(FctTask *task, gpointer data);
static const FctVmJob polite_job = {"vm.restart", "Restart", polite_steps, TRUE, restart_thread};
static const FctVmJob force_job = {"vm.restart", "Restart", force_steps, FALSE, restart_thread};

static void restart_fail(FctVmWork *work, FctTask *task, guint step, FctTaskState state, const GError *error,
                         const char *what)
{
    g_autofree char *outcome = g_strdup_printf("VM %s %s", work->vm->name, what);
    fct_task_step(task, step, FCT_TASK_STEP_FAILED, error ? error->message : NULL);
    fct_vm_task_end(work, task, state, error, outcome);
}

/* Loads the VM again: it may have been edited while the guest went down. */
static gboolean restart_reload(FctVmWork *work, GError **error)
{
    FctVm *now = fct_vm_load(work->app->store, work->vm->id, error);
    if (!now)
        return FALSE;
    fct_vm_free(work->vm);
    work->vm = now;
    return TRUE;
}

/* The VM is off. Cancelling is too late: who asked for a restart does not want it to stay off. */
static void restart_start_again(FctVmWork *work, FctTask *task, guint step)
{
    g_autoptr(GError) error = NULL;
    fct_task_step(task, step, FCT_TASK_STEP_RUNNING, NULL);
    fct_task_store(task);
    fct_vm_release_parts(work->app, task, work->vm->id);
    if (fct_task_stopping(task)) {
        fct_acts_end(work->app->acts, work->vm->id); /* the next start of facetd goes on */
        return;
    }
    if (restart_reload(work, &error) && fct_vm_reserve(work->app, work->vm, task, &error) &&
        fct_vm_run(work->app, task, work->vm, &error)) {
        g_autofree char *outcome = g_strdup_printf("VM %s has restarted.", work->vm->name);
        fct_task_step(task, step, FCT_TASK_STEP_DONE, NULL);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
        return;
    }
    fct_vm_release_parts(work->app, task, work->vm->id);
    restart_fail(work, task, step, FCT_TASK_FAILED, error, "is off and did not start again.");
}

static void restart_thread(FctTask *task, gpointer data)
{
    FctVmWork *work = data;
    g_autoptr(GError) error = NULL;
    guint wait = work->flag ? 0 : 1;
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    if (work->flag ? fct_vm_force_off(work, task, &error) : fct_vm_shut_down(work, task, &error)) {
        fct_task_step(task, wait, FCT_TASK_STEP_DONE, NULL);
        restart_start_again(work, task, wait + 1);
    } else if (fct_task_stopping(task)) {
        fct_acts_end(work->app->acts, work->vm->id); /* the next start of facetd goes on */
    } else if (fct_task_cancelled(task)) {
        restart_fail(work, task, wait, FCT_TASK_CANCELLED, NULL,
                     "still runs. It was asked to shut down: if it does, it stays off.");
    } else {
        restart_fail(work, task, error->code == FCT_ERROR_TIMEOUT ? wait : 0, FCT_TASK_FAILED, error,
                     "still runs, without what waits for its next start.");
    }
}

/*
 * After a restart of facetd nobody is asked to shut down again, and nothing is forced off again: nobody expects a VM to
 * go down an hour later. So if the forced end never reached libvirt the VM keeps running, and the task says so.
 */
void fct_vm_restart_go_on(FctVmWork *work, FctTask *task)
{
    g_autoptr(json_t) json = fct_task_to_json(task);
    json_t *steps = json_object_get(json, "steps");
    guint last = (guint)json_array_size(steps) - 1;
    gboolean forced = last + 1 < G_N_ELEMENTS(polite_steps) - 1;
    int patience_ms = forced ? LEFT_FORCED_MS : FCT_VM_POLITE_S * 1000;
    gboolean was_off = strcmp(fct_json_str(json_array_get(steps, last), "state", ""), "running") == 0;
    g_autoptr(FctVmInfo) info = fct_domains_info(work->app->domains, work->vm->id);
    g_autoptr(GError) error = NULL;
    if (was_off && fct_vm_info_active(info)) {
        g_autofree char *outcome = g_strdup_printf("VM %s has restarted.", work->vm->name);
        fct_vm_note_run(work->app, work->vm->id);
        fct_vm_release_parts(work->app, task, work->vm->id);
        fct_task_step(task, last, FCT_TASK_STEP_DONE, NULL);
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL, outcome);
    } else if (fct_domains_await(work->app->domains, task, work->vm->id, FALSE, patience_ms)) {
        fct_task_step(task, last - 1, FCT_TASK_STEP_DONE, NULL);
        restart_start_again(work, task, last);
    } else if (fct_task_stopping(task)) {
        fct_acts_end(work->app->acts, work->vm->id);
    } else {
        fct_set_error_full(&error, FCT_ERROR_INTERNAL, "Restart the VM again.", NULL,
                           "Facet was restarted in the middle of this task.");
        restart_fail(work, task, last - 1, fct_task_cancelled(task) ? FCT_TASK_CANCELLED : FCT_TASK_FAILED, error,
                     "still runs, without what waits for its next start.");
    }
}

static gboolean restart_check_state(FctApp *app, const FctVm *vm, gboolean force, GError **error)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    if (!fct_domains_is_up(app->domains))
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt does not answer; nothing can be done to VM %s now.",
                      vm->name);
    else if (!fct_vm_info_active(info))
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Start it.", NULL, "VM %s is off.", vm->name);
    else if (info->state == FCT_VM_PAUSED && !force)
        fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s is paused: let it go on first.", vm->name);
    else
        return TRUE;
    return FALSE;
}

/* Refused at once if the VM could not start again: who asks for a restart does not want a VM that stays off. */
static gboolean can_start_again(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, NULL);
    g_autoptr(GPtrArray) verdicts = NULL;
    g_autoptr(GPtrArray) picks = NULL;
    fct_vm_facts_refresh(app);
    fct_domains_refresh(app->domains, vm->id);
    fct_vm_preflight(app, offer, vm, FALSE, &verdicts, &picks);
    if (fct_verdicts_allow(verdicts, FALSE))
        return TRUE;
    fct_vm_set_refused(error, vm, verdicts, "runs on; it could not start again", NULL);
    return FALSE;
}

FctTask *fct_vm_restart(FctApp *app, const FctIdentity *who, FctVm *given, gboolean force, GError **error)
{
    const FctVmJob *job = force ? &force_job : &polite_job;
    g_autoptr(FctVm) vm = given;
    if (!fct_acts_begin(app->acts, vm->id, "is being restarted", error))
        return NULL;
    g_autoptr(FctTask) task = restart_check_state(app, vm, force, error) && can_start_again(app, vm, error)
                                  ? fct_vm_task_new(app, who, job, vm)
                                  : NULL;
    if (task && fct_task_commit(task, NULL, 0, error)) {
        fct_vm_task_run(app, task, job, g_steal_pointer(&vm), force, TRUE);
        return g_steal_pointer(&task);
    }
    if (task)
        fct_task_forget(task);
    fct_acts_end(app->acts, vm->id);
    return NULL;
}
