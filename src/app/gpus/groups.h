/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource groups: stored ones ("group/<id>"), and a built-in one for each kind of part there is. Any thread; waits for
 * the disk.
 */
#pragma once
#include "app/shared/context.h"
#include "model/part.h"

/* Stored, then built-in. FctGroup*; free with g_ptr_array_unref. @parts as of fct_parts_list. */
GPtrArray *fct_groups_all(FctApp *app, const GPtrArray *parts, GError **error);
/* As in the contract: counts, parts, the VMs with a device from it. */
json_t *fct_groups_list(FctApp *app, GError **error);
json_t *fct_groups_get(FctApp *app, const char *id, GError **error);
/* @input: ResourceGroupInput. @id NULL makes a new one. */
json_t *fct_groups_put(FctApp *app, const char *id, const json_t *input, guint64 revision, GError **error);
gboolean fct_groups_delete(FctApp *app, const char *id, guint64 revision, GError **error);
/* Tells the page what the groups hold now; failures are logged. */
void fct_groups_publish(FctApp *app);
