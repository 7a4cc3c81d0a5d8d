/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds which part, in the form that core's decisions take: read from the store ("hold/<part id>":
 * {"vm","vm_name","state",…}), where the start of a VM puts it. Any thread; waits for the disk.
 *
 * Exclusion: while a plan runs on a gpu, its journal ("journal/<gpu id>") exists. Whoever reserves a part adds
 * {fct_journal_key(gpu), NULL, FCT_REV_NONE} to the same transaction, which then fails while a plan runs. Applying a
 * plan in turn demands that nobody holds what it removes. So the store keeps the two apart.
 */
#pragma once
#include "app/shared/context.h"
#include "model/part.h"

/* FctReservation*; free with g_ptr_array_unref. */
GPtrArray *fct_parts_reservations(FctApp *app, GError **error);
char *fct_journal_key(const char *gpu);
char *fct_hold_key(const char *part);
/* FctPart* of every gpu of the inventory. */
GPtrArray *fct_parts_list(const FctInventory *inventory, const GPtrArray *reservations);
