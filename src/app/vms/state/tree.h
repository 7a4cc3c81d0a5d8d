/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM with its snapshots: the documents and the files that they keep (core/chain). Whoever changes them has begun the
 * VM's act.
 *
 * A snapshot is the document "snapshot/<vm>/<id>". The VM's own document has the rest ("chain"): the snapshot on which
 * it stands, what its disks stand on, files that nobody needs any more and that are still to be deleted, and what is
 * under way. That names each file before it is made, so whoever finds it after a crash knows all files there may be.
 */
#pragma once
#include "app/domains/snapshot_users.h"
#include "app/shared/context.h"
#include "app/shared/writes.h"
#include "app/work/task.h"

typedef struct {
    FctVm *vm;
    FctChain *chain;
    GHashTable *docs; /* id → json_t*: the documents of the snapshots */

} FctVmTree;

FctVmTree *fct_vm_tree_load(FctStore *store, const char *vm, GError **error);
void fct_vm_tree_free(FctVmTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmTree, fct_vm_tree_free)

/*
 * Changes the tree as it is stored now and commits all of it at once, with @task if there is one; tries again when
 * somebody else wrote meanwhile. @change may set an error. Returns the committed tree, to be freed.
 */
typedef gboolean (*FctVmTreeChange)(FctVmTree *tree, gpointer data, GError **error);
FctVmTree *fct_vm_tree_edit(FctApp *app, const char *vm, FctTask *task, FctVmTreeChange change, gpointer data,
                            GError **error);

json_t *fct_vm_file_to_json(const FctChainFile *file);
FctChainFile *fct_vm_file_from_json(const json_t *json);
json_t *fct_vm_files_to_json(const GPtrArray *files);
GPtrArray *fct_vm_files_from_json(const json_t *list);

/* What is under way: {"kind": "snapshot"|"revert", …, "files": […]}; NULL: nothing. Belongs to the tree. */
json_t *fct_vm_tree_doing(const FctVmTree *tree);
void fct_vm_tree_set_doing(FctVmTree *tree, json_t *doing); /* takes it over; NULL: nothing is under way */
/* Lists the file for deletion by fct_vm_tree_sweep, unless it was not made for the VM. */
void fct_vm_tree_discard(FctVmTree *tree, const FctChainFile *file);
/*
 * The document of a snapshot: by id or name when it is shown, only by id while it waits to be merged.
 * FCT_ERROR_NOT_FOUND.
 */
json_t *fct_vm_tree_find(const FctVmTree *tree, const char *id, gboolean hidden, GError **error);
/* Updates the disks of the VM's document after its chain has changed. */
void fct_vm_tree_take_disks(FctVmTree *tree);

/* Makes the files (qcow2 on their backing files); publishes nothing. After a failure those that were made stay. */
gboolean fct_vm_tree_make(FctApp *app, const FctVmTree *tree, const GPtrArray *files, GError **error);
/* Deletes the files that are listed for deletion. What cannot be deleted now stays listed. */
gboolean fct_vm_tree_sweep(FctApp *app, const char *vm, GError **error);
/*
 * Plans overlays for @node of the tree: named, but not made. FCT_ERROR_… when a disk cannot have one: what is needed.
 */
GPtrArray *fct_vm_tree_overlays(FctApp *app, const FctVmTree *tree, const FctChainNode *node, GError **error);
/* ---- state/tree.c: all of it, and whether it may change ---- */
/* char*: the files that fct_vm_tree_remove deletes. */
GPtrArray *fct_vm_tree_paths(FctApp *app, const FctVm *vm, GError **error);
/*
 * Deletes the files of all snapshots of a VM that is being deleted, and adds the end of their documents to @writes.
 * Idempotent.
 */
gboolean fct_vm_tree_remove(FctApp *app, const FctVm *vm, FctWrites *writes, GError **error);
/*
 * Whether the disks of @vm can do without their snapshots: FCT_ERROR_CONFLICT when one that is to stay (attached, or
 * listed in @keep) stands on a snapshot's file.
 */
gboolean fct_vm_tree_can_leave(FctApp *app, const FctVm *vm, const char *const *keep, GError **error);

/* FCT_ERROR_CONFLICT while a clone copies from the VM's snapshots: none of their files may change or go then. */
gboolean fct_vm_tree_free_to_change(FctApp *app, const FctVm *vm, GError **error);
