/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether VMs stayed off while something of theirs was read. Facet holds back its own starts but cannot hold back
 * virsh, and a VM that virsh starts and ends in between has written to what is half copied. A VM that Facet does not
 * know to have the disk may write to it too: so the files themselves are compared as well. Not on the thread that
 * serves HTTP.
 */
#pragma once
#include "app/shared/context.h"
#include "model/volume_record.h"

/* Call it before reading: id → FctVmInfo* of all VMs. */
GHashTable *fct_vm_rest_begin(FctApp *app);
/*
 * Call it once after reading, before any of the functions below: waits until libvirt's events of a moment ago have
 * arrived.
 */
void fct_vm_rest_settle(void);
/*
 * FCT_ERROR_CONFLICT when the VM was started since @before, or when that cannot be known: the connection to libvirt was
 * lost meanwhile, or the VM is gone.
 */
gboolean fct_vm_rest_held(FctApp *app, const GHashTable *before, const char *id, GError **error);

/*
 * Call it before reading: notes in @stamps (path → state) the file of @source and all files below it. Devices, and
 * files that facetd cannot stat, are not noted: of these only the VMs tell whether they were written to.
 */
void fct_vm_rest_note(FctApp *app, const FctVolumeRecord *source, GHashTable *stamps);
/*
 * FCT_ERROR_CONFLICT when a noted file was written to or exchanged since. A file that cannot be looked at any more is
 * passed over.
 */
gboolean fct_vm_rest_unwritten(FctApp *app, const GHashTable *stamps, GError **error);
