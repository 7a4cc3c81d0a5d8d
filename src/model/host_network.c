/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host_network.h"

#include "model/address.h"

#include <string.h>

static const char *const kind_names[] = {"unicast", "local", "refused"};

FctHostRoute *fct_host_route_new(FctHostRouteKind kind, guint32 address, int prefix)
{
    FctHostRoute *route = g_new0(FctHostRoute, 1);
    route->kind = kind;
    route->address = address;
    route->prefix = prefix;
    route->interface = g_strdup("");
    route->gateway = g_strdup("");
    route->table = g_strdup("");
    return route;
}

void fct_host_route_free(FctHostRoute *route)
{
    if (!route)
        return;
    g_free(route->interface);
    g_free(route->gateway);
    g_free(route->table);
    g_free(route);
}

FctHostLink *fct_host_link_new(const char *name, const char *mac)
{
    FctHostLink *link = g_new0(FctHostLink, 1);
    link->name = g_strdup(name);
    link->mac = g_strdup(mac);
    link->addresses = g_ptr_array_new_with_free_func(g_free);
    return link;
}

void fct_host_link_free(FctHostLink *link)
{
    if (!link)
        return;
    g_free(link->name);
    g_free(link->mac);
    g_ptr_array_unref(link->addresses);
    g_free(link);
}

FctHostNetwork *fct_host_network_new(void)
{
    FctHostNetwork *network = g_new0(FctHostNetwork, 1);
    network->links = g_ptr_array_new_with_free_func((GDestroyNotify)fct_host_link_free);
    network->routes = g_ptr_array_new_with_free_func((GDestroyNotify)fct_host_route_free);
    return network;
}

void fct_host_network_free(FctHostNetwork *network)
{
    if (!network)
        return;
    g_ptr_array_unref(network->links);
    g_ptr_array_unref(network->routes);
    g_free(network);
}

/* ---- JSON, as the helper sends it ---- */

static json_t *link_to_json(const FctHostLink *link)
{
    json_t *addresses = json_array();
    for (guint i = 0; i < link->addresses->len; i++)
        json_array_append_new(addresses, json_string(link->addresses->pdata[i]));
    return json_pack("{s:s, s:s, s:b, s:o}", "name", link->name, "mac", link->mac, "up", link->up, "addresses",
                     addresses);
}

static json_t *route_to_json(const FctHostRoute *route)
{
    g_autofree char *address = fct_ipv4_text(route->address);
    g_autofree char *to = g_strdup_printf("%s/%d", address, route->prefix);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "kind", kind_names[route->kind], "to", to, "interface",
                     route->interface, "gateway", route->gateway, "table", route->table, "main", route->main,
                     "connected", route->connected);
}

json_t *fct_host_network_to_json(const FctHostNetwork *network)
{
    json_t *links = json_array(), *routes = json_array();
    for (guint i = 0; i < network->links->len; i++)
        json_array_append_new(links, link_to_json(network->links->pdata[i]));
    for (guint i = 0; i < network->routes->len; i++)
        json_array_append_new(routes, route_to_json(network->routes->pdata[i]));
    return json_pack("{s:o, s:o, s:b}", "links", links, "routes", routes, "more", network->more);
}

static FctHostLink *link_from_json(const json_t *json)
{
    FctHostLink *link = fct_host_link_new(fct_json_str(json, "name", ""), fct_json_str(json, "mac", ""));
    size_t i;
    json_t *address;
    link->up = fct_json_bool(json, "up", FALSE);
    json_array_foreach (json_object_get(json, "addresses"), i, address)
        if (json_is_string(address))
            g_ptr_array_add(link->addresses, g_strdup(json_string_value(address)));
    return link;
}

static FctHostRoute *route_from_json(const json_t *json)
{
    guint32 address;
    int prefix;
    if (!fct_ipv4_cidr(fct_json_str(json, "to", ""), &address, &prefix))
        return NULL;
    FctHostRoute *route = fct_host_route_new(FCT_HOST_ROUTE_UNICAST, address, prefix);
    for (guint i = 0; i < G_N_ELEMENTS(kind_names); i++)
        if (strcmp(kind_names[i], fct_json_str(json, "kind", "")) == 0)
            route->kind = (FctHostRouteKind)i;
    char **const texts[] = {&route->interface, &route->gateway, &route->table};
    static const char *const keys[] = {"interface", "gateway", "table"};
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_free(*texts[i]);
        *texts[i] = g_strdup(fct_json_str(json, keys[i], ""));
    }
    route->main = fct_json_bool(json, "main", FALSE);
    route->connected = fct_json_bool(json, "connected", FALSE);
    return route;
}

FctHostNetwork *fct_host_network_from_json(const json_t *json, GError **error)
{
    const json_t *links = json_object_get(json, "links"), *routes = json_object_get(json, "routes");
    if (!json_is_array(links) || !json_is_array(routes)) {
        fct_set_error(error, FCT_ERROR_HELPER, "What the helper says of the host’s network cannot be understood.");
        return NULL;
    }
    FctHostNetwork *network = fct_host_network_new();
    network->more = fct_json_bool(json, "more", FALSE);
    for (size_t i = 0; i < json_array_size(links); i++)
        g_ptr_array_add(network->links, link_from_json(json_array_get(links, i)));
    for (size_t i = 0; i < json_array_size(routes); i++) {
        FctHostRoute *route = route_from_json(json_array_get(routes, i));
        if (route)
            g_ptr_array_add(network->routes, route);
    }
    return network;
}

/* ---- told to what libvirt lists ---- */

static gboolean is_way_out(const FctHostNetwork *network, const char *name)
{
    for (guint i = 0; i < network->routes->len; i++) {
        const FctHostRoute *route = g_ptr_array_index(network->routes, i);
        g_auto(GStrv) interfaces = g_strsplit(route->interface, ", ", -1);
        if (route->prefix == 0 && route->main && route->kind == FCT_HOST_ROUTE_UNICAST &&
            g_strv_contains((const char *const *)interfaces, name))
            return TRUE;
    }
    return FALSE;
}

static void host_link_tell(const FctHostNetwork *network, const FctHostLink *link, FctHostInterface *interface)
{
    interface->addressed = TRUE;
    if (interface->link == FCT_LINK_UNKNOWN)
        interface->link = link->up ? FCT_LINK_UP : FCT_LINK_DOWN;
    for (guint i = 0; i < link->addresses->len; i++)
        g_ptr_array_add(interface->addresses, g_strdup(link->addresses->pdata[i]));
    interface->default_route = is_way_out(network, interface->name);
}

void fct_host_network_tell(const FctHostNetwork *network, GPtrArray *interfaces)
{
    for (guint i = 0; i < interfaces->len; i++) {
        FctHostInterface *interface = g_ptr_array_index(interfaces, i);
        for (guint k = 0; k < network->links->len; k++) {
            const FctHostLink *link = g_ptr_array_index(network->links, k);
            if (strcmp(link->name, interface->name) == 0 &&
                (!*interface->mac || strcmp(link->mac, interface->mac) == 0)) {
                host_link_tell(network, link, interface);
                break;
            }
        }
    }
}
