/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 addresses as numbers (host order) and text, and subnets. Pure. */
#pragma once
#include <glib.h>

/* FALSE unless it is four decimal bytes. */
gboolean fct_ipv4_parse(const char *text, guint32 *ret);
char *fct_ipv4_text(guint32 address);
/* 24 → 255.255.255.0; 0 and less → 0. */
guint32 fct_ipv4_mask(int prefix);
/* "192.168.1.7/24"; without a slash it is one address (32). FALSE when it is no IPv4. */
gboolean fct_ipv4_cidr(const char *text, guint32 *ret_address, int *ret_prefix);
/* The two subnets share addresses. An empty one (prefix 0) shares none. */
gboolean fct_ipv4_overlaps(guint32 a, int a_prefix, guint32 b, int b_prefix);

/* What a range is for (RFC 6890). */
typedef enum {
    FCT_IPV4_PRIVATE, /* 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 */
    FCT_IPV4_SPECIAL, /* wholly in one kept for something: carriers (100.64.0.0/10), documents, measurements */
    FCT_IPV4_PUBLIC,  /* addresses of the Internet, in part at least */
    FCT_IPV4_UNUSABLE /* in part at least what no network of guests can have: loopback, link-local, multicast… */
} FctIpv4Use;
/* @ret_what: what it is kept for, in words ("" for public ones); static. */
FctIpv4Use fct_ipv4_use(guint32 address, int prefix, const char **ret_what);

/* "::ffff:192.168.1.7" and "192.168.1.7" alike: what a socket says. */
gboolean fct_ipv4_of_socket(const char *text, guint32 *ret);
