/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libvirt last said of its networks. Read again when libvirt tells of a change, when somebody asks for networks,
 * when VMs come and go, and every two seconds only while a page is open: libvirt tells nothing of leases. What is new
 * is published (SSE "network", and "vm" for a VM whose addresses are others). Thread-safe.
 */
#pragma once
#include "app/context.h"

FctNetworkCache *fct_network_cache_new(FctApp *app);
/* Begins to watch libvirt, and makes the first network where there is none at all. */
void fct_network_cache_start(FctNetworkCache *cache);
void fct_network_cache_stop(FctNetworkCache *cache);
void fct_network_cache_free(FctNetworkCache *cache);

/* FctNetwork*, as last read; waits only for the first reading. FCT_ERROR_LIBVIRT_DOWN. Not on the main thread. */
GPtrArray *fct_network_cache_get(FctNetworkCache *cache, GError **error);
/* The same without any wait; NULL while libvirt does not tell. */
GPtrArray *fct_network_cache_seen(FctNetworkCache *cache);
/* Read now, unless that was done within @max_age_ms; then what a failed reading leaves is the last one. */
GPtrArray *fct_network_cache_read(FctNetworkCache *cache, int max_age_ms, GError **error);
/* MAC → array of addresses that were handed out to it. New reference; empty when nothing is known. Does not wait. */
json_t *fct_network_cache_addresses(FctNetworkCache *cache);
/* Leases or VMs may have changed: looks soon. Any thread; does not wait. */
void fct_network_cache_look(FctNetworkCache *cache);
/* A network of that name is being made by this process; the start of another one would take it for half made. */
void fct_network_cache_set_making(FctNetworkCache *cache, const char *name, gboolean on);
gboolean fct_network_cache_is_making(FctNetworkCache *cache, const char *name);
/* One judgement at a time, until what was judged is noted in the store. Not held while libvirt does it. */
void fct_network_cache_lock(FctNetworkCache *cache);
void fct_network_cache_unlock(FctNetworkCache *cache);
