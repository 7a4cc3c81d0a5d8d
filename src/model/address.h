/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 addresses and subnets, as numbers (host order) and as text. Pure. */
#pragma once
#include <glib.h>

/* FALSE unless it is four decimal bytes. */
gboolean fct_ipv4_parse(const char *text, guint32 *ret);
char *fct_ipv4_text(guint32 address);
/* 24 → 255.255.255.0; 0 and less → 0. */
guint32 fct_ipv4_mask(int prefix);
/* "192.168.1.7/24"; without a slash it is one address (32). FALSE when it is no IPv4. */
gboolean fct_ipv4_cidr(const char *text, guint32 *ret_address, int *ret_prefix);
/* Whether the two subnets share addresses. An empty one (prefix 0) shares none. */
gboolean fct_ipv4_overlaps(guint32 a, int a_prefix, guint32 b, int b_prefix);

/* What a range is reserved for (RFC 6890). */
typedef enum {
    FCT_IPV4_PRIVATE, /* 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 */
    FCT_IPV4_SPECIAL, /* wholly in one that is reserved: carriers (100.64.0.0/10), documentation, measurements */
    FCT_IPV4_PUBLIC,  /* at least in part addresses of the Internet */
    FCT_IPV4_UNUSABLE /* at least in part unusable for guests: loopback, link-local, multicast… */
} FctIpv4Use;
/* @ret_what: what it is reserved for, in words ("" for public ones); static. */
FctIpv4Use fct_ipv4_use(guint32 address, int prefix, const char **ret_what);

/* The address as a socket gives it: "::ffff:192.168.1.7" and "192.168.1.7" alike. */
gboolean fct_ipv4_of_socket(const char *text, guint32 *ret);
