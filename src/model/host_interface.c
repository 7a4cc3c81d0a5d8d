/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host_interface.h"

#include <string.h>

static const char *const kind_names[] = {"ethernet", "bridge", "vlan", "bond"};
static const char *const link_names[] = {"unknown", "up", "down"};

FctHostInterface *fct_host_interface_new(const char *name)
{
    FctHostInterface *interface = g_new0(FctHostInterface, 1);
    interface->name = g_strdup(name);
    interface->mac = g_strdup("");
    interface->parent = g_strdup("");
    interface->master = g_strdup("");
    interface->network = g_strdup("");
    interface->members = g_ptr_array_new_with_free_func(g_free);
    interface->addresses = g_ptr_array_new_with_free_func(g_free);
    return interface;
}

void fct_host_interface_free(FctHostInterface *interface)
{
    if (!interface)
        return;
    g_free(interface->name);
    g_free(interface->mac);
    g_free(interface->parent);
    g_free(interface->master);
    g_free(interface->network);
    g_ptr_array_unref(interface->members);
    g_ptr_array_unref(interface->addresses);
    g_free(interface);
}

const FctHostInterface *fct_host_interface_find(const GPtrArray *interfaces, const char *name)
{
    for (guint i = 0; interfaces && i < interfaces->len; i++)
        if (strcmp(((FctHostInterface *)interfaces->pdata[i])->name, name) == 0)
            return interfaces->pdata[i];
    return NULL;
}

static json_t *interface_texts_json(const GPtrArray *list)
{
    json_t *json = json_array();
    for (guint i = 0; i < list->len; i++)
        json_array_append_new(json, json_string(list->pdata[i]));
    return json;
}

json_t *fct_host_interface_to_json(const FctHostInterface *interface)
{
    json_t *vlan =
        interface->vlan ? json_pack("{s:i, s:s}", "tag", interface->vlan, "parent", interface->parent) : json_null();
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:s}", "name", interface->name, "kind",
                     kind_names[interface->kind], "mac", interface->mac, "link", link_names[interface->link], "members",
                     interface_texts_json(interface->members), "master", interface->master, "vlan", vlan, "addresses",
                     interface->addressed ? interface_texts_json(interface->addresses) : json_null(), "default_route",
                     interface->addressed ? json_boolean(interface->default_route) : json_null(), "network",
                     interface->network);
}
