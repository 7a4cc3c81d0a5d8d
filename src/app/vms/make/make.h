/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes and deletes VMs. Functions that make a task return it running, or refuse, and take @vm over. Not on the thread
 * that serves HTTP.
 */
#pragma once
#include "app/vms/act/task.h"

/* ---- make/create.c ---- */
FctTask *fct_vm_create(FctApp *app, const FctIdentity *who, const json_t *input, GError **error);
/* Stores a new VM together with its task, unless its name is taken or a network of its NICs is being deleted. */
gboolean fct_vm_store_new(FctApp *app, const FctVm *vm, FctTask *task, GError **error);
/* Explains why the commit of a new VM failed. Takes @given over. Returns FALSE. */
gboolean fct_vm_refuse_new(FctApp *app, const FctVm *vm, GError *given, GError **error);

/* ---- make/delete.c ---- */
/* @keep: targets of disks that stay although they were made for the VM. */
FctTask *fct_vm_delete(FctApp *app, const FctIdentity *who, FctVm *vm, const char *const *keep, GError **error);
/*
 * Takes a VM apart: its domain, the disks that were made for it, except those in @keep, and its documents. Idempotent.
 */
gboolean fct_vm_remove(FctApp *app, const FctVm *vm, gboolean keep, GError **error);

/* ---- make/clone.c ---- */
FctTask *fct_vm_clone(FctApp *app, const FctIdentity *who, FctVm *vm, const json_t *input, GError **error);
