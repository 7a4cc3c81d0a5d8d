/* SPDX-License-Identifier: Apache-2.0 */
#include "host/sysfs.h"
#include "tree.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define DEVICES "sys/bus/pci/devices"

static FctInventory *cards_of(const char *root)
{
    FctInventory *inventory = fct_inventory_new();
    fct_sysfs_cards(root, inventory);
    for (guint i = 0; i < inventory->gpus->len; i++)
        fct_sysfs_judge(root, inventory->gpus->pdata[i]);
    return inventory;
}

static const FctFunction *function(const FctGpu *gpu, const char *address)
{
    for (guint i = 0; i < gpu->functions->len; i++)
        if (strcmp(((FctFunction *)gpu->functions->pdata[i])->address, address) == 0)
            return gpu->functions->pdata[i];
    return NULL;
}

static void test_empty(void)
{
    char *root = tree_new();
    g_autoptr(FctInventory) inventory = cards_of(root);
    fct_sysfs_host(root, inventory);
    g_assert_cmpuint(inventory->gpus->len, ==, 0);
    g_assert_cmpstr(inventory->iommu, ==, "off");
    g_assert_cmpint(inventory->memory_mib, ==, 0);
    g_assert_cmpstr(inventory->boot_id, ==, "");
    tree_free(root);
}

/* A card with its companions, a foreign disk in its group, the bridge above, and a virtual function beside. */
static void test_slot_and_group(void)
{
    char *root = tree_new();
    tree_function(root, "0000:00:01.0", "8086:1901", "060400", "pcieport", "2");
    tree_function(root, "0000:01:00.0", "10de:1e07", "030000", "nvidia", "2");
    tree_function(root, "0000:01:00.1", "10de:10f7", "040300", "snd_hda_intel", NULL);
    tree_function(root, "0000:01:00.2", "10de:1ad6", "0c0330", "xhci_hcd", "2");
    tree_function(root, "0000:01:00.3", "10de:1ad7", "0c8000", NULL, "2");
    tree_function(root, "0000:02:00.0", "144d:a808", "010802", "nvme", "2");
    tree_function(root, "0000:01:00.4", "10de:1e07", "030000", "nvidia", "3");
    tree_link(root, DEVICES "/0000:01:00.4/physfn", "../0000:01:00.0");
    tree_function(root, "0000:03:00.0", "10de:1af1", "068000", "nvidia-nvswitch", "4");
    tree_write(root, DEVICES "/0000:01:00.0/boot_vga", "1\n", -1);
    tree_write(root, DEVICES "/0000:01:00.0/numa_node", "-1\n", -1);
    tree_write(root, DEVICES "/0000:01:00.0/subsystem_vendor", "0x1043\n", -1);
    tree_write(root, DEVICES "/0000:01:00.0/subsystem_device", "0x866a\n", -1);
    g_autoptr(FctInventory) inventory = cards_of(root);
    g_assert_cmpuint(inventory->gpus->len, ==, 1);
    g_assert_cmpint(inventory->nvswitches, ==, 1);
    const FctGpu *gpu = inventory->gpus->pdata[0];
    g_assert_cmpstr(gpu->id, ==, "gpu-0000-01-00-0");
    g_assert_cmpstr(gpu->vendor_device, ==, "10de:1e07");
    g_assert_cmpstr(gpu->subsystem, ==, "1043:866a");
    g_assert_cmpint(gpu->iommu_group, ==, 2);
    g_assert_cmpint(gpu->numa_node, ==, -1);
    g_assert_true(gpu->boot_vga);
    g_assert_cmpuint(gpu->functions->len, ==, 6); /* the virtual function is not one of the card's own */
    g_assert_true(function(gpu, "0000:00:01.0")->bridge);
    g_assert_false(function(gpu, "0000:00:01.0")->same_slot);
    g_assert_cmpstr(function(gpu, "0000:01:00.1")->label, ==, "NVIDIA audio function");
    g_assert_true(function(gpu, "0000:01:00.1")->same_slot); /* by slot, though it is in no group */
    g_assert_cmpstr(function(gpu, "0000:01:00.3")->label, ==, "NVIDIA USB-C controller");
    g_assert_cmpstr(function(gpu, "0000:01:00.3")->driver, ==, "");
    g_assert_cmpstr(function(gpu, "0000:02:00.0")->label, ==, "Samsung NVMe disk");
    g_assert_cmpint(gpu->state, ==, FCT_GPU_OK);
    tree_free(root);
}

static void judged(const char *driver, gboolean config_is_ones, FctGpuState state, FctGpuMode mode)
{
    char *root = tree_new();
    char ones[64];
    memset(ones, 0xff, sizeof ones);
    tree_function(root, "0000:41:00.0", "10de:20b5", "030200", driver, NULL);
    if (config_is_ones)
        tree_write(root, DEVICES "/0000:41:00.0/config", ones, sizeof ones);
    else
        tree_write(root, DEVICES "/0000:41:00.0/config", "\xde\x10\xb5\x20\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    g_autoptr(FctInventory) inventory = cards_of(root);
    const FctGpu *gpu = inventory->gpus->pdata[0];
    g_assert_cmpint(gpu->state, ==, state);
    g_assert_cmpint(gpu->mode, ==, mode);
    g_assert_cmpint(*gpu->state_reason != '\0', ==, state != FCT_GPU_OK);
    g_assert_cmpint(gpu->iommu_group, ==, -1);
    tree_free(root);
}

static void test_state(void)
{
    judged("nvidia", FALSE, FCT_GPU_OK, FCT_MODE_HOST);
    judged("vfio-pci", FALSE, FCT_GPU_OK, FCT_MODE_PASSTHROUGH);
    judged("nouveau", FALSE, FCT_GPU_UNMANAGED, FCT_MODE_HOST);
    judged(NULL, FALSE, FCT_GPU_UNMANAGED, FCT_MODE_HOST);
    judged("nvidia", TRUE, FCT_GPU_LOST, FCT_MODE_HOST);
}

static void test_host(void)
{
    char *root = tree_new();
    gint64 total, used;
    FctCpuTimes times;
    tree_write(root, "proc/cpuinfo",
               "processor\t: 0\nmodel name\t: EPYC 9354\n\nprocessor\t: 1\nmodel name\t: EPYC 9354\nprocessor_x: 1\n",
               -1);
    tree_write(root, "proc/meminfo", "MemTotal:       2097152 kB\nMemFree: 1 kB\nMemAvailable:  1048576 kB\n", -1);
    tree_write(root, "proc/stat", "cpu  10 1 5 100 4 1 1 2 9 9\ncpu0 1 1 1 1\n", -1);
    tree_write(root, "proc/version", "Linux version 6.1.0-37-amd64 (x) #1\n", -1);
    tree_write(root, "sys/class/dmi/id/sys_vendor", "Supermicro\n", -1);
    tree_write(root, "sys/kernel/iommu_groups/0/type", "DMA\n", -1);
    tree_write(root, "sys/class/iommu/ivhd0/x", "", -1);
    g_autoptr(FctInventory) inventory = fct_inventory_new();
    fct_sysfs_host(root, inventory);
    g_assert_cmpint(inventory->cpus, ==, 2);
    g_assert_cmpstr(inventory->cpu_model, ==, "EPYC 9354");
    g_assert_cmpint(inventory->memory_mib, ==, 2048);
    g_assert_cmpstr(inventory->kernel, ==, "6.1.0-37-amd64");
    g_assert_cmpstr(inventory->vendor, ==, "Supermicro");
    g_assert_cmpstr(inventory->iommu, ==, "amd");
    g_assert_true(fct_sysfs_memory(root, &total, &used));
    g_assert_cmpint(used, ==, 1024);
    g_assert_true(fct_sysfs_cpu_times(root, &times));
    g_assert_cmpuint(times.busy, ==, 20);
    g_assert_cmpuint(times.total, ==, 124);
    tree_write(root, "proc/stat", "garbage\n", -1);
    g_assert_false(fct_sysfs_cpu_times(root, &times));
    tree_free(root);
}

/* A pipe that nobody writes to, and a file without an end, must not stop the observation. */
static void test_bounded_reads(void)
{
    char *root = tree_new();
    g_autofree char *pipe_path = g_build_filename(root, "pipe", NULL);
    g_assert_cmpint(mkfifo(pipe_path, 0600), ==, 0);
    g_autofree char *nothing = fct_sysfs_text_or_empty(root, "pipe");
    g_assert_cmpstr(nothing, ==, "");
    g_autofree char *endless = fct_sysfs_text("/", "dev/zero");
    g_assert_nonnull(endless);
    g_assert_null(fct_sysfs_text(root, "missing"));
    g_assert_null(fct_sysfs_link(root, "missing"));
    tree_free(root);
}

static void count_progress(gpointer data)
{
    ++*(int *)data;
}

static void test_holders(void)
{
    char *root = tree_new();
    tree_function(root, "0000:41:00.0", "10de:20b5", "030200", "nvidia", "7");
    tree_write(root, DEVICES "/0000:41:00.0/drm/renderD128/x", "", -1);
    tree_link(root, "proc/4711/fd/3", "/dev/nvidia2");
    tree_link(root, "proc/4711/fd/4", "/dev/nvidia2");
    tree_write(root, "proc/4711/comm", "python3\n", -1);
    tree_write(root, "proc/4711/stat", "4711 (py (x) 3) S 1 1 1\n", -1);
    tree_link(root, "proc/4712/fd/3", "/dev/nvidiactl"); /* no card in particular */
    tree_link(root, "proc/4713/fd/3", "/dev/dri/renderD128");
    tree_link(root, "proc/4714/fd/3", "/dev/vfio/7");
    tree_link(root, "proc/self/fd/3", "/dev/nvidia2");
    g_autofree char *own = g_strdup_printf("proc/%d/fd/3", getpid());
    tree_link(root, own, "/dev/nvidia2");
    g_autoptr(FctInventory) inventory = cards_of(root);
    FctGpu *gpu = inventory->gpus->pdata[0];
    g_autoptr(GHashTable) minors = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(minors, gpu->id, GINT_TO_POINTER(2 + 1));
    int progress = 0;
    fct_sysfs_holders(root, inventory, minors, count_progress, &progress);
    g_assert_cmpint(progress, ==, 5 + 6); /* processes and their descriptors */
    g_assert_cmpuint(gpu->processes->len, ==, 3);
    const FctProcess *first = gpu->processes->pdata[0];
    g_assert_cmpint(first->pid, ==, 4711);
    g_assert_cmpstr(first->name, ==, "python3");
    g_assert_false(first->memory_mib.have);
    g_assert_cmpint(((FctProcess *)gpu->processes->pdata[2])->pid, ==, 4714);
    tree_free(root);
}

/* One process with many descriptors is no hang: the search tells all along that it goes on. */
static void test_many_descriptors(void)
{
    enum { MANY = 3000 };
    char *root = tree_new();
    tree_function(root, "0000:41:00.0", "10de:20b5", "030200", "nvidia", "7");
    for (int i = 0; i < MANY; i++) {
        g_autofree char *path = g_strdup_printf("proc/4711/fd/%d", i);
        tree_link(root, path, i == MANY - 1 ? "/dev/nvidia2" : "/var/log/a-file-that-is-no-card");
    }
    g_autoptr(FctInventory) inventory = cards_of(root);
    FctGpu *gpu = inventory->gpus->pdata[0];
    g_autoptr(GHashTable) minors = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(minors, gpu->id, GINT_TO_POINTER(2 + 1));
    int progress = 0;
    fct_sysfs_holders(root, inventory, minors, count_progress, &progress);
    g_assert_cmpint(progress, >=, MANY);
    g_assert_cmpuint(gpu->processes->len, ==, 1);
    tree_free(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sysfs/empty", test_empty);
    g_test_add_func("/sysfs/slot-and-group", test_slot_and_group);
    g_test_add_func("/sysfs/state", test_state);
    g_test_add_func("/sysfs/host", test_host);
    g_test_add_func("/sysfs/bounded-reads", test_bounded_reads);
    g_test_add_func("/sysfs/holders", test_holders);
    g_test_add_func("/sysfs/many-descriptors", test_many_descriptors);
    return g_test_run();
}
