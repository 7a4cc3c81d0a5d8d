/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs come and go. What makes a task returns it running, or refuses; it takes @vm over. Not on the thread of HTTP.
 */
#pragma once
#include "app/vms/act/task.h"

/* ---- make/create.c ---- */
FctTask *fct_vm_create(FctApp *app, const FctIdentity *who, const json_t *input, GError **error);
/* A new VM together with its task, unless its name is taken or a network of its NICs is being deleted. */
gboolean fct_vm_store_new(FctApp *app, const FctVm *vm, FctTask *task, GError **error);
/* Why the commit of a new VM failed. Takes @given over; FALSE. */
gboolean fct_vm_refuse_new(FctApp *app, const FctVm *vm, GError *given, GError **error);

/* ---- make/delete.c ---- */
/* @keep: targets of the disks that stay although they were made for it. */
FctTask *fct_vm_delete(FctApp *app, const FctIdentity *who, FctVm *vm, const char *const *keep, GError **error);
/* Takes a VM apart: domain, disks that were made for it, documents. @keep: all but those it lists. Idempotent. */
gboolean fct_vm_remove(FctApp *app, const FctVm *vm, gboolean keep, GError **error);

/* ---- make/clone.c ---- */
FctTask *fct_vm_clone(FctApp *app, const FctIdentity *who, FctVm *vm, const json_t *input, GError **error);
