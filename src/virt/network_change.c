/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks, changed: ours only. What libvirt can change while a network runs is changed so; for the rest it is stopped,
 * defined anew and started, and the NICs of VMs that run are plugged in again, which libvirt does not do by itself.
 */
#include "virt/virt.h"

#include <string.h>

#define CHANGE_MS 60000 /* dnsmasq and the firewall are started */
#define REPLUG_MS 20000

typedef struct {
    char *id, *name;
    GPtrArray *nics; /* FctNicXml* */
} Guest;

typedef struct {
    char *name;
    char *xml;
    FctNetwork *wanted;
    GPtrArray *guests; /* Guest*: whose NICs lost their plug */
} Order;

static void guest_free(gpointer data)
{
    Guest *guest = data;
    g_free(guest->id);
    g_free(guest->name);
    g_clear_pointer(&guest->nics, g_ptr_array_unref);
    g_free(guest);
}

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->name);
    g_free(order->xml);
    fct_network_free(order->wanted);
    g_clear_pointer(&order->guests, g_ptr_array_unref);
}

static void order_release(Order *order)
{
    g_atomic_rc_box_release_full(order, order_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_release)

static Order *order_new(const char *name)
{
    Order *order = g_atomic_rc_box_new0(Order);
    order->name = g_strdup(name);
    return order;
}

static gboolean fail(GError **error, const char *name, const char *what)
{
    virErrorPtr last = virGetLastError();
    if (last && last->message && strstr(last->message, "already in use by interface")) {
        /* The host has a route to it that we could not see. */
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Choose another subnet.",
                           json_pack("{s:s}", "field", "subnet"),
                           "The subnet of network %s is in use on this host: %s.", name, last->message);
        return FALSE;
    }
    g_autofree char *sentence = g_strdup_printf("Network %s could not be %s", name, what);
    fct_virt_set_error(error, sentence);
    return FALSE;
}

static virNetworkPtr find_ours(virConnectPtr conn, const char *name, FctNetwork **ret, GError **error)
{
    virNetworkPtr handle = virNetworkLookupByName(conn, name);
    if (!handle) {
        fail(error, name, "found");
        return NULL;
    }
    g_autoptr(FctNetwork) network = fct_virt_network_read(handle, error);
    if (network && network->ours) {
        *ret = g_steal_pointer(&network);
        return handle;
    }
    if (network)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Manage it with the program that made it.", NULL,
                           "Network %s was not made by Facet and is left alone.", name);
    virNetworkFree(handle);
    return NULL;
}

/* ---- create, delete ---- */

static gboolean do_create(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virNetworkPtr present = virNetworkLookupByName(conn, order->name);
    if (present) { /* defining would replace it */
        virNetworkFree(present);
        fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                           "There is a network %s already.", order->name);
        return FALSE;
    }
    virNetworkPtr handle = virNetworkDefineXML(conn, order->xml);
    if (!handle)
        return fail(error, order->name, "defined");
    gboolean ok =
        virNetworkCreate(handle) == 0 && virNetworkSetAutostart(handle, order->wanted->autostart ? 1 : 0) == 0;
    if (!ok) {
        fail(error, order->name, "started");
        if (virNetworkIsActive(handle) == 1)
            virNetworkDestroy(handle);
        virNetworkUndefine(handle);
    }
    virNetworkFree(handle);
    return ok;
}

gboolean fct_virt_network_create(FctVmm *vmm, const FctNetwork *network, GError **error)
{
    g_autoptr(Order) order = order_new(network->name);
    order->xml = fct_network_xml(network);
    order->wanted = fct_network_copy(network);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, do_create, order, order_clear, error);
}

static gboolean do_delete(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    g_autoptr(FctNetwork) network = NULL;
    g_autoptr(GError) fault = NULL;
    virNetworkPtr handle = find_ours(conn, order->name, &network, &fault);
    if (!handle) {
        if (fault->code == FCT_ERROR_NOT_FOUND)
            return TRUE;
        g_propagate_error(error, g_steal_pointer(&fault));
        return FALSE;
    }
    gboolean ok = (!network->active || virNetworkDestroy(handle) == 0) && virNetworkUndefine(handle) == 0;
    if (!ok)
        fail(error, order->name, "deleted");
    virNetworkFree(handle);
    return ok;
}

gboolean fct_virt_network_delete(FctVmm *vmm, const char *name, GError **error)
{
    g_autoptr(Order) order = order_new(name);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, do_delete, order, order_clear, error);
}

/* ---- what changes while it runs ---- */

typedef struct {
    virNetworkPtr handle;
    const FctNetwork *present;
    GPtrArray *undo; /* char*: "+range XML" adds, "-host XML" deletes */
    GError **error;
} Live;

static gboolean step(Live *live, gboolean add, guint section, const char *xml)
{
    guint flags = VIR_NETWORK_UPDATE_AFFECT_CONFIG | (live->present->active ? VIR_NETWORK_UPDATE_AFFECT_LIVE : 0);
    guint command = add ? VIR_NETWORK_UPDATE_COMMAND_ADD_LAST : VIR_NETWORK_UPDATE_COMMAND_DELETE;
    return virNetworkUpdate(live->handle, command, section, -1, xml, flags) == 0;
}

static guint section_of(const char *xml)
{
    return g_str_has_prefix(xml, "<range") ? VIR_NETWORK_SECTION_IP_DHCP_RANGE : VIR_NETWORK_SECTION_IP_DHCP_HOST;
}

/* One change, noted so that it can be taken back; after the first failure no more are made. */
static gboolean change(Live *live, gboolean add, const char *xml)
{
    if (!step(live, add, section_of(xml), xml))
        return fail(live->error, live->present->name, "changed");
    g_ptr_array_add(live->undo, g_strconcat(add ? "-" : "+", xml, NULL));
    return TRUE;
}

static void take_back(Live *live)
{
    for (guint i = live->undo->len; i > 0; i--) {
        const char *xml = g_ptr_array_index(live->undo, i - 1);
        if (!step(live, *xml == '+', section_of(xml + 1), xml + 1))
            g_warning("Network %s: a change could not be taken back: %s", live->present->name, xml);
    }
}

static GPtrArray *hosts_of(const FctNetwork *network)
{
    GPtrArray *hosts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < network->fixed->len; i++)
        g_ptr_array_add(hosts, fct_lease_xml(g_ptr_array_index(network->fixed, i)));
    return hosts;
}

static char *range_of(const FctNetwork *network)
{
    return *network->first ? g_strdup_printf("<range start='%s' end='%s'/>", network->first, network->last)
                           : g_strdup("");
}

/* What goes makes room for what comes: an address may change hands. */
static gboolean change_dhcp(Live *live, const FctNetwork *wanted)
{
    g_autoptr(GPtrArray) before = hosts_of(live->present);
    g_autoptr(GPtrArray) after = hosts_of(wanted);
    g_autofree char *old = range_of(live->present), *new = range_of(wanted);
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < before->len; i++)
        if (!g_ptr_array_find_with_equal_func(after, before->pdata[i], g_str_equal, NULL))
            ok = change(live, FALSE, before->pdata[i]);
    if (ok && strcmp(old, new) != 0)
        ok = (!*old || change(live, FALSE, old)) && (!*new || change(live, TRUE, new));
    for (guint i = 0; ok && i < after->len; i++)
        if (!g_ptr_array_find_with_equal_func(before, after->pdata[i], g_str_equal, NULL))
            ok = change(live, TRUE, after->pdata[i]);
    return ok;
}

static gboolean set_autostart(virNetworkPtr handle, const FctNetwork *present, const FctNetwork *wanted, GError **error)
{
    if (present->autostart == wanted->autostart || virNetworkSetAutostart(handle, wanted->autostart ? 1 : 0) == 0)
        return TRUE;
    return fail(error, present->name, "changed");
}

static gboolean do_change(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    g_autoptr(FctNetwork) network = NULL;
    virNetworkPtr handle = find_ours(conn, order->name, &network, error);
    if (!handle)
        return FALSE;
    g_autoptr(GPtrArray) undo = g_ptr_array_new_with_free_func(g_free);
    Live live = {handle, network, undo, error};
    gboolean ok = change_dhcp(&live, order->wanted) && set_autostart(handle, network, order->wanted, error);
    if (!ok)
        take_back(&live);
    virNetworkFree(handle);
    return ok;
}

/* ---- what takes a restart ---- */

/* The VMs that run with NICs in the network. A VM that cannot be read is passed over: it has gone. */
static GPtrArray *find_guests(virConnectPtr conn, const char *network)
{
    GPtrArray *guests = g_ptr_array_new_with_free_func(guest_free);
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    for (int i = 0; i < n; i++) {
        char id[VIR_UUID_STRING_BUFLEN];
        char *xml = virDomainGetXMLDesc(domains[i], 0);
        g_autoptr(GPtrArray) nics = xml ? fct_domain_nics(xml, network, NULL) : NULL;
        if (nics && nics->len && virDomainGetUUIDString(domains[i], id) == 0) {
            Guest *guest = g_new0(Guest, 1);
            guest->id = g_strdup(id);
            guest->name = g_strdup(virDomainGetName(domains[i]));
            guest->nics = g_steal_pointer(&nics);
            g_ptr_array_add(guests, guest);
        }
        free(xml);
        virDomainFree(domains[i]);
    }
    free(domains);
    return guests;
}

/* A name of libvirt's kind that no network has. libvirt plugs a NIC in anew only when the bridge's name is another. */
static char *new_bridge(virConnectPtr conn)
{
    int highest = 0;
    virNetworkPtr *handles = NULL;
    int n = virConnectListAllNetworks(conn, &handles, 0);
    for (int i = 0; i < n; i++) {
        char *bridge = virNetworkGetBridgeName(handles[i]); /* fails for those without one */
        guint64 number = 0;
        if (bridge && g_str_has_prefix(bridge, "virbr") &&
            g_ascii_string_to_unsigned(bridge + strlen("virbr"), 10, 0, 9999, &number, NULL))
            highest = MAX(highest, (int)number);
        free(bridge);
        virNetworkFree(handles[i]);
    }
    free(handles);
    return g_strdup_printf("virbr%d", highest + 1);
}

static gboolean define_and_start(virConnectPtr conn, const char *xml, const FctNetwork *wanted, GError **error)
{
    virNetworkPtr handle = virNetworkDefineXML(conn, xml);
    gboolean defined = handle != NULL;
    gboolean ok = defined && (!wanted->active || virNetworkCreate(handle) == 0) &&
                  virNetworkSetAutostart(handle, wanted->autostart ? 1 : 0) == 0;
    if (!ok)
        fail(error, wanted->name, defined ? "started" : "defined");
    if (handle)
        virNetworkFree(handle);
    return ok;
}

/* @present has the new bridge's name already, so that NICs can be plugged in again. */
static void go_back(virConnectPtr conn, const char *xml, const FctNetwork *present)
{
    g_autoptr(GError) fault = NULL;
    g_autofree char *old = fct_network_edit(xml, present, &fault);
    if (!old || !define_and_start(conn, old, present, &fault))
        g_warning("Network %s could not be made as it was: %s", present->name, fault->message);
}

static gboolean restart(virConnectPtr conn, Order *order, virNetworkPtr handle, FctNetwork *present, GError **error)
{
    FctNetwork *wanted = order->wanted;
    gboolean subnet = fct_network_has_subnet(present->kind);
    gboolean replug = present->active && (subnet || strcmp(present->bridge, wanted->bridge) != 0);
    order->guests = replug ? find_guests(conn, present->name) : g_ptr_array_new_with_free_func(guest_free);
    g_autofree char *bridge = subnet && order->guests->len ? new_bridge(conn) : g_strdup(present->bridge);
    char *xml = virNetworkGetXMLDesc(handle, VIR_NETWORK_XML_INACTIVE);
    if (subnet) {
        g_free(wanted->bridge);
        wanted->bridge = g_strdup(bridge);
    }
    wanted->active = present->active;
    g_autofree char *after = xml ? fct_network_edit(xml, wanted, error) : NULL;
    gboolean ok = after != NULL;
    if (!xml)
        fail(error, present->name, "read");
    if (ok && present->active && virNetworkDestroy(handle) < 0)
        ok = fail(error, present->name, "stopped");
    if (ok && !define_and_start(conn, after, wanted, error)) {
        g_free(present->bridge);
        present->bridge = g_steal_pointer(&bridge);
        go_back(conn, xml, present);
        ok = FALSE;
    }
    free(xml);
    return ok;
}

static gboolean do_restart(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    g_autoptr(FctNetwork) network = NULL;
    virNetworkPtr handle = find_ours(conn, order->name, &network, error);
    gboolean ok = handle && restart(conn, order, handle, network, error);
    if (handle)
        virNetworkFree(handle);
    return ok;
}

/* ---- NICs that lost their plug ---- */

typedef struct {
    char *id;
    const GPtrArray *nics; /* the order's: it waits for us or outlives us */
    Order *order;
} Replug;

static void replug_clear(gpointer data)
{
    Replug *replug = data;
    g_free(replug->id);
    order_release(replug->order);
}

static void replug_release(Replug *replug)
{
    g_atomic_rc_box_release_full(replug, replug_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Replug, replug_release)

/* Without link first: a guest that sees its link come back asks for an address again. */
static gboolean do_replug(virConnectPtr conn, gpointer data, GError **error)
{
    const Replug *replug = data;
    virDomainPtr domain = virDomainLookupByUUIDString(conn, replug->id);
    gboolean ok = TRUE;
    for (guint i = 0; domain && i < replug->nics->len; i++) {
        const FctNicXml *nic = g_ptr_array_index(replug->nics, i);
        if (virDomainUpdateDeviceFlags(domain, nic->down, VIR_DOMAIN_AFFECT_LIVE) < 0 ||
            virDomainUpdateDeviceFlags(domain, nic->up, VIR_DOMAIN_AFFECT_LIVE) < 0) {
            if (ok)
                fct_virt_set_error(error, "A NIC could not be plugged in again");
            ok = FALSE;
        }
    }
    if (domain)
        virDomainFree(domain);
    return ok; /* one that is gone needs no link */
}

/* Names of the VMs whose NICs stay without. */
static GPtrArray *replug_all(FctVirt *virt, Order *order)
{
    GPtrArray *left = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < order->guests->len; i++) {
        const Guest *guest = g_ptr_array_index(order->guests, i);
        g_autoptr(GError) fault = NULL;
        g_autoptr(Replug) replug = g_atomic_rc_box_new0(Replug);
        replug->id = g_strdup(guest->id);
        replug->nics = guest->nics;
        replug->order = g_atomic_rc_box_acquire(order);
        if (fct_virt_call(virt, FCT_LANE_POWER, guest->id, REPLUG_MS, do_replug, replug, replug_clear, &fault))
            continue;
        g_warning("VM %s: %s", guest->name, fault->message);
        g_ptr_array_add(left, g_strdup(guest->name));
    }
    return left;
}

gboolean fct_virt_network_change(FctVmm *vmm, const FctNetwork *wanted, gboolean redefine, GPtrArray **ret_left,
                                 GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_autoptr(Order) order = order_new(wanted->name);
    order->wanted = fct_network_copy(wanted);
    gboolean ok = fct_virt_call(virt, FCT_LANE_POWER, NULL, CHANGE_MS, redefine ? do_restart : do_change, order,
                                order_clear, error);
    /* Also after a failure: the network was stopped and started then too. Past its deadline the call is still at it. */
    gboolean settled = ok || (error && fct_error_code(*error) != FCT_ERROR_TIMEOUT);
    *ret_left = settled && order->guests ? replug_all(virt, order) : g_ptr_array_new_with_free_func(g_free);
    return ok;
}
