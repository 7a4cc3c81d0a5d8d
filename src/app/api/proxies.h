/* SPDX-License-Identifier: Apache-2.0 */
/* The reverse proxies that are believed when they say for whom they ask. Immutable: any thread. */
#pragma once
#include <gio/gio.h>

typedef struct FctProxies FctProxies;

/* @texts: addresses or networks ("10.0.0.0/8"); NULL: none. */
FctProxies *fct_proxies_new(const char *const *texts, GError **error);
void fct_proxies_free(FctProxies *proxies);
gboolean fct_proxies_trusts(const FctProxies *proxies, GSocketAddress *remote);
/*
 * Who is at the other end: @peer itself, or, when that is a trusted proxy, the last address of X-Forwarded-For that is
 * none. What is no address ends the search: the rest was written by who knows whom.
 */
char *fct_proxies_client(const FctProxies *proxies, const char *peer, const char *forwarded_for);

/* What is counted as one caller: the address, of IPv6 its first 64 bits, since whoever has one has them all. */
char *fct_place_of_address(const char *address);
