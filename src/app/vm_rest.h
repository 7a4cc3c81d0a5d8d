/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether VMs were off all the while that something of theirs was read. Facet holds its own starts back; virsh it does
 * not, and a VM that virsh starts and ends in between has written to what is half copied. Not the thread of HTTP.
 */
#pragma once
#include "app/vm_service.h"

/* Before it begins: id → FctVmInfo*, of all VMs that there are. */
GHashTable *fct_vm_rest_begin(FctVms *vms);
/* Once, after it has ended and before any of the next: what libvirt tells of a moment ago has come by then. */
void fct_vm_rest_settle(void);
/*
 * FCT_ERROR_CONFLICT when the VM was started since @before, or when nobody can know: the connection to libvirt was lost
 * meanwhile, or the VM is gone.
 */
gboolean fct_vm_rest_held(FctVms *vms, const GHashTable *before, const char *id, GError **error);
