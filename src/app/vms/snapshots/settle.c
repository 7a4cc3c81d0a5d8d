/* SPDX-License-Identifier: Apache-2.0 */
/* What every change of snapshots begins and ends with; after a crash too, by what libvirt shows. */
#include "app/domains/domains.h"
#include "app/vms/snapshots/snapshots.h"
#include "app/vms/state/facts.h"
#include "app/vms/state/tree.h"

#include "app/storage/volume_record.h"

#include <string.h>

#define RETRY_MS 2000

gboolean fct_vm_tree_idle(FctApp *app, const FctVmTree *tree, GError **error)
{
    if (!fct_domains_is_up(app->domains))
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN,
                      "libvirt does not answer; nothing can be done with snapshots now.");
    else if (strcmp(tree->vm->state, "ready") != 0)
        fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s is not ready.", tree->vm->name);
    else if (fct_vm_tree_doing(tree) && strcmp(fct_json_str(fct_vm_tree_doing(tree), "kind", ""), "merge") != 0)
        fct_set_error(error, FCT_ERROR_CONFLICT, "An earlier change of the snapshots of VM %s has not been settled.",
                      tree->vm->name);
    else
        return fct_vm_facts_check_alone(app, tree->vm, "cannot be changed", error);
    return FALSE;
}

/* Nothing was switched: deletes the files that were made. */
static gboolean snapshot_forget(FctVmTree *tree, gpointer data, GError **error)
{
    json_t *doing = fct_vm_tree_doing(tree), *memory = json_object_get(doing, "memory");
    g_autoptr(GPtrArray) overlays = fct_vm_files_from_json(json_object_get(doing, "files"));
    for (guint i = 0; i < overlays->len; i++)
        fct_vm_tree_discard(tree, g_ptr_array_index(overlays, i));
    if (json_is_object(memory)) {
        FctChainFile *file = fct_vm_file_from_json(memory);
        fct_vm_tree_discard(tree, file);
        fct_chain_file_free(file);
    }
    fct_vm_tree_set_doing(tree, NULL);
    return TRUE;
}

FctVmTree *fct_vm_tree_settle(FctApp *app, FctTask *task, const char *id, FctVmTreeChange change)
{
    while (TRUE) {
        g_autoptr(GError) fault = NULL;
        FctVmTree *tree = fct_vm_tree_edit(app, id, NULL, change, NULL, &fault);
        if (tree || fct_task_stopping(task))
            return tree;
        if (fault->code == FCT_ERROR_NOT_FOUND || fault->code == FCT_ERROR_CONFLICT) { /* waiting mends neither */
            fct_task_log(task, "%s", fault->message);
            return NULL;
        }
        g_warning("VM %s: its snapshots could not be stored, trying again: %s", id, fault->message);
        fct_task_wait(task, RETRY_MS);
    }
}

void fct_vm_tree_forget(FctApp *app, FctTask *task, const char *id)
{
    g_autoptr(FctVmTree) tree = fct_vm_tree_settle(app, task, id, snapshot_forget);
    g_autoptr(GError) fault = NULL;
    if (tree && !fct_vm_tree_sweep(app, id, &fault))
        fct_task_log(task, "A file that is not needed is deleted later: %s", fault->message);
}

gboolean fct_vm_tree_switched(FctApp *app, FctTask *task, const FctVmTree *tree, gboolean *ret_known)
{
    g_autoptr(json_t) paths = NULL;
    g_autoptr(GPtrArray) overlays = fct_vm_files_from_json(json_object_get(fct_vm_tree_doing(tree), "files"));
    while (!paths && !fct_task_stopping(task)) {
        g_autoptr(GError) fault = NULL;
        paths = app->vmm->ops->disk_paths(app->vmm, tree->vm->id, &fault);
        if (!paths && fault->code == FCT_ERROR_NOT_FOUND)
            paths = json_object();
        else if (!paths)
            fct_task_wait(task, RETRY_MS);
    }
    *ret_known = paths != NULL;
    gboolean any = FALSE;
    for (guint i = 0; paths && i < overlays->len; i++) {
        const FctChainFile *file = g_ptr_array_index(overlays, i);
        any |= strcmp(fct_json_str(paths, file->target, ""), file->path) == 0;
    }
    return any;
}

gboolean fct_vm_tree_redefine(FctApp *app, const FctVm *vm, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmSpec) spec = fct_record_spec(app, vm, &fault);
    if (spec && app->vmm->ops->define(app->vmm, spec, &fault))
        return TRUE;
    g_warning("VM %s: libvirt's definition is brought along at the next start: %s", vm->name, fault->message);
    return fct_error_pass(error, &fault);
}

gboolean fct_vm_tree_define(FctApp *app, const FctVmTree *tree)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, tree->vm->id);
    if (fct_vm_info_active(info))
        return TRUE;
    if (fct_vm_facts_check_outside(app, tree->vm, "keeps its definition", &fault))
        return fct_vm_tree_redefine(app, tree->vm, NULL);
    g_warning("%s", fault->message);
    return FALSE;
}
