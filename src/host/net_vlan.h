/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces of VLANs that Facet makes on an interface of the host: added beside what there is, without an address, so
 * the parent and what it carries stay as they are. Each is written down in the helper's state before it is made; only
 * what is written there is ever taken away, and it is made again when the host has started. In a child of the helper.
 */
#pragma once
#include "base/json.h"

#define FCT_NET_VLANS "vlans.json" /* in the helper's state */

/*
 * {"parent","tag","name"}: made, or there already as it was made. What is there and was not made by us, or was
 * made for another VLAN or parent, is FCT_ERROR_EXISTS. What was begun and failed is taken back.
 */
gboolean fct_net_vlan_make(const char *state, const json_t *vlan, GError **error);
/*
 * Gone, and forgotten. One that somebody gave an address since is forgotten and left: *ret_kept then says so. g_free
 * it.
 */
gboolean fct_net_vlan_take(const char *state, const char *name, char **ret_kept, GError **error);
/* Makes again what is written down: {"known","missing"}, how many there are and how many could not be made yet. */
json_t *fct_net_vlan_keep(const char *state);
