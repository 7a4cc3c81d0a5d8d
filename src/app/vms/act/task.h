/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts on a VM that run as tasks: the task's thread is given the VM and ends the act. Any thread; nothing here waits.
 */
#pragma once
#include "app/api/api.h"
#include "app/shared/context.h"
#include "app/work/task.h"

/* What a task's thread is given. */
typedef struct {
    FctApp *app;
    FctVm *vm;     /* owned */
    gboolean flag; /* force it off, or start it once it is made: by the kind of task */
    gboolean acts; /* the task has begun the VM's act, and ends it */
} FctVmWork;
typedef struct {
    const char *kind; /* "vm.start" */
    const char *verb; /* "Start": the title is "Start VM db-2" */
    const char *const *steps;
    gboolean cancellable;
    FctTaskFunc func; /* gets an FctVmWork */
} FctVmJob;
FctTask *fct_vm_task_new(FctApp *app, const FctIdentity *who, const FctVmJob *job, const FctVm *vm);
/*
 * fct_acts_begin, then loads *vm again: another act may have ended since it was read. A start from the old document
 * would write to files that a snapshot has frozen meanwhile.
 */
gboolean fct_vm_begin(FctApp *app, FctVm **vm, const char *what, GError **error);
/* Runs the stored task on a thread of its own; takes @vm over. */
void fct_vm_task_run(FctApp *app, FctTask *task, const FctVmJob *job, FctVm *vm, gboolean flag, gboolean acts);
/* fct_task_end; before that it ends the act, so the VM is free for the next one. */
void fct_vm_task_end(FctVmWork *work, FctTask *task, FctTaskState state, const GError *error, const char *outcome);
/* FCT_ERROR_CONFLICT for any change of another program's VM. */
void fct_vm_set_foreign_error(GError **error, const char *name);
