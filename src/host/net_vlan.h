/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VLAN interfaces that Facet makes on an interface of the host. They are added without an address, so the parent and
 * its traffic stay as they are. Each is recorded in the helper's state before it is made; only recorded ones are ever
 * deleted, and they are made again after a restart of the host. In a child of the helper; blocks.
 */
#pragma once
#include "base/json.h"

#define FCT_NET_VLANS "vlans.json" /* file in the helper's state */

/*
 * @args: {"parent","tag","name"}. Makes the interface; success when we made it before. An interface of that name that
 * we did not make, or made for another VLAN or parent, is FCT_ERROR_EXISTS. A failed attempt is taken back.
 */
gboolean fct_net_vlan_make(const char *state, const json_t *vlan, GError **error);
/*
 * Deletes the interface and its record. If somebody gave the interface an address since, only the record is deleted:
 * *ret_kept then says so. g_free it.
 */
gboolean fct_net_vlan_take(const char *state, const char *name, char **ret_kept, GError **error);
/* Makes recorded interfaces again: {"known","missing"}, how many there are and how many could not be made yet. */
json_t *fct_net_vlan_keep(const char *state);
