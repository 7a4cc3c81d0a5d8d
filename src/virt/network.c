/* SPDX-License-Identifier: Apache-2.0 */
/* Reading networks. Other programs' networks are listed like ours. */
#include "virt/virt.h"

#include <string.h>

#define READ_MS 5000

typedef struct {
    GPtrArray *list;
} Query;

static void query_clear(gpointer data)
{
    Query *query = data;
    g_clear_pointer(&query->list, g_ptr_array_unref);
}

static void query_release(Query *query)
{
    g_atomic_rc_box_release_full(query, query_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Query, query_release)

static void read_leases(virNetworkPtr handle, FctNetwork *network)
{
    virNetworkDHCPLeasePtr *leases = NULL;
    /* Some drivers and kinds of network have no DHCP, so no leases. */
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

FctNetwork *fct_virt_network_read(virNetworkPtr handle, GError **error)
{
    char *xml = virNetworkGetXMLDesc(handle, VIR_NETWORK_XML_INACTIVE);
    if (!xml) /* the test driver has no inactive definition */
        xml = virNetworkGetXMLDesc(handle, 0);
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

static gboolean networks_read_all(virConnectPtr conn, gpointer data, GError **error)
{
    Query *query = data;
    virNetworkPtr *handles = NULL;
    int n = virConnectListAllNetworks(conn, &handles, 0);
    if (n < 0) {
        fct_virt_set_error(error, "The networks could not be listed");
        return FALSE;
    }
    query->list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    for (int i = 0; i < n; i++) {
        g_autoptr(GError) fault = NULL;
        FctNetwork *network = fct_virt_network_read(handles[i], &fault);
        if (network)
            g_ptr_array_add(query->list, network);
        else if (fault->code != FCT_ERROR_NOT_FOUND) /* gone meanwhile is no fault */
            g_warning("%s", fault->message);
        virNetworkFree(handles[i]);
    }
    free(handles);
    return TRUE;
}

GPtrArray *fct_virt_networks(FctVmm *vmm, GError **error)
{
    g_autoptr(Query) query = g_atomic_rc_box_new0(Query);
    if (!fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, NULL, READ_MS, networks_read_all, query, query_clear, error))
        return NULL;
    return g_steal_pointer(&query->list);
}
