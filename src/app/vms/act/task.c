/* SPDX-License-Identifier: Apache-2.0 */
/* What the tasks of VMs have in common. */
#include "app/vms/act/task.h"
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_news.h"

FctTask *fct_vm_task_new(FctApp *app, const FctIdentity *who, const FctVmJob *job, const FctVm *vm)
{
    g_autofree char *title = g_strdup_printf("%s VM %s", job->verb, vm->name);
    FctTaskSpec spec = {.kind = job->kind,
                        .title = title,
                        .user = who->user,
                        .subject_kind = "vm",
                        .subject_id = vm->id,
                        .subject_name = vm->name,
                        .plan = "",
                        .steps = job->steps,
                        .cancellable = job->cancellable};
    return fct_task_new(app, &spec);
}

gboolean fct_vm_begin(FctApp *app, FctVm **vm, const char *what, GError **error)
{
    if (!fct_acts_begin(app->acts, (*vm)->id, what, error))
        return FALSE;
    FctVm *now = fct_vm_load(app->store, (*vm)->id, error);
    if (!now) {
        fct_acts_end(app->acts, (*vm)->id);
        return FALSE;
    }
    fct_vm_free(*vm);
    *vm = now;
    return TRUE;
}

static void work_free(gpointer data)
{
    FctVmWork *work = data;
    fct_vm_free(work->vm);
    g_free(work);
}

void fct_vm_task_run(FctApp *app, FctTask *task, const FctVmJob *job, FctVm *vm, gboolean flag, gboolean acts)
{
    FctVmWork *work = g_new(FctVmWork, 1);
    *work = (FctVmWork){app, vm, flag, acts};
    fct_vm_news_add(app->vm_news, vm->id);
    fct_task_start(task, job->func, work, work_free);
}

void fct_vm_task_end(FctVmWork *work, FctTask *task, FctTaskState state, const GError *error, const char *outcome)
{
    if (state ==
        FCT_TASK_FAILED) /* libvirt sends no event of a start that failed, and may have told of its beginning */
        fct_domains_refresh(work->app->domains, work->vm->id);
    if (work->acts) /* first: whoever sees the end of the task may act on the VM at once */
        fct_acts_end(work->app->acts, work->vm->id);
    fct_task_end(task, state, error, NULL, 0, "%s", outcome);
}

void fct_vm_set_foreign_error(GError **error, const char *name)
{
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Manage it with the program that made it.", NULL,
                       "VM %s was not made by Facet and is left alone.", name);
}
