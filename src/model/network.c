/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network.h"

#include <string.h>

#define PREFIX_MIN 8
#define PREFIX_MAX 29 /* network, host, broadcast, and a few guests */
#define FIXED_MAX 256

static const char *const kind_names[] = {"nat", "isolated", "bridge", "other"};

static gboolean refuse(GError **error, const char *field, const char *sentence)
{
    fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", field), "%s", sentence);
    return FALSE;
}

FctNetwork *fct_network_new(void)
{
    FctNetwork *network = g_new0(FctNetwork, 1);
    char **texts[] = {&network->name, &network->bridge, &network->gateway, &network->first, &network->last};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup("");
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
    g_free(network->gateway);
    g_free(network->first);
    g_free(network->last);
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

static gboolean parse_address(const char *text, guint32 *ret)
{
    guint32 address = 0;
    for (int i = 0; i < 4; i++) {
        char *end;
        if (!g_ascii_isdigit(*text) || (*text == '0' && g_ascii_isdigit(text[1])))
            return FALSE;
        guint64 byte = g_ascii_strtoull(text, &end, 10);
        if (byte > 255 || *end != (i < 3 ? '.' : '\0'))
            return FALSE;
        address = address << 8 | (guint32)byte;
        text = end + 1;
    }
    *ret = address;
    return TRUE;
}

static char *address_text(guint32 a)
{
    return g_strdup_printf("%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static guint32 mask_of(int prefix)
{
    return prefix <= 0 ? 0 : ~(guint32)0 << (32 - MIN(prefix, 32));
}

static gboolean is_private(guint32 a, int prefix)
{
    return (a >> 24 == 10 && prefix >= 8) || (a >> 20 == 0xac1 && prefix >= 12) || (a >> 16 == 0xc0a8 && prefix >= 16);
}

static gboolean read_subnet(FctNetwork *network, const json_t *input, GError **error)
{
    const char *text;
    guint32 base;
    guint64 prefix;
    if (!fct_json_need_str(input, "subnet", &text, error))
        return FALSE;
    g_auto(GStrv) halves = g_strsplit(text, "/", 2);
    if (g_strv_length(halves) != 2 || !parse_address(halves[0], &base) ||
        !g_ascii_string_to_unsigned(halves[1], 10, PREFIX_MIN, PREFIX_MAX, &prefix, NULL))
        return refuse(error, "subnet", "The subnet must be written like 192.168.122.0/24, with 8 to 29 bits.");
    if (base & ~mask_of((int)prefix))
        return refuse(error, "subnet", "The subnet must begin with its own first address, like 192.168.122.0/24.");
    if (!is_private(base, (int)prefix))
        return refuse(error, "subnet", "The subnet must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.");
    g_free(network->gateway);
    network->gateway = address_text(base + 1);
    network->prefix = (int)prefix;
    return TRUE;
}

/* A guest's address: in the subnet, and neither the network's, the host's nor the broadcast address. */
static gboolean for_guest(const FctNetwork *network, guint32 address)
{
    guint32 gateway = 0, mask = mask_of(network->prefix);
    parse_address(network->gateway, &gateway);
    return (address & mask) == (gateway & mask) && address != gateway && (address & ~mask) != 0 &&
           (address & ~mask) != ~mask;
}

static gboolean read_range(FctNetwork *network, const json_t *input, GError **error)
{
    static const char wrong[] = "The DHCP range must have a first and a last address for guests of the subnet.";
    const json_t *dhcp = json_object_get(input, "dhcp");
    guint32 gateway = 0, first, last;
    if (json_is_null(dhcp))
        return TRUE;
    parse_address(network->gateway, &gateway);
    first = gateway + 1;
    last = (gateway | ~mask_of(network->prefix)) - 1;
    if (dhcp && (!json_is_object(dhcp) || json_object_size(dhcp) != 2 ||
                 !parse_address(fct_json_str(dhcp, "first", ""), &first) ||
                 !parse_address(fct_json_str(dhcp, "last", ""), &last) || first > last || !for_guest(network, first) ||
                 !for_guest(network, last)))
        return refuse(error, "dhcp", wrong);
    g_free(network->first);
    g_free(network->last);
    network->first = address_text(first);
    network->last = address_text(last);
    return TRUE;
}

gboolean fct_network_overlaps(const FctNetwork *a, const FctNetwork *b)
{
    guint32 x, y, mask = mask_of(MIN(a->prefix, b->prefix));
    return mask && parse_address(a->gateway, &x) && parse_address(b->gateway, &y) && (x & mask) == (y & mask);
}

/* ---- input ---- */

static gboolean is_word(const char *text, gsize max)
{
    gsize length = strlen(text);
    if (length < 1 || length > max || !g_ascii_isalnum(*text))
        return FALSE;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
            return FALSE;
    return TRUE;
}

static gboolean read_bridge(FctNetwork *network, const json_t *input, GError **error)
{
    const char *bridge;
    if (!fct_json_need_str(input, "bridge", &bridge, error))
        return FALSE;
    if (!is_word(bridge, 15)) /* the kernel's limit of an interface's name */
        return refuse(error, "bridge", "Name a bridge that the host has, as “ip link show type bridge” lists it.");
    if (json_object_get(input, "subnet") || json_object_get(input, "dhcp"))
        return refuse(error, "subnet", "On a bridge the network around the host gives the addresses.");
    g_free(network->bridge);
    network->bridge = g_strdup(bridge);
    return TRUE;
}

FctNetwork *fct_network_from_input(const json_t *input, GError **error)
{
    static const char *const known[] = {"name", "kind", "subnet", "dhcp", "bridge", NULL};
    const char *name, *kind, *key;
    json_t *value;
    g_autoptr(FctNetwork) network = fct_network_new();
    json_object_foreach ((json_t *)input, key, value)
        if (!g_strv_contains(known, key)) {
            refuse(error, key, "A network has a name, a kind, a subnet, a DHCP range or a bridge.");
            return NULL;
        }
    if (!fct_json_need_str(input, "name", &name, error) || !fct_json_need_str(input, "kind", &kind, error))
        return NULL;
    if (!is_word(name, 50)) {
        refuse(error, "name",
               "A name has 1 to 50 letters, digits, dots, dashes or underscores, and begins with a letter or digit.");
        return NULL;
    }
    g_free(network->name);
    network->name = g_strdup(name);
    network->ours = network->autostart = TRUE;
    for (network->kind = FCT_NETWORK_NAT; network->kind < FCT_NETWORK_OTHER; network->kind++)
        if (strcmp(kind_names[network->kind], kind) == 0)
            break;
    if (network->kind == FCT_NETWORK_OTHER) {
        refuse(error, "kind", "The kind is nat, isolated or bridge.");
        return NULL;
    }
    if (network->kind == FCT_NETWORK_BRIDGE)
        return read_bridge(network, input, error) ? g_steal_pointer(&network) : NULL;
    if (json_object_get(input, "bridge")) {
        refuse(error, "bridge", "Only a network of the kind bridge names one.");
        return NULL;
    }
    return read_subnet(network, input, error) && read_range(network, input, error) ? g_steal_pointer(&network) : NULL;
}

static FctLease *read_fixed(const FctNetwork *network, const json_t *json, GError **error)
{
    static const char *const known[] = {"mac", "address", "name", NULL};
    const char *key;
    json_t *value;
    guint32 address;
    g_autofree char *mac = fct_mac_parse(fct_json_str(json, "mac", ""));
    const char *name = fct_json_str(json, "name", "");
    json_object_foreach ((json_t *)json, key, value)
        if (!g_strv_contains(known, key) || !json_is_string(value)) {
            refuse(error, "static_leases", "A static lease has a mac, an address and, if wanted, a name.");
            return NULL;
        }
    if (!mac)
        refuse(error, "mac", "A MAC address is written like 52:54:00:12:34:56, and is not a group's.");
    else if (!parse_address(fct_json_str(json, "address", ""), &address) || !for_guest(network, address))
        refuse(error, "address", "The address must be one for guests of this network's subnet.");
    else if (*name && (!is_word(name, 63) || strpbrk(name, "._")))
        refuse(error, "name", "A host name has letters, digits and dashes.");
    else
        return fct_lease_new(mac, fct_json_str(json, "address", ""), name);
    return NULL;
}

GPtrArray *fct_network_read_fixed(const FctNetwork *network, const json_t *list, GError **error)
{
    g_autoptr(GPtrArray) fixed = g_ptr_array_new_with_free_func((GDestroyNotify)fct_lease_free);
    if (!json_is_array(list) || json_array_size(list) > FIXED_MAX) {
        refuse(error, "static_leases", "The static leases must be a list of at most 256.");
        return NULL;
    }
    if (!*network->first && json_array_size(list) > 0) {
        refuse(error, "static_leases", "This network hands out no addresses.");
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        FctLease *lease = read_fixed(network, json_array_get(list, i), error);
        if (!lease)
            return NULL;
        for (guint k = 0; k < fixed->len; k++) {
            const FctLease *other = g_ptr_array_index(fixed, k);
            const char *twice = strcmp(other->mac, lease->mac) == 0                                 ? "mac"
                                : strcmp(other->address, lease->address) == 0                       ? "address"
                                : *lease->name && g_ascii_strcasecmp(other->name, lease->name) == 0 ? "name"
                                                                                                    : NULL;
            if (twice) {
                fct_lease_free(lease);
                refuse(error, twice, "Two static leases have it in common.");
                return NULL;
            }
        }
        g_ptr_array_add(fixed, lease);
    }
    return g_steal_pointer(&fixed);
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

json_t *fct_network_to_json(const FctNetwork *network)
{
    guint32 gateway;
    g_autofree char *subnet = NULL;
    if (parse_address(network->gateway, &gateway)) {
        g_autofree char *base = address_text(gateway & mask_of(network->prefix));
        subnet = g_strdup_printf("%s/%d", base, network->prefix);
    }
    json_t *dhcp =
        *network->first ? json_pack("{s:s, s:s}", "first", network->first, "last", network->last) : json_null();
    return json_pack("{s:s, s:b, s:s, s:b, s:b, s:s, s:s, s:s, s:o, s:o, s:o}", "name", network->name, "ours",
                     network->ours, "kind", kind_names[network->kind], "active", network->active, "autostart",
                     network->autostart, "bridge", network->bridge, "subnet", subnet ? subnet : "", "gateway",
                     network->gateway, "dhcp", dhcp, "static_leases", leases_json(network->fixed, FALSE), "leases",
                     leases_json(network->leases, TRUE));
}
