/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks. libvirt keeps them, so what it says is what exists (networks/cache.h). Any thread but the one that serves
 * HTTP: calls may wait for libvirt and the store.
 */
#pragma once
#include "app/domains/vm_doc.h"
#include "app/shared/writes.h"
#include "app/work/task.h"

/*
 * Who asks for a change, and the two ends of their connection: the change must not cut it without consent. Addresses
 * may be "".
 */
typedef struct {
    const char *local, *remote;
    gboolean confirmed;
} FctNetworkCaller;

/* ---- networks.c ---- */
/* As in the contract. FCT_ERROR_UNSUPPORTED without libvirt. The list is the last reading; get reads from libvirt. */
json_t *fct_networks_list(FctApp *app, GError **error);
json_t *fct_networks_get(FctApp *app, const char *name, GError **error);
/* {"items", "why"}: the host's interfaces. */
json_t *fct_networks_interfaces(FctApp *app, GError **error);
/* The NICs in the network, as in the contract: of running and stopped VMs, of ours and of other programs'. */
json_t *fct_networks_nics(FctApp *app, const FctNetwork *network, const GPtrArray *mine);

/* MAC → addresses that DHCP handed out, from the last reading. Does not wait. */
json_t *fct_networks_addresses(FctApp *app);
/* The same, from libvirt unless it was read just before. */
json_t *fct_networks_addresses_now(FctApp *app);
/* Gives a VM that asks for no NICs one in "default" or "facet", or else in the first NAT network that runs. */
void fct_networks_default_nic(FctApp *app, FctVm *vm);
/* FCT_ERROR_BAD_REQUEST naming "nics" when a network does not exist, or when another VM of ours uses a MAC of @vm. */
gboolean fct_networks_check_nics(FctApp *app, const FctVm *vm, GError **error);
/*
 * Adds to @writes that no network of @vm's NICs is being deleted: else the commit fails with FCT_ERROR_REVISION. A
 * deletion looks for VMs after it was noted, so either the deletion finds the VM, or this commit finds the note.
 * FCT_ERROR_CONFLICT: a network is being deleted now.
 */
gboolean fct_networks_guard_nics(FctApp *app, const FctVm *vm, FctWrites *writes, GError **error);
/*
 * Call it when such a commit failed with @fault. When a deletion was the reason it sets FCT_ERROR_CONFLICT and returns
 * TRUE; otherwise it sets no error.
 */
gboolean fct_networks_refused(FctApp *app, const FctVm *vm, const GError *fault, GError **error);

/* ---- networks/change.c ---- */
/* A preview. @body: {"action", "id", "input"}. Changes nothing. */
json_t *fct_networks_preview(FctApp *app, const json_t *body, const FctNetworkCaller *caller, GError **error);
json_t *fct_networks_create(FctApp *app, const json_t *input, const FctNetworkCaller *caller, GError **error);
/*
 * Starts a network that is off, anybody's; one that runs stays as it is. FCT_ERROR_CONFLICT while it is being changed.
 */
json_t *fct_networks_start(FctApp *app, const char *name, GError **error);
/* Judges the change and starts its task. */
FctTask *fct_networks_update(FctApp *app, const char *user, const char *name, const json_t *input, guint64 revision,
                             const FctNetworkCaller *caller, GError **error);
/* Judges the deletion and starts its task. FCT_ERROR_IN_USE names the VMs. */
FctTask *fct_networks_delete(FctApp *app, const char *user, const char *name, guint64 revision,
                             const FctNetworkCaller *caller, GError **error);
/*
 * Makes the network "facet" (NAT) when no network runs and this was never done before, so that the first VM has one;
 * who deletes it does not get it back. TRUE: done, or not needed.
 */
gboolean fct_networks_make_first(FctApp *app, const GPtrArray *networks);
