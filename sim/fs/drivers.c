/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /sys/bus/pci/drivers and what binding does, with the errnos of the kernel's drivers/base/bus.c and dd.c (6.1).
 */
#include "fs/world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef enum { CTL_BIND, CTL_UNBIND, CTL_NEW_ID, CTL_REMOVE_ID, CTL_PROBE, CTL_RESCAN, CTL_AUTOPROBE, CTL_UEVENT } Ctl;

static gboolean is_gpu(const FsimFunction *fn)
{
    return fn->pci->vendor == 0x10de && fn->pci->pci_class >> 16 == 0x03;
}

gboolean fsim_driver_matches(const FsimDriver *driver, const FsimFunction *fn)
{
    if (fn->override != NULL)
        return strcmp(fn->override, driver->name) == 0;
    guint id = fn->pci->vendor << 16 | (fn->pf != NULL ? fn->pci->vf_device : fn->pci->device);
    for (guint i = 0; i < driver->new_ids->len; i++)
        if (g_array_index(driver->new_ids, guint, i) == id)
            return TRUE;
    if (is_gpu(fn))
        return strcmp(driver->name, "nvidia") == 0 ||
               (strcmp(driver->name, "nouveau") == 0 && strcmp(fn->pci->driver, "nouveau") == 0);
    return strcmp(fn->pci->driver, driver->name) == 0 && strcmp(driver->name, "vfio-pci") != 0;
}

static void show_binding(FsimFunction *fn, FsimDriver *driver, gboolean bound)
{
    if (!bound) {
        fsim_node_drop(driver->dir, fn->bdf);
        fsim_node_drop(fn->dir, "driver");
        fsim_node_drop(fn->dir, "vfio-dev");
        return;
    }
    fsim_link(driver->dir, fn->bdf, fn->dir);
    fsim_link(fn->dir, "driver", driver->dir);
    if (strcmp(driver->name, "vfio-pci") == 0) {
        /* The number of a VFIO character device is its own; here it follows the group, which suffices to be unique. */
        g_autofree char *name = g_strdup_printf("vfio-dev/vfio%d/dev", MAX(fn->group, 0));
        fsim_text(fn->dir, name, "511:%d\n", MAX(fn->group, 0));
    }
}

void fsim_driver_set(FsimFunction *fn, FsimDriver *driver)
{
    FsimWorld *world = fn->world;
    if (fn->driver == driver || !fn->present)
        return;
    if (fn->driver != NULL) {
        if (strcmp(fn->driver->name, "nvidia") == 0)
            fsim_sriov_clear(fn); /* its remove callback takes the VFs with it */
        fsim_classes_unbind(fn);
        show_binding(fn, fn->driver, FALSE);
    }
    fn->driver = driver;
    fsim_config_build(fn);
    if (driver != NULL) {
        show_binding(fn, driver, TRUE);
        fsim_classes_bind(fn);
    }
    const char *name = driver != NULL ? driver->name : "";
    if (fn->gpu >= 0 && strcmp(world->body->gpus[fn->gpu].driver, name) != 0)
        fsim_gpu_set_driver(&world->state, (unsigned)fn->gpu, name);
    if (fn->gpu >= 0)
        fsim_nvidia_update(fn);
    fsim_iommu_update(world, fn->group);
    fsim_world_event(world);
}

/* Asks a driver that matches to take the function. */
static int bind_to(FsimFunction *fn, FsimDriver *driver)
{
    if (fn->lost)
        return EIO; /* it does not answer */
    if (strcmp(driver->name, "vfio-pci") == 0 && fn->group < 0)
        return EINVAL; /* no IOMMU */
    fsim_driver_set(fn, driver);
    return 0;
}

int fsim_driver_probe(FsimFunction *fn)
{
    if (fn->driver != NULL || !fn->present)
        return 0;
    GHashTableIter iter;
    gpointer value;
    FsimDriver *found = NULL;
    g_hash_table_iter_init(&iter, fn->world->drivers);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        FsimDriver *driver = value;
        /* new_id of another driver wins over the card's usual one, as the driver that asks first does. */
        if (fsim_driver_matches(driver, fn) && (found == NULL || driver->new_ids->len > 0))
            found = driver;
    }
    if (found == NULL)
        return 0;
    return bind_to(fn, found);
}

gboolean fsim_driver_locked(const FsimFunction *fn)
{
    return fn->wedged || fn->releasing;
}

/* As in the kernel, the links go before the driver is asked to let go. */
static int wait_for_release(FsimFunction *fn)
{
    if (fsim_node_get(fn->dir, "driver") != NULL) {
        show_binding(fn, fn->driver, FALSE);
        fsim_world_event(fn->world);
    }
    return FSIM_WAIT;
}

static gboolean has_users(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    fsim_state_read(&world->state, world->body);
    return fsim_nvidia_open(fn) || fsim_gpu_users(&world->state, world->body, (unsigned)fn->gpu, 0) > 0;
}

int fsim_driver_release(FsimFunction *fn)
{
    FsimWorld *world = fn->world;
    if (fn->wedged)
        return FSIM_WAIT;
    if (fn->driver == NULL)
        return 0;
    if (strcmp(fn->driver->name, "nvidia") == 0 && fn->gpu >= 0 && has_users(fn)) {
        /* nv_pci_remove() takes the card off its list, then loops for ever, also when the holders go away later:
         * reference/host.md §0.1. */
        fn->wedged = TRUE;
        fsim_kmsg_say(world, "NVRM: Attempting to remove device %s with non-zero usage count!", fn->bdf);
        fsim_gpu_set_driver(&world->state, (unsigned)fn->gpu, "");
        fsim_nvidia_update(fn);
        return wait_for_release(fn);
    }
    /* vfio_unregister_group_dev() waits until the user closes the group. */
    fn->releasing = strcmp(fn->driver->name, "vfio-pci") == 0 && fsim_iommu_group_open(world, fn->group);
    if (fn->releasing)
        return wait_for_release(fn);
    fsim_driver_set(fn, NULL);
    return 0;
}

FsimFunction *fsim_drivers_parse(FsimWorld *world, const char *text)
{
    g_autofree char *name = g_strdup(text);
    gsize length = strlen(name);
    if (length > 0 && name[length - 1] == '\n')
        name[length - 1] = '\0';
    FsimFunction *fn = fsim_pci_find(world, name);
    return fn != NULL && fn->present ? fn : NULL;
}

static int write_bind(FsimDriver *driver, const char *text)
{
    FsimFunction *fn = fsim_drivers_parse(driver->world, text);
    if (fn == NULL || !fsim_driver_matches(driver, fn))
        return ENODEV;
    if (fsim_driver_locked(fn))
        return FSIM_WAIT;
    if (fn->driver != NULL)
        return EBUSY;
    return bind_to(fn, driver);
}

static int write_unbind(FsimDriver *driver, const char *text)
{
    FsimFunction *fn = fsim_drivers_parse(driver->world, text);
    if (fn != NULL && fn->wedged)
        return FSIM_WAIT;
    if (fn == NULL || fn->driver != driver)
        return ENODEV;
    return fsim_driver_release(fn);
}

static int write_id(FsimDriver *driver, const char *text, gboolean add)
{
    guint vendor, device;
    if (sscanf(text, "%x %x", &vendor, &device) < 2)
        return EINVAL;
    guint id = vendor << 16 | device;
    guint at = 0;
    while (at < driver->new_ids->len && g_array_index(driver->new_ids, guint, at) != id)
        at++;
    gboolean known = at < driver->new_ids->len;
    if (!add) {
        if (known)
            g_array_remove_index(driver->new_ids, at);
        return known ? 0 : ENODEV;
    }
    if (known)
        return EEXIST;
    g_array_append_val(driver->new_ids, id);
    GPtrArray *functions = driver->world->functions;
    for (guint i = 0; i < functions->len; i++) {
        FsimFunction *fn = functions->pdata[i];
        if (fn->present && fn->driver == NULL && fsim_driver_matches(driver, fn))
            bind_to(fn, driver);
    }
    return 0;
}

static int driver_write(FsimNode *node, const char *text, gsize len, goffset offset)
{
    FsimDriver *driver = node->owner;
    switch ((Ctl)node->arg) {
    case CTL_BIND:
        return write_bind(driver, text);
    case CTL_UNBIND:
        return write_unbind(driver, text);
    case CTL_NEW_ID:
        return write_id(driver, text, TRUE);
    case CTL_REMOVE_ID:
        return write_id(driver, text, FALSE);
    default:
        return 0;
    }
}

static int bus_read(FsimNode *node, GString *out)
{
    FsimWorld *world = node->owner;
    if (node->arg != CTL_AUTOPROBE)
        return EIO;
    g_string_append_printf(out, "%d\n", world->drivers_autoprobe);
    return 0;
}

static int bus_write(FsimNode *node, const char *text, gsize len, goffset offset)
{
    FsimWorld *world = node->owner;
    if (node->arg == CTL_AUTOPROBE) {
        world->drivers_autoprobe = text[0] != '0';
        return 0;
    }
    if (node->arg == CTL_RESCAN) {
        if (text[0] < '0' || text[0] > '9')
            return EINVAL;
        if (world->rescan_locked)
            return FSIM_WAIT;
        if (text[0] != '0')
            fsim_pci_rescan(world, NULL);
        return 0;
    }
    FsimFunction *fn = fsim_drivers_parse(world, text);
    if (fn == NULL)
        return ENODEV;
    return fsim_driver_locked(fn) ? FSIM_WAIT : fsim_driver_probe(fn);
}

static const FsimNodeOps driver_ops = {.write = driver_write};
static const FsimNodeOps bus_ops = {.read = bus_read, .write = bus_write};

FsimDriver *fsim_driver_get(FsimWorld *world, const char *name)
{
    FsimDriver *driver = g_hash_table_lookup(world->drivers, name);
    if (driver != NULL)
        return driver;
    driver = g_new0(FsimDriver, 1);
    driver->world = world;
    driver->name = g_strdup(name);
    driver->new_ids = g_array_new(FALSE, FALSE, sizeof(guint));
    g_hash_table_insert(world->drivers, driver->name, driver);
    g_autofree char *path = g_strdup_printf("bus/pci/drivers/%s", name);
    driver->dir = fsim_dir(world->sys, path);
    fsim_file(driver->dir, "bind", 0200, &driver_ops, driver, CTL_BIND);
    fsim_file(driver->dir, "unbind", 0200, &driver_ops, driver, CTL_UNBIND);
    fsim_file(driver->dir, "new_id", 0200, &driver_ops, driver, CTL_NEW_ID);
    fsim_file(driver->dir, "remove_id", 0200, &driver_ops, driver, CTL_REMOVE_ID);
    fsim_file(driver->dir, "uevent", 0200, &driver_ops, driver, CTL_UEVENT);
    g_autofree char *module = g_strdelimit(g_strdup(name), "-", '_');
    g_autofree char *module_path = g_strdup_printf("module/%s", module);
    FsimNode *module_dir = fsim_node_get(world->sys, module_path);
    if (module_dir != NULL)
        fsim_link(driver->dir, "module", module_dir);
    return driver;
}

void fsim_drivers_build(FsimWorld *world)
{
    FsimNode *bus = fsim_dir(world->sys, "bus/pci");
    FsimNode *slots = fsim_dir(bus, "slots");
    for (guint i = 0; i < world->host->gpus->len; i++) {
        const FsimGpuFixed *gpu = &g_array_index(world->host->gpus, FsimGpuFixed, i);
        g_autofree char *name = g_strdup_printf("%u/address", i + 1);
        fsim_text(slots, name, "%04x:%02x:%02x\n", gpu->domain, gpu->bus, gpu->device);
    }
    fsim_file(bus, "drivers_probe", 0200, &bus_ops, world, CTL_PROBE);
    fsim_file(bus, "drivers_autoprobe", 0644, &bus_ops, world, CTL_AUTOPROBE);
    fsim_file(bus, "rescan", 0200, &bus_ops, world, CTL_RESCAN);
    fsim_driver_get(world, "vfio-pci");
    fsim_driver_get(world, "nvidia");
    fsim_driver_get(world, "pci-pf-stub");
}
