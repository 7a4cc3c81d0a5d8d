/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMs of this node: what was asked for (store), what libvirt says, and who holds which part. Thread-safe; calls
 * may wait for the disk, libvirt or the helper, so not on the main thread, except new, start and free.
 */
#pragma once
#include "app/context.h"

/* Reads the documents of our VMs. */
FctVms *fct_vms_new(FctApp *app, GError **error);
/* Begins to watch libvirt. Before fct_tasks_recover: it claims the tasks "vm.…" that were left running. */
void fct_vms_start(FctVms *vms);
/* After the tasks ended. Nothing is heard of libvirt any more. */
void fct_vms_stop(FctVms *vms);
/* Main thread, since it closes the consoles. */
void fct_vms_free(FctVms *vms);

/* The newest readings of fct_vmm stats, by VM id, from whoever samples them; kept for the API. */
void fct_vms_note_stats(FctVms *vms, const json_t *stats);
/* The world of parts has changed (layout, holders): what blocks a VM may differ. Publishes the VMs that are off. */
void fct_vms_parts_changed(FctVms *vms);
/* Networks or pools have come, gone, started or stopped: any VM that is off may be blocked or not now. */
void fct_vms_host_changed(FctVms *vms);
