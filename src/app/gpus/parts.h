/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds which part, as the decisions want it: read from the store ("hold/<part id>": {"vm","vm_name","state",…}),
 * where a VM's start puts it. Any thread; waits for the disk.
 *
 * Exclusion. While a plan runs on a gpu, its journal ("journal/<gpu id>") exists. Whoever reserves a part adds
 * {fct_journal_key(gpu), NULL, FCT_REV_NONE} to the same transaction: it fails while a plan runs. A plan's apply in
 * turn demands that nobody holds what it removes. So the store itself keeps both from meeting.
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
