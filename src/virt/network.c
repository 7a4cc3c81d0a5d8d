/* SPDX-License-Identifier: Apache-2.0 */
/* Networks. Those that are not ours are listed and never changed. */
#include "virt/virt.h"

#include <string.h>

#define READ_MS 5000
#define CHANGE_MS 60000 /* dnsmasq and the firewall are started */

typedef struct {
    char *name;
    char *xml;
    GPtrArray *fixed; /* XML of <host> elements */
    GPtrArray *list;
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->name);
    g_free(order->xml);
    g_clear_pointer(&order->fixed, g_ptr_array_unref);
    g_clear_pointer(&order->list, g_ptr_array_unref);
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
    g_autofree char *sentence = g_strdup_printf("Network %s could not be %s", name, what);
    fct_virt_set_error(error, sentence);
    return FALSE;
}

/* ---- reading ---- */

static void read_leases(virNetworkPtr handle, FctNetwork *network)
{
    virNetworkDHCPLeasePtr *leases = NULL;
    /* A driver or a kind of network without DHCP has no leases. */
    int n = virNetworkGetDHCPLeases(handle, NULL, &leases, 0);
    for (int i = 0; i < n; i++) {
        FctLease *lease = fct_lease_new(leases[i]->mac, leases[i]->ipaddr, leases[i]->hostname);
        lease->expires_ms = (gint64)leases[i]->expirytime * 1000;
        g_ptr_array_add(network->leases, lease);
        virNetworkDHCPLeaseFree(leases[i]);
    }
    if (n >= 0)
        free(leases);
}

static FctNetwork *read_one(virNetworkPtr handle, GError **error)
{
    char *xml = virNetworkGetXMLDesc(handle, VIR_NETWORK_XML_INACTIVE);
    g_autoptr(FctNetwork) network = xml ? fct_network_read(xml, error) : NULL;
    if (!xml)
        fct_virt_set_error(error, "A network could not be read");
    free(xml);
    if (!network)
        return NULL;
    int autostart = 0;
    virNetworkGetAutostart(handle, &autostart);
    network->autostart = autostart;
    network->active = virNetworkIsActive(handle) == 1;
    if (network->active)
        read_leases(handle, network);
    return g_steal_pointer(&network);
}

static gboolean read_all(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    virNetworkPtr *handles = NULL;
    int n = virConnectListAllNetworks(conn, &handles, 0);
    if (n < 0) {
        fct_virt_set_error(error, "The networks could not be listed");
        return FALSE;
    }
    order->list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    for (int i = 0; i < n; i++) {
        g_autoptr(GError) fault = NULL;
        FctNetwork *network = read_one(handles[i], &fault);
        if (network)
            g_ptr_array_add(order->list, network);
        else if (fault->code != FCT_ERROR_NOT_FOUND) /* gone meanwhile is no fault */
            g_warning("%s", fault->message);
        virNetworkFree(handles[i]);
    }
    free(handles);
    return TRUE;
}

GPtrArray *fct_virt_networks(FctVmm *vmm, GError **error)
{
    g_autoptr(Order) order = order_new(NULL);
    if (!fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, NULL, READ_MS, read_all, order, order_clear, error))
        return NULL;
    return g_steal_pointer(&order->list);
}

/* ---- changing ---- */

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
    gboolean ok = virNetworkCreate(handle) == 0 && virNetworkSetAutostart(handle, 1) == 0;
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
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, do_create, order, order_clear, error);
}

static virNetworkPtr find_ours(virConnectPtr conn, const char *name, FctNetwork **ret, GError **error)
{
    virNetworkPtr handle = virNetworkLookupByName(conn, name);
    if (!handle) {
        fail(error, name, "found");
        return NULL;
    }
    g_autoptr(FctNetwork) network = read_one(handle, error);
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

static gboolean update(virNetworkPtr handle, const FctNetwork *network, guint command, const char *xml, GError **error)
{
    guint flags = VIR_NETWORK_UPDATE_AFFECT_CONFIG | (network->active ? VIR_NETWORK_UPDATE_AFFECT_LIVE : 0);
    if (virNetworkUpdate(handle, command, VIR_NETWORK_SECTION_IP_DHCP_HOST, -1, xml, flags) == 0)
        return TRUE;
    return fail(error, network->name, "changed");
}

static gboolean do_fix(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    g_autoptr(FctNetwork) network = NULL;
    virNetworkPtr handle = find_ours(conn, order->name, &network, error);
    if (!handle)
        return FALSE;
    gboolean ok = TRUE;
    g_autoptr(GPtrArray) present = g_ptr_array_new_with_free_func(g_free);
    /* What goes makes room for what comes: an address may change hands. */
    for (guint i = 0; ok && i < network->fixed->len; i++) {
        char *xml = fct_lease_xml(g_ptr_array_index(network->fixed, i));
        g_ptr_array_add(present, xml);
        if (!g_ptr_array_find_with_equal_func(order->fixed, xml, g_str_equal, NULL))
            ok = update(handle, network, VIR_NETWORK_UPDATE_COMMAND_DELETE, xml, error);
    }
    for (guint i = 0; ok && i < order->fixed->len; i++)
        if (!g_ptr_array_find_with_equal_func(present, order->fixed->pdata[i], g_str_equal, NULL))
            ok = update(handle, network, VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, order->fixed->pdata[i], error);
    virNetworkFree(handle);
    return ok;
}

gboolean fct_virt_network_fix(FctVmm *vmm, const char *name, const GPtrArray *fixed, GError **error)
{
    g_autoptr(Order) order = order_new(name);
    order->fixed = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < fixed->len; i++)
        g_ptr_array_add(order->fixed, fct_lease_xml(g_ptr_array_index(fixed, i)));
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_POWER, NULL, CHANGE_MS, do_fix, order, order_clear, error);
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
