/* SPDX-License-Identifier: Apache-2.0 */
#include "host/sysfs.h"

#include "base/text.h"

#include <string.h>

#define NVIDIA "10de"
#define DEVICES "sys/bus/pci/devices"

/* "0x10de" → "10de"; "" when unreadable. */
static char *hex_attribute(const char *root, const char *address, const char *attribute)
{
    g_autofree char *text = fct_sysfs_text_or_empty(root, DEVICES "/%s/%s", address, attribute);
    return g_ascii_strdown(g_str_has_prefix(text, "0x") ? text + 2 : text, -1);
}

static int int_attribute(const char *root, const char *address, const char *attribute, int fallback)
{
    g_autofree char *text = fct_sysfs_text(root, DEVICES "/%s/%s", address, attribute);
    char *end;
    if (!text || !*text)
        return fallback;
    gint64 value = g_ascii_strtoll(text, &end, 0);
    return *end ? fallback : (int)value;
}

static const char *vendor_name(const char *vendor)
{
    static const char *const names[][2] = {
        {NVIDIA, "NVIDIA"},   {"8086", "Intel"},   {"1022", "AMD"},     {"1002", "AMD"},     {"15b3", "Mellanox"},
        {"14e4", "Broadcom"}, {"144d", "Samsung"}, {"10ec", "Realtek"}, {"1b21", "ASMedia"}, {"1000", "Broadcom"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i][0], vendor) == 0)
            return names[i][1];
    return NULL;
}

/* What a person calls a function, by its class code. */
static const char *class_label(const char *class_code, gboolean nvidia)
{
    static const struct {
        const char *prefix, *label;
    } labels[] = {
        {"0300", "graphics function"},
        {"0302", "3D controller"},
        {"03", "display function"},
        {"0403", "audio function"},
        {"0c0330", "USB controller"},
        {"0c03", "USB controller"},
        {"0c80", "USB-C controller"},
        {"0108", "NVMe disk"},
        {"0106", "SATA controller"},
        {"0107", "SAS controller"},
        {"0104", "RAID controller"},
        {"01", "storage controller"},
        {"0200", "network card"},
        {"0207", "InfiniBand card"},
        {"02", "network controller"},
        {"0600", "host bridge"},
        {"0601", "ISA bridge"},
        {"0604", "PCI bridge"},
        {"06", "bridge"},
        {"0805", "card reader"},
        {"0c05", "SMBus"},
        {"12", "accelerator"},
    };
    if (nvidia && g_str_has_prefix(class_code, "0680"))
        return "NVSwitch";
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        if (g_str_has_prefix(class_code, labels[i].prefix))
            return labels[i].label;
    return "device";
}

static FctFunction *read_function(const char *root, const char *address)
{
    FctFunction *function = fct_function_new();
    g_autofree char *vendor = hex_attribute(root, address, "vendor");
    g_autofree char *device = hex_attribute(root, address, "device");
    char *driver = fct_sysfs_link(root, DEVICES "/%s/driver", address);
    gboolean nvidia = strcmp(vendor, NVIDIA) == 0;
    fct_text_take(&function->address, g_strdup(address));
    fct_text_take(&function->class_code, hex_attribute(root, address, "class"));
    fct_text_take(&function->vendor_device, g_strdup_printf("%s:%s", vendor, device));
    fct_text_take(&function->driver, driver ? driver : g_strdup(""));
    const char *maker = vendor_name(vendor), *what = class_label(function->class_code, nvidia);
    fct_text_take(&function->label, maker ? g_strdup_printf("%s %s", maker, what) : g_strdup(what));
    /* Class 0680 of NVIDIA is an NVSwitch, which must not be taken for just another bridge. */
    function->bridge =
        g_str_has_prefix(function->class_code, "06") && !(nvidia && g_str_has_prefix(function->class_code, "0680"));
    return function;
}

static gboolean same_slot(const char *a, const char *b)
{
    const char *dot = strrchr(a, '.');
    return dot && strncmp(a, b, (gsize)(dot - a) + 1) == 0;
}

static gboolean has_function(const FctGpu *gpu, const char *address)
{
    for (guint i = 0; i < gpu->functions->len; i++)
        if (strcmp(((FctFunction *)gpu->functions->pdata[i])->address, address) == 0)
            return TRUE;
    return FALSE;
}

static void add_function(const char *root, FctGpu *gpu, const char *address)
{
    if (has_function(gpu, address) || fct_sysfs_exists(root, DEVICES "/%s/physfn", address))
        return;
    FctFunction *function = read_function(root, address);
    function->same_slot = same_slot(gpu->address, address);
    g_ptr_array_add(gpu->functions, function);
}

/* A function that fell off the bus, or sleeps so deeply that it does not answer, reads as ones. */
static gboolean config_answers(const char *root, const char *address)
{
    guint8 head[16];
    g_autofree char *path = g_strdup_printf(DEVICES "/%s/config", address);
    gssize n = fct_sysfs_bytes(root, path, head, sizeof head);
    return n < 16 || !(head[0] == 0xff && head[1] == 0xff); /* a read error tells nothing, but ones do */
}

void fct_sysfs_judge(const char *root, FctGpu *gpu)
{
    if (!config_answers(root, gpu->address)) {
        gpu->state = FCT_GPU_LOST;
        fct_text_take(&gpu->state_reason, g_strdup("The card has fallen off the PCI bus."));
    } else if (strcmp(gpu->driver, "vfio-pci") == 0) {
        gpu->mode = FCT_MODE_PASSTHROUGH;
    } else if (!*gpu->driver) {
        gpu->state = FCT_GPU_UNMANAGED;
        fct_text_take(&gpu->state_reason, g_strdup("No driver holds this card."));
    } else if (strcmp(gpu->driver, "nvidia") != 0) {
        gpu->state = FCT_GPU_UNMANAGED;
        fct_text_take(&gpu->state_reason,
                      g_strdup_printf("The driver “%s” holds this card, not NVIDIA's.", gpu->driver));
    }
}

static FctGpu *read_card(const char *root, const char *address, const GPtrArray *all)
{
    FctGpu *gpu = fct_gpu_new();
    g_autofree char *sub_vendor = hex_attribute(root, address, "subsystem_vendor");
    g_autofree char *sub_device = hex_attribute(root, address, "subsystem_device");
    g_autofree char *group = fct_sysfs_link(root, DEVICES "/%s/iommu_group", address);
    fct_text_take(&gpu->address, g_strdup(address));
    fct_text_take(&gpu->id, g_strdup_printf("gpu-%s", address));
    g_strdelimit(gpu->id, ":.", '-');
    for (guint i = 0; i < all->len; i++)
        if (same_slot(address, all->pdata[i]))
            add_function(root, gpu, all->pdata[i]);
    if (group) {
        g_autoptr(GPtrArray) members = fct_sysfs_list(root, "sys/kernel/iommu_groups/%s/devices", group);
        gpu->iommu_group = (int)g_ascii_strtoll(group, NULL, 10);
        for (guint i = 0; i < members->len; i++)
            add_function(root, gpu, members->pdata[i]);
    }
    for (guint i = 0; i < gpu->functions->len; i++) {
        const FctFunction *function = gpu->functions->pdata[i];
        if (strcmp(function->address, address) != 0)
            continue;
        fct_text_take(&gpu->vendor_device, g_strdup(function->vendor_device));
        fct_text_take(&gpu->driver, g_strdup(function->driver));
    }
    fct_text_take(&gpu->subsystem, *sub_vendor ? g_strdup_printf("%s:%s", sub_vendor, sub_device) : g_strdup(""));
    gpu->numa_node = int_attribute(root, address, "numa_node", -1);
    gpu->boot_vga = int_attribute(root, address, "boot_vga", 0) == 1;
    return gpu;
}

void fct_sysfs_cards(const char *root, FctInventory *inventory)
{
    g_autoptr(GPtrArray) all = fct_sysfs_list(root, DEVICES);
    for (guint i = 0; i < all->len; i++) {
        const char *address = all->pdata[i];
        g_autofree char *vendor = hex_attribute(root, address, "vendor");
        if (strcmp(vendor, NVIDIA) != 0)
            continue;
        g_autofree char *class_code = hex_attribute(root, address, "class");
        const FctGpu *last =
            inventory->gpus->len ? inventory->gpus->pdata[inventory->gpus->len - 1] : NULL; /* sorted by address */
        if (g_str_has_prefix(class_code, "0680"))
            inventory->nvswitches++;
        if (!g_str_has_prefix(class_code, "03") || (last && same_slot(last->address, address)) ||
            fct_sysfs_exists(root, DEVICES "/%s/physfn", address))
            continue;
        FctGpu *gpu = read_card(root, address, all);
        gpu->index = (int)inventory->gpus->len;
        g_ptr_array_add(inventory->gpus, gpu);
    }
}
