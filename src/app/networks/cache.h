/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt last said of its networks, for whoever wants to know; networks/watch.h keeps it fresh. Thread-safe. */
#pragma once
#include "app/shared/context.h"

FctNetworkCache *fct_network_cache_new(FctApp *app);
void fct_network_cache_free(FctNetworkCache *cache);

/* FctNetwork*, as last read; waits only for the first reading. FCT_ERROR_LIBVIRT_DOWN. Not on the main thread. */
GPtrArray *fct_network_cache_get(FctNetworkCache *cache, GError **error);
/* The same without any wait; NULL while libvirt does not tell. */
GPtrArray *fct_network_cache_seen(FctNetworkCache *cache);
/* Read now, unless that was done within @max_age_ms; then what a failed reading leaves is the last one. */
GPtrArray *fct_network_cache_read(FctNetworkCache *cache, int max_age_ms, GError **error);
/* MAC → array of addresses that were handed out to it. New reference; empty when nothing is known. Does not wait. */
json_t *fct_network_cache_addresses(FctNetworkCache *cache);
/* Leases or VMs may have changed: the watch reads soon. Any thread; does not wait. */
void fct_network_cache_look(FctNetworkCache *cache);

/* ---- for the watch ---- */
/* Waits for fct_network_cache_look until @until_us; *ret_due: it was called. FALSE when facetd ends. */
gboolean fct_network_cache_await_look(FctNetworkCache *cache, gint64 until_us, gboolean *ret_due);
/* Waits until then, whoever calls; FALSE when facetd ends. */
gboolean fct_network_cache_rest(FctNetworkCache *cache, gint64 until_us);
/* Nobody waits any more: facetd ends. */
void fct_network_cache_quit(FctNetworkCache *cache);
/* The last reading failed. */
gboolean fct_network_cache_has_failed(FctNetworkCache *cache);
/* A network of that name is being made by this process; the start of another one would take it for half made. */
void fct_network_cache_set_making(FctNetworkCache *cache, const char *name, gboolean on);
gboolean fct_network_cache_is_making(FctNetworkCache *cache, const char *name);
/* One judgement at a time, until what was judged is noted in the store. Not held while libvirt does it. */
void fct_network_cache_lock(FctNetworkCache *cache);
void fct_network_cache_unlock(FctNetworkCache *cache);
