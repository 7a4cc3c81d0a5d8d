/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathers the facts from which core/vm_preflight judges: libvirt, networks, pools, files, memory. All VMs that are
 * judged in the same moment share one reading of the host. Any thread but the one that serves HTTP.
 */
#pragma once
#include "app/library/file_probe.h"
#include "app/shared/context.h"

FctVmFactsKeeper *fct_vm_facts_new(FctApp *app);
void fct_vm_facts_free(FctVmFactsKeeper *keeper);
/*
 * Asks libvirt anew about networks, pools, saved VMs and itself, and waits for it: call it before acting. Without it
 * the last known facts are used, so that a hanging libvirt delays nobody.
 */
void fct_vm_facts_refresh(FctApp *app);
/* Appends the verdicts of core/vm_preflight on @vm. @active: it runs. */
void fct_vm_facts_judge(FctApp *app, const FctVm *vm, gboolean active, GPtrArray *verdicts);
/*
 * Whether the VM's disks are those of its document, by what libvirt says now. If virsh gave it others, a change of the
 * document's files would miss what the guest wrote last. FCT_ERROR_REFUSED, with the verdicts. @what: "cannot be
 * changed".
 */
gboolean fct_vm_facts_check_outside(FctApp *app, const FctVm *vm, const char *what, GError **error);
/*
 * The same for @vm, which is off, and also that no other VM that runs or is saved writes to its disks or to what they
 * stand on: a snapshot needs files that do not change.
 */
gboolean fct_vm_facts_check_alone(FctApp *app, const FctVm *vm, const char *what, GError **error);
/* Appends what fct_vm_facts_check_outside checks, as verdicts. */
void fct_vm_facts_judge_outside(FctApp *app, const FctVm *vm, GPtrArray *verdicts);
/* Removes verdicts with @code: they do not forbid what is asked for. */
void fct_vm_facts_pass(GPtrArray *verdicts, const char *code);
/* Whether the memory that a snapshot has saved is still there. */
void fct_vm_facts_judge_memory_file(FctApp *app, const char *path, GPtrArray *verdicts);
/*
 * Checks a VM that is only asked for: FALSE when it could never start on this host, or, with @start, not now. What the
 * host can never give is FCT_ERROR_BAD_REQUEST; all errors name the field. @patch: only verdicts about its members
 * count; NULL: all.
 */
gboolean fct_vm_facts_check(FctApp *app, const FctVm *vm, gboolean start, const json_t *patch, GError **error);
