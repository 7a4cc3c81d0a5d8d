/* SPDX-License-Identifier: Apache-2.0 */
/* Making, starting, deleting networks, and changing them without a restart. Ours only, except for starting. */
#include "virt/virt.h"

#include <string.h>

#define CHANGE_MS 60000 /* dnsmasq and the firewall are started */

typedef struct {
    char *name;
    char *xml;
    FctNetwork *wanted;
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->name);
    g_free(order->xml);
    fct_network_free(order->wanted);
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

gboolean fct_virt_network_fail(GError **error, const char *name, const char *what)
{
    virErrorPtr last = virGetLastError();
    if (last && last->message && strstr(last->message, "already in use by interface")) {
        /* The host has a route to it that we could not see. */
        return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Choose another subnet.",
                                  json_pack("{s:s}", "field", "subnet"),
                                  "The subnet of network %s is in use on this host: %s.", name, last->message);
    }
    g_autofree char *sentence = g_strdup_printf("Network %s could not be %s", name, what);
    fct_virt_set_error(error, sentence);
    return FALSE;
}

virNetworkPtr fct_virt_network_find(virConnectPtr conn, const char *name, FctNetwork **ret, GError **error)
{
    virNetworkPtr handle = virNetworkLookupByName(conn, name);
    if (!handle) {
        fct_virt_network_fail(error, name, "found");
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

/* ---- create, start, delete ---- */

static gboolean network_do_create(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virNetworkPtr present = virNetworkLookupByName(conn, order->name);
    if (present) { /* defining would replace it */
        virNetworkFree(present);
        return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                                  "There is a network %s already.", order->name);
    }
    virNetworkPtr handle = virNetworkDefineXML(conn, order->xml);
    if (!handle)
        return fct_virt_network_fail(error, order->name, "defined");
    /* Started last: after a crash a network that runs is known to be complete. */
    gboolean ok =
        virNetworkSetAutostart(handle, order->wanted->autostart ? 1 : 0) == 0 && virNetworkCreate(handle) == 0;
    if (!ok) {
        fct_virt_network_fail(error, order->name, "started");
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
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, network_do_create, order, order_clear, error);
}

static gboolean network_do_start(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virNetworkPtr handle = virNetworkLookupByName(conn, order->name);
    if (!handle)
        return fct_virt_network_fail(error, order->name, "found");
    /* Somebody else may have started it since it was read. */
    gboolean ok = virNetworkIsActive(handle) == 1 || virNetworkCreate(handle) == 0 || virNetworkIsActive(handle) == 1;
    if (!ok)
        fct_virt_network_fail(error, order->name, "started");
    virNetworkFree(handle);
    return ok;
}

gboolean fct_virt_network_start(FctVmm *vmm, const char *name, GError **error)
{
    g_autoptr(Order) order = order_new(name);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, network_do_start, order, order_clear, error);
}

static gboolean network_do_delete(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    g_autoptr(FctNetwork) network = NULL;
    g_autoptr(GError) fault = NULL;
    virNetworkPtr handle = fct_virt_network_find(conn, order->name, &network, &fault);
    if (!handle) {
        if (fault->code == FCT_ERROR_NOT_FOUND)
            return TRUE;
        return fct_error_pass(error, &fault);
    }
    gboolean ok = (!network->active || virNetworkDestroy(handle) == 0) && virNetworkUndefine(handle) == 0;
    if (!ok)
        fct_virt_network_fail(error, order->name, "deleted");
    virNetworkFree(handle);
    return ok;
}

gboolean fct_virt_network_delete(FctVmm *vmm, const char *name, GError **error)
{
    g_autoptr(Order) order = order_new(name);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, network_do_delete, order, order_clear, error);
}

/* ---- what changes while it runs ---- */

typedef struct {
    virNetworkPtr handle;
    const FctNetwork *present;
    GPtrArray *undo; /* char*: undone by these: "+range XML" adds, "-host XML" deletes */
    GError **error;
} Live;

static gboolean live_step(Live *live, gboolean add, guint section, const char *xml)
{
    guint flags = VIR_NETWORK_UPDATE_AFFECT_CONFIG | (live->present->active ? VIR_NETWORK_UPDATE_AFFECT_LIVE : 0);
    guint command = add ? VIR_NETWORK_UPDATE_COMMAND_ADD_LAST : VIR_NETWORK_UPDATE_COMMAND_DELETE;
    return virNetworkUpdate(live->handle, command, section, -1, xml, flags) == 0;
}

static guint section_of(const char *xml)
{
    return g_str_has_prefix(xml, "<range") ? VIR_NETWORK_SECTION_IP_DHCP_RANGE : VIR_NETWORK_SECTION_IP_DHCP_HOST;
}

/* Makes one change and notes it for undoing; after the first failure no more are made. */
static gboolean live_change(Live *live, gboolean add, const char *xml)
{
    if (!live_step(live, add, section_of(xml), xml))
        return fct_virt_network_fail(live->error, live->present->name, "changed");
    g_ptr_array_add(live->undo, g_strconcat(add ? "-" : "+", xml, NULL));
    return TRUE;
}

static void live_take_back(Live *live)
{
    for (guint i = live->undo->len; i > 0; i--) {
        const char *xml = g_ptr_array_index(live->undo, i - 1);
        if (!live_step(live, *xml == '+', section_of(xml + 1), xml + 1))
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

/* Adds, or deletes, those of @list that @other does not have. */
static gboolean change_all(Live *live, gboolean add, const GPtrArray *list, GPtrArray *other)
{
    for (guint i = 0; i < list->len; i++)
        if (!g_ptr_array_find_with_equal_func(other, list->pdata[i], g_str_equal, NULL) &&
            !live_change(live, add, list->pdata[i]))
            return FALSE;
    return TRUE;
}

/* Deletions come first, since an address may change hands. */
static gboolean change_dhcp(Live *live, const FctNetwork *wanted)
{
    g_autoptr(GPtrArray) hosts = hosts_of(live->present);
    g_autoptr(GPtrArray) new_hosts = hosts_of(wanted);
    g_autoptr(GPtrArray) ranges = fct_network_ranges(live->present);
    g_autoptr(GPtrArray) new_ranges = fct_network_ranges(wanted);
    return change_all(live, FALSE, hosts, new_hosts) && change_all(live, FALSE, ranges, new_ranges) &&
           change_all(live, TRUE, new_ranges, ranges) && change_all(live, TRUE, new_hosts, hosts);
}

static gboolean has_all(GPtrArray *list, const GPtrArray *of)
{
    for (guint i = 0; i < of->len; i++)
        if (!g_ptr_array_find_with_equal_func(list, of->pdata[i], g_str_equal, NULL))
            return FALSE;
    return list->len == of->len;
}

gboolean fct_virt_network_same_dhcp(const FctNetwork *a, const FctNetwork *b)
{
    g_autoptr(GPtrArray) hosts = hosts_of(a);
    g_autoptr(GPtrArray) other_hosts = hosts_of(b);
    g_autoptr(GPtrArray) ranges = fct_network_ranges(a);
    g_autoptr(GPtrArray) other_ranges = fct_network_ranges(b);
    return has_all(hosts, other_hosts) && has_all(ranges, other_ranges);
}

gboolean fct_virt_network_change_dhcp(virNetworkPtr handle, const FctNetwork *present, const FctNetwork *wanted,
                                      GError **error)
{
    g_autoptr(GPtrArray) undo = g_ptr_array_new_with_free_func(g_free);
    Live live = {handle, present, undo, error};
    if (change_dhcp(&live, wanted))
        return TRUE;
    live_take_back(&live);
    return FALSE;
}
