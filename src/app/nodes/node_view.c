/* SPDX-License-Identifier: Apache-2.0 */
#include "app/nodes/node_view.h"

#include "app/gpus/observer.h"
#include "app/news/hub.h"

static json_t *virt_json(FctApp *app)
{
    g_autoptr(json_t) facts = app->vmm ? app->vmm->ops->facts(app->vmm, NULL) : NULL;
    json_t *json = json_pack("{s:s, s:s}", "state", facts ? "up" : "down", "part_device", app->config.part_device);
    if (facts)
        json_object_update_missing(json, facts);
    return json;
}

json_t *fct_node_view(FctApp *app, GError **error)
{
    g_autoptr(FctInventory) inventory = fct_observer_inventory(app->observer, NULL);
    gboolean known = inventory != NULL;
    if (!known)
        inventory = fct_inventory_new();
    json_t *json = fct_inventory_to_json(inventory);
    json_object_del(json, "gpus");
    fct_app_stamp(app, json, app->config.node, inventory->revision);
    json_object_set_new(json, "name", json_string(app->config.node));
    if (!known)
        json_object_set_new(json, "iommu", json_string("off"));
    json_object_set_new(json, "helper", json_string(fct_observer_helper_up(app->observer) ? "up" : "down"));
    json_object_set_new(json, "virt", virt_json(app));
    return json;
}

void fct_node_publish(FctApp *app)
{
    json_t *json = fct_node_view(app, NULL);
    if (json)
        fct_hub_publish(app->hub, "node", app->config.node, json);
}
