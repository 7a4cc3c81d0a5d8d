/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core/vm_preflight judges from, gathered: libvirt, networks, pools, files, memory. One look at the host is shared
 * by all VMs that are judged in the same moment. Any thread but the one that serves HTTP.
 */
#pragma once
#include "app/library/file_probe.h"
#include "app/shared/context.h"

FctVmFactsKeeper *fct_vm_facts_new(FctApp *app);
void fct_vm_facts_free(FctVmFactsKeeper *keeper);
/*
 * What libvirt says of networks, pools, saved VMs and itself is asked for anew, for whoever is about to act; waits for
 * it. Else what was last seen counts, which no libvirt that hangs can hold up.
 */
void fct_vm_facts_refresh(FctApp *app);
/* The verdicts of core/vm_preflight on @vm, appended. @active: it runs. */
void fct_vm_facts_judge(FctApp *app, const FctVm *vm, gboolean active, GPtrArray *verdicts);
/*
 * Whether virsh has left the disks of @vm to us, by what libvirt says now: else its file, or what stands on it, would
 * be changed without what the guest wrote last. FCT_ERROR_REFUSED, with the verdicts. @what: "cannot be changed".
 */
gboolean fct_vm_facts_check_outside(FctApp *app, const FctVm *vm, const char *what, GError **error);
/*
 * The same, and that no other VM that runs, or is saved, writes to the disks of @vm, which is off, or to what they
 * stand on: a snapshot keeps what stands still.
 */
gboolean fct_vm_facts_check_alone(FctApp *app, const FctVm *vm, const char *what, GError **error);
/* What fct_vm_facts_check_outside looks at as verdicts, appended. */
void fct_vm_facts_judge_outside(FctApp *app, const FctVm *vm, GPtrArray *verdicts);
/* Takes out what @code says: it does not stand in the way of what is asked for. */
void fct_vm_facts_pass(GPtrArray *verdicts, const char *code);
/* Whether the memory that a snapshot has saved is still there. */
void fct_vm_facts_judge_memory_file(FctApp *app, const char *path, GPtrArray *verdicts);
/*
 * The same of a VM that is only asked for, as an error: FALSE when it could never start on this host, or not now and it
 * shall @start. What a host can never give is FCT_ERROR_BAD_REQUEST; all name the field. @patch: what of it is new, and
 * nothing else is complained of; NULL: all.
 */
gboolean fct_vm_facts_check(FctApp *app, const FctVm *vm, gboolean start, const json_t *patch, GError **error);
