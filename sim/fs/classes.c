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

static void add_drm(FsimFunction *fn)
{
    FsimNode *class = fsim_dir(fn->world->sys, "class/drm");
    char card[32] = "", render[32];
    guint number = 0;
    do
        snprintf(card, sizeof card, "card%u", number);
    while (fsim_node_get(class, card) != NULL && ++number < 64);
    snprintf(render, sizeof render, "renderD%u", 128 + number);
    FsimNode *drm = fsim_dir(fn->dir, "drm");
    const char *const names[] = {card, render};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        FsimNode *node = fsim_dir(drm, names[i]);
        fsim_text(node, "dev", "226:%u\n", number + (i > 0 ? 128 : 0));
        fsim_text(node, "uevent", "MAJOR=226\nMINOR=%u\nDEVNAME=dri/%s\nDEVTYPE=drm_minor\n",
                  number + (i > 0 ? 128 : 0), names[i]);
        fsim_link(node, "device", fn->dir);
        link_class(fn, "drm", names[i], node);
        g_autofree char *dev = g_strdup_printf("dri/%s", names[i]);
        fsim_file(fn->world->dev, dev, 0660, NULL, NULL, 0);
    }
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
    fsim_text(node, "type", "1\n");
    fsim_text(node, "ifindex", "%u\n", 2 + fn->bus * 8 + fn->function);
    fsim_text(node, "uevent", "INTERFACE=%s\nIFINDEX=%u\n", name, 2 + fn->bus * 8 + fn->function);
    fsim_link(node, "device", fn->dir);
    link_class(fn, "net", name, node);
}

static void add_block(FsimFunction *fn, FsimNode *node, const char *type, guint minor, guint64 sectors)
{
    fsim_text(node, "dev", "259:%u\n", minor);
    fsim_text(node, "size", "%" G_GUINT64_FORMAT "\n", sectors);
    fsim_text(node, "ro", "0\n");
    fsim_text(node, "uevent", "MAJOR=259\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n", minor, node->name, type);
    link_class(fn, "block", node->name, node);
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
    for (guint i = 1; i <= 2; i++) {
        g_autofree char *part = g_strdup_printf("%s%s%u", name, nvme ? "p" : "", i);
        drop_class(fn, "block", part);
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
