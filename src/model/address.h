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
/* "::ffff:192.168.1.7" and "192.168.1.7" alike: what a socket says. */
gboolean fct_ipv4_of_socket(const char *text, guint32 *ret);
