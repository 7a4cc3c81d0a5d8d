/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting a snapshot: it is hidden at once, then its files are merged one by one (core/chain). A merge that breaks off
 * is done again from the same documents. One kind cannot simply be repeated: when the VM's own QEMU has moved its disk
 * to the other file, the file that it left is out of date. So that is noted before the merge, and checked after it.
 */
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/vms/act/task.h"
#include "app/vms/snapshots/snapshots.h"
#include "app/vms/state/facts.h"
#include "app/vms/state/tree.h"

#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"

#include <string.h>

#define TRIES 5
#define TRIES_SAME 3
#define RETRY_MS 2000

static const char *const delete_steps[] = {"Merge its files", NULL};
static void snapshot_delete_thread(FctTask *task, gpointer data);
static const FctVmJob delete_job = {"vm.snapshot-delete", "Delete a snapshot of", delete_steps, TRUE,
                                    snapshot_delete_thread};

/* ---- one step ---- */

/* The same step in the tree as it is stored now. */
static gboolean merge_apply_step(FctVmTree *tree, gpointer data, GError **error)
{
    FctChainStep step;
    FctChainFile *garbage;
    if (!fct_chain_next(tree->chain, &step))
        return TRUE;
    fct_chain_apply(tree->chain, &step, &garbage);
    fct_vm_tree_discard(tree, garbage);
    fct_chain_file_free(garbage);
    fct_vm_tree_take_disks(tree);
    fct_vm_tree_set_doing(tree, NULL);
    return TRUE;
}

static gboolean note_own(FctVmTree *tree, gpointer data, GError **error)
{
    const FctChainStep *step = data;
    fct_vm_tree_set_doing(tree, json_pack("{s:s, s:s, s:s, s:s}", "kind", "merge", "target", step->base->target, "base",
                                          step->base->path, "top", step->top->path));
    return TRUE;
}

static gboolean note_over(FctVmTree *tree, gpointer data, GError **error)
{
    fct_vm_tree_set_doing(tree, NULL);
    return TRUE;
}

/* Whether the VM's own QEMU has moved the disk already, in a merge whose end nobody saw. */
static gboolean was_moved(FctApp *app, const FctVmTree *tree, const FctChainStep *step, gboolean *ret, GError **error)
{
    const json_t *doing = fct_vm_tree_doing(tree);
    *ret = FALSE;
    if (!doing || strcmp(fct_json_str(doing, "top", ""), step->top->path) != 0 ||
        strcmp(fct_json_str(doing, "base", ""), step->base->path) != 0)
        return TRUE;
    g_autoptr(json_t) paths = app->vmm->ops->disk_paths(app->vmm, tree->vm->id, error);
    *ret = paths && strcmp(fct_json_str(paths, step->base->target, ""), step->base->path) == 0;
    return paths != NULL;
}

static gboolean merge_files(FctApp *app, FctTask *task, guint number, const FctVmTree *tree, const FctChainStep *step,
                            GError **error)
{
    FctVmm *vmm = app->vmm;
    FctVolumeProgress progress = {task, number, "Merging"};
    g_autoptr(FctVmInfo) info = vmm->ops->info(vmm, tree->vm->id, error);
    gboolean own = step->live && fct_vm_info_active(info), moved;
    if (!info || !was_moved(app, tree, step, &moved, error))
        return FALSE;
    if (moved)
        return TRUE;
    /* Nobody else may use the file, since its content changes. */
    if (!fct_vm_facts_check_alone(app, tree->vm, "keeps its files", error) ||
        !fct_volume_alone(app, tree->vm->id, step->base->path, error))
        return FALSE;
    if (own && !step->above) {
        g_autoptr(FctVmTree) noted = fct_vm_tree_edit(app, tree->vm->id, NULL, note_own, (gpointer)step, error);
        if (!noted)
            return FALSE;
    }
    const FctChainFile *leaf = step->above ? step->above : step->top;
    g_autoptr(GPtrArray) opened = g_ptr_array_new();
    g_ptr_array_add(opened, (gpointer)leaf);
    if (!fct_record_fill_files(app, opened, error))
        return FALSE;
    return vmm->ops->merge(vmm, tree->vm->id, step, own, fct_volume_progress, &progress, error);
}

static gboolean merge_run_step(FctApp *app, FctTask *task, guint number, const FctVmTree *tree,
                               const FctChainStep *step, GError **error)
{
    if (step->kind == FCT_CHAIN_COMMIT && !merge_files(app, task, number, tree, step, error))
        return FALSE;
    g_autoptr(GError) fault = NULL;
    gboolean moves = step->kind == FCT_CHAIN_COMMIT && !step->above && step->live;
    g_autoptr(FctVmTree) done = fct_vm_tree_settle(app, task, tree->vm->id, merge_apply_step);
    if (!done)
        return fct_set_error(error, FCT_ERROR_CANCELLED, "Facet ends.");
    /* A file that libvirt's definition still names is not deleted: then a later check can tell that nobody moved it. */
    if (moves && !fct_vm_tree_define(app, done))
        return TRUE;
    if (!fct_vm_tree_sweep(app, tree->vm->id, &fault))
        fct_task_log(task, "A file that is not needed is deleted later: %s", fault->message);
    return TRUE;
}

/*
 * After a failure it is unknown whether the VM's disk was moved, and until it is known nobody may start the VM from its
 * document: waits for libvirt. TRUE when it was moved.
 */
static gboolean merge_resolve(FctApp *app, FctTask *task, const char *vm)
{
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, vm, NULL);
    FctChainStep step;
    gboolean moved = FALSE, known = FALSE;
    if (!tree || !fct_vm_tree_doing(tree) || !fct_chain_next(tree->chain, &step) || step.kind != FCT_CHAIN_COMMIT)
        return FALSE;
    while (!known && !fct_task_stopping(task))
        if (!(known = was_moved(app, tree, &step, &moved, NULL)))
            fct_task_wait(task, RETRY_MS);
    if (known)
        fct_vm_tree_free(fct_vm_tree_settle(app, task, vm, moved ? merge_apply_step : note_over));
    return moved;
}

gboolean fct_vm_merge(FctApp *app, FctTask *task, guint number, const char *vm, GError **error)
{
    int tries = 0;
    while (TRUE) {
        g_autoptr(GError) fault = NULL;
        FctChainStep step;
        g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, vm, error);
        if (!tree)
            return FALSE;
        if (!fct_chain_next(tree->chain, &step))
            return TRUE;
        if (fct_task_cancelled(task) || fct_task_stopping(task))
            return fct_set_error(error, FCT_ERROR_CANCELLED, "It was cancelled.");
        g_autoptr(FctVmInfo) before = app->vmm->ops->info(app->vmm, vm, NULL);
        if (merge_run_step(app, task, number, tree, &step, &fault))
            continue;
        g_autoptr(FctVmInfo) after = app->vmm->ops->info(app->vmm, vm, NULL);
        gboolean turned = after && (!before || fct_vm_info_active(before) != fct_vm_info_active(after));
        /*
         * The VM went off or was started in the middle: then another QEMU does the merge. Or a QEMU of a facetd that
         * was killed has not let go of the files yet.
         */
        if (fault->code != FCT_ERROR_CANCELLED && ++tries < (turned ? TRIES : TRIES_SAME)) {
            fct_task_wait(task, RETRY_MS);
            continue;
        }
        if (merge_resolve(app, task, vm))
            continue;
        return fct_error_pass(error, &fault);
    }
}

/* ---- the task ---- */

static gboolean is_waiting(FctApp *app, const char *vm)
{
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, vm, NULL);
    for (guint i = 0; tree && i < tree->chain->nodes->len; i++)
        if (((FctChainNode *)tree->chain->nodes->pdata[i])->hidden)
            return TRUE;
    return FALSE;
}

void fct_vm_merge_go_on(FctVmWork *work, FctTask *task)
{
    g_autoptr(GError) error = NULL;
    FctApp *app = work->app;
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, work->vm->id, NULL);
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    /* An earlier facetd may have died before it told libvirt about a merge. */
    if (!tree || fct_vm_tree_doing(tree) || fct_vm_tree_define(app, tree))
        fct_vm_tree_sweep(app, work->vm->id, NULL); /* saved memory, and what an earlier facetd did not get to */
    gboolean ok = fct_vm_merge(app, task, 0, work->vm->id, &error);
    if (fct_task_stopping(task) && !ok) {
        fct_acts_end(app->acts, work->vm->id); /* the next start of facetd goes on with it */
        return;
    }
    if (ok) {
        gboolean waits = is_waiting(app, work->vm->id);
        fct_task_step(task, 0, waits ? FCT_TASK_STEP_SKIPPED : FCT_TASK_STEP_DONE,
                      waits ? "Other snapshots stand on some of its files." : "");
        fct_vm_task_end(work, task, FCT_TASK_DONE, NULL,
                        waits ? "The snapshot is deleted. Files that others stand on stay until these are gone."
                              : "The snapshot is deleted.");
    } else {
        gboolean cancelled = error->code == FCT_ERROR_CANCELLED;
        fct_task_step(task, 0, cancelled ? FCT_TASK_STEP_SKIPPED : FCT_TASK_STEP_FAILED,
                      cancelled ? "Cancelled." : error->message);
        fct_vm_task_end(work, task, cancelled ? FCT_TASK_CANCELLED : FCT_TASK_FAILED, cancelled ? NULL : error,
                        "The snapshot is deleted, but its space is not free yet: finish it in the list of snapshots.");
    }
}

static void snapshot_delete_thread(FctTask *task, gpointer data)
{
    fct_vm_merge_go_on(data, task);
}

static gboolean snapshot_hide(FctVmTree *tree, gpointer data, GError **error)
{
    json_t *doc = fct_vm_tree_find(tree, data, TRUE, error);
    if (!doc)
        return FALSE;
    json_t *memory = json_object_get(doc, "memory");
    if (json_is_object(memory)) {
        FctChainFile *file = fct_vm_file_from_json(memory);
        fct_vm_tree_discard(tree, file);
        fct_chain_file_free(file);
        json_object_set_new(doc, "memory", json_null());
    }
    fct_chain_hide(tree->chain, fct_json_str(doc, "id", ""));
    return TRUE;
}

FctTask *fct_vm_snapshot_delete(FctApp *app, const FctIdentity *who, FctVm *given, const char *snapshot, GError **error)
{
    g_autoptr(FctVm) vm = given;
    g_autofree char *id = g_strdup(vm->id);
    if (!fct_acts_begin_beside(app->acts, id, "has a snapshot deleted", error))
        return NULL;
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, id, error);
    g_autoptr(FctTask) task =
        tree && fct_vm_tree_idle(app, tree, error) && fct_vm_tree_free_to_change(app, tree->vm, error)
            ? fct_vm_task_new(app, who, &delete_job, vm)
            : NULL;
    g_autoptr(FctVmTree) hidden =
        task ? fct_vm_tree_edit(app, id, task, snapshot_hide, (gpointer)snapshot, error) : NULL;
    if (hidden) {
        fct_vm_task_run(app, task, &delete_job, g_steal_pointer(&vm), FALSE, TRUE);
        return g_steal_pointer(&task);
    }
    if (task)
        fct_task_forget(task);
    fct_acts_end(app->acts, id);
    return NULL;
}
