/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot brings back the settings of its VM, so it is a user of what they name. */
#pragma once
#include "app/shared/context.h"

#define FCT_SNAPSHOT_KEY "snapshot/" /* …<id>: their documents */

/*
 * char*: "snapshot s1 of VM db-2", of those whose settings have an entry of @list ("nics", "disks", "devices") with
 * @member ("network", "path", "pool", "group") of that @value. What waits to be merged is no user: nobody reverts to
 * it.
 */
GPtrArray *fct_snapshot_users(FctApp *app, const char *list, const char *member, const char *value, GError **error);
