/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network.h"

#include "model/address.h"

#include <string.h>

static const char *const kind_names[] = {"nat", "routed", "isolated", "bridge", "direct", "other"};

FctNetwork *fct_network_new(void)
{
    FctNetwork *network = g_new0(FctNetwork, 1);
    char **texts[] = {&network->name,  &network->bridge, &network->interface, &network->device,    &network->gateway,
                      &network->first, &network->last,   &network->uuid,      &network->bridge_mac};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup("");
    network->more_ranges = g_ptr_array_new_with_free_func((GDestroyNotify)fct_range_free);
    network->more_subnets = g_ptr_array_new_with_free_func((GDestroyNotify)fct_subnet_free);
    network->fixed = g_ptr_array_new_with_free_func((GDestroyNotify)fct_lease_free);
    network->leases = g_ptr_array_new_with_free_func((GDestroyNotify)fct_lease_free);
    return network;
}

void fct_network_free(FctNetwork *network)
{
    if (!network)
        return;
    g_free(network->name);
    g_free(network->bridge);
    g_free(network->interface);
    g_free(network->device);
    g_free(network->gateway);
    g_free(network->first);
    g_free(network->last);
    g_free(network->uuid);
    g_free(network->bridge_mac);
    g_ptr_array_unref(network->more_ranges);
    g_ptr_array_unref(network->more_subnets);
    g_ptr_array_unref(network->fixed);
    g_ptr_array_unref(network->leases);
    g_free(network);
}

FctLease *fct_lease_new(const char *mac, const char *address, const char *name)
{
    FctLease *lease = g_new0(FctLease, 1);
    lease->mac = g_ascii_strdown(mac ? mac : "", -1);
    lease->address = g_strdup(address ? address : "");
    lease->name = g_strdup(name ? name : "");
    return lease;
}

void fct_lease_free(FctLease *lease)
{
    if (!lease)
        return;
    g_free(lease->mac);
    g_free(lease->address);
    g_free(lease->name);
    g_free(lease);
}

FctRange *fct_range_new(const char *first, const char *last)
{
    FctRange *range = g_new0(FctRange, 1);
    range->first = g_strdup(first ? first : "");
    range->last = g_strdup(last ? last : "");
    return range;
}

void fct_range_free(FctRange *range)
{
    if (!range)
        return;
    g_free(range->first);
    g_free(range->last);
    g_free(range);
}

FctSubnet *fct_subnet_new(const char *subnet, const char *gateway)
{
    FctSubnet *one = g_new0(FctSubnet, 1);
    one->subnet = g_strdup(subnet);
    one->gateway = g_strdup(gateway);
    one->ranges = g_ptr_array_new_with_free_func((GDestroyNotify)fct_range_free);
    one->fixed = g_ptr_array_new_with_free_func((GDestroyNotify)fct_lease_free);
    return one;
}

void fct_subnet_free(FctSubnet *subnet)
{
    if (!subnet)
        return;
    g_free(subnet->subnet);
    g_free(subnet->gateway);
    g_ptr_array_unref(subnet->ranges);
    g_ptr_array_unref(subnet->fixed);
    g_free(subnet);
}

char *fct_mac_parse(const char *text)
{
    if (strlen(text) != 17)
        return NULL;
    for (int i = 0; i < 17; i++)
        if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit(text[i]))
            return NULL;
    if (g_ascii_xdigit_value(text[1]) & 1 || strcmp(text, "00:00:00:00:00:00") == 0) /* a group's, or nobody's */
        return NULL;
    return g_ascii_strdown(text, -1);
}

/* ---- addresses ---- */

gboolean fct_network_has_subnet(FctNetworkKind kind)
{
    return kind == FCT_NETWORK_NAT || kind == FCT_NETWORK_ROUTED || kind == FCT_NETWORK_ISOLATED;
}

/* The IPv4 subnet number @i of the network; FALSE: it is none of IPv4. */
static gboolean subnet_at(const FctNetwork *network, guint i, guint32 *address, int *prefix)
{
    *prefix = network->prefix;
    if (i == 0)
        return fct_ipv4_parse(network->gateway, address);
    return fct_ipv4_cidr(((FctSubnet *)network->more_subnets->pdata[i - 1])->subnet, address, prefix);
}

gboolean fct_network_shares(const FctNetwork *network, guint32 address, int prefix)
{
    guint32 own;
    int bits;
    for (guint i = 0; i <= network->more_subnets->len; i++)
        if (subnet_at(network, i, &own, &bits) && fct_ipv4_overlaps(own, bits, address, prefix))
            return TRUE;
    return FALSE;
}

gboolean fct_network_overlaps(const FctNetwork *a, const FctNetwork *b)
{
    guint32 address;
    int prefix;
    for (guint i = 0; i <= a->more_subnets->len; i++)
        if (subnet_at(a, i, &address, &prefix) && fct_network_shares(b, address, prefix))
            return TRUE;
    return FALSE;
}

gboolean fct_network_contains(const FctNetwork *network, guint32 address)
{
    return fct_network_shares(network, address, 32);
}

char *fct_network_subnet(const FctNetwork *network)
{
    guint32 gateway;
    if (!fct_ipv4_parse(network->gateway, &gateway))
        return g_strdup("");
    g_autofree char *base = fct_ipv4_text(gateway & fct_ipv4_mask(network->prefix));
    return g_strdup_printf("%s/%d", base, network->prefix);
}

char *fct_network_vlan_device(const char *parent, int tag)
{
    char *name = g_strdup_printf("%s.%d", parent, tag);
    if (strlen(name) < FCT_DEVICE_SIZE)
        return name;
    g_free(name);
    return g_strdup_printf("vlan%d", tag);
}

const char *fct_network_link(const FctNetwork *network)
{
    if (network->kind != FCT_NETWORK_DIRECT)
        return network->bridge;
    return *network->device ? network->device : network->interface;
}

const FctNetwork *fct_network_on_device(const GPtrArray *networks, const char *device, const char *except)
{
    for (guint i = 0; *device && i < networks->len; i++) {
        const FctNetwork *network = networks->pdata[i];
        if (strcmp(network->name, except) != 0 && strcmp(fct_network_link(network), device) == 0)
            return network;
    }
    return NULL;
}

const char *fct_network_kind_name(FctNetworkKind kind)
{
    return kind_names[kind];
}

static void copy_leases(GPtrArray *to, const GPtrArray *from)
{
    g_ptr_array_set_size(to, 0);
    for (guint i = 0; i < from->len; i++) {
        const FctLease *lease = g_ptr_array_index(from, i);
        FctLease *copy = fct_lease_new(lease->mac, lease->address, lease->name);
        copy->expires_ms = lease->expires_ms;
        g_ptr_array_add(to, copy);
    }
}

static void copy_ranges(GPtrArray *to, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++) {
        const FctRange *range = g_ptr_array_index(from, i);
        g_ptr_array_add(to, fct_range_new(range->first, range->last));
    }
}

static void copy_subnets(GPtrArray *to, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++) {
        const FctSubnet *subnet = g_ptr_array_index(from, i);
        FctSubnet *copy = fct_subnet_new(subnet->subnet, subnet->gateway);
        copy_ranges(copy->ranges, subnet->ranges);
        copy_leases(copy->fixed, subnet->fixed);
        g_ptr_array_add(to, copy);
    }
}

FctNetwork *fct_network_copy(const FctNetwork *network)
{
    FctNetwork *copy = g_new(FctNetwork, 1);
    *copy = *network;
    char **texts[] = {&copy->name,  &copy->bridge, &copy->interface, &copy->device,    &copy->gateway,
                      &copy->first, &copy->last,   &copy->uuid,      &copy->bridge_mac};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup(*texts[i]);
    copy->fixed = g_ptr_array_new_with_free_func((GDestroyNotify)fct_lease_free);
    copy->leases = g_ptr_array_new_with_free_func((GDestroyNotify)fct_lease_free);
    copy->more_ranges = g_ptr_array_new_with_free_func((GDestroyNotify)fct_range_free);
    copy->more_subnets = g_ptr_array_new_with_free_func((GDestroyNotify)fct_subnet_free);
    copy_leases(copy->fixed, network->fixed);
    copy_leases(copy->leases, network->leases);
    copy_ranges(copy->more_ranges, network->more_ranges);
    copy_subnets(copy->more_subnets, network->more_subnets);
    return copy;
}

/* ---- as JSON ---- */

static json_t *leases_json(const GPtrArray *leases, gboolean handed_out)
{
    json_t *list = json_array();
    for (guint i = 0; i < leases->len; i++) {
        const FctLease *lease = g_ptr_array_index(leases, i);
        json_t *json = json_pack("{s:s, s:s, s:s}", "mac", lease->mac, "address", lease->address, "name", lease->name);
        if (handed_out) /* 0: for ever */
            json_object_set_new(json, "expires_ms", lease->expires_ms ? json_integer(lease->expires_ms) : json_null());
        json_array_append_new(list, json);
    }
    return list;
}

static json_t *subnet_json(const char *subnet, const char *gateway, json_t *ranges, const GPtrArray *fixed)
{
    return json_pack("{s:s, s:s, s:o, s:o}", "subnet", subnet, "gateway", gateway, "ranges", ranges, "static_leases",
                     leases_json(fixed, FALSE));
}

static void add_ranges(json_t *list, const GPtrArray *ranges)
{
    for (guint i = 0; i < ranges->len; i++) {
        const FctRange *range = g_ptr_array_index(ranges, i);
        json_array_append_new(list, json_pack("{s:s, s:s}", "first", range->first, "last", range->last));
    }
}

/* All of them, the one that can be changed first. */
static json_t *subnets_json(const FctNetwork *network, const char *subnet, json_t *dhcp)
{
    json_t *list = json_array(), *ranges = json_array();
    if (json_is_object(dhcp))
        json_array_append(ranges, dhcp);
    add_ranges(ranges, network->more_ranges);
    if (*subnet)
        json_array_append_new(list, subnet_json(subnet, network->gateway, json_incref(ranges), network->fixed));
    json_decref(ranges);
    for (guint i = 0; i < network->more_subnets->len; i++) {
        const FctSubnet *one = g_ptr_array_index(network->more_subnets, i);
        add_ranges(ranges = json_array(), one->ranges);
        json_array_append_new(list, subnet_json(one->subnet, one->gateway, ranges, one->fixed));
    }
    return list;
}

json_t *fct_network_to_json(const FctNetwork *network)
{
    g_autofree char *subnet = fct_network_subnet(network);
    json_t *dhcp =
        *network->first ? json_pack("{s:s, s:s}", "first", network->first, "last", network->last) : json_null();
    return json_pack("{s:s, s:b, s:s, s:b, s:b, s:s, s:s, s:s, s:o, s:b, s:s, s:s, s:o, s:o, s:o, s:o}", "name",
                     network->name, "ours", network->ours, "kind", kind_names[network->kind], "active", network->active,
                     "autostart", network->autostart, "bridge", network->bridge, "interface", network->interface,
                     "device", network->device, "vlan", network->vlan ? json_integer(network->vlan) : json_null(),
                     "open_vswitch", network->open_vswitch, "subnet", subnet, "gateway", network->gateway, "subnets",
                     subnets_json(network, subnet, dhcp), "dhcp", dhcp, "static_leases",
                     leases_json(network->fixed, FALSE), "leases", leases_json(network->leases, TRUE));
}
