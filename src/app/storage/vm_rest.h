/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether VMs were off all the while that something of theirs was read. Facet holds its own starts back; virsh it does
 * not, and a VM that virsh starts and ends in between has written to what is half copied. Nor is a VM that writes
 * always one that Facet knows to have the disk: the files themselves tell of that. Not the thread of HTTP.
 */
#pragma once
#include "app/shared/context.h"
#include "model/volume_record.h"

/* Before it begins: id → FctVmInfo*, of all VMs that there are. */
GHashTable *fct_vm_rest_begin(FctApp *app);
/* Once, after it has ended and before any of the next: what libvirt tells of a moment ago has come by then. */
void fct_vm_rest_settle(void);
/*
 * FCT_ERROR_CONFLICT when the VM was started since @before, or when nobody can know: the connection to libvirt was lost
 * meanwhile, or the VM is gone.
 */
gboolean fct_vm_rest_held(FctApp *app, const GHashTable *before, const char *id, GError **error);

/*
 * Before it begins: notes in @stamps (path → how it is) the file that @source tells of and all that it stands on. A
 * device, and a file that facetd cannot stat, is not noted, so whoever writes to it is noticed by the VMs alone.
 */
void fct_vm_rest_note(FctApp *app, const FctVolumeRecord *source, GHashTable *stamps);
/* FCT_ERROR_CONFLICT when one of them was written to since, or exchanged; one that cannot be looked at any more is
 * passed over. */
gboolean fct_vm_rest_unwritten(FctApp *app, const GHashTable *stamps, GError **error);
