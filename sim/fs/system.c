/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of /sys that do not change: CPUs, NUMA nodes, firmware tables, DMI, modules. */
#include "fs/world.h"

#include <stdio.h>
#include <string.h>

GArray *fsim_cpu_list(const char *text)
{
    GArray *cpus = g_array_new(FALSE, FALSE, sizeof(guint));
    g_auto(GStrv) ranges = g_strsplit(text, ",", -1);
    for (guint i = 0; ranges[i] != NULL; i++) {
        guint first, last;
        int fields = sscanf(ranges[i], "%u-%u", &first, &last);
        if (fields < 1)
            continue;
        if (fields < 2)
            last = first;
        for (guint cpu = first; cpu <= last && cpu < FSIM_MAX_CPUS; cpu++)
            g_array_append_val(cpus, cpu);
    }
    return cpus;
}

char *fsim_cpu_mask(const FsimHost *host, const GArray *cpus)
{
    guint words = (host->cpus + 31) / 32;
    guint32 bits[FSIM_MAX_CPUS / 32] = {0};
    for (guint i = 0; i < cpus->len; i++) {
        guint cpu = g_array_index(cpus, guint, i);
        if (cpu / 32 < words)
            bits[cpu / 32] |= 1u << cpu % 32;
    }
    GString *text = g_string_new(NULL);
    for (guint i = words; i-- > 0;) {
        guint digits = i + 1 == words && host->cpus % 32 != 0 ? (host->cpus % 32 + 3) / 4 : 8;
        g_string_append_printf(text, "%0*x%s", (int)digits, bits[i], i > 0 ? "," : "");
    }
    return g_string_free(text, FALSE);
}

/* A list and a mask of CPUs under two names. */
static void add_cpus(FsimWorld *world, FsimNode *dir, const char *mask_name, const char *list_name, const char *list)
{
    g_autoptr(GArray) cpus = fsim_cpu_list(list);
    g_autofree char *mask = fsim_cpu_mask(world->host, cpus);
    fsim_text(dir, mask_name, "%s\n", mask);
    fsim_text(dir, list_name, "%s\n", list);
}

/*
 * A NUMA node is one package. Its CPUs "0-15,32-47" are 16 cores with two threads each: the second range has the second
 * threads, as the kernel numbers them.
 */
static void add_cpu(FsimWorld *world, guint node, const char *threads, guint core, guint cpu)
{
    g_autofree char *name = g_strdup_printf("devices/system/cpu/cpu%u", cpu);
    FsimNode *dir = fsim_dir(world->sys, name);
    const char *package = world->host->numa[node].cpus;
    fsim_text(dir, "topology/physical_package_id", "%u\n", node);
    fsim_text(dir, "topology/core_id", "%u\n", core);
    fsim_text(dir, "topology/die_id", "0\n");
    add_cpus(world, dir, "topology/thread_siblings", "topology/thread_siblings_list", threads);
    add_cpus(world, dir, "topology/core_cpus", "topology/core_cpus_list", threads);
    add_cpus(world, dir, "topology/core_siblings", "topology/core_siblings_list", package);
    add_cpus(world, dir, "topology/package_cpus", "topology/package_cpus_list", package);
    static const struct {
        const char *type, *size;
        guint level, sets, ways;
    } caches[] = {{"Data", "48K", 1, 64, 12},
                  {"Instruction", "32K", 1, 64, 8},
                  {"Unified", "2048K", 2, 2048, 16},
                  {"Unified", "32768K", 3, 32768, 16}};
    for (guint i = 0; i < G_N_ELEMENTS(caches); i++) {
        g_autofree char *index = g_strdup_printf("cache/index%u", i);
        FsimNode *cache = fsim_dir(dir, index);
        fsim_text(cache, "type", "%s\n", caches[i].type);
        fsim_text(cache, "level", "%u\n", caches[i].level);
        fsim_text(cache, "size", "%s\n", caches[i].size);
        fsim_text(cache, "coherency_line_size", "64\n");
        fsim_text(cache, "number_of_sets", "%u\n", caches[i].sets);
        fsim_text(cache, "ways_of_associativity", "%u\n", caches[i].ways);
        fsim_text(cache, "physical_line_partition", "1\n");
        add_cpus(world, cache, "shared_cpu_map", "shared_cpu_list", caches[i].level == 3 ? package : threads);
    }
    if (cpu > 0)
        fsim_text(dir, "online", "1\n");
}

static void add_package(FsimWorld *world, guint node)
{
    const char *list = world->host->numa[node].cpus;
    g_autoptr(GArray) cpus = fsim_cpu_list(list);
    guint threads = strchr(list, ',') != NULL && cpus->len % 2 == 0 ? 2 : 1;
    guint cores = cpus->len / threads;
    for (guint core = 0; core < cores; core++) {
        guint first = g_array_index(cpus, guint, core);
        guint second = g_array_index(cpus, guint, core + (threads - 1) * cores);
        g_autofree char *siblings =
            threads > 1 ? g_strdup_printf("%u,%u", first, second) : g_strdup_printf("%u", first);
        add_cpu(world, node, siblings, core, first);
        if (threads > 1)
            add_cpu(world, node, siblings, core, second);
    }
}

static void add_node(FsimWorld *world, guint number)
{
    const FsimNumaNode *numa = &world->host->numa[number];
    g_autofree char *name = g_strdup_printf("devices/system/node/node%u", number);
    FsimNode *dir = fsim_dir(world->sys, name);
    add_cpus(world, dir, "cpumap", "cpulist", numa->cpus);
    guint64 total = numa->memory_mib * 1024, free = total / 10 * 9;
    fsim_text(dir, "meminfo",
              "Node %u MemTotal:       %" G_GUINT64_FORMAT " kB\nNode %u MemFree:        %" G_GUINT64_FORMAT
              " kB\nNode %u MemUsed:        %" G_GUINT64_FORMAT " kB\n",
              number, total, number, free, number, total - free);
    GString *distance = g_string_new(NULL);
    for (guint i = 0; i < world->host->n_numa; i++)
        g_string_append_printf(distance, "%s%d", i > 0 ? " " : "", i == number ? 10 : 21);
    fsim_text(dir, "distance", "%s\n", distance->str);
    g_string_free(distance, TRUE);
    static const guint huge[] = {2048, 1048576};
    for (guint i = 0; i < G_N_ELEMENTS(huge); i++) {
        g_autofree char *pages = g_strdup_printf("hugepages/hugepages-%ukB", huge[i]);
        FsimNode *pool = fsim_dir(dir, pages);
        fsim_text(pool, "nr_hugepages", "0\n");
        fsim_text(pool, "free_hugepages", "0\n");
        fsim_text(pool, "surplus_hugepages", "0\n");
    }
    g_autoptr(GArray) cpus = fsim_cpu_list(numa->cpus);
    for (guint i = 0; i < cpus->len; i++) {
        char cpu[32], back[32];
        snprintf(cpu, sizeof cpu, "cpu%u", g_array_index(cpus, guint, i));
        snprintf(back, sizeof back, "node%u", number);
        FsimNode *target = fsim_node_get(fsim_dir(world->sys, "devices/system/cpu"), cpu);
        if (target == NULL)
            continue;
        fsim_link(dir, cpu, target);
        fsim_link(target, back, dir);
    }
}

static void add_processors(FsimWorld *world)
{
    g_autofree char *cpus = g_strdup_printf(world->host->cpus > 1 ? "0-%u" : "%u", world->host->cpus - 1);
    g_autofree char *nodes = g_strdup_printf(world->host->n_numa > 1 ? "0-%u" : "%u", world->host->n_numa - 1);
    FsimNode *cpu = fsim_dir(world->sys, "devices/system/cpu"), *node = fsim_dir(world->sys, "devices/system/node");
    static const char *const cpu_files[] = {"online", "possible", "present"};
    static const char *const node_files[] = {"online", "possible", "has_cpu", "has_memory", "has_normal_memory"};
    for (guint i = 0; i < G_N_ELEMENTS(cpu_files); i++)
        fsim_text(cpu, cpu_files[i], "%s\n", cpus);
    fsim_text(cpu, "offline", "\n");
    fsim_text(cpu, "kernel_max", "%d\n", FSIM_MAX_CPUS - 1);
    for (guint i = 0; i < G_N_ELEMENTS(node_files); i++)
        fsim_text(node, node_files[i], "%s\n", nodes);
    for (guint i = 0; i < world->host->n_numa; i++)
        add_package(world, i);
    for (guint i = 0; i < world->host->n_numa; i++)
        add_node(world, i);
}

/* An ACPI table of its 48 fixed bytes: enough for those who look whether it is there, and for interrupt remapping. */
static int read_table(FsimNode *node, GString *out)
{
    const FsimWorld *world = node->owner;
    guint8 table[48] = {0};
    memcpy(table, node->name, 4);
    table[4] = sizeof table;
    table[8] = 1;
    g_strlcpy((char *)table + 10, "FACET SIMULATE", 15);
    table[36] = 45; /* host address width - 1 */
    table[37] = world->host->interrupt_remapping ? 1 : 0;
    guint8 sum = 0;
    for (gsize i = 0; i < sizeof table; i++)
        sum = (guint8)(sum + table[i]);
    table[9] = (guint8)-sum;
    g_string_append_len(out, (const char *)table, sizeof table);
    return 0;
}

static void add_firmware(FsimWorld *world)
{
    static const FsimNodeOps table = {.read = read_table};
    FsimNode *tables = fsim_dir(world->sys, "firmware/acpi/tables");
    if (world->host->iommu != FSIM_IOMMU_OFF)
        fsim_file(tables, world->host->iommu == FSIM_IOMMU_AMD ? "IVRS" : "DMAR", 0400, &table, world, 0)->size = 48;
    fsim_dir(world->sys, "firmware/efi/efivars");
    FsimNode *id = fsim_dir(world->sys, "devices/virtual/dmi/id");
    fsim_text(id, "sys_vendor", "%s\n", world->host->dmi_vendor);
    fsim_text(id, "product_name", "%s\n", world->host->dmi_product);
    fsim_text(id, "board_vendor", "%s\n", world->host->dmi_vendor);
    fsim_text(id, "board_name", "%s\n", world->host->dmi_product);
    fsim_text(id, "chassis_type", "23\n");
    fsim_text(id, "bios_vendor", "%s\n", "Facet");
    fsim_text(id, "bios_version", "simulated\n");
    fsim_text(id, "modalias", "dmi:bvnFacet:svnsimulated:\n");
    fsim_link(world->sys, "class/dmi/id", id);
}

static void add_module(FsimWorld *world, const char *name, const char *version)
{
    g_autofree char *path = g_strdup_printf("module/%s", name);
    FsimNode *dir = fsim_dir(world->sys, path);
    fsim_dir(dir, "parameters");
    fsim_text(dir, "refcnt", "0\n");
    fsim_text(dir, "initstate", "live\n");
    if (version != NULL)
        fsim_text(dir, "version", "%s\n", version);
}

static void add_modules(FsimWorld *world)
{
    static const char *const names[] = {"vfio", "vfio_pci", "vfio_pci_core", "vfio_iommu_type1", "pci_pf_stub", "kvm"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        add_module(world, names[i], NULL);
    add_module(world, "nvidia", world->host->driver_version);
    add_module(world, "nvidia_drm", world->host->driver_version);
    FsimNode *modules = fsim_dir(world->sys, "module");
    fsim_text(modules, "vfio/parameters/enable_unsafe_noiommu_mode", "N\n");
    fsim_text(modules, "vfio_iommu_type1/parameters/allow_unsafe_interrupts", "N\n");
    fsim_text(modules, "vfio_iommu_type1/parameters/disable_hugepages", "N\n");
    fsim_text(modules, "vfio_iommu_type1/parameters/dma_entry_limit", "65535\n");
    fsim_text(modules, "vfio_pci/parameters/disable_idle_d3", "N\n");
    fsim_text(modules, "vfio_pci/parameters/enable_sriov", "N\n");
    fsim_text(modules, "vfio_pci/parameters/ids", "\n");
    fsim_text(modules, "nvidia_drm/parameters/modeset", "N\n");
}

static int read_seqnum(FsimNode *node, GString *out)
{
    const FsimWorld *world = node->owner;
    g_string_append_printf(out, "%" G_GUINT64_FORMAT "\n", world->uevents);
    return 0;
}

void fsim_system_build(FsimWorld *world)
{
    static const FsimNodeOps seqnum = {.read = read_seqnum};
    static const char *const empty[] = {"class/drm",     "class/net",        "class/block",     "class/pci_bus",
                                        "block",         "bus/mdev/devices", "bus/pci/devices", "bus/pci/drivers",
                                        "bus/pci/slots", "class/iommu",      "class/mdev_bus",  "kernel/iommu_groups",
                                        "fs/cgroup",     "devices/virtual",  "dev/block",       "dev/char"};
    for (guint i = 0; i < G_N_ELEMENTS(empty); i++)
        fsim_dir(world->sys, empty[i]);
    fsim_text(world->sys, "kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n");
    fsim_text(world->sys, "kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
    fsim_file(world->sys, "kernel/uevent_seqnum", 0444, &seqnum, world, 0);
    add_processors(world);
    add_firmware(world);
    add_modules(world);
}
