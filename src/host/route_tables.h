/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of routing tables. Debian 12 has them in /etc/iproute2, Debian 13 in /usr/share/iproute2 and only the
 * administrator's own in /etc; both read further ones from rt_tables.d. libnl reads one file and forgets what it read
 * before, so it is not used for this.
 */
#pragma once
#include <glib.h>

/* Number (GUINT_TO_POINTER) → name, from the files below @root ("" for this host). The kernel's own three are always
 * there. Free with g_hash_table_unref. */
GHashTable *fct_route_tables_read(const char *root);
/* The table's name, or its number as text. Free with g_free. */
char *fct_route_tables_name(GHashTable *names, guint32 table);
