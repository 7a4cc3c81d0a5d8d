/* SPDX-License-Identifier: Apache-2.0 */
/* The volumes behind a VM's drives: planned with the request, made by its task, deleted with the VM. Blocking. */
#pragma once
#include "app/domains/vm_doc.h"
#include "app/vms/act/task.h"

/*
 * Names and places for one drive of @vm, or for all: new volumes get a free name, attached ones must be nobody else's,
 * files must be ISOs. FCT_ERROR_BAD_REQUEST, FCT_ERROR_IN_USE or FCT_ERROR_NO_SPACE name the field; @field: what the
 * size is called. Hold fct_storage_names until the document is stored: names are free only until then.
 */
gboolean fct_vm_plan_disk(FctApp *app, const FctVm *vm, FctVmDisk *disk, const char *field, GError **error);
gboolean fct_vm_plan_disks(FctApp *app, FctVm *vm, GError **error);
gboolean fct_vm_plan_cdrom(FctApp *app, FctVmDisk *drive, GError **error);

/* Makes the volume of @disk (one of @vm's), or all that are planned and not there; @vm and its document follow. */
gboolean fct_vm_make_disk(FctApp *app, FctTask *task, guint step, FctVm *vm, FctVmDisk *disk, GError **error);
gboolean fct_vm_make_disks(FctApp *app, FctTask *task, guint step, FctVm *vm, GError **error);
/* Writes the drives of @vm into its document. */
gboolean fct_vm_store_disks(FctApp *app, FctVm *vm, GError **error);
/* The volume of a disk that was made for @vm; an attached one is left alone. Idempotent. */
gboolean fct_vm_delete_disk(FctApp *app, const FctVm *vm, const FctVmDisk *disk, GError **error);
/* FCT_ERROR_BAD_REQUEST or FCT_ERROR_NO_SPACE naming "size_gib" when the pool cannot hold @disk at @bytes. */
gboolean fct_vm_check_growth(FctApp *app, const FctVmDisk *disk, gint64 bytes, GError **error);

/* ---- disks/disk_task.c: of a VM that is there. Each takes @vm over and returns its running task, or refuses. ---- */
FctTask *fct_vm_disk_add(FctApp *app, const FctIdentity *who, FctVm *vm, const json_t *input, GError **error);
/* @keep: the volume stays. What the guest does not let go of leaves with the next start. */
FctTask *fct_vm_disk_remove(FctApp *app, const FctIdentity *who, FctVm *vm, const char *target, gboolean keep,
                            GError **error);
/* At once, whether it runs or not. Takes @vm over. */
gboolean fct_vm_disk_grow(FctApp *app, FctVm *vm, const char *target, const json_t *input, GError **error);
/* Deletes the disks of a VM that is off and that were to leave with its next start. */
gboolean fct_vm_settle_disks(FctApp *app, FctVm *vm, GError **error);
/* A task of these was under way when facetd ended: what was half made goes. */
gboolean fct_vm_disk_recover(FctApp *app, FctVm *vm, GError **error);
