/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/gpus/gpu_hold.h"
#include "app/gpus/gpu_view.h"
#include "app/gpus/observer.h"

static gboolean list_gpus(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"address", "id"}};
    g_autoptr(FctInventory) inventory = fct_observer_inventory(request->app->observer, error);
    if (!inventory)
        return FALSE;
    g_autoptr(json_t) items = json_array();
    for (guint i = 0; i < inventory->gpus->len; i++) {
        json_t *json = fct_gpu_view(request->app, inventory, inventory->gpus->pdata[i], FALSE, error);
        if (!json)
            return FALSE;
        json_array_append_new(items, json);
    }
    return fct_reply_list(request, reply, &order, g_steal_pointer(&items), error);
}

static gboolean get_gpu(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctInventory) inventory = fct_observer_inventory(request->app->observer, error);
    const FctGpu *gpu = inventory ? fct_inventory_find_gpu(inventory, request->id) : NULL;
    if (!gpu) {
        if (inventory)
            fct_set_error(error, FCT_ERROR_NOT_FOUND, "This host has no GPU “%s”.", request->id);
        return FALSE;
    }
    json_t *json = fct_gpu_view(request->app, inventory, gpu, TRUE, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean hold_gpu(const FctRequest *request, FctReply *reply, gboolean hold, GError **error)
{
    json_t *json = fct_gpu_hold(request->app, request->id, hold, request->who->user, error);
    if (json) {
        reply->subject = g_strdup(fct_json_str(json, "id", ""));
        fct_reply_resource(reply, 200, json);
    }
    return json != NULL;
}

static gboolean release_gpu(const FctRequest *request, FctReply *reply, GError **error)
{
    return hold_gpu(request, reply, FALSE, error);
}

static gboolean take_gpu(const FctRequest *request, FctReply *reply, GError **error)
{
    return hold_gpu(request, reply, TRUE, error);
}

const FctRoute fct_routes_gpu[] = {
    {"GET", "/gpus", "gpu.read", list_gpus, .query = FCT_LIST_QUERY},
    {"GET", "/gpus/{id}", "gpu.read", get_gpu},
    {"POST", "/gpus/{id}/release", "gpu.hold", release_gpu},
    {"POST", "/gpus/{id}/take", "gpu.hold", take_gpu},
    {NULL},
};
