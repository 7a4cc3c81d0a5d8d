/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's runs: begun, ended, and the parts that they hold. What makes a task returns it running, or refuses; it takes
 * @vm over. Not on the thread of HTTP.
 */
#pragma once
#include "app/vms/act/task.h"

/* ---- power/start.c ---- */
FctTask *fct_vm_start(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error);
/* Reserves the parts in one transaction with @task. FCT_ERROR_REFUSED lists the verdicts. */
gboolean fct_vm_reserve(FctApp *app, const FctVm *vm, FctTask *task, GError **error);
/* Starts the domain with the parts that the VM has reserved, and waits until it is seen to run. */
gboolean fct_vm_run(FctApp *app, FctTask *task, const FctVm *vm, GError **error);

/* ---- power/stop.c ---- */
FctTask *fct_vm_stop(FctApp *app, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
#define FCT_VM_POLITE_S 90 /* what a guest gets to shut down */
/*
 * On a task's thread: the guest is asked until it is off, or QEMU is ended. FALSE too when the task was cancelled or
 * facetd ends. FCT_ERROR_TIMEOUT when the guest does not react.
 */
gboolean fct_vm_shut_down(FctVmAct *act, FctTask *task, GError **error);
gboolean fct_vm_force_off(FctVmAct *act, FctTask *task, GError **error);

/* ---- power/restart.c: off and on again, with what waits for the next start ---- */
FctTask *fct_vm_restart(FctApp *app, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
/* facetd ended in the middle of it, and libvirt answers: a VM that is off, or goes off, is started. Ends the task. */
void fct_vm_restart_go_on(FctVmAct *act, FctTask *task);

/* ---- power/power.c ---- */
FctTask *fct_vm_reboot(FctApp *app, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
FctTask *fct_vm_pause(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error);
FctTask *fct_vm_resume(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error);

/* ---- power/saved.c: of a VM that virsh saved with its memory. FCT_ERROR_CONFLICT when it was not. ---- */
/* It goes on with that, as a task, which runs already. Takes @vm over. FCT_ERROR_REFUSED lists the verdicts. */
FctTask *fct_vm_continue(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error);
/* To the guest that is a power cut. */
gboolean fct_vm_drop_saved(FctApp *app, const FctIdentity *who, const FctVm *vm, GError **error);

/* ---- power/live.c ---- */
/* Gives a running VM what it can take at once of @vm, which is stored; its document then says what the run has. */
void fct_vm_apply_live(FctApp *app, const FctVm *vm);

/* ---- power/release.c ---- */
/* Releases what the VM holds, waiting a little; what cannot be released yet is left to the watcher. TRUE: all free. */
gboolean fct_vm_release_parts(FctApp *app, FctTask *task, const char *id);

/* ---- power/reconcile.c ---- */
/* Who holds what has changed: tells the page of the cards and groups, and of the VMs that may be blocked or not now. */
void fct_vms_publish_holds(FctApp *app, const GPtrArray *holds);
/*
 * Brings the holds of one VM to what is so: in use while its domain runs with them, released once it is gone and
 * nothing holds the part. Fails closed: what cannot be looked at stays held. TRUE when nothing is left to do.
 */
gboolean fct_vm_reconcile(FctApp *app, const char *id);
