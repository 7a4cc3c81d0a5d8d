/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a host's /sys and /proc: the input's parts, cut at NUL, become the files of a small tree, which is read.
 */
#include "host/sysfs.h"

#include "../../unit/host/tree.h"

#include <stdio.h>

#define DEVICE "sys/bus/pci/devices/0000:41:00.0/"
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
static char *root;
static const char *const files[] = {"proc/cpuinfo",     "proc/meminfo",
                                    "proc/stat",        "proc/version",
                                    "proc/77/stat",     "proc/77/comm",
                                    DEVICE "vendor",    DEVICE "device",
                                    DEVICE "class",     DEVICE "subsystem_vendor",
                                    DEVICE "numa_node", DEVICE "boot_vga",
                                    DEVICE "config",    "sys/class/dmi/id/sys_vendor"};

static void end(void)
{
    tree_free(root);
}

static void begin(void)
{
    root = tree_new();
    tree_function(root, "0000:41:00.0", "10de:20b5", "030200", "nvidia", "7");
    tree_link(root, "proc/77/fd/3", "/dev/nvidia0");
    atexit(end);
}

static void progress(gpointer data)
{
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    gsize at = 0;
    if (!root)
        begin();
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        const guint8 *end_of = at < size ? memchr(data + at, 0, size - at) : NULL;
        gsize length = at >= size ? 0 : end_of ? (gsize)(end_of - data) - at : size - at;
        g_autofree char *path = g_build_filename(root, files[i], NULL), *parent = g_path_get_dirname(path);
        g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
        FILE *file = fopen(path, "w");
        g_assert_true(file && fwrite(data + at, 1, length, file) == length && fclose(file) == 0);
        at = MIN(size, at + length + 1);
    }
    g_autoptr(FctInventory) inventory = fct_inventory_new();
    g_autoptr(GHashTable) minors = g_hash_table_new(g_str_hash, g_str_equal);
    FctCpuTimes times;
    fct_sysfs_host(root, inventory);
    fct_sysfs_cpu_times(root, &times);
    fct_sysfs_cards(root, inventory);
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        fct_sysfs_judge(root, gpu);
        g_hash_table_insert(minors, gpu->id, GINT_TO_POINTER(1));
    }
    fct_sysfs_holders(root, inventory, minors, progress, NULL);
    /* Whatever bytes stood there, the inventory can be sent and read. */
    g_autoptr(json_t) json = fct_inventory_to_json(inventory);
    g_autoptr(FctInventory) again = fct_inventory_from_json(json, NULL);
    g_assert_nonnull(again);
    return 0;
}
