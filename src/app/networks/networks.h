/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: libvirt keeps them, so what it says is what there is (networks/cache.h). Any thread but the one that serves
 * HTTP: calls may wait for libvirt and the store.
 */
#pragma once
#include "app/domains/vm_doc.h"
#include "app/shared/writes.h"
#include "app/work/task.h"

/* Who asks for a change, and over which connection: it must not be cut unasked. Addresses may be "". */
typedef struct {
    const char *local, *remote;
    gboolean confirmed;
} FctNetworkCaller;

/* ---- networks.c ---- */
/* As in the contract. FCT_ERROR_UNSUPPORTED without libvirt. The list is what was last read, get reads now. */
json_t *fct_networks_list(FctApp *app, GError **error);
json_t *fct_networks_get(FctApp *app, const char *name, GError **error);
/* {"items", "why"}: the host's interfaces. */
json_t *fct_networks_interfaces(FctApp *app, GError **error);
/* The NICs that are in the network, as in the contract; VMs that run and those that do not, ours and others'. */
json_t *fct_networks_nics(FctApp *app, const FctNetwork *network, const GPtrArray *mine);

/* MAC → addresses that were handed out to it, as last read. Does not wait. */
json_t *fct_networks_addresses(FctApp *app);
/* The same, read now unless that was done just before. */
json_t *fct_networks_addresses_now(FctApp *app);
/* A NIC in the network that a VM gets without being asked: "default" or "facet", or else the first NAT that runs. */
void fct_networks_default_nic(FctApp *app, FctVm *vm);
/* FCT_ERROR_BAD_REQUEST names "nics" when a network is not there or another VM of ours has a MAC of @vm. */
gboolean fct_networks_check_nics(FctApp *app, const FctVm *vm, GError **error);
/*
 * Adds to @writes that no network of @vm's NICs is being deleted, or the commit fails with FCT_ERROR_REVISION: a
 * deletion looks for VMs after it was noted, so either it finds the VM or this finds the note. FCT_ERROR_CONFLICT: one
 * is being deleted now.
 */
gboolean fct_networks_guard_nics(FctApp *app, const FctVm *vm, FctWrites *writes, GError **error);
/* After such a commit failed with @fault: whether that was it. Then FCT_ERROR_CONFLICT, as above; else no error. */
gboolean fct_networks_refused(FctApp *app, const FctVm *vm, const GError *fault, GError **error);

/* ---- networks/change.c ---- */
/* @body: {"action", "id", "input"}. Changes nothing. */
json_t *fct_networks_preview(FctApp *app, const json_t *body, const FctNetworkCaller *caller, GError **error);
json_t *fct_networks_create(FctApp *app, const json_t *input, const FctNetworkCaller *caller, GError **error);
/* Anybody's that is off. One that runs stays as it is. FCT_ERROR_CONFLICT while it is being changed. */
json_t *fct_networks_start(FctApp *app, const char *name, GError **error);
/* Judged now, done by a task, which runs already. */
FctTask *fct_networks_update(FctApp *app, const char *user, const char *name, const json_t *input, guint64 revision,
                             const FctNetworkCaller *caller, GError **error);
/* The same. FCT_ERROR_IN_USE names the VMs. */
FctTask *fct_networks_delete(FctApp *app, const char *user, const char *name, guint64 revision,
                             const FctNetworkCaller *caller, GError **error);
/*
 * Makes the network "facet" (NAT) when no network runs and this was never done before: the first VM shall have one, and
 * who deletes it is not given it again. TRUE: seen to, or there is no need.
 */
gboolean fct_networks_make_first(FctApp *app, const GPtrArray *networks);
