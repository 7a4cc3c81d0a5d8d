/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes, reverts to and deletes snapshots, and ends what a crash left half done. The caller has begun the VM's act. Not
 * on the thread that serves HTTP.
 */
#pragma once
#include "app/vms/act/task.h"
#include "app/vms/power/choose.h"
#include "app/vms/state/tree.h"

/* ---- snapshots/settle.c ---- */
/*
 * Whether the VM's snapshots can be changed now: libvirt answers, the VM is made, and nothing of an earlier change is
 * left over. FCT_ERROR_LIBVIRT_DOWN, FCT_ERROR_CONFLICT.
 */
gboolean fct_vm_tree_idle(FctApp *app, const FctVmTree *tree, GError **error);
/* fct_vm_tree_edit, repeated until the disk takes it; NULL when facetd ends first. */
FctVmTree *fct_vm_tree_settle(FctApp *app, FctTask *task, const char *id, FctVmTreeChange change);
/* Ends a change that has not happened: deletes its files. */
void fct_vm_tree_forget(FctApp *app, FctTask *task, const char *id);
/*
 * Whether the VM writes to the files of the change under way, or would when it is started. libvirt switches all disks
 * of the run or none; a disk that comes with the next start is in no run, so it tells nothing. FALSE and @ret_known
 * FALSE: facetd ends before libvirt tells.
 */
gboolean fct_vm_tree_switched(FctApp *app, FctTask *task, const FctVmTree *tree, gboolean *ret_known);
/* Makes libvirt's definition as @vm says, whether the VM runs or not. */
gboolean fct_vm_tree_redefine(FctApp *app, const FctVm *vm, GError **error);
/*
 * Makes libvirt's definition as the document says while the VM is off, since a start by another program uses it. FALSE:
 * it still names another file, which Facet has left behind or virsh has put there.
 */
gboolean fct_vm_tree_define(FctApp *app, const FctVmTree *tree);

/* ---- snapshots/snapshot.c ---- */
typedef enum { FCT_VM_UNCHANGED, FCT_VM_CHANGED, FCT_VM_UNSETTLED /* facetd ends first */ } FctVmSettled;
/* Ends a snapshot that is under way, by what libvirt shows. */
FctVmSettled fct_vm_snapshot_settle(FctApp *app, FctTask *task, const FctVmTree *tree);
/* Each takes @vm over and returns the running task, or refuses. */
FctTask *fct_vm_snapshot(FctApp *app, const FctIdentity *who, FctVm *vm, const json_t *input, GError **error);
/* Why it is not possible; "" when it is. */
const char *fct_vm_snapshot_no_memory(const FctVm *vm, const FctVmInfo *info);
const char *fct_vm_snapshot_no_freeze(const FctVm *vm, const FctVmInfo *info);

/* ---- snapshots/thaw.c ---- */
/*
 * Call it after a snapshot that froze, or tried to: makes the guest's file systems write again. FALSE: its agent has
 * not done it yet, and a task of its own waits for that, unless facetd ends.
 */
gboolean fct_vm_thaw(FctApp *app, FctTask *task, const char *id);
/* Continues that task, and ends it. */
void fct_vm_thaw_go_on(FctVmWork *work, FctTask *task);

/* ---- snapshots/revert.c ---- */
FctTask *fct_vm_revert(FctApp *app, const FctIdentity *who, FctVm *vm, const char *snapshot, const json_t *input,
                       GError **error);
/* Sentences: what a revert to the snapshot @doc loses and changes, and what the VM then needs and does not exist. */
json_t *fct_vm_revert_effects(FctApp *app, const FctVmOffer *offer, const FctVmTree *tree, const json_t *doc,
                              gboolean active);
/*
 * Ends a revert that is under way, by what libvirt would start: FCT_VM_CHANGED when that has the new files, and the
 * documents say so then.
 */
FctVmSettled fct_vm_revert_settle(FctApp *app, FctTask *task, const FctVmTree *tree);
/* Continues a revert whose documents are written. */
void fct_vm_revert_go_on(FctVmWork *work, FctTask *task);

/* ---- snapshots/merge.c ---- */
FctTask *fct_vm_snapshot_delete(FctApp *app, const FctIdentity *who, FctVm *vm, const char *snapshot, GError **error);
/* Does what fct_chain_next says until nothing is left to do. FCT_ERROR_CANCELLED. */
gboolean fct_vm_merge(FctApp *app, FctTask *task, guint step, const char *vm, GError **error);
/* Continues a deletion after a restart. */
void fct_vm_merge_go_on(FctVmWork *work, FctTask *task);
