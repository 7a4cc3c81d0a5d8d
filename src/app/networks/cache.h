/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt last said about its networks; networks/watch.h keeps it fresh. Thread-safe. */
#pragma once
#include "app/shared/context.h"

FctNetworkCache *fct_network_cache_new(FctApp *app);
void fct_network_cache_free(FctNetworkCache *cache);

/* The last reading (FctNetwork*); waits only for the first one. FCT_ERROR_LIBVIRT_DOWN. Not on the main thread. */
GPtrArray *fct_network_cache_get(FctNetworkCache *cache, GError **error);
/* The last reading without any wait; NULL while libvirt does not answer. */
GPtrArray *fct_network_cache_seen(FctNetworkCache *cache);
/*
 * Reads from libvirt, unless that was done within @max_age_ms: then returns the last reading, even if a later one
 * failed.
 */
GPtrArray *fct_network_cache_read(FctNetworkCache *cache, int max_age_ms, GError **error);
/*
 * MAC → array of the addresses that DHCP handed out to it. New reference; empty when nothing is known. Does not wait.
 */
json_t *fct_network_cache_addresses(FctNetworkCache *cache);
/* Leases or VMs may have changed: makes the watch read soon. Any thread; does not wait. */
void fct_network_cache_refresh(FctNetworkCache *cache);

/* ---- for the watch ---- */
/* Waits until @until_us for a call of fct_network_cache_refresh; *ret_due: there was one. FALSE when facetd ends. */
gboolean fct_network_cache_await_refresh(FctNetworkCache *cache, gint64 until_us, gboolean *ret_due);
/* Waits until then even if somebody calls fct_network_cache_refresh. FALSE when facetd ends. */
gboolean fct_network_cache_rest(FctNetworkCache *cache, gint64 until_us);
/* facetd ends: wakes all waiters. */
void fct_network_cache_quit(FctNetworkCache *cache);
/* TRUE when the last reading failed. */
gboolean fct_network_cache_has_failed(FctNetworkCache *cache);
/*
 * Notes that this process is making a network of that name, so that its half-made state is not taken for a leftover of
 * an earlier process.
 */
void fct_network_cache_set_making(FctNetworkCache *cache, const char *name, gboolean on);
gboolean fct_network_cache_is_making(FctNetworkCache *cache, const char *name);
/* Serializes judging a change until it is noted in the store. Not held while libvirt carries the change out. */
void fct_network_cache_lock(FctNetworkCache *cache);
void fct_network_cache_unlock(FctNetworkCache *cache);
