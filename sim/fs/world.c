/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/world.h"

#include <string.h>

static void follow_gpu(FsimFunction *fn, const FsimGpu *gpu)
{
    FsimWorld *world = fn->world;
    gboolean lost = gpu->lost != 0, removed = gpu->removed != 0;
    if (lost != fn->lost) {
        for (guint i = 0; i < world->functions->len; i++) {
            FsimFunction *other = world->functions->pdata[i];
            if (other->pci->gpu == fn->gpu)
                other->lost = lost;
        }
        fsim_world_event(world);
    }
    if (removed && fn->present) {
        fsim_pci_remove(fn);
        for (guint i = 0; lost && i < world->functions->len; i++) {
            FsimFunction *other = world->functions->pdata[i];
            if (other->present && other->pci->gpu == fn->gpu && other->pf == NULL)
                fsim_pci_remove(other);
        }
    }
    if (!removed && !fn->present) {
        /* Probing writes the state: the copy that is being followed is then old, and the next one is looked at. */
        fsim_pci_rescan(world, fsim_pci_parent(fn));
        return;
    }
    const char *driver = fn->driver != NULL ? fn->driver->name : "";
    if (fn->present && !fn->wedged && strcmp(driver, gpu->driver) != 0)
        fsim_driver_set(fn, gpu->driver[0] != '\0' ? fsim_driver_get(world, gpu->driver) : NULL);
}

/* What is there as long as the host runs, whatever is plugged and booted. */
static void build_lasting(FsimWorld *world)
{
    world->root = fsim_node_new_root();
    world->sys = fsim_dir(world->root, "sys");
    world->proc = fsim_dir(world->root, "proc");
    world->dev = fsim_dir(world->root, "dev");
    fsim_system_build(world);
    fsim_proc_build(world);
    fsim_proc_view_build(world);
    fsim_dev_build(world);
    fsim_node_keep(world->root);
}

/* What each boot makes anew. */
static void build(FsimWorld *world)
{
    world->started = g_get_monotonic_time();
    fsim_kmsg_boot(world);
    world->drivers_autoprobe = TRUE;
    world->rescan_locked = FALSE;
    fsim_iommu_build(world);
    fsim_drivers_build(world);
    fsim_pci_build(world);
}

static void clear(FsimWorld *world)
{
    fsim_pci_clear(world);
    fsim_node_clear(world->root);
}

static void reboot(FsimWorld *world)
{
    if (world->server != NULL)
        fsim_server_abort_parked(world->server, EIO);
    clear(world);
    world->uevents = 0;
    build(world);
}

void fsim_world_sync(FsimWorld *world)
{
    if (world->syncing || fsim_state_generation(&world->state) == world->generation)
        return;
    world->syncing = TRUE;
    /* Following a change may write the state itself, once. */
    for (guint round = 0; round < 4 && fsim_state_generation(&world->state) != world->generation; round++) {
        guint64 boots = world->body->boots;
        world->generation = fsim_state_read(&world->state, world->body);
        if (world->body->boots != boots)
            reboot(world);
        fsim_kmsg_follow(world);
        for (guint i = 0; i < world->functions->len; i++) {
            FsimFunction *fn = world->functions->pdata[i];
            if (fn->gpu >= 0)
                follow_gpu(fn, &world->body->gpus[fn->gpu]);
        }
    }
    world->syncing = FALSE;
    if (world->server != NULL)
        fsim_server_kick(world->server);
}

void fsim_world_event(FsimWorld *world)
{
    world->uevents++;
}

/*
 * A fault's pattern may name a file in the way people write it: below bus/pci/devices, although the file lies below
 * /sys/devices/pci…; and drivers/X/unbind of one device as that device's driver/unbind.
 */
static char **names_of(FsimWorld *world, const char *path, const char *text)
{
    GStrvBuilder *names = g_strv_builder_new();
    g_strv_builder_add(names, path + 1);
    const char *end = strrchr(path, '/');
    for (guint i = 0; i < world->functions->len; i++) {
        const FsimFunction *fn = world->functions->pdata[i];
        if (!fn->present)
            continue;
        g_autofree char *middle = g_strdup_printf("/%s/", fn->bdf);
        const char *found = g_str_has_prefix(path, "/sys/devices/pci") ? g_strrstr(path, middle) : NULL;
        g_autofree char *name = NULL;
        if (found != NULL)
            name = g_strdup_printf("sys/bus/pci/devices%s", found);
        else if (text != NULL && g_str_has_prefix(path, "/sys/bus/pci/drivers") && g_str_has_prefix(text, fn->bdf))
            name = g_strdup_printf("sys/bus/pci/devices/%s/driver%s", fn->bdf, end);
        if (name != NULL)
            g_strv_builder_add(names, name);
    }
    char **list = g_strv_builder_end(names);
    g_strv_builder_unref(names);
    return list;
}

FsimFault fsim_world_fault(FsimWorld *world, const char *path, const char *text)
{
    gboolean any = FALSE;
    for (guint i = 0; i < FSIM_MAX_TREE_FAULTS && !any; i++)
        any = world->body->tree_faults[i].id != 0;
    if (!any)
        return (FsimFault){FSIM_FAULT_NONE, 0, 0};
    FsimTreeFault found = {0};
    gboolean hit = FALSE;
    g_auto(GStrv) names = names_of(world, path, text);
    for (guint i = 0; names[i] != NULL && !hit; i++)
        hit = fsim_tree_fault_take(&world->state, names[i], text != NULL ? FSIM_TREE_WRITE : FSIM_TREE_READ, &found);
    if (!hit)
        return (FsimFault){FSIM_FAULT_NONE, 0, 0};
    FsimFaultAction action = found.action == FSIM_TREE_HANG   ? FSIM_FAULT_HANG
                             : found.action == FSIM_TREE_LATE ? FSIM_FAULT_LATE
                                                              : FSIM_FAULT_FAIL;
    return (FsimFault){action, found.error, found.delay_ms};
}

FsimWorld *fsim_world_new(const char *sim, GError **error)
{
    FsimWorld *world = g_new0(FsimWorld, 1);
    world->sim = g_canonicalize_filename(sim, NULL);
    world->root_path = g_build_filename(world->sim, "root", NULL);
    world->body = g_new0(FsimBody, 1);
    if (!fsim_host_open(world->sim, &world->host, &world->state, error)) {
        g_free(world->sim);
        g_free(world->root_path);
        g_free(world->body);
        g_free(world);
        return NULL;
    }
    build_lasting(world);
    world->functions = g_ptr_array_new();
    world->drivers = g_hash_table_new(g_str_hash, g_str_equal);
    /* The tree holds nothing over a stop: starting it is a boot. */
    fsim_reboot(&world->state);
    world->syncing = TRUE;
    world->generation = fsim_state_read(&world->state, world->body);
    build(world);
    world->syncing = FALSE;
    fsim_world_sync(world);
    return world;
}

void fsim_world_free(FsimWorld *world)
{
    clear(world);
    g_ptr_array_unref(world->functions);
    g_hash_table_unref(world->drivers);
    fsim_node_unref(world->root);
    g_string_free(world->kernel_log, TRUE);
    fsim_state_close(&world->state);
    fsim_host_free(world->host);
    g_free(world->body);
    g_free(world->sim);
    g_free(world->root_path);
    g_free(world);
}
