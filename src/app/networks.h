/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: libvirt keeps them, so what it says now is what there is. Any thread but the one that serves HTTP; each
 * call asks libvirt.
 */
#pragma once
#include "app/vm_doc.h"

/* As in the contract. FCT_ERROR_UNSUPPORTED without libvirt. */
json_t *fct_networks_list(FctApp *app, GError **error);
json_t *fct_networks_get(FctApp *app, const char *name, GError **error);
json_t *fct_networks_create(FctApp *app, const json_t *input, GError **error);
/* @input: {"static_leases"}. */
json_t *fct_networks_update(FctApp *app, const char *name, const json_t *input, guint64 revision, GError **error);
/* FCT_ERROR_IN_USE names the VMs. */
gboolean fct_networks_delete(FctApp *app, const char *name, guint64 revision, GError **error);

/* MAC → addresses that were handed out to it. Empty when libvirt does not answer. */
json_t *fct_networks_addresses(FctApp *app);
/* A NIC in the network "default", when there is one and it runs. */
void fct_networks_default_nic(FctApp *app, FctVm *vm);
/* FCT_ERROR_BAD_REQUEST names "nics" when a network is not there or another VM of ours has a MAC of @vm. */
gboolean fct_networks_check_nics(FctApp *app, const FctVm *vm, GError **error);
