/* SPDX-License-Identifier: Apache-2.0 */
/* The reverse proxies that Facet believes when they say for whom they ask. Immutable: any thread. */
#pragma once
#include <gio/gio.h>

typedef struct FctProxies FctProxies;

/* @texts: addresses or networks ("10.0.0.0/8"); NULL: none. */
FctProxies *fct_proxies_new(const char *const *texts, GError **error);
void fct_proxies_free(FctProxies *proxies);
gboolean fct_proxies_trusts(const FctProxies *proxies, GSocketAddress *remote);
/*
 * The client's address: @peer itself or, when that is a trusted proxy, the last address of X-Forwarded-For that is not
 * one. Text that is no address ends the search, since anybody may have written what comes before it.
 */
char *fct_proxies_client(const FctProxies *proxies, const char *peer, const char *forwarded_for);

/*
 * What counts as one caller: the address, or the first 64 bits of an IPv6 address, since a client owns all addresses
 * with these.
 */
char *fct_place_of_address(const char *address);
