/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what is known of networks fresh: read again when libvirt tells of a change, when somebody asks for networks,
 * when VMs come and go, and every two seconds only while a page is open: libvirt tells nothing of leases. What is new
 * is published (SSE "network", and "vm" for a VM whose addresses are others). One thread.
 */
#pragma once
#include "app/shared/context.h"

FctNetworkWatch *fct_network_watch_new(FctApp *app);
/* Begins to watch libvirt, settles what facetd ended in, and makes the first network where there is none at all. */
void fct_network_watch_start(FctNetworkWatch *watch);
void fct_network_watch_stop(FctNetworkWatch *watch);
void fct_network_watch_free(FctNetworkWatch *watch);
