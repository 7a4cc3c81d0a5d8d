/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMs of this node: what was asked for (vm_docs.h), what libvirt says (domains.h), and who holds which part.
 * Thread-safe. Calls may wait for the disk, libvirt or the helper, so not on the main thread, except new, start and
 * free.
 */
#pragma once
#include "app/work/task.h"

/* Call it when the context has all other parts that know of VMs. */
FctVms *fct_vms_new(FctApp *app);
/* Begins to watch libvirt. Call it before fct_tasks_recover: it claims the tasks "vm.…" that were left running. */
void fct_vms_start(FctVms *vms);
/* Call it after the tasks ended. No event of libvirt arrives afterwards. */
void fct_vms_stop(FctVms *vms);
void fct_vms_free(FctVms *vms);
/* Ends the tasks "vm.…" that were running when facetd ended. */
void fct_vm_recover(FctTask *task, gpointer app);
