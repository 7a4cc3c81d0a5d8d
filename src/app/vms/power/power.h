/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's runs: starts and ends them, and manages the parts that they hold. Functions that make a task return it
 * running, or refuse, and take @vm over. Not on the thread that serves HTTP.
 */
#pragma once
#include "app/vms/act/task.h"

/* ---- power/start.c ---- */
FctTask *fct_vm_start(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error);
/* Reserves the VM's parts in one transaction with @task. FCT_ERROR_REFUSED lists the verdicts. */
gboolean fct_vm_reserve(FctApp *app, const FctVm *vm, FctTask *task, GError **error);
/* Starts the domain with the parts that the VM has reserved, and waits until libvirt reports that it runs. */
gboolean fct_vm_run(FctApp *app, FctTask *task, const FctVm *vm, GError **error);

/* ---- power/stop.c ---- */
FctTask *fct_vm_stop(FctApp *app, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
#define FCT_VM_POLITE_S 90 /* how long a guest gets to shut down */
/*
 * On a task's thread. fct_vm_shut_down asks the guest until the VM is off; fct_vm_force_off ends QEMU. FALSE also when
 * the task was cancelled or facetd ends. FCT_ERROR_TIMEOUT when the guest does not react.
 */
gboolean fct_vm_shut_down(FctVmWork *work, FctTask *task, GError **error);
gboolean fct_vm_force_off(FctVmWork *work, FctTask *task, GError **error);

/* ---- power/restart.c: off and on again, with what waits for the next start ---- */
FctTask *fct_vm_restart(FctApp *app, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
/*
 * For a restart that facetd's end interrupted, once libvirt answers: waits for a VM that goes off, starts it again and
 * ends the task.
 */
void fct_vm_restart_go_on(FctVmWork *work, FctTask *task);

/* ---- power/power.c ---- */
FctTask *fct_vm_reboot(FctApp *app, const FctIdentity *who, FctVm *vm, gboolean force, GError **error);
FctTask *fct_vm_pause(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error);
FctTask *fct_vm_resume(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error);

/* ---- power/saved.c: of a VM that virsh saved with its memory. FCT_ERROR_CONFLICT when it was not. ---- */
/*
 * The VM goes on with its saved memory, as a task that runs already. Takes @vm over. FCT_ERROR_REFUSED lists the
 * verdicts.
 */
FctTask *fct_vm_continue(FctApp *app, const FctIdentity *who, FctVm *vm, GError **error);
/* Drops the saved memory: to the guest that is a power cut. */
gboolean fct_vm_drop_saved(FctApp *app, const FctIdentity *who, const FctVm *vm, GError **error);

/* ---- power/live.c ---- */
/* Gives the running VM what it can take at once of @vm, which is stored; then its document says what the run has. */
void fct_vm_apply_live(FctApp *app, const FctVm *vm);

/* ---- power/release.c ---- */
/* Releases the VM's parts, waiting a little. What cannot be released yet is left to the watcher. TRUE: all are free. */
gboolean fct_vm_release_parts(FctApp *app, FctTask *task, const char *id);

/* ---- power/reconcile.c ---- */
/* Holders of parts have changed: publishes cards and groups, and the VMs that may be blocked now or no longer. */
void fct_vms_publish_holds(FctApp *app, const GPtrArray *holds);
/*
 * Corrects the holds of one VM by the actual state: in use while its domain runs with them, released once the domain is
 * gone and nothing holds the part. Fails closed: what cannot be looked at stays held. TRUE when nothing is left to do.
 */
gboolean fct_vm_reconcile(FctApp *app, const char *id);
