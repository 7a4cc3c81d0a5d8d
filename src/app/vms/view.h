/* SPDX-License-Identifier: Apache-2.0 */
/* VMs as the API gives them, and what keeps them from starting. Not on the thread that serves HTTP. */
#pragma once
#include "app/vms/power/choose.h"

/* The VM as in the contract. @info may be NULL. @addresses: from fct_networks_addresses. */
json_t *fct_vm_view(FctApp *app, const FctVmOffer *offer, const FctVm *vm, const FctVmInfo *info,
                    const GPtrArray *holds, const json_t *addresses);
json_t *fct_vm_view_foreign(FctApp *app, const FctVmInfo *info);
/* The VM's state for people: what libvirt says, what is under way, or that libvirt does not answer. */
const char *fct_vms_state_name(FctApp *app, const char *id, const FctVmInfo *info);
/* Why an idle VM cannot start, as in the contract. New reference. */
json_t *fct_vm_blocked(FctApp *app, const FctVmOffer *offer, const FctVm *vm);
