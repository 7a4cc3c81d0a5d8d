/* SPDX-License-Identifier: Apache-2.0 */
/* The host's interfaces as libvirt lists them. It does not tell their addresses; those come from the helper. */
#include "virt/virt.h"

#include <string.h>

#define READ_MS 10000

typedef struct {
    GPtrArray *list;
    char *why;
} Query;

static void query_clear(gpointer data)
{
    Query *query = data;
    g_clear_pointer(&query->list, g_ptr_array_unref);
    g_free(query->why);
}

static void query_release(Query *query)
{
    g_atomic_rc_box_release_full(query, query_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Query, query_release)

static void take(Query *query, char *xml, FctHostInterface *(*read)(const char *xml, GError **error))
{
    g_autoptr(GError) fault = NULL;
    FctHostInterface *interface = xml ? read(xml, &fault) : NULL; /* no XML: the interface has gone meanwhile */
    if (interface)
        g_ptr_array_add(query->list, interface);
    else if (fault)
        g_warning("%s", fault->message);
    free(xml);
}

static gboolean interfaces_list(virConnectPtr conn, Query *query)
{
    virInterfacePtr *handles = NULL;
    int n = virConnectListAllInterfaces(conn, &handles, 0);
    for (int i = 0; i < n; i++) {
        take(query, virInterfaceGetXMLDesc(handles[i], 0), fct_host_interface_read);
        virInterfaceFree(handles[i]);
    }
    free(handles);
    return n >= 0;
}

static gboolean list_devices(virConnectPtr conn, Query *query)
{
    virNodeDevicePtr *handles = NULL;
    int n = virConnectListAllNodeDevices(conn, &handles, VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET);
    for (int i = 0; i < n; i++) {
        take(query, virNodeDeviceGetXMLDesc(handles[i], 0), fct_host_interface_read_device);
        virNodeDeviceFree(handles[i]);
    }
    free(handles);
    return n >= 0;
}

/* Fills in which interface is in which bridge or bond, and which bridge a network of libvirt made. */
static void interfaces_relate(GPtrArray *list, const GPtrArray *networks)
{
    for (guint i = 0; i < list->len; i++) {
        const FctHostInterface *holder = g_ptr_array_index(list, i);
        for (guint k = 0; k < holder->members->len; k++) {
            FctHostInterface *member =
                (FctHostInterface *)fct_host_interface_find(list, g_ptr_array_index(holder->members, k));
            if (member && !*member->master) {
                g_free(member->master);
                member->master = g_strdup(holder->name);
            }
        }
    }
    for (guint i = 0; networks && i < networks->len; i++) {
        const FctNetwork *network = g_ptr_array_index(networks, i);
        FctHostInterface *bridge =
            *network->gateway ? (FctHostInterface *)fct_host_interface_find(list, network->bridge) : NULL;
        if (bridge) {
            g_free(bridge->network);
            bridge->network = g_strdup(network->name);
        }
    }
}

static gint interface_by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(FctHostInterface *const *)a)->name, (*(FctHostInterface *const *)b)->name);
}

static gboolean read_interfaces(virConnectPtr conn, gpointer data, GError **error)
{
    Query *query = data;
    query->list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_host_interface_free);
    if (interfaces_list(conn, query))
        return TRUE;
    query->why = g_strdup("libvirt’s interface driver is not there, so bridges and VLANs cannot be told apart: install "
                          "libvirt-daemon-driver-interface where your distribution has it apart.");
    if (list_devices(conn, query))
        return TRUE;
    fct_virt_set_error(error, "The host’s interfaces could not be listed");
    return FALSE;
}

GPtrArray *fct_virt_interfaces(FctVmm *vmm, char **ret_why, GError **error)
{
    g_autoptr(Query) query = g_atomic_rc_box_new0(Query);
    *ret_why = NULL;
    if (!fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, NULL, READ_MS, read_interfaces, query, query_clear, error))
        return NULL;
    g_autoptr(GPtrArray) networks = fct_virt_networks(vmm, error);
    if (!networks)
        return NULL;
    interfaces_relate(query->list, networks);
    g_ptr_array_sort(query->list, interface_by_name);
    *ret_why = g_steal_pointer(&query->why);
    return g_steal_pointer(&query->list);
}
