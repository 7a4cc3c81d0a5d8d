/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gpu as the API gives it: facts of the inventory, plus what facetd knows (parts, holders, wanted layout, drift). Any
 * thread; waits for the disk.
 */
#pragma once
#include "app/shared/context.h"

/* @detail also adds which profiles still fit and what is stranded. New reference. */
json_t *fct_gpu_view(FctApp *app, const FctInventory *inventory, const FctGpu *gpu, gboolean detail, GError **error);
