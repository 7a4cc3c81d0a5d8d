/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/parts.h"

#include "core/chooser.h"

#include <string.h>

char *fct_journal_key(const char *gpu)
{
    return g_strconcat("journal/", gpu, NULL);
}

char *fct_hold_key(const char *part)
{
    return g_strconcat("hold/", part, NULL);
}

static FctReservationState part_state_of(const char *name)
{
    if (strcmp(name, "reserved") == 0)
        return FCT_RESERVED;
    return strcmp(name, "in-use") == 0 ? FCT_IN_USE : FCT_RELEASING; /* an unknown state still means held */
}

GPtrArray *fct_parts_reservations(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "hold/", error);
    if (!docs)
        return NULL;
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)fct_reservation_free);
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        g_ptr_array_add(all, fct_reservation_new(doc->key + strlen("hold/"), fct_json_str(doc->value, "vm", ""),
                                                 fct_json_str(doc->value, "vm_name", ""),
                                                 part_state_of(fct_json_str(doc->value, "state", ""))));
    }
    return all;
}

GPtrArray *fct_parts_list(const FctInventory *inventory, const GPtrArray *reservations)
{
    return fct_parts_of(inventory, reservations);
}
