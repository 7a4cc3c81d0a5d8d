/* SPDX-License-Identifier: Apache-2.0 */
#include "host/net_read.h"

#include "host/route_tables.h"
#include "model/address.h"

#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>

/*
 * A router with the whole table of the Internet has a million routes; beyond this bound they are not examined one by
 * one.
 */
#define ROUTES_MAX 1024
#define WITHIN_MAX 8

typedef struct {
    guint32 address;
    int prefix;
    guint found;
} Within;

typedef struct {
    FctHostNetwork *network;
    struct nl_cache *links;
    GHashTable *tables; /* names of routing tables */
    Within within[WITHIN_MAX];
    guint n_within;
} Reader;

static gboolean net_set_error(GError **error, const char *what, int code)
{
    return fct_set_error(error, FCT_ERROR_HW, "The host’s %s could not be read: %s.", what, nl_geterror(code));
}

/* ---- links ---- */

static char *mac_of(struct rtnl_link *link)
{
    struct nl_addr *address = rtnl_link_get_addr(link);
    char text[64];
    if (!address || nl_addr_get_len(address) != 6)
        return g_strdup("");
    return g_ascii_strdown(nl_addr2str(address, text, sizeof text), -1);
}

static void take_link(struct nl_object *object, void *data)
{
    Reader *reader = data;
    struct rtnl_link *link = (struct rtnl_link *)object;
    g_autofree char *mac = mac_of(link);
    if (!rtnl_link_get_name(link))
        return;
    FctHostLink *own = fct_host_link_new(rtnl_link_get_name(link), mac);
    own->up = (rtnl_link_get_flags(link) & IFF_RUNNING) != 0;
    g_ptr_array_add(reader->network->links, own);
}

static void take_address(struct nl_object *object, void *data)
{
    Reader *reader = data;
    struct rtnl_addr *address = (struct rtnl_addr *)object;
    struct nl_addr *local = rtnl_addr_get_local(address), *peer = rtnl_addr_get_peer(address);
    /* With a peer the prefix is that of the peer's network; our side has one address only. */
    int own = local && nl_addr_get_family(local) == AF_INET6 ? 128 : 32;
    int prefix = peer && local && nl_addr_cmp(peer, local) != 0 ? own : rtnl_addr_get_prefixlen(address);
    char name[IF_NAMESIZE + 1] = "", text[128];
    if (!local || !rtnl_link_i2name(reader->links, rtnl_addr_get_ifindex(address), name, sizeof name))
        return;
    g_auto(GStrv) halves = g_strsplit(nl_addr2str(local, text, sizeof text), "/", 2);
    for (guint i = 0; halves[0] && i < reader->network->links->len; i++) {
        FctHostLink *link = g_ptr_array_index(reader->network->links, i);
        if (strcmp(link->name, name) == 0)
            g_ptr_array_add(link->addresses, g_strdup_printf("%s/%d", halves[0], prefix));
    }
}

/* ---- routes ---- */

static gboolean kind_of(struct rtnl_route *route, FctHostRouteKind *kind)
{
    switch (rtnl_route_get_type(route)) {
    case RTN_UNICAST:
        *kind = FCT_HOST_ROUTE_UNICAST;
        return TRUE;
    case RTN_LOCAL:
        *kind = FCT_HOST_ROUTE_LOCAL;
        return TRUE;
    case RTN_BLACKHOLE:
    case RTN_UNREACHABLE:
    case RTN_PROHIBIT:
        *kind = FCT_HOST_ROUTE_REFUSED;
        return TRUE;
    default: /* broadcast and multicast follow from the above; throw leads nowhere */
        return FALSE;
    }
}

/* Whether the route is asked for and there is room for it. */
static gboolean address_is_wanted(Reader *reader, guint32 address, int prefix)
{
    if (prefix <= 1)
        return TRUE;
    for (guint i = 0; i < reader->n_within; i++) {
        Within *within = &reader->within[i];
        if (!fct_ipv4_overlaps(address, prefix, within->address, within->prefix))
            continue;
        if (within->found++ < ROUTES_MAX)
            return TRUE;
        reader->network->more = reader->network->more || i == 0;
        return FALSE;
    }
    return FALSE;
}

static void set_hops(const Reader *reader, struct rtnl_route *from, FctHostRoute *route)
{
    GString *interfaces = g_string_new(NULL);
    for (int i = 0; i < rtnl_route_get_nnexthops(from); i++) {
        struct rtnl_nexthop *hop = rtnl_route_nexthop_n(from, i);
        struct nl_addr *gateway = rtnl_route_nh_get_gateway(hop);
        char name[IF_NAMESIZE + 1] = "", text[64];
        if (rtnl_link_i2name(reader->links, rtnl_route_nh_get_ifindex(hop), name, sizeof name))
            g_string_append_printf(interfaces, "%s%s", interfaces->len ? ", " : "", name);
        if (gateway && !*route->gateway) {
            g_free(route->gateway);
            route->gateway = g_strdup(nl_addr2str(gateway, text, sizeof text));
        }
    }
    g_free(route->interface);
    route->interface = g_string_free(interfaces, FALSE);
}

static int take_route(struct nl_msg *message, void *data)
{
    Reader *reader = data;
    struct rtnl_route *from = NULL;
    FctHostRouteKind kind;
    guint32 address = 0;
    if (rtnl_route_parse(nlmsg_hdr(message), &from) < 0)
        return NL_SKIP;
    struct nl_addr *to = rtnl_route_get_dst(from);
    int prefix = to ? (int)nl_addr_get_prefixlen(to) : 0;
    if (to && nl_addr_get_len(to) == sizeof address)
        memcpy(&address, nl_addr_get_binary_addr(to), sizeof address);
    address = GUINT32_FROM_BE(address);
    if (!(rtnl_route_get_flags(from) & RTM_F_CLONED) && kind_of(from, &kind) &&
        address_is_wanted(reader, address, prefix)) {
        FctHostRoute *route = fct_host_route_new(kind, address, prefix);
        route->main = rtnl_route_get_table(from) == RT_TABLE_MAIN;
        route->connected = rtnl_route_get_protocol(from) == RTPROT_KERNEL;
        g_free(route->table);
        route->table = fct_route_tables_name(reader->tables, rtnl_route_get_table(from));
        set_hops(reader, from, route);
        g_ptr_array_add(reader->network->routes, route);
    }
    rtnl_route_put(from);
    return NL_OK;
}

/* Routes are judged while they arrive: a table may be larger than what should be kept of it. */
static gboolean read_routes(struct nl_sock *socket, Reader *reader, GError **error)
{
    nl_socket_disable_seq_check(socket);
    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_route, reader);
    int code = nl_rtgen_request(socket, RTM_GETROUTE, AF_INET, NLM_F_DUMP);
    if (code >= 0)
        code = nl_recvmsgs_default(socket);
    return code >= 0 || net_set_error(error, "routes", code);
}

/* ---- all of it ---- */

static gboolean net_read_links(struct nl_sock *socket, Reader *reader, GError **error)
{
    struct nl_cache *addresses = NULL;
    int code = rtnl_link_alloc_cache(socket, AF_UNSPEC, &reader->links);
    if (code < 0)
        return net_set_error(error, "links", code);
    nl_cache_foreach(reader->links, take_link, reader);
    code = rtnl_addr_alloc_cache(socket, &addresses);
    if (code < 0)
        return net_set_error(error, "addresses", code);
    nl_cache_foreach(addresses, take_address, reader);
    nl_cache_free(addresses);
    return TRUE;
}

static void read_within(Reader *reader, const json_t *within)
{
    size_t i;
    json_t *text;
    json_array_foreach ((json_t *)within, i, text) {
        Within *at = &reader->within[reader->n_within];
        if (reader->n_within < WITHIN_MAX && json_is_string(text) &&
            fct_ipv4_cidr(json_string_value(text), &at->address, &at->prefix))
            reader->n_within++;
    }
}

FctHostNetwork *fct_net_read(const json_t *within, GError **error)
{
    g_autoptr(FctHostNetwork) network = fct_host_network_new();
    g_autoptr(GHashTable) tables = fct_route_tables_read("");
    Reader reader = {.network = network, .tables = tables};
    struct nl_sock *socket = nl_socket_alloc();
    int code = socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;
    read_within(&reader, within);
    gboolean ok = code < 0 ? net_set_error(error, "network", code)
                           : net_read_links(socket, &reader, error) && read_routes(socket, &reader, error);
    if (reader.links)
        nl_cache_free(reader.links);
    if (socket)
        nl_socket_free(socket);
    return ok ? g_steal_pointer(&network) : NULL;
}
