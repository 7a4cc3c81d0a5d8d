/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gpu as the API gives it: the inventory's facts, enriched with what facetd knows beside it (parts and holders, what
 * is wanted, how that differs). Any thread; waits for the disk.
 */
#pragma once
#include "app/shared/context.h"

/* @detail adds what still fits and what is stranded. New reference. */
json_t *fct_gpu_view(FctApp *app, const FctInventory *inventory, const FctGpu *gpu, gboolean detail, GError **error);
