/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IOMMU groups and the device nodes of VFIO. A group's node can be opened by one holder at a time, as on a real host:
 * a second open gives EBUSY, which is how others see that a group is in use. The nodes are plain files: there is
 * nothing behind them that a VM could use.
 */
#include "fs/world.h"

#include <errno.h>
#include <string.h>

/* Where the IOMMU itself lies. A real host may have several; one stands for all. */
static const char *unit_path(const FsimWorld *world)
{
    return world->host->iommu == FSIM_IOMMU_AMD ? "devices/pci0000:00/iommu/ivhd0" : "devices/virtual/iommu/dmar0";
}

static FsimNode *group_dir(FsimWorld *world, int group)
{
    g_autofree char *path = g_strdup_printf("kernel/iommu_groups/%d", group);
    return fsim_node_get(world->sys, path);
}

static FsimNode *group_node(FsimWorld *world, int group)
{
    g_autofree char *path = g_strdup_printf("vfio/%d", group);
    return fsim_node_get(world->dev, path);
}

gboolean fsim_iommu_group_open(FsimWorld *world, int group)
{
    const FsimNode *node = group >= 0 ? group_node(world, group) : NULL;
    return node != NULL && node->opens > 0;
}

static int group_open(FsimNode *node, int flags)
{
    return node->opens > 0 ? EBUSY : 0;
}

static const FsimNodeOps group_ops = {.open = group_open};

void fsim_iommu_update(FsimWorld *world, int group)
{
    if (group < 0)
        return;
    gboolean vfio = FALSE;
    for (guint i = 0; i < world->functions->len; i++) {
        const FsimFunction *fn = world->functions->pdata[i];
        vfio |= fn->present && fn->group == group && fn->driver != NULL && strcmp(fn->driver->name, "vfio-pci") == 0;
    }
    FsimNode *node = group_node(world, group);
    g_autofree char *path = g_strdup_printf("vfio/%d", group);
    if (vfio && node == NULL)
        fsim_file(world->dev, path, 0600, &group_ops, NULL, 0);
    else if (!vfio && node != NULL)
        fsim_node_remove(node);
}

void fsim_iommu_join(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    if (fn->group < 0)
        return;
    g_autofree char *path = g_strdup_printf("kernel/iommu_groups/%d", fn->group);
    FsimNode *group = fsim_dir(world->sys, path);
    if (fsim_node_get(group, "type") == NULL) {
        fsim_text(group, "type", "DMA-FQ\n");
        fsim_text(group, "reserved_regions", "0x00000000fee00000 0x00000000feefffff msi\n");
    }
    g_autofree char *device = g_strdup_printf("devices/%s", fn->bdf);
    fsim_link(group, device, fn->dir);
    fsim_link(fn->dir, "iommu_group", group);
    FsimNode *unit = fsim_node_get(world->sys, unit_path(world));
    if (unit == NULL)
        return;
    g_autofree char *link = g_strdup_printf("devices/%s", fn->bdf);
    fsim_link(unit, link, fn->dir);
    fsim_link(fn->dir, "iommu", unit);
}

void fsim_iommu_leave(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    if (fn->group < 0)
        return;
    FsimNode *group = group_dir(world, fn->group);
    g_autofree char *device = g_strdup_printf("devices/%s", fn->bdf);
    fsim_node_drop(group, device);
    FsimNode *unit = fsim_node_get(world->sys, unit_path(world));
    if (unit != NULL)
        fsim_node_drop(unit, device);
    const FsimNode *members = fsim_node_get(group, "devices");
    if (members->children == NULL || g_hash_table_size(members->children) == 0)
        fsim_node_remove(group);
}

void fsim_iommu_build(FsimWorld *world)
{
    FsimNode *class = fsim_dir(world->sys, "class/iommu");
    if (world->host->iommu == FSIM_IOMMU_OFF)
        return;
    gboolean amd = world->host->iommu == FSIM_IOMMU_AMD;
    FsimNode *unit = fsim_dir(world->sys, unit_path(world));
    fsim_dir(unit, "devices");
    FsimNode *regs = fsim_dir(unit, amd ? "amd-iommu" : "intel-iommu");
    fsim_text(regs, "cap", "%s\n", amd ? "a8000000f080ff" : "8d2078c106f0466");
    fsim_text(regs, amd ? "features" : "ecap", "%s\n", amd ? "25bf732fa2295afe" : "3ee9e86f050df");
    fsim_link(class, amd ? "ivhd0" : "dmar0", unit);
}
