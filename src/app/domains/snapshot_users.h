/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reverting to a snapshot brings the old settings of its VM back, so the snapshot counts as a user of everything that
 * those settings name.
 */
#pragma once
#include "app/shared/context.h"

#define FCT_SNAPSHOT_KEY "snapshot/" /* …<id>: their documents */

/*
 * char*: "snapshot s1 of VM db-2", for each snapshot whose settings have an entry in @list ("nics", "disks", "devices")
 * with @member ("network", "path", "pool", "group") equal to @value. Snapshots that wait to be merged are left out,
 * since nobody can revert to them.
 */
GPtrArray *fct_snapshot_users(FctApp *app, const char *list, const char *member, const char *value, GError **error);
