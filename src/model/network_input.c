/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what is asked of a network, member by member; each refusal names its field. */
#include "base/read.h"
#include "model/address.h"
#include "model/network.h"

#include <string.h>

#define PREFIX_MIN 8
#define PREFIX_MAX 30 /* network, host, a guest, broadcast */
#define FIXED_MAX 256
#define VLAN_MAX 4094

static gboolean read_subnet(FctNetwork *network, const json_t *input, GError **error)
{
    const char *text, *what;
    guint32 base;
    guint64 prefix;
    if (!fct_read_str(input, "subnet", &text, error))
        return FALSE;
    g_auto(GStrv) halves = g_strsplit(text, "/", 2);
    if (g_strv_length(halves) != 2 || !fct_ipv4_parse(halves[0], &base) ||
        !g_ascii_string_to_unsigned(halves[1], 10, PREFIX_MIN, PREFIX_MAX, &prefix, NULL))
        return fct_read_refuse(error, "subnet", "The subnet must be written like 192.168.122.0/24, with 8 to 30 bits.");
    if (base & ~fct_ipv4_mask((int)prefix)) {
        g_autofree char *right = fct_ipv4_text(base & fct_ipv4_mask((int)prefix));
        return fct_read_refuse(error, "subnet", "The subnet must begin with its own first address: %s/%d.", right,
                               (int)prefix);
    }
    if (fct_ipv4_use(base, (int)prefix, &what) == FCT_IPV4_UNUSABLE) {
        return fct_read_refuse(
            error, "subnet",
            "The subnet has addresses that no guest can have (%s): choose one in 10.0.0.0/8, 172.16.0.0/12 or "
            "192.168.0.0/16, or one that is routed to this host.",
            what);
    }
    g_free(network->gateway);
    network->gateway = fct_ipv4_text(base + 1);
    network->prefix = (int)prefix;
    return TRUE;
}

/* A guest's address: in the subnet, but not the network's, the host's or the broadcast address. */
static gboolean for_guest(const FctNetwork *network, guint32 address)
{
    guint32 gateway = 0, mask = fct_ipv4_mask(network->prefix);
    fct_ipv4_parse(network->gateway, &gateway);
    return (address & mask) == (gateway & mask) && address != gateway && (address & ~mask) != 0 &&
           (address & ~mask) != ~mask;
}

static gboolean network_set_range(FctNetwork *network, guint32 first, guint32 last)
{
    g_free(network->first);
    g_free(network->last);
    network->first = fct_ipv4_text(first);
    network->last = fct_ipv4_text(last);
    return TRUE;
}

/* libvirt takes no range whose ends differ in the first two bytes (virSocketAddrGetRange), however short it is. */
static gboolean is_for_libvirt(guint32 first, guint32 last)
{
    return fct_ipv4_overlaps(first, FCT_DHCP_BITS, last, FCT_DHCP_BITS);
}

static gboolean network_read_range(FctNetwork *network, const json_t *input, GError **error)
{
    const json_t *dhcp = json_object_get(input, "dhcp");
    guint32 gateway = 0, first, last;
    if (json_is_null(dhcp))
        return TRUE;
    fct_ipv4_parse(network->gateway, &gateway);
    first = gateway + 1;
    last = (gateway | ~fct_ipv4_mask(network->prefix)) - 1;
    if (!dhcp)
        return network_set_range(network, first, MIN(last, first | ~fct_ipv4_mask(FCT_DHCP_BITS)));
    if (!json_is_object(dhcp) || json_object_size(dhcp) != 2 ||
        !fct_ipv4_parse(fct_json_str(dhcp, "first", ""), &first) ||
        !fct_ipv4_parse(fct_json_str(dhcp, "last", ""), &last) || first > last || !for_guest(network, first) ||
        !for_guest(network, last))
        return fct_read_refuse(error, "dhcp",
                               "The DHCP range must have a first and a last address for guests of the subnet.");
    if (!is_for_libvirt(first, last))
        return fct_read_refuse(
            error, "dhcp",
            "The first two numbers of the DHCP range’s ends must be alike, as in 10.0.0.2 to 10.0.255.255: "
            "libvirt takes no other. Give fixed addresses outside of it.");
    return network_set_range(network, first, last);
}

/* ---- input ---- */

static gboolean network_is_word(const char *text, gsize max)
{
    gsize length = strlen(text);
    if (length < 1 || length > max || !g_ascii_isalnum(*text))
        return FALSE;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
            return FALSE;
    return TRUE;
}

/* The kernel's own rule (dev_valid_name), and only characters that XML can carry and people can see. */
static gboolean is_device_name(const char *text)
{
    gsize length = strlen(text);
    if (length < 1 || length >= FCT_DEVICE_SIZE || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return FALSE;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isgraph(*c) || strchr("/:'\"<>&", *c))
            return FALSE;
    return TRUE;
}

static gboolean set_device(char **member, const char *text)
{
    if (!is_device_name(text))
        return FALSE;
    g_free(*member);
    *member = g_strdup(text);
    return TRUE;
}

static gboolean read_bridge(FctNetwork *network, const json_t *input, GError **error)
{
    const char *bridge;
    if (!fct_read_str(input, "bridge", &bridge, error))
        return FALSE;
    return set_device(&network->bridge, bridge) ||
           fct_read_refuse(error, "bridge", "Name a bridge that the host has; GET /host-interfaces lists them.");
}

static gboolean network_read_interface(FctNetwork *network, const json_t *input, GError **error)
{
    const char *name;
    if (!fct_read_str(input, "interface", &name, error))
        return FALSE;
    return set_device(&network->interface, name) ||
           fct_read_refuse(error, "interface", "Name an interface that the host has; GET /host-interfaces lists them.");
}

static gboolean read_vlan(FctNetwork *network, const json_t *input, GError **error)
{
    const json_t *vlan = json_object_get(input, "vlan"), *ovs = json_object_get(input, "open_vswitch");
    if (ovs && !json_is_boolean(ovs))
        return fct_read_refuse(error, "open_vswitch", "This must be true or false.");
    if (ovs)
        network->open_vswitch = json_is_true(ovs);
    if (!vlan || json_is_null(vlan)) {
        network->vlan = vlan ? 0 : network->vlan;
        return TRUE;
    }
    json_int_t tag = json_is_integer(vlan) ? json_integer_value(vlan) : 0;
    if (tag < 1 || tag > VLAN_MAX)
        return fct_read_refuse(error, "vlan", "A VLAN tag is a number from 1 to 4094.");
    network->vlan = (int)tag;
    return TRUE;
}

/* Members that only other kinds of network have. */
static gboolean fits_kind(const json_t *input, FctNetworkKind kind, GError **error)
{
    gboolean subnet = fct_network_has_subnet(kind);
    const struct {
        const char *field;
        gboolean fits;
        const char *sentence;
    } members[] = {
        {"subnet", subnet, "On a bridge or interface of the host the network around it gives the addresses."},
        {"dhcp", subnet, "On a bridge or interface of the host the network around it gives the addresses."},
        {"bridge", kind == FCT_NETWORK_BRIDGE, "Only a network of the kind bridge names one."},
        {"open_vswitch", kind == FCT_NETWORK_BRIDGE, "Only a network of the kind bridge is on Open vSwitch."},
        {"interface", kind == FCT_NETWORK_DIRECT, "Only a network of the kind direct names one."},
        {"vlan", kind == FCT_NETWORK_BRIDGE || kind == FCT_NETWORK_DIRECT,
         "Only a network of the kind bridge or direct can have a tag."},
    };
    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        if (!members[i].fits && json_object_get(input, members[i].field))
            return fct_read_refuse(error, members[i].field, "%s", members[i].sentence);
    return TRUE;
}

static gboolean network_read_autostart(FctNetwork *network, const json_t *input, GError **error)
{
    const json_t *autostart = json_object_get(input, "autostart");
    if (autostart && !json_is_boolean(autostart))
        return fct_read_refuse(error, "autostart", "This must be true or false.");
    if (autostart)
        network->autostart = json_is_true(autostart);
    return TRUE;
}

static gboolean network_read_name(FctNetwork *network, const json_t *input, GError **error)
{
    const char *name, *kind;
    if (!fct_read_str(input, "name", &name, error) || !fct_read_str(input, "kind", &kind, error))
        return FALSE;
    if (!network_is_word(name, 50))
        return fct_read_refuse(
            error, "name",
            "A name has 1 to 50 letters, digits, dots, dashes or underscores, and begins with a letter or digit.");
    g_free(network->name);
    network->name = g_strdup(name);
    for (network->kind = FCT_NETWORK_NAT; network->kind < FCT_NETWORK_OTHER; network->kind++)
        if (strcmp(fct_network_kind_name(network->kind), kind) == 0)
            return TRUE;
    return fct_read_refuse(error, "kind", "The kind is nat, routed, isolated, bridge or direct.");
}

FctNetwork *fct_network_from_input(const json_t *input, GError **error)
{
    static const char *const known[] = {"name",      "kind", "subnet",       "dhcp",      "bridge",
                                        "interface", "vlan", "open_vswitch", "autostart", NULL};
    g_autoptr(FctNetwork) network = fct_network_new();
    network->ours = network->autostart = TRUE;
    if (!fct_read_only_or(
            input, known,
            "A network has a name, a kind, and a subnet with a DHCP range, a bridge with a VLAN, or an interface.",
            error) ||
        !network_read_name(network, input, error) || !fits_kind(input, network->kind, error) ||
        !network_read_autostart(network, input, error))
        return NULL;
    gboolean ok = network->kind == FCT_NETWORK_BRIDGE
                      ? read_bridge(network, input, error) && read_vlan(network, input, error)
                  : network->kind == FCT_NETWORK_DIRECT
                      ? network_read_interface(network, input, error) && read_vlan(network, input, error)
                      : read_subnet(network, input, error) && network_read_range(network, input, error);
    if (ok && network->kind == FCT_NETWORK_DIRECT && network->vlan) {
        g_free(network->device);
        network->device = fct_network_vlan_device(network->interface, network->vlan);
    }
    return ok ? g_steal_pointer(&network) : NULL;
}

/* ---- changes ---- */

/* The VLAN's interface is made with the network and deleted with it. */
static gboolean keeps_vlan(const FctNetwork *present, const FctNetwork *wanted, GError **error)
{
    static const char sentence[] = "A network on a VLAN’s interface that Facet makes keeps it: make another network, "
                                   "and attach the VMs to that one.";
    if (wanted->kind != FCT_NETWORK_DIRECT || (!*present->device && !wanted->vlan))
        return TRUE;
    if (wanted->vlan != present->vlan)
        return fct_read_refuse(error, "vlan", sentence);
    return strcmp(wanted->interface, present->interface) == 0 || fct_read_refuse(error, "interface", sentence);
}

static gboolean change_subnet(FctNetwork *network, const json_t *input, GError **error)
{
    g_autofree char *first = g_strdup(network->first), *last = g_strdup(network->last);
    g_autofree char *before = fct_network_subnet(network);
    gboolean handed_out = *first != '\0';
    if (!json_object_get(input, "subnet") && !json_object_get(input, "dhcp"))
        return TRUE;
    if (json_object_get(input, "subnet") && !read_subnet(network, input, error))
        return FALSE;
    g_free(network->first);
    g_free(network->last);
    network->first = g_strdup("");
    network->last = g_strdup("");
    if ((json_object_get(input, "dhcp") || handed_out) && !network_read_range(network, input, error))
        return FALSE;
    g_autofree char *after = fct_network_subnet(network);
    if (strcmp(before, after) != 0 || strcmp(first, network->first) != 0 || strcmp(last, network->last) != 0)
        g_ptr_array_set_size(network->more_ranges, 0); /* the range that is asked for replaces all others */
    return TRUE;
}

/* Checks the given leases, or the present ones, against the changed network. */
static gboolean change_fixed(FctNetwork *network, const json_t *input, GError **error)
{
    const json_t *given = json_object_get(input, "static_leases");
    if (given) {
        GPtrArray *fixed = fct_network_read_fixed(network, given, error);
        if (!fixed)
            return FALSE;
        g_ptr_array_unref(network->fixed);
        network->fixed = fixed;
        return TRUE;
    }
    if (network->fixed->len && !*network->first)
        return fct_read_refuse(error, "static_leases", "Static leases need DHCP: take them out, or leave DHCP on.");
    for (guint i = 0; i < network->fixed->len; i++) {
        const FctLease *lease = g_ptr_array_index(network->fixed, i);
        guint32 address;
        if (!fct_ipv4_parse(lease->address, &address) || !for_guest(network, address))
            return fct_read_refuse(
                error, "static_leases",
                "A static lease would lie outside the new subnet: give them new addresses, or take them out.");
    }
    return TRUE;
}

FctNetwork *fct_network_changed(const FctNetwork *present, const json_t *input, GError **error)
{
    static const char *const known[] = {"subnet", "dhcp",         "static_leases", "autostart", "bridge",
                                        "vlan",   "open_vswitch", "interface",     NULL};
    g_autoptr(FctNetwork) network = fct_network_copy(present);
    if (!fct_read_only_or(input, known,
                          "Of a network the addresses, the bridge or interface, and the autostart can be changed.",
                          error) ||
        !fits_kind(input, network->kind, error) || !network_read_autostart(network, input, error) ||
        (json_object_get(input, "bridge") && !read_bridge(network, input, error)) ||
        (json_object_get(input, "interface") && !network_read_interface(network, input, error)) ||
        !read_vlan(network, input, error) || !keeps_vlan(present, network, error) ||
        !change_subnet(network, input, error) || !change_fixed(network, input, error))
        return NULL;
    return g_steal_pointer(&network);
}

/* ---- static leases ---- */

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
            fct_read_refuse(error, "static_leases", "A static lease has a mac, an address and, if wanted, a name.");
            return NULL;
        }
    if (!mac)
        fct_read_refuse(error, "mac", "A MAC address is written like 52:54:00:12:34:56, and is not a group's.");
    else if (!fct_ipv4_parse(fct_json_str(json, "address", ""), &address) || !for_guest(network, address))
        fct_read_refuse(error, "address", "The address must be one for guests of this network's subnet.");
    else if (*name && (!network_is_word(name, 63) || strpbrk(name, "._") || g_str_has_suffix(name, "-")))
        fct_read_refuse(error, "name",
                        "A host name has 1 to 63 letters, digits and dashes, and neither begins nor ends with a dash.");
    else
        return fct_lease_new(mac, fct_json_str(json, "address", ""), name);
    return NULL;
}

GPtrArray *fct_network_read_fixed(const FctNetwork *network, const json_t *list, GError **error)
{
    g_autoptr(GPtrArray) fixed = g_ptr_array_new_with_free_func((GDestroyNotify)fct_lease_free);
    if (!json_is_array(list) || json_array_size(list) > FIXED_MAX) {
        fct_read_refuse(error, "static_leases", "The static leases must be a list of at most 256.");
        return NULL;
    }
    if (!*network->first && json_array_size(list) > 0) {
        fct_read_refuse(error, "static_leases", "This network hands out no addresses.");
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
                fct_read_refuse(error, twice, "Two static leases have it in common.");
                return NULL;
            }
        }
        g_ptr_array_add(fixed, lease);
    }
    return g_steal_pointer(&fixed);
}
