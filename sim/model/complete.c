/* SPDX-License-Identifier: Apache-2.0 */
/* What a description leaves out: the bridges above devices, and IOMMU groups. */
#include "model/parts.h"

#include <stdio.h>
#include <string.h>

gboolean fsim_pci_parse_address(const char *text, FsimPciDevice *d)
{
    int end = 0;
    if (sscanf(text, "%4x:%2x:%2x.%1x%n", &d->domain, &d->bus, &d->slot, &d->function, &end) != 4 || text[end] ||
        strlen(text) != 12 || d->slot > 31 || d->function > 7)
        return FALSE;
    g_snprintf(d->address, sizeof d->address, "%04x:%02x:%02x.%x", d->domain, d->bus, d->slot, d->function);
    return TRUE;
}

static FsimPciDevice *device_at(GArray *devices, const char *address)
{
    for (guint i = 0; i < devices->len; i++) {
        FsimPciDevice *d = &g_array_index(devices, FsimPciDevice, i);
        if (strcmp(d->address, address) == 0)
            return d;
    }
    return NULL;
}

const FsimPciDevice *fsim_host_find(const FsimHost *host, const char *address)
{
    return device_at(host->devices, address);
}

static int by_address(gconstpointer a, gconstpointer b)
{
    return strcmp(((const FsimPciDevice *)a)->address, ((const FsimPciDevice *)b)->address);
}

static int by_bus_id(gconstpointer a, gconstpointer b)
{
    return strcmp(((const FsimGpuFixed *)a)->bus_id, ((const FsimGpuFixed *)b)->bus_id);
}

/* A bridge above every bus that has devices, and the host bridge that every machine has. */
static gboolean complete_bridges(FsimHost *host, GError **error)
{
    guint given = host->devices->len, next_slot = 0x10;
    for (guint i = 0; i < given; i++) {
        FsimPciDevice *d = &g_array_index(host->devices, FsimPciDevice, i);
        if (d->bus == 0 && d->domain == 0)
            continue;
        gboolean has_port = FALSE;
        for (guint k = 0; k < host->devices->len && !has_port; k++) {
            FsimPciDevice *b = &g_array_index(host->devices, FsimPciDevice, k);
            has_port = b->role == FSIM_ROLE_BRIDGE && b->domain == d->domain && b->secondary_bus == d->bus;
            if (has_port)
                memcpy(d->port, b->address, sizeof d->port);
        }
        if (has_port || d->role == FSIM_ROLE_BRIDGE)
            continue;
        FsimPciDevice port = {.role = FSIM_ROLE_BRIDGE,
                              .gpu = -1,
                              .group = -1,
                              .numa = d->numa,
                              .pci_class = 0x060400,
                              .vendor = host->iommu == FSIM_IOMMU_AMD ? 0x1022 : 0x8086,
                              .device = host->iommu == FSIM_IOMMU_AMD ? 0x1483 : 0x347a,
                              .secondary_bus = d->bus,
                              .pcie_gen = 5,
                              .pcie_width = 16,
                              .driver = "pcieport",
                              .label = "Root port"};
        if (*d->port && !device_at(host->devices, d->port)) {
            fsim_pci_parse_address(d->port, &port);
        } else {
            do {
                g_autofree char *free_slot = g_strdup_printf("%04x:00:%02x.0", d->domain, next_slot++);
                if (next_slot > 32 || !fsim_pci_parse_address(free_slot, &port)) {
                    g_set_error(error, FSIM_ERROR, FSIM_ERROR_FIELD,
                                "%s: no slot is left for a root port above %s; give \"port\" or \"bridges\"",
                                host->file, d->address);
                    return FALSE;
                }
            } while (device_at(host->devices, port.address));
        }
        port.subvendor = port.vendor;
        memcpy(d->port, port.address, sizeof d->port);
        g_array_append_val(host->devices, port);
    }
    if (!device_at(host->devices, "0000:00:00.0")) {
        FsimPciDevice bridge = {.role = FSIM_ROLE_OTHER,
                                .gpu = -1,
                                .group = -1,
                                .numa = -1,
                                .pci_class = 0x060000,
                                .vendor = host->iommu == FSIM_IOMMU_AMD ? 0x1022 : 0x8086,
                                .device = host->iommu == FSIM_IOMMU_AMD ? 0x1480 : 0x09a2,
                                .label = "Host bridge"};
        fsim_pci_parse_address("0000:00:00.0", &bridge);
        bridge.subvendor = bridge.vendor;
        g_array_append_val(host->devices, bridge);
    }
    return TRUE;
}

/* Functions of one slot share a group, everything else has its own, unless the file says otherwise. */
static void complete_groups(FsimHost *host)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < host->devices->len; i++)
        g_hash_table_add(taken, GINT_TO_POINTER(g_array_index(host->devices, FsimPciDevice, i).group));
    int next = 0;
    for (guint i = 0; i < host->devices->len; i++) {
        FsimPciDevice *d = &g_array_index(host->devices, FsimPciDevice, i);
        if (host->iommu == FSIM_IOMMU_OFF) {
            d->group = -1;
            continue;
        }
        if (d->group >= 0)
            continue;
        FsimPciDevice *before = i ? d - 1 : NULL;
        if (before && d->role == FSIM_ROLE_COMPANION && strncmp(before->address, d->address, 10) == 0) {
            d->group = before->group;
            continue;
        }
        while (g_hash_table_contains(taken, GINT_TO_POINTER(next)))
            next++;
        d->group = next++;
    }
}

gboolean fsim_host_complete(FsimHost *host, GError **error)
{
    if (!complete_bridges(host, error))
        return FALSE;
    g_array_sort(host->devices, by_address);
    g_array_sort(host->gpus, by_bus_id);
    int gpu = -1;
    for (guint i = 0; i < host->devices->len; i++) {
        FsimPciDevice *d = &g_array_index(host->devices, FsimPciDevice, i);
        if (d->role == FSIM_ROLE_GPU)
            gpu++;
        if (d->role == FSIM_ROLE_GPU || d->role == FSIM_ROLE_COMPANION)
            d->gpu = gpu;
        if (d->role == FSIM_ROLE_GPU)
            memcpy(g_array_index(host->gpus, FsimGpuFixed, gpu).port, d->port, sizeof d->port);
    }
    complete_groups(host);
    return TRUE;
}
