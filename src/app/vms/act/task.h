/* SPDX-License-Identifier: Apache-2.0 */
/* One act on a VM as a task: its thread is given the VM and ends the act. Any thread; nothing here waits. */
#pragma once
#include "app/api/api.h"
#include "app/shared/context.h"
#include "app/work/task.h"

/* What a task's thread is given. */
typedef struct {
    FctApp *app;
    FctVm *vm;     /* owned */
    gboolean flag; /* force, or start when made */
    gboolean acts; /* it owns the VM's act, and ends it */
} FctVmAct;
typedef struct {
    const char *kind; /* "vm.start" */
    const char *verb; /* "Start": the title is "Start VM db-2" */
    const char *const *steps;
    gboolean cancellable;
    FctTaskFunc func; /* gets an FctVmAct */
} FctVmJob;
FctTask *fct_vm_task_new(FctApp *app, const FctIdentity *who, const FctVmJob *job, const FctVm *vm);
/*
 * fct_acts_begin, and *vm is as it is stored once the act has begun. One that was read before may be of before an act
 * that ended in between: a start from it would write to files that a snapshot has frozen meanwhile.
 */
gboolean fct_vm_begin(FctApp *app, FctVm **vm, const char *what, GError **error);
/* Runs the stored task; takes @vm over. */
void fct_vm_task_run(FctApp *app, FctTask *task, const FctVmJob *job, FctVm *vm, gboolean flag, gboolean acts);
/* fct_task_end, after which the VM is free for the next act. */
void fct_vm_task_end(FctVmAct *act, FctTask *task, FctTaskState state, const GError *error, const char *outcome);
/* The same sentence wherever another's VM is to be changed. */
void fct_vm_set_foreign_error(GError **error, const char *name);
