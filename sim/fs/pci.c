/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/world.h"

#include <stdio.h>
#include <string.h>

gboolean fsim_pci_is_bridge(const FsimFunction *fn)
{
    return fn->pf == NULL && fn->pci->role == FSIM_ROLE_BRIDGE;
}

FsimFunction *fsim_pci_find(FsimWorld *world, const char *bdf)
{
    for (guint i = 0; i < world->functions->len; i++) {
        FsimFunction *fn = world->functions->pdata[i];
        if (strcmp(fn->bdf, bdf) == 0)
            return fn;
    }
    return NULL;
}

FsimFunction *fsim_pci_parent(const FsimFunction *fn)
{
    return fn->pci->port[0] != '\0' ? fsim_pci_find(fn->world, fn->pci->port) : NULL;
}

static gint by_address(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const FsimFunction *const *)a)->bdf, (*(const FsimFunction *const *)b)->bdf);
}

/* ---- resources ---- */

static guint64 place_bar(FsimWorld *world, const FsimBar *bar, guint64 size)
{
    if (bar->io)
        return 0x3000 + 0x80 * bar->index;
    guint64 *next = bar->is64 ? &world->next_bar64 : &world->next_bar32;
    size = MAX(size, 4096);
    guint64 at = (*next + size - 1) & ~(size - 1);
    *next = at + size;
    return at;
}

static void place_bars(FsimFunction *fn)
{
    for (guint i = 0; i < fn->pci->n_bars; i++) {
        const FsimBar *bar = &fn->pci->bars[i];
        if (fn->pf != NULL)
            fn->bar[i] = fn->pf->vf_bar[i] + fn->vf * bar->size;
        else
            fn->bar[i] = place_bar(fn->world, bar, bar->size);
        /* A VF is given BARs of the size that its PF has; real boards differ, which no reader here depends on. */
        if (fn->pf == NULL && fn->pci->vfs > 0) {
            guint64 all = bar->size;
            while (all < bar->size * fn->pci->vfs)
                all *= 2;
            fn->vf_bar[i] = place_bar(fn->world, bar, all);
        }
    }
}

/* ---- functions ---- */

static FsimFunction *function_new(FsimWorld *world, const FsimPciDevice *pci)
{
    FsimFunction *fn = g_new0(FsimFunction, 1);
    fn->world = world;
    fn->pci = pci;
    fn->domain = pci->domain;
    fn->bus = pci->bus;
    fn->slot = pci->slot;
    fn->function = pci->function;
    fn->gpu = pci->role == FSIM_ROLE_GPU ? pci->gpu : -1;
    fn->group = pci->group;
    fn->numa = pci->numa;
    fn->reset_methods = g_strdup(pci->reset_methods);
    fn->d3cold = TRUE;
    fn->vfs_probe = TRUE;
    fn->irq = pci->pcie_gen > 0 ? 16 + (pci->bus * 8 + pci->slot) % 200 : 0;
    g_strlcpy(fn->bdf, pci->address, sizeof fn->bdf);
    return fn;
}

static void function_free(FsimFunction *fn)
{
    g_free(fn->override);
    g_free(fn->reset_methods);
    g_free(fn);
}

FsimFunction *fsim_pci_new_vf(FsimFunction *pf, guint number)
{
    FsimFunction *vf = function_new(pf->world, pf->pci);
    guint at = (pf->bus << 8 | pf->slot << 3 | pf->function) + pf->pci->vf_offset + number * pf->pci->vf_stride;
    vf->pf = pf;
    vf->vf = number;
    vf->gpu = -1;
    vf->bus = at >> 8;
    vf->slot = at >> 3 & 31;
    vf->function = at & 7;
    vf->lost = pf->lost;
    vf->irq = 0;
    vf->group = pf->world->host->iommu != FSIM_IOMMU_OFF ? pf->world->next_group++ : -1;
    g_free(vf->reset_methods);
    vf->reset_methods = g_strdup("flr");
    snprintf(vf->bdf, sizeof vf->bdf, "%04x:%02x:%02x.%u", vf->domain & 0xffff, vf->bus & 0xff, vf->slot, vf->function);
    place_bars(vf);
    fsim_config_build(vf);
    g_ptr_array_add(pf->world->functions, vf);
    g_ptr_array_sort(pf->world->functions, by_address);
    return vf;
}

void fsim_pci_free_vf(FsimFunction *vf)
{
    fsim_pci_remove(vf);
    g_ptr_array_remove(vf->world->functions, vf);
    function_free(vf);
}

/* ---- the tree ---- */

static FsimNode *bus_dir(FsimFunction *fn)
{
    FsimFunction *parent = fsim_pci_parent(fn);
    if (parent != NULL)
        return parent->dir;
    g_autofree char *name = g_strdup_printf("devices/pci%04x:%02x", fn->domain, fn->pci->bus);
    FsimNode *known = fsim_node_get(fn->world->sys, name);
    if (known != NULL)
        return known;
    FsimNode *root = fsim_dir(fn->world->sys, name);
    fsim_text(root, "uevent", "%s", "");
    fsim_node_keep(root);
    return root;
}

/* The directory pci_bus/DDDD:BB below a bridge or a root, and its link in the class. */
static void add_bus(FsimFunction *fn, FsimNode *dir, guint bus)
{
    g_autofree char *name = g_strdup_printf("pci_bus/%04x:%02x", fn->domain, bus);
    if (fsim_node_get(dir, name) != NULL)
        return;
    FsimNode *node = fsim_dir(dir, name);
    g_autoptr(GArray) cpus = fn->numa >= 0 && (guint)fn->numa < fn->world->host->n_numa
                                 ? fsim_cpu_list(fn->world->host->numa[fn->numa].cpus)
                                 : fsim_cpu_list("");
    g_autofree char *mask = fsim_cpu_mask(fn->world->host, cpus);
    fsim_text(node, "cpuaffinity", "%s\n", mask);
    fsim_text(node, "cpulistaffinity", "%s\n", fn->numa >= 0 ? fn->world->host->numa[fn->numa].cpus : "");
    g_autofree char *link = g_strdup_printf("class/pci_bus/%04x:%02x", fn->domain, bus);
    fsim_link(fn->world->sys, link, node);
}

void fsim_pci_add(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    FsimNode *parent = bus_dir(fn);
    if (parent == NULL || fn->present)
        return;
    fn->present = TRUE;
    fn->dir = fsim_dir(parent, fn->bdf);
    if (fsim_pci_parent(fn) == NULL)
        add_bus(fn, parent, fn->pci->bus);
    if (fsim_pci_is_bridge(fn))
        add_bus(fn, fn->dir, fn->pci->secondary_bus);
    fsim_attributes_add(fn);
    g_autofree char *link = g_strdup_printf("bus/pci/devices/%s", fn->bdf);
    fsim_link(world->sys, link, fn->dir);
    fsim_iommu_join(fn);
    fsim_world_event(world);
}

static void drop_below(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    for (guint i = 0; i < world->functions->len; i++) {
        FsimFunction *other = world->functions->pdata[i];
        if (!other->present || other->pf != NULL || fsim_pci_parent(other) != fn)
            continue;
        fsim_pci_remove(other);
        i = (guint)-1; /* the list is shorter if it had VFs */
    }
    g_autofree char *bus = g_strdup_printf("class/pci_bus/%04x:%02x", fn->domain, fn->pci->secondary_bus);
    fsim_node_drop(world->sys, bus);
}

void fsim_pci_remove(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    if (!fn->present)
        return;
    if (fsim_pci_is_bridge(fn))
        drop_below(fn);
    fsim_sriov_clear(fn);
    fsim_driver_set(fn, NULL);
    fsim_iommu_leave(fn);
    g_autofree char *link = g_strdup_printf("bus/pci/devices/%s", fn->bdf);
    fsim_node_drop(world->sys, link);
    fsim_node_remove(fn->dir);
    fn->dir = NULL;
    fn->present = FALSE;
    /* What a later rescan finds is a new device to the kernel. */
    g_clear_pointer(&fn->override, g_free);
    fn->wedged = fn->releasing = FALSE;
    if (fn->gpu >= 0 && !world->body->gpus[fn->gpu].removed)
        fsim_gpu_set_removed(&world->state, (unsigned)fn->gpu, true);
    fsim_world_event(world);
}

static gboolean is_below(const FsimFunction *fn, const FsimFunction *parent)
{
    for (const FsimFunction *up = fn; up != NULL; up = fsim_pci_parent(up))
        if (up == parent)
            return TRUE;
    return parent == NULL;
}

void fsim_pci_rescan(FsimWorld *world, FsimFunction *parent)
{
    /* Bridges come before what is behind them only along a path, so look again until nothing new is found. */
    gboolean found = TRUE;
    while (found) {
        found = FALSE;
        for (guint i = 0; i < world->functions->len; i++) {
            FsimFunction *fn = world->functions->pdata[i];
            if (fn->present || fn->lost || fn->pf != NULL || !is_below(fn, parent))
                continue;
            fsim_pci_add(fn);
            if (!fn->present)
                continue;
            found = TRUE;
            g_free(fn->reset_methods);
            fn->reset_methods = g_strdup(fn->pci->reset_methods);
            if (fn->gpu >= 0 && world->body->gpus[fn->gpu].removed)
                fsim_gpu_set_removed(&world->state, (unsigned)fn->gpu, false);
            if (world->drivers_autoprobe)
                fsim_driver_probe(fn);
        }
    }
}

void fsim_pci_build(FsimWorld *world)
{
    world->next_bar32 = 0x90000000;
    world->next_bar64 = 0x200000000000;
    world->next_group = 0;
    for (guint i = 0; i < world->host->devices->len; i++) {
        const FsimPciDevice *pci = &g_array_index(world->host->devices, FsimPciDevice, i);
        world->next_group = MAX(world->next_group, pci->group + 1);
        g_ptr_array_add(world->functions, function_new(world, pci));
    }
    for (guint i = 0; i < world->functions->len; i++) {
        FsimFunction *fn = world->functions->pdata[i];
        place_bars(fn);
        if (fn->pci->gpu >= 0)
            fn->lost = world->body->gpus[fn->pci->gpu].lost != 0;
    }
    /* In the order of depth, so that a port's type can be told from the port above. */
    for (guint depth = 0; depth < 8; depth++)
        for (guint i = 0; i < world->functions->len; i++) {
            FsimFunction *fn = world->functions->pdata[i];
            guint above = 0;
            for (FsimFunction *up = fsim_pci_parent(fn); up != NULL && above < 8; up = fsim_pci_parent(up))
                above++;
            if (above != depth)
                continue;
            fsim_config_build(fn);
            if (fn->gpu < 0 || !world->body->gpus[fn->gpu].removed)
                fsim_pci_add(fn);
        }
    for (guint i = 0; i < world->functions->len; i++) {
        FsimFunction *fn = world->functions->pdata[i];
        if (fn->present && fn->pci->driver[0] != '\0')
            fsim_driver_set(fn, fsim_driver_get(world, fn->pci->driver));
    }
}

void fsim_pci_clear(FsimWorld *world)
{
    for (guint i = 0; i < world->functions->len; i++)
        function_free(world->functions->pdata[i]);
    g_ptr_array_set_size(world->functions, 0);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, world->drivers);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        FsimDriver *driver = value;
        g_array_unref(driver->new_ids);
        g_free(driver->name);
        g_free(driver);
    }
    g_hash_table_remove_all(world->drivers);
}
