/* SPDX-License-Identifier: Apache-2.0 */
#include "core/network_against.h"

#include "model/address.h"

#include <string.h>

#define ADD(severity, code, subject, next, ...)                                                                        \
    g_ptr_array_add(verdicts, fct_verdict_new(severity, code, subject, next, __VA_ARGS__))

void fct_network_against_name(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts)
{
    for (guint i = 0; i < scene->networks->len; i++)
        if (strcmp(((FctNetwork *)scene->networks->pdata[i])->name, wanted->name) == 0)
            ADD(FCT_REFUSE, "name-taken", wanted->name, "Choose another name.", "There is a network %s already.",
                wanted->name);
}

void fct_network_against_owner(const FctNetwork *present, GPtrArray *verdicts)
{
    if (!present->ours)
        ADD(FCT_BLOCK, "not-ours", present->name, "Manage it with the program that made it.",
            "Network %s was not made by Facet and is left alone.", present->name);
}

void fct_network_against_users(const FctNetworkScene *scene, GPtrArray *verdicts)
{
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; scene->users && i < scene->users->len; i++) {
        const char *vm = g_array_index(scene->users, FctNetworkUser, i).vm;
        if (g_hash_table_add(known, (gpointer)vm))
            ADD(FCT_REFUSE, "in-use", vm, "Take the network out of these VMs first.",
                "VM %s is attached to this network.", vm);
    }
}

void fct_network_against_snapshots(const FctNetworkScene *scene, GPtrArray *verdicts)
{
    for (guint i = 0; scene->snapshots && i < scene->snapshots->len; i++) {
        const char *snapshot = scene->snapshots->pdata[i];
        ADD(FCT_CONFIRM, "snapshot-needs", snapshot, "Delete the snapshot first, or go on all the same.",
            "The network is needed by %s: once it is gone, a VM that goes back to it cannot start.", snapshot);
    }
}

/* ---- subnets ---- */

/* TRUE when the interface has an address whose subnet crosses @wanted's, and is not libvirt's own. */
static gboolean interface_crosses(const FctHostInterface *interface, const FctNetwork *wanted)
{
    guint32 gateway, address;
    int prefix;
    fct_ipv4_parse(wanted->gateway, &gateway);
    for (guint k = 0; !*interface->network && k < interface->addresses->len; k++)
        if (fct_ipv4_cidr(interface->addresses->pdata[k], &address, &prefix) &&
            fct_ipv4_overlaps(gateway, wanted->prefix, address, prefix))
            return TRUE;
    return FALSE;
}

static void against_interfaces(const FctNetworkScene *scene, const FctNetwork *wanted, const char *next,
                               GPtrArray *verdicts)
{
    guint said = 0;
    for (guint i = 0; scene->interfaces && i < scene->interfaces->len; i++) {
        const FctHostInterface *interface = g_ptr_array_index(scene->interfaces, i);
        if (interface_crosses(interface, wanted) && said++ < FCT_NETWORK_SAID_MAX)
            ADD(FCT_REFUSE, "subnet-taken", interface->name, next,
                "This subnet has addresses of this host’s interface %s.", interface->name);
    }
    if (said > FCT_NETWORK_SAID_MAX)
        ADD(FCT_REFUSE, "subnet-taken", "", next, "%u more of this host’s interfaces have addresses in this subnet.",
            said - FCT_NETWORK_SAID_MAX);
}

/* Whether some interface, other than those of libvirt's networks, may lead out of the host. Unknown counts as yes. */
static gboolean has_way_out(const GPtrArray *interfaces)
{
    for (guint i = 0; interfaces && i < interfaces->len; i++)
        if (!*((FctHostInterface *)interfaces->pdata[i])->network)
            return TRUE;
    return !interfaces;
}

/* Addresses that belong to others: the host could not reach these any more. */
static void against_public(const FctNetwork *wanted, const char *subnet, GPtrArray *verdicts)
{
    const char *what;
    guint32 gateway;
    fct_ipv4_parse(wanted->gateway, &gateway);
    FctIpv4Use use = fct_ipv4_use(gateway, wanted->prefix, &what);
    if (wanted->kind == FCT_NETWORK_ROUTED || use == FCT_IPV4_PRIVATE)
        return; /* routed: the addresses are the guests' own, as far as anybody can tell here */
    if (use == FCT_IPV4_SPECIAL)
        ADD(FCT_WARN, "public-subnet", "subnet", "Choose a private subnet, unless these addresses are yours.",
            "%s is kept for %s: this host and the guests no longer reach others that use it.", subnet, what);
    else
        ADD(wanted->kind == FCT_NETWORK_NAT ? FCT_CONFIRM : FCT_WARN, "public-subnet", "subnet",
            "Choose a private subnet, or the kind routed when these addresses are yours.",
            "%s has addresses of the Internet: this host and the guests no longer reach who really has them.", subnet);
}

static void against_others(const FctNetworkScene *scene, const FctNetwork *wanted, const char *next,
                           GPtrArray *verdicts)
{
    for (guint i = 0; i < scene->networks->len; i++) {
        const FctNetwork *other = g_ptr_array_index(scene->networks, i);
        if (strcmp(other->name, wanted->name) != 0 && fct_network_overlaps(wanted, other))
            ADD(FCT_REFUSE, "subnet-taken", other->name, next, "This subnet has addresses of the network “%s”.",
                other->name);
    }
    against_interfaces(scene, wanted, next, verdicts);
    fct_network_against_routes(scene, wanted, next, verdicts);
}

static void against_subnet(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts)
{
    g_autofree char *subnet = fct_network_subnet(wanted);
    g_autofree char *free_one = fct_network_free_subnet(scene);
    g_autofree char *next = free_one ? g_strdup_printf("Choose another subnet, as %s, which is free.", free_one)
                                     : g_strdup("Choose another subnet.");
    against_others(scene, wanted, next, verdicts);
    against_public(wanted, subnet, verdicts);
    if (wanted->kind != FCT_NETWORK_ISOLATED && !has_way_out(scene->interfaces))
        ADD(FCT_WARN, "no-way-out", "", "",
            "This host shows libvirt no interface to the outside, so guests reach each other and the host only.");
    if (wanted->kind == FCT_NETWORK_ROUTED)
        ADD(FCT_WARN, "needs-route", "", "Add that route to the router of the network around this host.",
            "Others reach the guests, and answers come back to them, only when they know that %s is behind this host.",
            subnet);
}

/* Nothing known forbids it; unknown routes are no reason to propose no subnet. */
static gboolean subnet_is_free(const FctNetworkScene *scene, const FctNetwork *trial)
{
    g_autoptr(GPtrArray) verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    against_others(scene, trial, "", verdicts);
    for (guint i = 0; i < verdicts->len; i++)
        if (strcmp(((FctVerdict *)verdicts->pdata[i])->code, "routes-unknown") != 0)
            return FALSE;
    return TRUE;
}

char *fct_network_free_subnet(const FctNetworkScene *scene)
{
    g_autoptr(FctNetwork) trial = fct_network_new();
    trial->kind = FCT_NETWORK_ISOLATED;
    trial->prefix = 24;
    for (int n = 0; n < 512; n++) {
        g_free(trial->gateway);
        trial->gateway = n < 256 ? g_strdup_printf("192.168.%d.1", (n + 122) % 256) /* where people expect libvirt's */
                                 : g_strdup_printf("10.%d.0.1", n - 256);
        if (subnet_is_free(scene, trial))
            return fct_network_subnet(trial);
    }
    return NULL;
}

/* ---- bridges and interfaces of the host ---- */

static void against_link(const FctHostInterface *interface, GPtrArray *verdicts)
{
    if (interface->link == FCT_LINK_DOWN)
        ADD(FCT_WARN, "link-down", interface->name, "Bring it up with the tools of your distribution.",
            "%s has no link now.", interface->name);
}

static void against_bridge(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts)
{
    const FctHostInterface *bridge = fct_host_interface_find(scene->interfaces, wanted->bridge);
    if (wanted->vlan && !wanted->open_vswitch && scene->libvirt < FCT_LIBVIRT_BRIDGE_VLAN)
        ADD(FCT_REFUSE, "vlan-unsupported", "vlan",
            "Choose the kind direct on the bridge’s interface with that tag, or a bridge that is on a VLAN’s "
            "interface.",
            "libvirt sets VLAN tags on Linux bridges from version 11.0 on; this host has %u.%u.",
            scene->libvirt / 1000000, scene->libvirt / 1000 % 1000);
    if (!scene->interfaces)
        return;
    if (!bridge) {
        ADD(FCT_REFUSE, "bridge-missing", wanted->bridge,
            "Make it with the tools of your distribution; Facet makes none, since that can cut off the host.",
            "This host has no bridge %s.", wanted->bridge);
    } else if (bridge->kind != FCT_INTERFACE_BRIDGE && !wanted->open_vswitch) {
        ADD(FCT_REFUSE, "bridge-missing", wanted->bridge, "Choose the kind direct for it, or a bridge that it is in.",
            "%s is no bridge.", wanted->bridge);
    } else {
        if (*bridge->network)
            ADD(FCT_WARN, "bridge-of-network", bridge->name, "Attach VMs to that network instead.",
                "%s belongs to the network %s; guests would be in that one.", bridge->name, bridge->network);
        against_link(bridge, verdicts);
    }
}

/*
 * Another network is on the interface that Facet would make for the VLAN: the two would share it, also when one is
 * deleted.
 */
static gboolean against_vlan_of_network(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts)
{
    const FctNetwork *other = fct_network_on_device(scene->networks, wanted->device, wanted->name);
    if (other)
        ADD(FCT_REFUSE, "vlan-taken", other->name, "Attach VMs to that network.",
            "The network “%s” is on %s, the interface of VLAN %d, already.", other->name, wanted->device, wanted->vlan);
    return other != NULL;
}

/* The host has no other interface of that name, and no other for that VLAN. */
static void against_vlan(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts)
{
    for (guint i = 0; i < scene->interfaces->len; i++) {
        const FctHostInterface *one = g_ptr_array_index(scene->interfaces, i);
        if (strcmp(one->name, wanted->device) == 0 ||
            (one->vlan == wanted->vlan && strcmp(one->parent, wanted->interface) == 0)) {
            ADD(FCT_REFUSE, "vlan-taken", one->name, "Choose it as the interface, without a tag.",
                "This host has the interface %s already.", one->name);
            return;
        }
    }
}

static void against_interface(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts)
{
    const FctHostInterface *interface = fct_host_interface_find(scene->interfaces, wanted->interface);
    if (*wanted->device && against_vlan_of_network(scene, wanted, verdicts))
        return;
    if (!scene->interfaces)
        return;
    if (!interface) {
        ADD(FCT_REFUSE, "interface-missing", wanted->interface, "Choose one that the list of host interfaces has.",
            "This host has no interface %s.", wanted->interface);
        return;
    }
    if (interface->kind == FCT_INTERFACE_BRIDGE)
        ADD(FCT_REFUSE, "interface-is-bridge", interface->name, "Choose the kind bridge for it.", "%s is a bridge.",
            interface->name);
    else if (*wanted->device && interface->kind == FCT_INTERFACE_VLAN)
        ADD(FCT_REFUSE, "interface-is-vlan", interface->name, "Leave out the tag, or choose the interface it is on.",
            "%s is the interface of a VLAN itself.", interface->name);
    else if (*interface->master)
        ADD(FCT_REFUSE, "interface-in-bridge", interface->name, "Use that one instead.", "%s is part of %s.",
            interface->name, interface->master);
    else if (*wanted->device)
        against_vlan(scene, wanted, verdicts);
    else
        ADD(FCT_WARN, "host-apart", interface->name,
            "Give VMs that need the host a second NIC, in an isolated network.",
            "Guests reach everybody on %s except this host itself, which cannot reach them either.", interface->name);
    against_link(interface, verdicts);
}

void fct_network_against_place(const FctNetworkScene *scene, const FctNetwork *present, const FctNetwork *wanted,
                               GPtrArray *verdicts)
{
    g_autofree char *before = present ? fct_network_subnet(present) : g_strdup("");
    g_autofree char *after = fct_network_subnet(wanted);
    if (fct_network_has_subnet(wanted->kind) && strcmp(before, after) != 0)
        against_subnet(scene, wanted, verdicts);
    else if (wanted->kind == FCT_NETWORK_BRIDGE)
        against_bridge(scene, wanted, verdicts);
    else if (wanted->kind == FCT_NETWORK_DIRECT)
        against_interface(scene, wanted, verdicts);
}

/* ---- the connection that asks ---- */

/* The client is a VM in this network: a network without a subnet is known only by the VM's own addresses. */
static gboolean is_guest(const FctNetworkScene *scene)
{
    for (guint i = 0; scene->users && i < scene->users->len; i++) {
        const GPtrArray *addresses = g_array_index(scene->users, FctNetworkUser, i).addresses;
        for (guint k = 0; addresses && k < addresses->len; k++)
            if (g_strcmp0(addresses->pdata[k], scene->remote) == 0)
                return TRUE;
    }
    return FALSE;
}

void fct_network_against_cut(const FctNetworkScene *scene, const FctNetwork *present, GPtrArray *verdicts)
{
    guint32 address;
    gboolean from = fct_ipv4_of_socket(scene->remote, &address) && fct_network_contains(present, address);
    gboolean to = fct_ipv4_of_socket(scene->local, &address) && fct_network_contains(present, address);
    if (from || to || is_guest(scene))
        ADD(FCT_CONFIRM, "own-connection", present->name,
            "Reach Facet over another network first, or go on all the same.",
            "Your own connection to Facet (from %s) goes through this network and would be cut.", scene->remote);
}

void fct_network_against_route(const FctNetworkScene *scene, const FctNetwork *wanted, GPtrArray *verdicts)
{
    guint32 address;
    for (guint i = 0; i < verdicts->len; i++)
        if (strcmp(((FctVerdict *)verdicts->pdata[i])->code, "own-connection") == 0)
            return; /* said already */
    if (fct_ipv4_of_socket(scene->remote, &address) && fct_network_contains(wanted, address))
        ADD(FCT_CONFIRM, "own-connection", "subnet", "Choose another subnet, or go on all the same.",
            "Your own address %s lies in this subnet: this host would look for you among its guests, and your "
            "connection "
            "would be cut.",
            scene->remote);
}

const char *fct_network_plan_field(const FctVerdict *verdict)
{
    static const char *const fields[][2] = {{"name-taken", "name"},
                                            {"subnet-taken", "subnet"},
                                            {"bridge-missing", "bridge"},
                                            {"vlan-unsupported", "vlan"},
                                            {"interface-missing", "interface"},
                                            {"vlan-taken", "vlan"},
                                            {"interface-is-vlan", "interface"},
                                            {"interface-is-bridge", "interface"},
                                            {"interface-in-bridge", "interface"}};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        if (strcmp(fields[i][0], verdict->code) == 0)
            return fields[i][1];
    return NULL;
}
