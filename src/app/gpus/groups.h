/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource groups: those that are stored ("group/<id>"), and a built-in one for each kind of part that there is. Any
 * thread; waits for the disk.
 */
#pragma once
#include "app/shared/context.h"
#include "model/part.h"

/* Stored groups first, then built-in ones. FctGroup*; free with g_ptr_array_unref. @parts: from fct_parts_list. */
GPtrArray *fct_groups_all(FctApp *app, const GPtrArray *parts, GError **error);
/* A group as in the contract, with counts, parts, and the VMs that have a device from it. */
json_t *fct_groups_list(FctApp *app, GError **error);
json_t *fct_groups_get(FctApp *app, const char *id, GError **error);
/* @input: ResourceGroupInput. @id NULL makes a new one. */
json_t *fct_groups_put(FctApp *app, const char *id, const json_t *input, guint64 revision, GError **error);
gboolean fct_groups_delete(FctApp *app, const char *id, guint64 revision, GError **error);
/* Tells the page what each group holds now. Failures are logged. */
void fct_groups_publish(FctApp *app);
