/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libvirt's drivers besides QEMU's. Debian 12 has them in one package; Debian 13 splits them, and a host may lack any
 * of them.
 */
#include "base/json.h"
#include "virt/virt.h"

#include <libvirt/virterror.h>
#include <string.h>

static int driver_list_pools(virConnectPtr conn)
{
    return virConnectListAllStoragePools(conn, NULL, 0);
}

static int driver_list_networks(virConnectPtr conn)
{
    return virConnectListAllNetworks(conn, NULL, 0);
}

static int driver_list_interfaces(virConnectPtr conn)
{
    return virConnectListAllInterfaces(conn, NULL, 0);
}

static int list_node_devices(virConnectPtr conn)
{
    return virConnectListAllNodeDevices(conn, NULL, 0);
}

static int driver_list_secrets(virConnectPtr conn)
{
    return virConnectListAllSecrets(conn, NULL, 0);
}

typedef struct {
    int (*list)(virConnectPtr conn); /* -1 with VIR_ERR_NO_SUPPORT when the driver is missing */
    const char *noun;                /* as in the driver's function names: virConnectListAllStoragePools */
    const char *what, *why, *next;
} Driver;

static const Driver drivers[] = {
    {driver_list_pools, "Storage", "Storage", "libvirt has no storage driver: no VM can have a disk.",
     "Install the package libvirt-daemon-driver-storage and restart libvirt."},
    {driver_list_networks, "Network", "Networks", "libvirt has no network driver: VMs reach nobody.",
     "Install the package libvirt-daemon-driver-network and restart libvirt."},
    {driver_list_interfaces, "Interface", "Host interfaces",
     "libvirt has no interface driver: what the host's interfaces are is not known.",
     "Install the package libvirt-daemon-driver-interface and restart libvirt."},
    {list_node_devices, "NodeDevice", "Host devices", "libvirt has no node device driver: vGPUs cannot be looked up.",
     "Install the package libvirt-daemon-driver-nodedev and restart libvirt."},
    {driver_list_secrets, "Secret", "Secrets",
     "libvirt has no secret driver: storage that asks for a password cannot be used.",
     "Install the package libvirt-daemon-driver-secret and restart libvirt."},
};

void fct_virt_missing_drivers(virConnectPtr conn, json_t *list)
{
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (drivers[i].list(conn) >= 0)
            continue;
        const virError *error = virGetLastError();
        if (!error || error->code != VIR_ERR_NO_SUPPORT)
            continue; /* the driver exists but cannot answer now */
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "what", drivers[i].what, "why", drivers[i].why, "next",
                                              drivers[i].next));
    }
}

char *fct_virt_driver_sentence(const char *message)
{
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++)
        if (strstr(message, drivers[i].noun))
            return g_strdup_printf("%s %s", drivers[i].why, drivers[i].next);
    return NULL;
}
