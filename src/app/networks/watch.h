/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what is known of networks fresh. It reads when libvirt reports a change, when somebody asks for networks, when
 * VMs come and go, and, since libvirt reports no leases, every two seconds while a page is open. News is published (SSE
 * "network", and "vm" for a VM whose addresses have changed). One thread.
 */
#pragma once
#include "app/shared/context.h"

FctNetworkWatch *fct_network_watch_new(FctApp *app);
/*
 * Begins to watch libvirt, settles leftovers of an earlier facetd, and makes the first network when there is none at
 * all.
 */
void fct_network_watch_start(FctNetworkWatch *watch);
void fct_network_watch_stop(FctNetworkWatch *watch);
void fct_network_watch_free(FctNetworkWatch *watch);
