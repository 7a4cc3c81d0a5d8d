/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The volumes behind a VM's drives: planned with the request, made by its task, deleted with the VM. All calls block:
 * not on the thread that serves HTTP.
 */
#pragma once
#include "app/domains/vm_doc.h"
#include "app/vms/act/task.h"

/*
 * Chooses names and places for one drive of @vm, or for all. A new volume gets an unused name, an attached one must not
 * be used by anybody else, a file must be an ISO. FCT_ERROR_BAD_REQUEST, FCT_ERROR_IN_USE or FCT_ERROR_NO_SPACE name
 * the field; @field: what the size is called. Hold fct_storage_names until the document is stored, since names are
 * unused only until then.
 */
gboolean fct_vm_plan_disk(FctApp *app, const FctVm *vm, FctVmDisk *disk, const char *field, GError **error);
gboolean fct_vm_plan_disks(FctApp *app, FctVm *vm, GError **error);
gboolean fct_vm_plan_cdrom(FctApp *app, FctVmDisk *drive, GError **error);

/* Makes the volume of @disk (one of @vm's), or all that are planned and missing; updates @vm and its document. */
gboolean fct_vm_make_disk(FctApp *app, FctTask *task, guint step, FctVm *vm, FctVmDisk *disk, GError **error);
gboolean fct_vm_make_disks(FctApp *app, FctTask *task, guint step, FctVm *vm, GError **error);
/* Writes the drives of @vm into its document. */
gboolean fct_vm_store_disks(FctApp *app, FctVm *vm, GError **error);
/* Deletes the volume of a disk that was made for @vm; an attached one is left alone. Idempotent. */
gboolean fct_vm_delete_disk(FctApp *app, const FctVm *vm, const FctVmDisk *disk, GError **error);
/* FCT_ERROR_BAD_REQUEST or FCT_ERROR_NO_SPACE naming "size_gib" when the pool cannot hold @disk at @bytes. */
gboolean fct_vm_check_growth(FctApp *app, const FctVmDisk *disk, gint64 bytes, GError **error);

/* ---- disks/disk_task.c: of a VM that is there. Each takes @vm over and returns its running task, or refuses. ---- */
FctTask *fct_vm_disk_add(FctApp *app, const FctIdentity *who, FctVm *vm, const json_t *input, GError **error);
/* @keep: the volume stays. A disk that the guest does not let go of leaves with the next start. */
FctTask *fct_vm_disk_remove(FctApp *app, const FctIdentity *who, FctVm *vm, const char *target, gboolean keep,
                            GError **error);
/* Grows the disk at once, whether the VM runs or not. Takes @vm over. */
gboolean fct_vm_disk_grow(FctApp *app, FctVm *vm, const char *target, const json_t *input, GError **error);
/* Deletes the disks of a VM that is off and that were to leave with its next start. */
gboolean fct_vm_settle_disks(FctApp *app, FctVm *vm, GError **error);
/* A task of these was under way when facetd ended: deletes what was half made. */
gboolean fct_vm_disk_recover(FctApp *app, FctVm *vm, GError **error);
