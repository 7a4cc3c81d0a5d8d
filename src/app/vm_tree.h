/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM with its snapshots: documents and the files that they keep (core/chain). Whoever changes them holds the VM's
 * act.
 *
 * A snapshot is "snapshot/<vm>/<id>". The VM's own document has the rest ("chain"): the snapshot that it stands on,
 * what its disks stand on, files that nobody needs any more and that are still to be deleted, and what is under way.
 * What is under way names each file before it is made; so whoever finds it after a crash knows all there may be.
 */
#pragma once
#include "app/vm_service.h"

#define FCT_SNAPSHOT_KEY "snapshot/"

typedef struct {
    FctVm *vm;
    FctChain *chain;
    GHashTable *docs; /* id → json_t*, the snapshots' documents */

} FctVmTree;

FctVmTree *fct_vm_tree_load(FctStore *store, const char *vm, GError **error);
void fct_vm_tree_free(FctVmTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmTree, fct_vm_tree_free)

/*
 * Changes the tree as it is stored now and commits all of it at once, with @task when there is one: tried again when
 * somebody else wrote meanwhile. @change may set an error. The committed tree comes back, to be freed.
 */
typedef gboolean (*FctVmTreeChange)(FctVmTree *tree, gpointer data, GError **error);
FctVmTree *fct_vm_tree_edit(FctVms *vms, const char *vm, FctTask *task, FctVmTreeChange change, gpointer data,
                            GError **error);

json_t *fct_vm_file_to_json(const FctChainFile *file);
FctChainFile *fct_vm_file_from_json(const json_t *json);
json_t *fct_vm_files_to_json(const GPtrArray *files);
GPtrArray *fct_vm_files_from_json(const json_t *list);

/* What is under way: {"kind": "snapshot"|"revert", …, "files": […]}; NULL when nothing is. Belongs to the tree. */
json_t *fct_vm_tree_doing(const FctVmTree *tree);
void fct_vm_tree_set_doing(FctVmTree *tree, json_t *doing); /* takes it over; NULL: over */
/* The file is to be deleted by fct_vm_tree_sweep, unless it was not made for the VM. */
void fct_vm_tree_discard(FctVmTree *tree, const FctChainFile *file);
/* A snapshot by id or name that is shown; or by id one that waits to be merged. FCT_ERROR_NOT_FOUND. Its document. */
json_t *fct_vm_tree_find(const FctVmTree *tree, const char *id, gboolean hidden, GError **error);
/* Puts the disks of the VM's document right after its chain has changed. */
void fct_vm_tree_take_disks(FctVmTree *tree);

/* Makes the files (qcow2 on their backing), telling nobody. What there is of them stays when it fails. */
gboolean fct_vm_tree_make(FctVms *vms, const FctVmTree *tree, const GPtrArray *files, GError **error);
/* Deletes what was discarded. What cannot be deleted now stays listed. */
gboolean fct_vm_tree_sweep(FctVms *vms, const char *vm, GError **error);
/* Overlays for @node of the tree, named but not made. FCT_ERROR_… when a disk cannot have one: what is needed. */
GPtrArray *fct_vm_tree_overlays(FctVms *vms, const FctVmTree *tree, const FctChainNode *node, GError **error);
/* ---- vm_settle.c ---- */
/*
 * Whether the VM's snapshots can be changed now: libvirt answers, the VM is made, nothing of an earlier change is left
 * over. FCT_ERROR_LIBVIRT_DOWN, FCT_ERROR_CONFLICT.
 */
gboolean fct_vm_tree_idle(FctVms *vms, const FctVmTree *tree, GError **error);
/* fct_vm_tree_edit, tried until the disk takes it; NULL when facetd ends first. */
FctVmTree *fct_vm_tree_settle(FctVms *vms, FctTask *task, const char *id, FctVmTreeChange change);
/* What was under way has not happened: its files go. */
void fct_vm_tree_forget(FctVms *vms, FctTask *task, const char *id);
/*
 * Whether the VM writes to the files of what is under way, or would when it is started. libvirt switches all that the
 * run has or none; a disk that comes with the next start is in no run and tells nothing. FALSE and @ret_known FALSE:
 * facetd ends before libvirt tells.
 */
gboolean fct_vm_tree_switched(FctVms *vms, FctTask *task, const FctVmTree *tree, gboolean *ret_known);
/* libvirt's definition as @vm says, whether it runs or not. */
gboolean fct_vm_tree_redefine(FctVms *vms, const FctVm *vm, GError **error);
/*
 * libvirt's definition as the document says, while the VM is off: a start by another program uses it. FALSE: it names
 * another file still, that Facet has left behind or that virsh gave it.
 */
gboolean fct_vm_tree_define(FctVms *vms, const FctVmTree *tree);

/* ---- vm_tree.c: all of it, and whether it may change ---- */
/* char*: the files that fct_vm_tree_remove deletes. */
GPtrArray *fct_vm_tree_paths(FctVms *vms, const FctVm *vm, GError **error);
/* Deletes the files of all snapshots of a VM that goes, and puts the end of their documents into @writes. Idempotent.
 */
gboolean fct_vm_tree_remove(FctVms *vms, const FctVm *vm, FctWrites *writes, GError **error);
/*
 * Whether the disks of @vm can be without their snapshots: FCT_ERROR_CONFLICT when one that is to stay (attached, or
 * listed in @keep) stands on a snapshot's file.
 */
gboolean fct_vm_tree_can_leave(FctVms *vms, const FctVm *vm, const char *const *keep, GError **error);

/* FCT_ERROR_CONFLICT while a clone copies from the VM's snapshots: then none of their files may change or go. */
gboolean fct_vm_tree_free_to_change(FctVms *vms, const FctVm *vm, GError **error);

/* ---- vm_snapshot.c ---- */
typedef enum { FCT_VM_UNCHANGED, FCT_VM_CHANGED, FCT_VM_UNSETTLED /* facetd ends first */ } FctVmSettled;
/* Ends a snapshot that is under way by what libvirt shows. */
FctVmSettled fct_vm_snapshot_settle(FctVms *vms, FctTask *task, const FctVmTree *tree);
/* Each takes @vm over and returns the running task, or refuses. */
FctTask *fct_vm_snapshot(FctVms *vms, const FctIdentity *who, FctVm *vm, const json_t *input, GError **error);
/* Why not; "" when it is possible. */
const char *fct_vm_snapshot_no_memory(const FctVm *vm, const FctVmInfo *info);
const char *fct_vm_snapshot_no_freeze(const FctVm *vm, const FctVmInfo *info);

/* ---- vm_thaw.c ---- */
/*
 * After a snapshot that froze, or tried to: the guest's file systems write again. FALSE: its agent has not done it
 * yet; a task of its own waits for that, unless facetd ends.
 */
gboolean fct_vm_thaw(FctVms *vms, FctTask *task, const char *id);
/* That task; ends it. */
void fct_vm_thaw_go_on(FctVmAct *act, FctTask *task);

/* ---- vm_revert.c ---- */
FctTask *fct_vm_revert(FctVms *vms, const FctIdentity *who, FctVm *vm, const char *snapshot, const json_t *input,
                       GError **error);
/* Sentences: what a revert to the snapshot @doc loses and changes, and what the VM of then needs and is not there. */
json_t *fct_vm_revert_effects(FctVms *vms, const FctVmWorld *world, const FctVmTree *tree, const json_t *doc,
                              gboolean active);
/*
 * Ends a revert that is under way by what libvirt would start: FCT_VM_CHANGED when it has the new files, and the
 * documents say so then.
 */
FctVmSettled fct_vm_revert_settle(FctVms *vms, FctTask *task, const FctVmTree *tree);
/* Goes on with a revert whose documents are written. */
void fct_vm_revert_go_on(FctVmAct *act, FctTask *task);

/* ---- vm_merge.c ---- */
FctTask *fct_vm_snapshot_delete(FctVms *vms, const FctIdentity *who, FctVm *vm, const char *snapshot, GError **error);
/* Does what fct_chain_next says until nothing is left to do. FCT_ERROR_CANCELLED. */
gboolean fct_vm_merge(FctVms *vms, FctTask *task, guint step, const char *vm, GError **error);
/* Goes on with a delete after a restart. */
void fct_vm_merge_go_on(FctVmAct *act, FctTask *task);

/* ---- vm_clone.c ---- */
FctTask *fct_vm_clone(FctVms *vms, const FctIdentity *who, FctVm *vm, const json_t *input, GError **error);
