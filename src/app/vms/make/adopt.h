/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes VMs of other programs ours, and lets them go again. Any thread but the main one; waits for libvirt and the
 * disk.
 */
#pragma once
#include "app/api/api.h"

/*
 * A preview. @id: UUID or name of another program's VM. {"id", "name", "state", "kept", "lost", "digest", "verdicts"}:
 * what stays as it is, what the next start by Facet would change, and what forbids adopting it. Changes nothing.
 */
json_t *fct_vm_adoption(FctApp *app, const char *id, GError **error);
/*
 * Makes the VM ours, by our mark in libvirt and a document. Nothing else of it changes, even while it runs.
 * FCT_ERROR_REFUSED lists the verdicts; losses need @confirm. @digest: of the preview; FCT_ERROR_STALE when the losses
 * differ by now; "": any losses. Returns the VM's id (free it). *ret_lost: array of texts, what its next start by Facet
 * changes; a new reference.
 */
char *fct_vm_adopt(FctApp *app, const FctIdentity *who, const char *id, gboolean confirm, const char *digest,
                   json_t **ret_lost, GError **error);
/*
 * The way back: removes document and mark; the domain and its disks stay. @id of a VM of ours. {"id", "name",
 * "definition", "sentence", "lost"}: what became of its definition, and which changes to the one with which it was
 * adopted stay.
 */
json_t *fct_vm_let_go(FctApp *app, const FctIdentity *who, const char *id, GError **error);
