/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the subnet of a network with the host's routes. The network's own route (main table) changes what the kernel
 * finds for its addresses, unless another table or a longer prefix comes first. Either way something breaks: the host
 * loses what it reached there before, or it does not reach its guests.
 */
#include "core/network_against.h"
#include "model/address.h"

#include <string.h>

#define ADD(severity, code, subject, next, ...)                                                                        \
    g_ptr_array_add(verdicts, fct_verdict_new(severity, code, subject, next, __VA_ARGS__))

typedef struct {
    guint32 address;
    int prefix;
    const char *text;
} Subnet;

static gboolean is_within(const FctHostRoute *route, guint32 address, int prefix)
{
    return route->prefix >= prefix && fct_ipv4_overlaps(route->address, route->prefix, address, prefix);
}

/* Routes to the subnet of a libvirt network: the networks are compared instead. */
static gboolean is_of_network(const FctNetworkScene *scene, const FctHostRoute *route)
{
    for (guint i = 0; i < scene->networks->len; i++) {
        const FctNetwork *network = g_ptr_array_index(scene->networks, i);
        guint32 address;
        int prefix;
        if (!*network->bridge || strcmp(network->bridge, route->interface) != 0)
            continue;
        if (fct_ipv4_parse(network->gateway, &address) && is_within(route, address, network->prefix))
            return TRUE;
        for (guint k = 0; k < network->more_subnets->len; k++)
            if (fct_ipv4_cidr(((FctSubnet *)network->more_subnets->pdata[k])->subnet, &address, &prefix) &&
                is_within(route, address, prefix))
                return TRUE;
    }
    return FALSE;
}

/* Routes that follow from an address of an interface: the interfaces are compared instead. */
static gboolean is_of_interface(const FctNetworkScene *scene, const FctHostRoute *route)
{
    const FctHostInterface *interface = fct_host_interface_find(scene->interfaces, route->interface);
    guint32 address;
    int prefix;
    for (guint i = 0; interface && i < interface->addresses->len; i++)
        if (fct_ipv4_cidr(interface->addresses->pdata[i], &address, &prefix) && is_within(route, address, prefix))
            return route->connected || route->kind == FCT_HOST_ROUTE_LOCAL;
    return FALSE;
}

/* The default route; also as VPNs write it, as two halves of all addresses with one way out. */
static gboolean is_default(const FctNetworkScene *scene, const FctHostRoute *route)
{
    for (guint i = 0; route->prefix == 1 && i < scene->routes->len; i++) {
        const FctHostRoute *other = g_ptr_array_index(scene->routes, i);
        if (other->prefix == 1 && other->address != route->address && other->kind == route->kind &&
            strcmp(other->table, route->table) == 0 && strcmp(other->interface, route->interface) == 0)
            return TRUE;
    }
    return route->prefix == 0;
}

static char *route_told(const FctHostRoute *route)
{
    g_autofree char *address = fct_ipv4_text(route->address);
    g_autofree char *by = *route->interface ? g_strdup_printf(" by %s", route->interface) : g_strdup("");
    return g_strdup_printf("%s/%d%s (%s, table %s)", address, route->prefix, by,
                           route->kind == FCT_HOST_ROUTE_REFUSED ? "a route that refuses" : "a route of this host",
                           route->table);
}

static void against_one(const FctHostRoute *route, const Subnet *wanted, const char *next, GPtrArray *verdicts)
{
    g_autofree char *address = fct_ipv4_text(route->address);
    g_autofree char *to = route_told(route);
    if (route->kind == FCT_HOST_ROUTE_LOCAL)
        ADD(FCT_REFUSE, "subnet-taken", route->interface, next,
            "This subnet has addresses of this host itself: %s/%d on %s (table %s).", address, route->prefix,
            route->interface, route->table);
    else if (route->main && route->prefix == wanted->prefix && route->address == (wanted->address))
        ADD(FCT_REFUSE, "subnet-taken", route->interface, next, "%s is the same subnet, so libvirt takes it no more.",
            to);
    else if (!route->main)
        ADD(FCT_CONFIRM, "route-crossed", route->interface, next,
            "%s shares addresses with this subnet: by the host’s rules either what is there or the guests will not be "
            "reached.",
            to);
    else if (route->prefix < wanted->prefix && route->kind == FCT_HOST_ROUTE_REFUSED)
        ADD(FCT_CONFIRM, "route-crossed", route->interface, next,
            "%s covers this subnet: the host refuses these addresses now on purpose, and would look for them among the "
            "guests.",
            to);
    else if (route->prefix < wanted->prefix)
        ADD(FCT_CONFIRM, "route-crossed", route->interface, next,
            "%s covers this subnet: the host would look for %s among the guests, and no longer reach what is there.",
            to, wanted->text);
    else
        ADD(FCT_CONFIRM, "route-crossed", route->interface, next,
            "%s is part of this subnet and goes before it: guests with these addresses would not be reached.", to);
}

/* Routers that are this host's way out; a router of several routes is named once. */
static void against_routers(const FctNetworkScene *scene, const Subnet *wanted, const char *next, GPtrArray *verdicts)
{
    g_autoptr(GHashTable) said = g_hash_table_new(g_str_hash, g_str_equal);
    guint32 gateway;
    for (guint i = 0; i < scene->routes->len && g_hash_table_size(said) < FCT_NETWORK_SAID_MAX; i++) {
        const FctHostRoute *route = g_ptr_array_index(scene->routes, i);
        if (!is_default(scene, route) || is_of_network(scene, route) || !fct_ipv4_parse(route->gateway, &gateway) ||
            !fct_ipv4_overlaps(gateway, 32, wanted->address, wanted->prefix) || !g_hash_table_add(said, route->gateway))
            continue;
        ADD(FCT_REFUSE, "subnet-taken", route->interface, next,
            "The router %s, this host’s way out by %s, is in this subnet.", route->gateway, route->interface);
    }
}

/* Routes that are not named one by one; the kernel may have more than were read. */
static void say_rest(guint unsaid, gboolean unread, const char *next, GPtrArray *verdicts)
{
    if (unsaid)
        ADD(FCT_CONFIRM, "route-crossed", "", next,
            "%s%u more of this host’s routes share%s addresses with this subnet.", unread ? "At least " : "", unsaid,
            unsaid == 1 && !unread ? "s" : "");
    else if (unread)
        ADD(FCT_CONFIRM, "route-crossed", "", next, "More of this host’s routes share addresses with this subnet.");
}

void fct_network_against_routes(const FctNetworkScene *scene, const FctNetwork *wanted, const char *next,
                                GPtrArray *verdicts)
{
    g_autofree char *text = fct_network_subnet(wanted);
    Subnet subnet = {.text = text};
    guint said = 0, unsaid = 0;
    if (!scene->routes) {
        ADD(FCT_WARN, "routes-unknown", "", "Look at “ip route show table all” on the host first.",
            "The host’s routes could not be read, so nobody knows whether it reaches something in this subnet.");
        return;
    }
    fct_ipv4_cidr(text, &subnet.address, &subnet.prefix);
    against_routers(scene, &subnet, next, verdicts);
    for (guint i = 0; i < scene->routes->len; i++) {
        const FctHostRoute *route = g_ptr_array_index(scene->routes, i);
        if (!fct_ipv4_overlaps(route->address, route->prefix, subnet.address, subnet.prefix) ||
            is_default(scene, route) || is_of_network(scene, route) || is_of_interface(scene, route))
            continue;
        if (said++ < FCT_NETWORK_SAID_MAX || route->kind == FCT_HOST_ROUTE_LOCAL)
            against_one(route, &subnet, next, verdicts);
        else
            unsaid++;
    }
    say_rest(unsaid, said && scene->more_routes, next, verdicts);
}
