/* SPDX-License-Identifier: Apache-2.0 */
/* A libvirt without any VMs that sends no events: what a test of one noun needs besides what it plays itself. */
#pragma once
#include "port/vmm.h"

json_t *quiet_facts(FctVmm *vmm, GError **error);
GPtrArray *quiet_networks(FctVmm *vmm, GError **error); /* one network that runs, or facetd would make a first one */
GPtrArray *quiet_interfaces(FctVmm *vmm, char **ret_why, GError **error);
json_t *quiet_stats(FctVmm *vmm, GError **error);
void quiet_watch_storage(FctVmm *vmm, FctVmmStorageChanged changed, gpointer data);
void quiet_watch_networks(FctVmm *vmm, FctVmmNetworks changed, gpointer data);
FctDeviceUse quiet_device_use(FctVmm *vmm, const char *path, char **ret_where); /* free */
void quiet_free(FctVmm *vmm);

/* For an initializer of FctVmmOps. */
#define QUIET_VMM_OPS                                                                                                  \
    .device_use = quiet_device_use, .facts = quiet_facts, .interfaces = quiet_interfaces, .stats = quiet_stats,        \
    .watch_storage = quiet_watch_storage, .watch_networks = quiet_watch_networks, .free = quiet_free
