/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a driver hangs under its device, as far as somebody looks for it there: a DRM card, a network interface, a disk
 * with two partitions. They show which devices the host itself lives on.
 */
#include "fs/world.h"

#include <stdio.h>
#include <string.h>

static gboolean serves(const FsimFunction *fn)
{
    static const char *const stubs[] = {"vfio-pci", "pci-pf-stub", "pci-stub", NULL};
    return fn->pf == NULL && !g_strv_contains(stubs, fn->driver->name);
}

static void link_class(FsimFunction *fn, const char *class, const char *name, FsimNode *node)
{
    g_autofree char *link = g_strdup_printf("class/%s/%s", class, name);
    fsim_link(fn->world->sys, link, node);
    g_autofree char *dir = g_path_get_dirname(link);
    fsim_link(node, "subsystem", fsim_dir(fn->world->sys, dir));
}

static void drop_class(FsimFunction *fn, const char *class, const char *name)
{
    g_autofree char *link = g_strdup_printf("class/%s/%s", class, name);
    fsim_node_drop(fn->world->sys, link);
}

/* /sys/dev/block and /sys/dev/char, by which lsblk and libudev find a device from its number. */
static void link_number(FsimFunction *fn, const char *kind, guint major, guint minor, const FsimNode *node)
{
    g_autofree char *link = g_strdup_printf("dev/%s/%u:%u", kind, major, minor);
    fsim_link(fn->world->sys, link, node);
}

static void drop_number(FsimFunction *fn, const char *kind, const char *number)
{
    g_autofree char *link = g_strdup_printf("dev/%s/%s", kind, number);
    fsim_node_drop(fn->world->sys, link);
}

enum { DRM_MAJOR = 226, DRM_RENDER = 128, DRM_MOST = 64 };

/* The first free name, as DRM gives out its minors. */
static guint free_minor(FsimNode *class, const char *prefix, guint first)
{
    for (guint number = first; number < first + DRM_MOST; number++) {
        g_autofree char *name = g_strdup_printf("%s%u", prefix, number);
        if (fsim_node_get(class, name) == NULL)
            return number;
    }
    return first + DRM_MOST;
}

static void add_minor(FsimFunction *fn, FsimNode *drm, const char *prefix, guint minor)
{
    g_autofree char *name = g_strdup_printf("%s%u", prefix, minor);
    FsimNode *node = fsim_dir(drm, name);
    fsim_text(node, "dev", "%u:%u\n", DRM_MAJOR, minor);
    fsim_text(node, "uevent", "MAJOR=%u\nMINOR=%u\nDEVNAME=dri/%s\nDEVTYPE=drm_minor\n", DRM_MAJOR, minor, name);
    fsim_link(node, "device", fn->dir);
    link_class(fn, "drm", name, node);
    link_number(fn, "char", DRM_MAJOR, minor, node);
    g_autofree char *dev = g_strdup_printf("dri/%s", name);
    fsim_file(fn->world->dev, dev, 0660, NULL, NULL, 0);
}

static void add_drm(FsimFunction *fn)
{
    /* The drivers of servers' management displays only scan out. */
    static const char *const no_render[] = {"ast", "mgag200", NULL};
    FsimNode *class = fsim_dir(fn->world->sys, "class/drm"), *drm = fsim_dir(fn->dir, "drm");
    guint number = free_minor(class, "card", 0);
    char card[32];
    snprintf(card, sizeof card, "card%u", number);
    add_minor(fn, drm, "card", number);
    if (!g_strv_contains(no_render, fn->driver->name))
        add_minor(fn, drm, "renderD", free_minor(class, "renderD", DRM_RENDER));
    if (!fn->pci->boot_vga)
        return;
    g_autofree char *connector = g_strdup_printf("%s/%s-VGA-1", card, card);
    FsimNode *node = fsim_dir(drm, connector);
    fsim_text(node, "status", "connected\n");
    fsim_text(node, "enabled", "enabled\n");
    link_class(fn, "drm", strrchr(connector, '/') + 1, node);
}

static void drop_drm(FsimFunction *fn)
{
    FsimNode *drm = fsim_node_get(fn->dir, "drm");
    if (drm == NULL)
        return;
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, drm->children);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_autofree char *connector = g_strdup_printf("%s-VGA-1", (const char *)name);
        g_autofree char *dev = g_strdup_printf("dri/%s", (const char *)name);
        g_autofree char *number = g_strdup_printf("%u:%s", DRM_MAJOR, (const char *)name + strcspn(name, "0123456789"));
        drop_number(fn, "char", number);
        drop_class(fn, "drm", name);
        drop_class(fn, "drm", connector);
        fsim_node_drop(fn->world->dev, dev);
    }
    fsim_node_remove(drm);
}

static void add_net(FsimFunction *fn)
{
    const char *name = fn->pci->net;
    g_autofree char *path = g_strdup_printf("net/%s", name);
    FsimNode *node = fsim_dir(fn->dir, path);
    fsim_text(node, "address", "02:fa:ce:%02x:%02x:%02x\n", fn->bus, fn->slot, fn->function);
    fsim_text(node, "operstate", "up\n");
    fsim_text(node, "carrier", "1\n");
    fsim_text(node, "mtu", "1500\n");
    fsim_text(node, "speed", "%u\n", g_str_has_prefix(fn->driver->name, "mlx") ? 25000u : 1000u);
    fsim_text(node, "duplex", "full\n");
    fsim_text(node, "flags", "0x1003\n"); /* up, broadcast, multicast */
    fsim_text(node, "addr_len", "6\n");
    fsim_text(node, "type", "1\n");
    fsim_text(node, "ifindex", "%u\n", 2 + fn->bus * 8 + fn->function);
    fsim_text(node, "uevent", "INTERFACE=%s\nIFINDEX=%u\n", name, 2 + fn->bus * 8 + fn->function);
    fsim_link(node, "device", fn->dir);
    link_class(fn, "net", name, node);
}

/* NVMe disks have the major number of extended partitions, all others that of SCSI disks. */
static guint disk_major(const FsimFunction *fn)
{
    return g_str_has_prefix(fn->pci->disk, "nvme") ? 259 : 8;
}

static void add_block(FsimFunction *fn, FsimNode *node, const char *type, guint minor, guint64 sectors)
{
    guint major = disk_major(fn);
    fsim_text(node, "dev", "%u:%u\n", major, minor);
    fsim_text(node, "size", "%" G_GUINT64_FORMAT "\n", sectors);
    fsim_text(node, "ro", "0\n");
    fsim_text(node, "uevent", "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n", major, minor, node->name, type);
    link_class(fn, "block", node->name, node);
    link_number(fn, "block", major, minor, node);
}

static void add_disk(FsimFunction *fn)
{
    const char *name = fn->pci->disk;
    gboolean nvme = g_str_has_prefix(name, "nvme");
    g_autofree char *controller = nvme ? g_strndup(name, strcspn(name + 4, "n") + 4) : NULL;
    g_autofree char *path = nvme ? g_strdup_printf("nvme/%s/%s", controller, name)
                                 : g_strdup_printf("ata1/host0/target0:0:0/0:0:0:0/block/%s", name);
    FsimNode *disk = fsim_dir(fn->dir, path);
    add_block(fn, disk, "disk", 0, 3750748848);
    g_autofree char *link = g_strdup_printf("block/%s", name);
    fsim_link(fn->world->sys, link, disk);
    for (guint i = 1; i <= 2; i++) {
        g_autofree char *part = g_strdup_printf("%s%s%u", name, nvme ? "p" : "", i);
        FsimNode *node = fsim_dir(disk, part);
        fsim_text(node, "partition", "%u\n", i);
        add_block(fn, node, "partition", i, i == 1 ? 1048576 : 3749699584);
    }
}

static void drop_disk(FsimFunction *fn)
{
    const char *name = fn->pci->disk;
    gboolean nvme = g_str_has_prefix(name, "nvme");
    g_autofree char *link = g_strdup_printf("block/%s", name);
    fsim_node_drop(fn->world->sys, link);
    drop_class(fn, "block", name);
    for (guint i = 0; i <= 2; i++) {
        g_autofree char *part = g_strdup_printf("%s%s%u", name, nvme ? "p" : "", i);
        g_autofree char *number = g_strdup_printf("%u:%u", disk_major(fn), i);
        drop_class(fn, "block", part);
        drop_number(fn, "block", number);
    }
    fsim_node_drop(fn->dir, nvme ? "nvme" : "ata1");
}

void fsim_classes_bind(FsimFunction *fn)
{
    if (!serves(fn))
        return;
    if (fn->pci->pci_class >> 16 == 0x03)
        add_drm(fn);
    if (fn->pci->net[0] != '\0')
        add_net(fn);
    if (fn->pci->disk[0] != '\0')
        add_disk(fn);
}

void fsim_classes_unbind(FsimFunction *fn)
{
    if (!serves(fn))
        return;
    drop_drm(fn);
    if (fn->pci->net[0] != '\0') {
        drop_class(fn, "net", fn->pci->net);
        fsim_node_drop(fn->dir, "net");
    }
    if (fn->pci->disk[0] != '\0')
        drop_disk(fn);
}
