/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/gpu_hold.h"

#include "app/gpus/gpu_view.h"
#include "app/gpus/observer.h"
#include "app/gpus/parts.h"
#include "app/news/records.h"

#include <string.h>

static const FctGpu *gpu_hold_find(const FctInventory *seen, const char *name, GError **error)
{
    const FctGpu *gpu = seen ? fct_inventory_find_gpu(seen, name) : NULL;
    if (seen && !gpu)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "This host has no GPU “%s”.", name);
    return gpu;
}

/* The parts of a gpu that Facet lets go are not seen any more, so a VM that holds one would lose it. */
static gboolean no_vm_holds(FctApp *app, const FctGpu *gpu, GError **error)
{
    g_autoptr(GPtrArray) reservations = fct_parts_reservations(app, error);
    g_autofree char *prefix = g_strconcat(gpu->id, ".", NULL);
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GHashTable) named = g_hash_table_new(g_str_hash, g_str_equal);
    if (!reservations)
        return FALSE;
    for (guint i = 0; i < reservations->len; i++) {
        const FctReservation *reservation = reservations->pdata[i];
        if (g_str_has_prefix(reservation->part, prefix) && g_hash_table_add(named, reservation->vm_name))
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", reservation->vm_name);
    }
    if (names->len)
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Stop these VMs, then try again.", NULL,
                           "GPU %d has parts that VMs hold: %s.", gpu->index, names->str);
    return names->len == 0;
}

static gboolean gpu_may_be_let_go(FctApp *app, const FctGpu *gpu, GError **error)
{
    g_autofree char *key = fct_journal_key(gpu->id);
    g_autoptr(FctDoc) journal = app->store->ops->get(app->store, key, NULL);
    if (journal)
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Wait until that task has ended.",
                                  json_pack("{s:s}", "task", fct_json_str(journal->value, "task", "")),
                                  "A change of GPU %d is running.", gpu->index);
    if (gpu->state == FCT_GPU_LOST || gpu->state == FCT_GPU_WEDGED)
        return fct_set_error(error, FCT_ERROR_CONFLICT, "GPU %d does not answer, so Facet does not hold it: %s",
                             gpu->index, gpu->state_reason);
    return no_vm_holds(app, gpu, error);
}

static gboolean gpu_hold_change(FctApp *app, const FctGpu *gpu, gboolean hold, const char *user, GError **error)
{
    if ((gpu->state != FCT_GPU_RELEASED) == hold)
        return TRUE;
    if (!hold && !gpu_may_be_let_go(app, gpu, error))
        return FALSE;
    if (!app->hw->ops->hold(app->hw, gpu->id, hold, error))
        return FALSE;
    if (hold)
        fct_event(app, "gpu.taken", "info", "gpu", gpu->id, gpu->name, "%s took GPU %d back.", user, gpu->index);
    else
        fct_event(app, "gpu.released", "warning", "gpu", gpu->id, gpu->name,
                  "%s made Facet let go of GPU %d for other programs.", user, gpu->index);
    return TRUE;
}

json_t *fct_gpu_hold(FctApp *app, const char *name, gboolean hold, const char *user, GError **error)
{
    /* Taken so that nobody who looked at the card before can commit a hold on it afterwards (FctApp.choosing). */
    g_autoptr(GRWLockWriterLocker) alone G_GNUC_UNUSED = g_rw_lock_writer_locker_new(&app->choosing);
    g_autoptr(FctInventory) before = fct_observer_refresh(app->observer, error);
    const FctGpu *gpu = gpu_hold_find(before, name, error);
    if (!gpu || !gpu_hold_change(app, gpu, hold, user, error))
        return NULL;
    g_autoptr(FctInventory) now = fct_observer_refresh(app->observer, error);
    const FctGpu *then = gpu_hold_find(now, gpu->id, error);
    return then ? fct_gpu_view(app, now, then, TRUE, error) : NULL;
}
