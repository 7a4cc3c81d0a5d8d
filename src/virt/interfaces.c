/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's interfaces: libvirt lists them, this process adds the addresses of those that it sees itself, which are
 * the same when it lives in libvirtd's network namespace (name and MAC agree).
 */
#include "model/address.h"
#include "virt/virt.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
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
    FctHostInterface *interface = xml ? read(xml, &fault) : NULL; /* no XML: gone meanwhile */
    if (interface)
        g_ptr_array_add(query->list, interface);
    else if (fault)
        g_warning("%s", fault->message);
    free(xml);
}

static gboolean list_interfaces(virConnectPtr conn, Query *query)
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

/* ---- what this process sees ---- */

static char *mac_of(const struct ifaddrs *at)
{
    const struct sockaddr_ll *link = (const struct sockaddr_ll *)(const void *)at->ifa_addr;
    GString *mac = g_string_new(NULL);
    for (int i = 0; link->sll_halen == 6 && i < 6; i++)
        g_string_append_printf(mac, "%s%02x", i ? ":" : "", link->sll_addr[i]);
    return g_string_free(mac, FALSE);
}

static int bits_of(const guint8 *mask, gsize length)
{
    int bits = 0;
    for (gsize i = 0; i < length; i++)
        for (guint byte = mask[i]; byte; byte &= byte - 1)
            bits++;
    return bits;
}

static char *address_of(const struct ifaddrs *at)
{
    char text[INET6_ADDRSTRLEN];
    gboolean six = at->ifa_addr->sa_family == AF_INET6;
    gsize offset =
        six ? G_STRUCT_OFFSET(struct sockaddr_in6, sin6_addr) : G_STRUCT_OFFSET(struct sockaddr_in, sin_addr);
    if (!inet_ntop(at->ifa_addr->sa_family, (const guint8 *)at->ifa_addr + offset, text, sizeof text))
        return NULL;
    int bits = at->ifa_netmask ? bits_of((const guint8 *)at->ifa_netmask + offset, six ? 16 : 4) : six ? 128 : 32;
    return g_strdup_printf("%s/%d", text, bits);
}

/* The interface of the IPv4 default route; NULL: none. */
static char *default_route(void)
{
    g_autofree char *table = NULL;
    if (!g_file_get_contents("/proc/net/route", &table, NULL, NULL))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
    for (guint i = 1; lines[0] && lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], "\t", 9);
        if (g_strv_length(fields) > 7 && strcmp(fields[1], "00000000") == 0 && strcmp(fields[7], "00000000") == 0)
            return g_strdup(fields[0]);
    }
    return NULL;
}

static void see(FctHostInterface *interface, const struct ifaddrs *all, const char *route)
{
    for (const struct ifaddrs *at = all; at; at = at->ifa_next)
        if (at->ifa_addr && at->ifa_addr->sa_family == AF_PACKET && strcmp(at->ifa_name, interface->name) == 0) {
            g_autofree char *mac = mac_of(at);
            interface->addressed = !*interface->mac || strcmp(mac, interface->mac) == 0;
            if (interface->addressed && interface->link == FCT_LINK_UNKNOWN)
                interface->link = at->ifa_flags & IFF_RUNNING ? FCT_LINK_UP : FCT_LINK_DOWN;
        }
    for (const struct ifaddrs *at = all; interface->addressed && at; at = at->ifa_next) {
        int family = at->ifa_addr ? at->ifa_addr->sa_family : AF_UNSPEC;
        char *address = (family == AF_INET || family == AF_INET6) && strcmp(at->ifa_name, interface->name) == 0
                            ? address_of(at)
                            : NULL;
        if (address)
            g_ptr_array_add(interface->addresses, address);
    }
    interface->default_route = interface->addressed && g_strcmp0(route, interface->name) == 0;
}

/* Who is in which bridge or bond, and which bridge a network of libvirt made. */
static void relate(GPtrArray *list, const GPtrArray *networks)
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

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(FctHostInterface *const *)a)->name, (*(FctHostInterface *const *)b)->name);
}

static gboolean read_interfaces(virConnectPtr conn, gpointer data, GError **error)
{
    Query *query = data;
    query->list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_host_interface_free);
    if (list_interfaces(conn, query))
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
    struct ifaddrs *all = NULL;
    *ret_why = NULL;
    if (!fct_virt_call((FctVirt *)vmm, FCT_LANE_QUERY, NULL, READ_MS, read_interfaces, query, query_clear, error))
        return NULL;
    g_autoptr(GPtrArray) networks = fct_virt_networks(vmm, error);
    if (!networks)
        return NULL;
    g_autofree char *route = default_route();
    if (getifaddrs(&all) == 0) {
        for (guint i = 0; i < query->list->len; i++)
            see(query->list->pdata[i], all, route);
        freeifaddrs(all);
    }
    relate(query->list, networks);
    g_ptr_array_sort(query->list, by_name);
    *ret_why = g_steal_pointer(&query->why);
    return g_steal_pointer(&query->list);
}
