/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that other programs made become ours, and stop being it. Any thread; waits for libvirt and the disk. */
#pragma once
#include "app/api/api.h"

/*
 * @id: UUID or name of another's VM. {"id", "name", "state", "kept", "lost", "digest", "verdicts"}: what stays as it
 * is, what the next start by Facet would change, and what stands against it. Changes nothing.
 */
json_t *fct_vm_adoption(FctApp *app, const char *id, GError **error);
/*
 * Makes it ours: our mark in libvirt, and a document. Nothing else of it changes, also when it runs. FCT_ERROR_REFUSED
 * lists the verdicts; what would be lost needs @confirm. @digest: of what was read then, which must be what would be
 * lost now (FCT_ERROR_STALE); "": whatever it is. Returns the VM's id (free it). *ret_lost: array of texts, what its
 * next start by Facet changes; a new reference.
 */
char *fct_vm_adopt(FctApp *app, const FctIdentity *who, const char *id, gboolean confirm, const char *digest,
                   json_t **ret_lost, GError **error);
/*
 * The way back: document and mark are gone, the domain and its disks stay. @id of one of ours. {"id", "name",
 * "definition", "sentence", "lost"}: what became of its definition, and what of the one that it was adopted with stays
 * changed.
 */
json_t *fct_vm_let_go(FctApp *app, const FctIdentity *who, const char *id, GError **error);
