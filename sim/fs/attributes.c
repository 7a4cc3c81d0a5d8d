/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a PCI function, with the texts and errnos of the kernel's drivers/pci/pci-sysfs.c (6.1).
 * What the kernel caches at enumeration (ids, class, BARs) is still readable when a card is lost; what it asks the
 * hardware for (configuration space, link) is not.
 */
#include "fs/world.h"

#include <errno.h>
#include <string.h>

typedef enum {
    ATTR_CONFIG,
    ATTR_RESOURCE,
    ATTR_ENABLE,
    ATTR_IRQ,
    ATTR_DRIVER_OVERRIDE,
    ATTR_NUMA_NODE,
    ATTR_LOCAL_CPUS,
    ATTR_LOCAL_CPULIST,
    ATTR_MODALIAS,
    ATTR_UEVENT,
    ATTR_POWER_STATE,
    ATTR_D3COLD,
    ATTR_POWER_CONTROL,
    ATTR_RUNTIME_STATUS,
    ATTR_RESET,
    ATTR_RESET_METHOD,
    ATTR_LINK_SPEED,
    ATTR_LINK_WIDTH,
    ATTR_NUMVFS,
    ATTR_VFS_PROBE,
    ATTR_REMOVE,
    ATTR_RESCAN,
    ATTR_BUS_RESCAN,
} Attr;

static FsimFunction *function_of(const FsimNode *node)
{
    return node->owner;
}

static const char *link_speed(guint generation)
{
    static const char *const names[] = {"Unknown",        "2.5 GT/s PCIe",  "5.0 GT/s PCIe", "8.0 GT/s PCIe",
                                        "16.0 GT/s PCIe", "32.0 GT/s PCIe", "64.0 GT/s PCIe"};
    return names[generation < G_N_ELEMENTS(names) ? generation : 0];
}

static guint device_id(const FsimFunction *fn)
{
    return fn->pf != NULL ? fn->pci->vf_device : fn->pci->device;
}

static void print_modalias(const FsimFunction *fn, GString *out)
{
    guint class = fn->pci->pci_class;
    g_string_append_printf(out, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n", fn->pci->vendor, device_id(fn),
                           fn->pci->subvendor, fn->pci->subdevice, class >> 16, class >> 8 & 0xff, class & 0xff);
}

static void print_uevent(const FsimFunction *fn, GString *out)
{
    if (fn->driver != NULL)
        g_string_append_printf(out, "DRIVER=%s\n", fn->driver->name);
    g_string_append_printf(
        out, "PCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\nPCI_SLOT_NAME=%s\nMODALIAS=", fn->pci->pci_class,
        fn->pci->vendor, device_id(fn), fn->pci->subvendor, fn->pci->subdevice, fn->bdf);
    print_modalias(fn, out);
}

/* Flags of a BAR as in the kernel's include/linux/ioport.h. */
static void print_bar(GString *out, const FsimBar *bar, guint64 at, guint64 size)
{
    guint64 flags = bar->io ? 0x40101 : 0x40200 | (bar->is64 ? 0x100000u : 0) | (bar->prefetch ? 0x2008u : 0);
    if (bar->is64 && !bar->io)
        flags |= 4;
    g_string_append_printf(out,
                           "0x%016" G_GINT64_MODIFIER "x 0x%016" G_GINT64_MODIFIER "x 0x%016" G_GINT64_MODIFIER "x\n",
                           at, at + size - 1, flags);
}

static void print_resource(const FsimFunction *fn, GString *out)
{
    guint lines = fsim_pci_is_bridge(fn) ? 17 : 13;
    for (guint line = 0; line < lines; line++) {
        gboolean done = FALSE;
        for (guint i = 0; i < fn->pci->n_bars && !done; i++) {
            const FsimBar *bar = &fn->pci->bars[i];
            if (bar->index == line)
                print_bar(out, bar, fn->bar[i], bar->size);
            else if (bar->index + 7 == line && fn->pf == NULL && fn->pci->vfs > 0)
                print_bar(out, bar, fn->vf_bar[i], bar->size * fn->pci->vfs);
            else
                continue;
            done = TRUE;
        }
        if (!done)
            g_string_append(out, "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
    }
}

static const char *local_cpus(const FsimFunction *fn)
{
    const FsimHost *host = fn->world->host;
    if (fn->numa >= 0 && (guint)fn->numa < host->n_numa)
        return host->numa[fn->numa].cpus;
    return NULL;
}

static void print_local_cpus(const FsimFunction *fn, GString *out, gboolean as_list)
{
    const FsimHost *host = fn->world->host;
    g_autofree char *all = host->cpus > 1 ? g_strdup_printf("0-%u", host->cpus - 1) : g_strdup("0");
    const char *list = local_cpus(fn);
    if (list == NULL)
        list = all;
    g_autoptr(GArray) cpus = fsim_cpu_list(list);
    g_autofree char *mask = fsim_cpu_mask(host, cpus);
    g_string_append_printf(out, "%s\n", as_list ? list : mask);
}

static int attr_read(FsimNode *node, GString *out)
{
    FsimFunction *fn = function_of(node);
    switch ((Attr)node->arg) {
    case ATTR_CONFIG:
        fsim_pci_config(fn, out);
        break;
    case ATTR_RESOURCE:
        print_resource(fn, out);
        break;
    case ATTR_ENABLE:
        g_string_append_printf(out, "%u\n", fn->enabled + (fn->driver != NULL));
        break;
    case ATTR_IRQ:
        g_string_append_printf(out, "%u\n", fn->irq);
        break;
    case ATTR_DRIVER_OVERRIDE:
        g_string_append_printf(out, "%s\n", fn->override != NULL ? fn->override : "(null)");
        break;
    case ATTR_NUMA_NODE:
        g_string_append_printf(out, "%d\n", fn->numa);
        break;
    case ATTR_LOCAL_CPUS:
    case ATTR_LOCAL_CPULIST:
        print_local_cpus(fn, out, node->arg == ATTR_LOCAL_CPULIST);
        break;
    case ATTR_MODALIAS:
        print_modalias(fn, out);
        break;
    case ATTR_UEVENT:
        print_uevent(fn, out);
        break;
    case ATTR_POWER_STATE:
        g_string_append(out, fn->lost ? "unknown\n" : "D0\n");
        break;
    case ATTR_D3COLD:
        g_string_append_printf(out, "%d\n", fn->d3cold);
        break;
    case ATTR_POWER_CONTROL:
        g_string_append(out, fn->runtime_pm ? "auto\n" : "on\n");
        break;
    case ATTR_RUNTIME_STATUS:
        g_string_append(out, "active\n");
        break;
    case ATTR_RESET_METHOD:
        g_string_append_printf(out, "%s\n", fn->reset_methods);
        break;
    case ATTR_LINK_SPEED:
        g_string_append_printf(out, "%s\n", link_speed(fn->lost ? 0 : fn->pci->pcie_gen));
        break;
    case ATTR_LINK_WIDTH:
        g_string_append_printf(out, "%u\n", fn->lost ? 63 : fn->pci->pcie_width);
        break;
    case ATTR_NUMVFS:
        g_string_append_printf(out, "%u\n", fn->vfs);
        break;
    case ATTR_VFS_PROBE:
        g_string_append_printf(out, "%d\n", fn->vfs_probe);
        break;
    case ATTR_RESET:
    case ATTR_REMOVE:
    case ATTR_RESCAN:
    case ATTR_BUS_RESCAN:
        return EIO;
    }
    return 0;
}

/* As kstrtoul: a number of any base with at most a newline behind it. */
static gboolean parse_number(const char *text, guint64 *value)
{
    g_autofree char *copy = g_strdup(text);
    g_strchomp(copy);
    char *end;
    errno = 0;
    *value = g_ascii_strtoull(copy, &end, 0);
    return copy[0] >= '0' && copy[0] <= '9' && *end == '\0' && errno == 0;
}

static int write_reset_method(FsimFunction *fn, const char *text)
{
    g_autofree char *copy = g_strstrip(g_strdup(text));
    if (strcmp(copy, "default") == 0) {
        g_free(fn->reset_methods);
        fn->reset_methods = g_strdup(fn->pf != NULL ? "flr" : fn->pci->reset_methods);
        return 0;
    }
    g_auto(GStrv) wanted = g_strsplit(copy, " ", -1);
    g_auto(GStrv) able = g_strsplit(fn->pf != NULL ? "flr" : fn->pci->reset_methods, " ", -1);
    for (guint i = 0; wanted[i] != NULL; i++)
        if (wanted[i][0] != '\0' && !g_strv_contains((const char *const *)able, wanted[i]))
            return EINVAL;
    g_free(fn->reset_methods);
    fn->reset_methods = g_steal_pointer(&copy);
    return 0;
}

static int write_reset(FsimFunction *fn, guint64 value)
{
    if (value != 1)
        return EINVAL;
    if (fn->reset_methods[0] == '\0')
        return ENOTTY;
    if (fn->lost)
        return ENOTTY;
    /* A bus reset takes every function of the bus with it. */
    gboolean bus = g_str_has_prefix(fn->reset_methods, "bus");
    for (guint i = 0; i < fn->world->functions->len; i++) {
        FsimFunction *other = fn->world->functions->pdata[i];
        if (other == fn || (bus && other->bus == fn->bus && other->domain == fn->domain))
            if (other->gpu >= 0)
                fsim_gpu_reset(&fn->world->state, (unsigned)other->gpu);
    }
    return 0;
}

static int write_remove(FsimFunction *fn, guint64 value)
{
    FsimWorld *world = fn->world;
    if (value == 0)
        return 0;
    if (world->rescan_locked)
        return FSIM_WAIT;
    int error = fsim_driver_release(fn);
    if (error == FSIM_WAIT) {
        world->rescan_locked = fn->wedged; /* the lock of all hot-plug is held while the driver does not let go */
        return error;
    }
    fsim_pci_remove(fn);
    return 0;
}

static int write_override(FsimFunction *fn, const char *text, gsize len)
{
    if (len >= 4095)
        return EINVAL;
    const char *newline = memchr(text, '\n', len);
    gsize used = newline != NULL ? (gsize)(newline - text) : strlen(text);
    g_free(fn->override);
    fn->override = used > 0 ? g_strndup(text, used) : NULL;
    return 0;
}

static int write_number(FsimFunction *fn, Attr attr, guint64 value)
{
    FsimWorld *world = fn->world;
    switch (attr) {
    case ATTR_ENABLE:
        if (fn->driver != NULL)
            return EBUSY;
        if (value == 0 && fn->enabled == 0)
            return EIO;
        fn->enabled += value != 0 ? 1 : (guint)-1;
        return 0;
    case ATTR_NUMA_NODE:
        if (value >= world->host->n_numa)
            return EINVAL;
        fn->numa = (int)value;
        return 0;
    case ATTR_D3COLD:
        fn->d3cold = value != 0;
        return 0;
    case ATTR_VFS_PROBE:
        fn->vfs_probe = value != 0;
        return 0;
    case ATTR_NUMVFS:
        return value > G_MAXUINT16 ? EINVAL : fsim_sriov_set(fn, (guint)value);
    case ATTR_RESET:
        return write_reset(fn, value);
    case ATTR_REMOVE:
        return write_remove(fn, value);
    case ATTR_RESCAN:
    case ATTR_BUS_RESCAN:
        if (world->rescan_locked)
            return FSIM_WAIT;
        if (value != 0)
            fsim_pci_rescan(world, attr == ATTR_BUS_RESCAN || fsim_pci_is_bridge(fn) ? fn : fsim_pci_parent(fn));
        return 0;
    default:
        return EIO;
    }
}

static int attr_write(FsimNode *node, const char *text, gsize len, goffset offset)
{
    FsimFunction *fn = function_of(node);
    Attr attr = (Attr)node->arg;
    /* These take the device lock, which a driver that never lets go holds. */
    gboolean locks = attr == ATTR_DRIVER_OVERRIDE || attr == ATTR_NUMVFS || attr == ATTR_RESET || attr == ATTR_ENABLE ||
                     attr == ATTR_REMOVE || attr == ATTR_RESET_METHOD;
    if (locks && (fn->wedged || (attr != ATTR_REMOVE && fsim_driver_locked(fn))))
        return FSIM_WAIT;
    if (attr == ATTR_CONFIG) {
        fsim_config_write(fn, (const guint8 *)text, len, offset);
        return 0;
    }
    if (attr == ATTR_DRIVER_OVERRIDE)
        return write_override(fn, text, len);
    if (attr == ATTR_RESET_METHOD)
        return write_reset_method(fn, text);
    if (attr == ATTR_UEVENT) {
        fsim_world_event(fn->world); /* a synthetic uevent */
        return 0;
    }
    if (attr == ATTR_POWER_CONTROL) {
        g_autofree char *word = g_strstrip(g_strdup(text));
        if (strcmp(word, "on") != 0 && strcmp(word, "auto") != 0)
            return EINVAL;
        fn->runtime_pm = word[0] == 'a';
        return 0;
    }
    guint64 value;
    return parse_number(text, &value) ? write_number(fn, attr, value) : EINVAL;
}

static const FsimNodeOps ops = {.read = attr_read, .write = attr_write};

static FsimNode *add(FsimFunction *fn, const char *name, mode_t mode, Attr attr)
{
    return fsim_file(fn->dir, name, mode, &ops, fn, attr);
}

static void add_ids(FsimFunction *fn)
{
    const FsimPciDevice *pci = fn->pci;
    fsim_text(fn->dir, "vendor", "0x%04x\n", pci->vendor);
    fsim_text(fn->dir, "device", "0x%04x\n", device_id(fn));
    fsim_text(fn->dir, "subsystem_vendor", "0x%04x\n", pci->subvendor);
    fsim_text(fn->dir, "subsystem_device", "0x%04x\n", pci->subdevice);
    fsim_text(fn->dir, "class", "0x%06x\n", pci->pci_class);
    fsim_text(fn->dir, "revision", "0x%02x\n", pci->revision);
    fsim_text(fn->dir, "dma_mask_bits", "%d\n", pci->pcie_gen > 0 ? 47 : 32);
    fsim_text(fn->dir, "consistent_dma_mask_bits", "%d\n", pci->pcie_gen > 0 ? 47 : 32);
    fsim_text(fn->dir, "broken_parity_status", "0\n");
    fsim_text(fn->dir, "msi_bus", "1\n");
    fsim_text(fn->dir, "ari_enabled", "%d\n", pci->vfs > 0);
    if (pci->label[0] != '\0' && fn->pf == NULL && pci->role != FSIM_ROLE_COMPANION)
        fsim_text(fn->dir, "label", "%s (simulated)\n", pci->label);
    if (pci->pci_class >> 8 == 0x0300)
        fsim_text(fn->dir, "boot_vga", "%d\n", pci->boot_vga);
    if (fsim_pci_is_bridge(fn)) {
        fsim_text(fn->dir, "secondary_bus_number", "%u\n", fn->config[0x19]);
        fsim_text(fn->dir, "subordinate_bus_number", "%u\n", fn->config[0x1a]);
    }
}

static void add_bars(FsimFunction *fn)
{
    for (guint i = 0; i < fn->pci->n_bars; i++) {
        const FsimBar *bar = &fn->pci->bars[i];
        g_autofree char *name = g_strdup_printf("resource%u", bar->index);
        g_autofree char *wc = g_strdup_printf("resource%u_wc", bar->index);
        fsim_file(fn->dir, name, 0600, NULL, fn, 0)->size = (goffset)bar->size;
        if (bar->prefetch)
            fsim_file(fn->dir, wc, 0600, NULL, fn, 0)->size = (goffset)bar->size;
    }
}

static void add_sriov(FsimFunction *fn)
{
    fsim_text(fn->dir, "sriov_totalvfs", "%u\n", fn->pci->vfs);
    fsim_text(fn->dir, "sriov_offset", "%u\n", fn->pci->vf_offset);
    fsim_text(fn->dir, "sriov_stride", "%u\n", fn->pci->vf_stride);
    fsim_text(fn->dir, "sriov_vf_device", "%x\n", fn->pci->vf_device);
    fsim_text(fn->dir, "sriov_vf_total_msix", "0\n");
    add(fn, "sriov_numvfs", 0644, ATTR_NUMVFS);
    add(fn, "sriov_drivers_autoprobe", 0644, ATTR_VFS_PROBE);
}

void fsim_attributes_add(FsimFunction *fn)
{
    const FsimPciDevice *pci = fn->pci;
    add_ids(fn);
    add(fn, "config", 0644, ATTR_CONFIG)->size = (goffset)fsim_config_size(fn);
    add(fn, "resource", 0444, ATTR_RESOURCE);
    add_bars(fn);
    add(fn, "irq", 0444, ATTR_IRQ);
    add(fn, "enable", 0644, ATTR_ENABLE);
    add(fn, "driver_override", 0644, ATTR_DRIVER_OVERRIDE);
    add(fn, "numa_node", 0644, ATTR_NUMA_NODE);
    add(fn, "local_cpus", 0444, ATTR_LOCAL_CPUS);
    add(fn, "local_cpulist", 0444, ATTR_LOCAL_CPULIST);
    add(fn, "modalias", 0444, ATTR_MODALIAS);
    add(fn, "uevent", 0644, ATTR_UEVENT);
    add(fn, "power_state", 0444, ATTR_POWER_STATE);
    add(fn, "d3cold_allowed", 0644, ATTR_D3COLD);
    add(fn, "power/control", 0644, ATTR_POWER_CONTROL);
    add(fn, "power/runtime_status", 0444, ATTR_RUNTIME_STATUS);
    add(fn, "remove", 0220, ATTR_REMOVE);
    add(fn, "rescan", 0220, ATTR_RESCAN);
    if (fn->reset_methods[0] != '\0') {
        add(fn, "reset", 0200, ATTR_RESET);
        add(fn, "reset_method", 0644, ATTR_RESET_METHOD);
    }
    if (pci->pcie_gen > 0) {
        fsim_text(fn->dir, "max_link_speed", "%s\n", link_speed(pci->pcie_gen));
        fsim_text(fn->dir, "max_link_width", "%u\n", pci->pcie_width);
        add(fn, "current_link_speed", 0444, ATTR_LINK_SPEED);
        add(fn, "current_link_width", 0444, ATTR_LINK_WIDTH);
    }
    if (fsim_pci_is_bridge(fn)) {
        g_autofree char *name = g_strdup_printf("pci_bus/%04x:%02x/rescan", fn->domain, pci->secondary_bus);
        add(fn, name, 0220, ATTR_BUS_RESCAN);
    }
    if (pci->vfs > 0 && fn->pf == NULL)
        add_sriov(fn);
    fsim_link(fn->dir, "subsystem", fsim_dir(fn->world->sys, "bus/pci"));
    if (fn->pf != NULL) {
        g_autofree char *name = g_strdup_printf("virtfn%u", fn->vf);
        fsim_link(fn->dir, "physfn", fn->pf->dir);
        fsim_link(fn->pf->dir, name, fn->dir);
    }
}
