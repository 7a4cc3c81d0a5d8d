/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends tasks of VMs that were running when facetd ended. How they end is decided by what libvirt shows, once it
 * answers.
 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_edit.h"
#include "app/vms/act/task.h"
#include "app/vms/disks/disks.h"
#include "app/vms/make/make.h"
#include "app/vms/power/power.h"
#include "app/vms/snapshots/snapshots.h"
#include "app/vms/state/tree.h"
#include "app/vms/vms.h"

#include <string.h>

typedef struct {
    FctVmWork work;
    char *kind;
    char *id, *name;
} Left;

static void left_free(gpointer data)
{
    Left *left = data;
    fct_vm_free(left->work.vm);
    g_free(left->kind);
    g_free(left->id);
    g_free(left->name);
    g_free(left);
}

static void left_end(Left *left, FctTask *task, gboolean ok, const char *what)
{
    g_autofree char *outcome = g_strdup_printf("VM %s %s", left->name, what);
    g_autoptr(GError) error = NULL;
    if (!ok)
        fct_set_error_full(&error, FCT_ERROR_INTERNAL, "Start the work again.", NULL,
                           "Facet was restarted in the middle of this task.");
    if (left->work.acts)
        fct_acts_end(left->work.app->acts, left->id);
    fct_task_end(task, ok ? FCT_TASK_DONE : FCT_TASK_FAILED, error, NULL, 0, "%s", outcome);
}

static void end_power(Left *left, FctTask *task, gboolean wanted)
{
    FctApp *app = left->work.app;
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, left->id);
    gboolean active = fct_vm_info_active(info);
    gboolean is_old_run = strcmp(left->kind, "vm.continue") == 0;       /* noted when it was started */
    if (wanted && !is_old_run && info && info->state == FCT_VM_RUNNING) /* who started it ended before it was noted */
        fct_vm_note_run(app, left->id);
    if (!fct_vm_release_parts(app, task, left->id) && fct_task_stopping(task))
        return;
    left_end(left, task, active == wanted,
             active ? (wanted ? "runs." : "still runs.") : (wanted ? "did not start." : "is off."));
}

static void end_removal(Left *left, FctTask *task, gboolean wanted)
{
    g_autoptr(GError) fault = NULL;
    if (!left->work.vm || fct_vm_remove(left->work.app, left->work.vm, wanted, &fault)) {
        left_end(left, task, wanted, wanted ? "is deleted." : "was not made; nothing is left of it.");
        return;
    }
    fct_task_log(task, "%s", fault->message);
    left_end(left, task, FALSE, "could not be removed whole; delete it again.");
}

/* Ends a snapshot, a revert or a merge by what the VM's document says is under way. */
static void end_snapshots(Left *left, FctTask *task)
{
    FctApp *app = left->work.app;
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, left->id, &fault);
    const json_t *doing = tree ? fct_vm_tree_doing(tree) : NULL;
    const char *kind = fct_json_str(doing, "kind", "");
    if (!tree || !left->work.acts) {
        left_end(left, task, FALSE, "is as it was.");
    } else if (strcmp(kind, "snapshot") == 0) {
        FctVmSettled settled = fct_vm_snapshot_settle(app, task, tree);
        if (settled != FCT_VM_UNSETTLED)
            left_end(left, task, settled == FCT_VM_CHANGED,
                     settled == FCT_VM_CHANGED ? "has its snapshot." : "is as it was.");
    } else if (strcmp(kind, "revert") == 0) {
        FctVmSettled settled = fct_vm_revert_settle(app, task, tree);
        if (settled == FCT_VM_CHANGED)
            fct_vm_revert_go_on(&left->work, task);
        else if (settled == FCT_VM_UNCHANGED)
            left_end(left, task, FALSE, "was not reverted.");
    } else if (strcmp(left->kind, "vm.revert") == 0) {
        fct_vm_revert_go_on(&left->work, task);
    } else if (strcmp(left->kind, "vm.snapshot-delete") == 0) {
        if (app->vmm->ops->merge_end(app->vmm, left->id, &fault))
            fct_vm_merge_go_on(&left->work, task);
        else
            left_end(left, task, FALSE, "still has files to merge: finish it in the list of snapshots.");
    } else {
        if (fct_vm_tree_define(app, tree)) /* the documents were written, but facetd died before libvirt was told */
            fct_vm_tree_sweep(app, left->id, NULL);
        left_end(left, task, TRUE, "is settled; its list of snapshots says what it has.");
    }
}

static void end_disk(Left *left, FctTask *task)
{
    g_autoptr(GError) fault = NULL;
    if (!left->work.acts || !left->work.vm || fct_vm_disk_recover(left->work.app, left->work.vm, &fault)) {
        left_end(left, task, FALSE, "has the disks that it shows now.");
        return;
    }
    fct_task_log(task, "%s", fault->message);
    left_end(left, task, FALSE, "has a disk that could not be removed whole.");
}

static void left_recover_thread(FctTask *task, gpointer data)
{
    Left *left = data;
    if (!fct_domains_await_up(left->work.app->domains, task))
        return; /* the next start of facetd finds the task as it is */
    gboolean made = left->work.vm && strcmp(left->work.vm->state, "ready") == 0;
    if (strcmp(left->kind, "vm.delete") == 0)
        end_removal(left, task, TRUE);
    else if (strcmp(left->kind, "vm.create") == 0 && !made)
        end_removal(left, task, FALSE);
    else if (strcmp(left->kind, "vm.clone") == 0 && !made)
        end_removal(left, task, FALSE);
    else if (g_str_has_prefix(left->kind, "vm.snapshot") || strcmp(left->kind, "vm.revert") == 0)
        end_snapshots(left, task);
    else if (strcmp(left->kind, "vm.thaw") == 0)
        fct_vm_thaw_go_on(&left->work, task);
    else if (strcmp(left->kind, "vm.disk") == 0)
        end_disk(left, task);
    else if (strcmp(left->kind, "vm.pause") == 0 || strcmp(left->kind, "vm.resume") == 0 ||
             strcmp(left->kind, "vm.reboot") == 0)
        left_end(left, task, FALSE, "is as libvirt shows it.");
    else if (strcmp(left->kind, "vm.restart") == 0 && made && left->work.acts)
        fct_vm_restart_go_on(&left->work, task);
    else if (strcmp(left->kind, "vm.stop") == 0)
        end_power(left, task, FALSE);
    else
        end_power(left, task, TRUE);
}

void fct_vm_recover(FctTask *task, gpointer data)
{
    g_autoptr(json_t) json = fct_task_to_json(task);
    const json_t *subject = json_object_get(json, "subject");
    g_autoptr(GError) fault = NULL;
    Left *left = g_new0(Left, 1);
    left->kind = g_strdup(fct_json_str(json, "kind", ""));
    left->id = g_strdup(fct_json_str(subject, "id", ""));
    left->name = g_strdup(fct_json_str(subject, "name", ""));
    left->work.app = data;
    left->work.vm = fct_vm_load(left->work.app->store, left->id, &fault);
    left->work.acts = strcmp(left->kind, "vm.thaw") != 0 && /* it goes on beside whatever else is done to the VM */
                      fct_acts_begin(left->work.app->acts, left->id, "is being looked at after a restart", NULL);
    fct_task_start(task, left_recover_thread, left, left_free);
}
