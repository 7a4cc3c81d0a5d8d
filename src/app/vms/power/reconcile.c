/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares holds with the actual state. A part is taken from a VM only when two things are seen now, not remembered:
 * the domain is gone (or runs without the part), and no process holds the instance (invariants 3 and 4). What cannot be
 * looked at keeps its part.
 */
#include "app/domains/domains.h"
#include "app/domains/vm_news.h"
#include "app/gpus/holds.h"
#include "app/shared/writes.h"
#include "app/vms/power/choose.h"
#include "app/vms/power/power.h"

#include "app/gpus/gpu_publish.h"
#include "app/gpus/observer.h"
#include "app/news/records.h"

#include <string.h>

void fct_vms_publish_holds(FctApp *app, const GPtrArray *holds)
{
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < holds->len; i++) {
        const char *gpu = fct_json_str(((FctHold *)holds->pdata[i])->what, "gpu", "");
        if (g_hash_table_add(done, (gpointer)gpu))
            fct_gpu_publish(app, gpu);
    }
    if (holds->len)
        fct_vm_news_parts_changed(app->vm_news);
}

static gboolean has_part(const FctVmInfo *info, const char *part)
{
    for (size_t i = 0; info && i < json_array_size(info->parts); i++)
        if (strcmp(json_string_value(json_array_get(info->parts, i)), part) == 0)
            return TRUE;
    return FALSE;
}

/* A process of the host has the instance open: the driver has not let go of it yet. */
static gboolean part_is_held(const FctInventory *inventory, const FctHold *hold)
{
    const FctGpu *gpu = fct_inventory_gpu(inventory, fct_json_str(hold->what, "gpu", ""));
    const FctGpuInstance *instance =
        gpu ? fct_mig_instance_at(&gpu->mig, (int)fct_json_int(hold->what, "start", -1)) : NULL;
    return instance && (*gpu->holders_unknown || fct_gpu_instance_has_process(instance));
}

/* Stores the changed @holds and publishes them. */
static gboolean holds_commit(FctApp *app, const FctWrites *writes, const GPtrArray *holds)
{
    g_autoptr(GError) fault = NULL;
    if (!writes->writes->len)
        return TRUE;
    if (fct_writes_commit(app->store, writes, NULL, &fault)) {
        fct_vms_publish_holds(app, holds);
        return TRUE;
    }
    g_warning("Holds of parts could not be stored: %s", fault->message);
    return FALSE;
}

/*
 * Releases holds that are over. They are marked as releasing first, so that the page can tell why a part is not free
 * yet.
 */
static gboolean holds_release(FctApp *app, const char *id, const GPtrArray *over)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctWrites) mark = fct_writes_new();
    fct_writes_move(mark, over, FCT_HOLD_RELEASING);
    if (!holds_commit(app, mark, over))
        return FALSE;
    g_autoptr(FctInventory) inventory = fct_observer_refresh(app->observer, &fault);
    if (!inventory)
        return FALSE;
    g_autoptr(GPtrArray) all = fct_holds_list(app->store, id, &fault);
    g_autoptr(GPtrArray) free_now = g_ptr_array_new();
    gboolean done = all != NULL;
    for (guint i = 0; all && i < all->len; i++) {
        FctHold *hold = g_ptr_array_index(all, i);
        if (!fct_holds_find(over, hold->part))
            continue;
        if (part_is_held(inventory, hold))
            done = FALSE;
        else
            g_ptr_array_add(free_now, hold);
    }
    g_autoptr(FctWrites) drop = fct_writes_new();
    fct_writes_drop(drop, free_now);
    return holds_commit(app, drop, free_now) && done;
}

/*
 * Notes parts that a domain runs with and that nobody has reserved: our database was lost or restored. FALSE when the
 * cards cannot be seen yet.
 */
static gboolean holds_adopt(FctApp *app, const FctVmInfo *info, const GPtrArray *holds)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, &fault);
    for (size_t i = 0; offer && i < json_array_size(info->parts); i++) {
        const char *part = json_string_value(json_array_get(info->parts, i));
        if (fct_holds_find(holds, part))
            continue;
        g_autoptr(json_t) what = fct_vm_offer_part(offer, part);
        g_autoptr(FctHold) hold = fct_hold_new(part, info->id, info->name, 0, what);
        g_autoptr(FctWrites) writes = fct_writes_new();
        g_autoptr(GError) refused = NULL;
        hold->state = FCT_HOLD_IN_USE;
        fct_writes_reserve(writes, hold);
        if (!fct_writes_commit(app->store, writes, NULL, &refused))
            fct_event(app, "vm", "error", "vm", info->id, info->name,
                      "VM %s runs with a part that another VM has reserved (%s).", info->name, part);
    }
    return offer != NULL;
}

gboolean fct_vm_reconcile(FctApp *app, const char *id)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) holds = fct_holds_list(app->store, id, &fault);
    g_autoptr(FctVmInfo) known = fct_domains_info(app->domains, id);
    if (!holds)
        return FALSE;
    if (!holds->len && (!known || !json_array_size(known->parts)))
        return TRUE;
    g_autoptr(FctVmInfo) info = app->vmm->ops->info(app->vmm, id, &fault);
    if (!info && fault->code != FCT_ERROR_NOT_FOUND)
        return FALSE; /* libvirt does not answer: everything stays held */
    g_autoptr(GPtrArray) over = g_ptr_array_new();
    g_autoptr(GPtrArray) in_use = g_ptr_array_new();
    for (guint i = 0; i < holds->len; i++) {
        FctHold *hold = g_ptr_array_index(holds, i);
        g_ptr_array_add(fct_vm_info_active(info) && has_part(info, hold->part) ? in_use : over, hold);
    }
    g_autoptr(FctWrites) writes = fct_writes_new();
    fct_writes_move(writes, in_use, FCT_HOLD_IN_USE);
    gboolean ok = holds_commit(app, writes, in_use);
    if (info && info->ours && fct_vm_info_active(info) && json_array_size(info->parts) > in_use->len)
        ok = holds_adopt(app, info, holds) && ok;
    return (!over->len || holds_release(app, id, over)) && ok;
}
