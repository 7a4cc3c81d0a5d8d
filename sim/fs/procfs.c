/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc: facts about the simulated host, and the real processes. A process that the state knows as a user of a card
 * shows a descriptor on its node, as it would have one on a real host; descriptors on what is outside of the tree are
 * left out.
 */
#include "fs/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum { PROC_BOOT_ID, PROC_UPTIME, PROC_IOMEM, PROC_CPUINFO, PROC_MODULES, PROC_STAT, PROC_MEMINFO } ProcFile;

/* Descriptors that stand for what a registered user of a card would hold open. */
enum { FD_CARD = 1000, FD_CONTROL = 1999 };

/* ---- the real processes ---- */

static int read_real(FsimNode *node, GString *out)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", node->arg, node->name);
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_get_contents(path, &text, &length, NULL))
        return ESRCH;
    g_string_append_len(out, text, (gssize)length);
    return 0;
}

static char *read_link_of(int pid, const char *name)
{
    char target[4096];
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, name);
    ssize_t length = readlink(path, target, sizeof target - 1);
    return length >= 0 ? g_strndup(target, (gsize)length) : NULL;
}

static char *real_target(FsimNode *node)
{
    return read_link_of(node->arg, node->name);
}

/*
 * The path in this tree that a real descriptor is open on; NULL for what is elsewhere. Only these are shown: a monitor
 * follows every descriptor of every process, and each that leads elsewhere would cost it four calls of this server,
 * which is seconds on a busy machine.
 */
static char *path_in_tree(const FsimWorld *world, int pid, const char *fd)
{
    g_autofree char *name = g_strdup_printf("fd/%s", fd);
    g_autofree char *real = read_link_of(pid, name);
    gsize prefix = strlen(world->root_path);
    gboolean inside = real != NULL && strncmp(real, world->root_path, prefix) == 0 && real[prefix] == '/';
    return inside ? g_strdup(real + prefix) : NULL;
}

static char *fd_target(FsimNode *node)
{
    int number = atoi(node->name);
    char *real = path_in_tree(node->owner, node->arg, node->name);
    if (real != NULL || number < FD_CARD)
        return real;
    return number == FD_CONTROL ? g_strdup("/dev/nvidiactl") : g_strdup_printf("/dev/nvidia%d", number - FD_CARD);
}

static gboolean holds(FsimWorld *world, guint gpu, int pid)
{
    pid_t pids[FSIM_MAX_PROCS + FSIM_MAX_CLIENTS];
    unsigned count = fsim_gpu_user_pids(&world->state, world->body, gpu, 0, pids, G_N_ELEMENTS(pids));
    for (unsigned i = 0; i < MIN(count, G_N_ELEMENTS(pids)); i++)
        if (pids[i] == pid)
            return TRUE;
    return FALSE;
}

static void list_fds(FsimNode *dir, GPtrArray *names)
{
    FsimWorld *world = dir->owner;
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", dir->arg);
    GDir *real = g_dir_open(path, 0, NULL);
    const char *name;
    while (real != NULL && (name = g_dir_read_name(real)) != NULL) {
        g_autofree char *inside = path_in_tree(world, dir->arg, name);
        if (inside != NULL)
            g_ptr_array_add(names, g_strdup(name));
    }
    if (real != NULL)
        g_dir_close(real);
    gboolean any = FALSE;
    for (guint i = 0; i < world->state.file->fixed.n_gpus; i++) {
        if (!holds(world, i, dir->arg))
            continue;
        g_ptr_array_add(names, g_strdup_printf("%u", FD_CARD + world->body->gpus[i].minor));
        any = TRUE;
    }
    if (any)
        g_ptr_array_add(names, g_strdup_printf("%d", FD_CONTROL));
}

static FsimNode *find_fd(FsimNode *dir, const char *name)
{
    static const FsimNodeOps fd_ops = {.target = fd_target};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    list_fds(dir, names);
    if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        return NULL;
    FsimNode *node = fsim_node_new_loose(dir, FSIM_LINK, name);
    node->ops = &fd_ops;
    node->owner = dir->owner;
    node->arg = dir->arg;
    return node;
}

static const char *const pid_files[] = {"comm", "cmdline", "cgroup", "stat", "status", "maps", "statm", NULL};
static const char *const pid_links[] = {"exe", "cwd", "root", NULL};

static FsimNode *find_in_pid(FsimNode *dir, const char *name)
{
    static const FsimNodeOps file_ops = {.read = read_real};
    static const FsimNodeOps link_ops = {.target = real_target};
    static const FsimNodeOps fds_ops = {.find = find_fd, .list = list_fds};
    FsimNode *node = NULL;
    if (strcmp(name, "fd") == 0) {
        node = fsim_node_new_loose(dir, FSIM_DIR, name);
        node->ops = &fds_ops;
    } else if (g_strv_contains(pid_files, name)) {
        node = fsim_node_new_loose(dir, FSIM_FILE, name);
        node->ops = &file_ops;
        node->size = 0;
    } else if (g_strv_contains(pid_links, name)) {
        node = fsim_node_new_loose(dir, FSIM_LINK, name);
        node->ops = &link_ops;
    } else {
        return NULL;
    }
    node->owner = dir->owner;
    node->arg = dir->arg;
    return node;
}

static void list_in_pid(FsimNode *dir, GPtrArray *names)
{
    for (guint i = 0; pid_files[i] != NULL; i++)
        g_ptr_array_add(names, g_strdup(pid_files[i]));
    for (guint i = 0; pid_links[i] != NULL; i++)
        g_ptr_array_add(names, g_strdup(pid_links[i]));
    g_ptr_array_add(names, g_strdup("fd"));
}

static gboolean is_number(const char *name)
{
    return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0' && strlen(name) < 10;
}

static FsimNode *find_pid(FsimNode *dir, const char *name)
{
    static const FsimNodeOps pid_ops = {.find = find_in_pid, .list = list_in_pid};
    g_autofree char *path = g_strdup_printf("/proc/%s", name);
    if (!is_number(name) || access(path, F_OK) != 0)
        return NULL;
    FsimNode *node = fsim_node_new_loose(dir, FSIM_DIR, name);
    node->ops = &pid_ops;
    node->owner = dir->owner;
    node->arg = atoi(name);
    return node;
}

static void list_pids(FsimNode *dir, GPtrArray *names)
{
    GDir *real = g_dir_open("/proc", 0, NULL);
    const char *name;
    while (real != NULL && (name = g_dir_read_name(real)) != NULL)
        if (is_number(name))
            g_ptr_array_add(names, g_strdup(name));
    if (real != NULL)
        g_dir_close(real);
}

/* ---- facts about the host ---- */

static void print_iomem(FsimWorld *world, GString *out)
{
    guint64 top = world->host->memory_mib * 1024 * 1024;
    g_string_append_printf(out, "00001000-0009ffff : System RAM\n00100000-7fffffff : System RAM\n");
    for (guint i = 0; i < world->functions->len; i++) {
        const FsimFunction *fn = world->functions->pdata[i];
        for (guint b = 0; fn->present && fn->pf == NULL && b < fn->pci->n_bars; b++) {
            const FsimBar *bar = &fn->pci->bars[b];
            if (bar->io)
                continue;
            g_string_append_printf(out, "%08" G_GINT64_MODIFIER "x-%08" G_GINT64_MODIFIER "x : %s\n", fn->bar[b],
                                   fn->bar[b] + bar->size - 1, fn->bdf);
            if (fn->pci->boot_vga && b == (fn->pci->n_bars > 1 && !fn->pci->bars[0].prefetch ? 1 : 0))
                g_string_append_printf(out, "  %08" G_GINT64_MODIFIER "x-%08" G_GINT64_MODIFIER "x : BOOTFB\n",
                                       fn->bar[b], fn->bar[b] + 0x7e8fff);
        }
    }
    g_string_append_printf(out, "100000000-%" G_GINT64_MODIFIER "x : System RAM\n", top + 0x7fffffff);
}

static void print_cpuinfo(const FsimHost *host, GString *out)
{
    gboolean amd = host->iommu == FSIM_IOMMU_AMD;
    for (guint node = 0; node < host->n_numa; node++) {
        g_autoptr(GArray) cpus = fsim_cpu_list(host->numa[node].cpus);
        guint threads = strchr(host->numa[node].cpus, ',') != NULL && cpus->len % 2 == 0 ? 2 : 1;
        guint cores = cpus->len / threads;
        for (guint i = 0; i < cpus->len; i++)
            g_string_append_printf(out,
                                   "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %d\nmodel\t\t: %d\n"
                                   "model name\t: %s\ncpu MHz\t\t: 2400.000\nphysical id\t: %u\nsiblings\t: %u\n"
                                   "core id\t\t: %u\ncpu cores\t: %u\nflags\t\t: fpu lm pae nx %s hypervisor\n"
                                   "address sizes\t: 46 bits physical, 57 bits virtual\n\n",
                                   g_array_index(cpus, guint, i), amd ? "AuthenticAMD" : "GenuineIntel", amd ? 25 : 6,
                                   amd ? 1 : 106, host->cpu_model, node, cpus->len, i % cores, cores,
                                   amd ? "svm" : "vmx");
    }
}

static void print_modules(const FsimWorld *world, GString *out)
{
    guint cards = 0;
    for (guint i = 0; i < world->functions->len; i++) {
        const FsimFunction *fn = world->functions->pdata[i];
        if (fn->gpu >= 0 && fn->driver != NULL && strcmp(fn->driver->name, "nvidia") == 0)
            cards += fsim_gpu_users(&world->state, world->body, (unsigned)fn->gpu, 0);
    }
    g_string_append_printf(out,
                           "nvidia_uvm 6647808 0 - Live 0x0000000000000000 (POE)\n"
                           "nvidia_drm 118784 0 - Live 0x0000000000000000 (POE)\n"
                           "nvidia_modeset 1605632 1 nvidia_drm, Live 0x0000000000000000 (POE)\n"
                           "nvidia 60620800 %u nvidia_uvm,nvidia_modeset, Live 0x0000000000000000 (POE)\n"
                           "pci_pf_stub 12288 0 - Live 0x0000000000000000\n"
                           "vfio_pci 16384 0 - Live 0x0000000000000000\n"
                           "vfio_pci_core 94208 1 vfio_pci, Live 0x0000000000000000\n"
                           "vfio_iommu_type1 49152 0 - Live 0x0000000000000000\n"
                           "vfio 69632 3 vfio_pci,vfio_pci_core,vfio_iommu_type1, Live 0x0000000000000000\n"
                           "kvm 1339392 0 - Live 0x0000000000000000\n",
                           2 + cards);
}

static int proc_read(FsimNode *node, GString *out)
{
    FsimWorld *world = node->owner;
    double since_boot = (double)(g_get_monotonic_time() - world->started) / G_USEC_PER_SEC;
    gint64 seconds = (gint64)since_boot;
    switch ((ProcFile)node->arg) {
    case PROC_BOOT_ID:
        g_string_append_printf(out, "%s\n", world->body->boot_id);
        break;
    case PROC_UPTIME:
        g_string_append_printf(out, "%" G_GINT64_FORMAT ".00 %" G_GINT64_FORMAT ".00\n", seconds, seconds);
        break;
    case PROC_IOMEM:
        print_iomem(world, out);
        break;
    case PROC_CPUINFO:
        print_cpuinfo(world->host, out);
        break;
    case PROC_MODULES:
        print_modules(world, out);
        break;
    case PROC_STAT:
        fsim_print_stat(world->host, since_boot, out);
        break;
    case PROC_MEMINFO:
        fsim_print_meminfo(world->host, since_boot, out);
        break;
    }
    return 0;
}

/* The root file system lies on the first disk, the default route on the first network card that the host names. */
static void add_mounts(FsimWorld *world)
{
    const char *disk = NULL, *net = NULL;
    for (guint i = 0; i < world->host->devices->len; i++) {
        const FsimPciDevice *d = &g_array_index(world->host->devices, FsimPciDevice, i);
        if (disk == NULL && d->disk[0] != '\0')
            disk = d->disk;
        if (net == NULL && d->net[0] != '\0')
            net = d->net;
    }
    g_autofree char *root =
        disk != NULL ? g_strdup_printf("/dev/%s%s", disk, g_str_has_prefix(disk, "nvme") ? "p" : "") : NULL;
    GString *mounts = g_string_new("sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0\n"
                                   "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n");
    if (root != NULL)
        g_string_append_printf(mounts, "%s2 / ext4 rw,relatime 0 0\n%s1 /boot/efi vfat rw,relatime 0 0\n", root, root);
    fsim_text(world->proc, "mounts", "%s", mounts->str);
    g_string_free(mounts, TRUE);
    GString *route =
        g_string_new("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
    if (net != NULL)
        g_string_append_printf(route, "%s\t00000000\t0101000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", net);
    fsim_text(world->proc, "net/route", "%s", route->str);
    g_string_free(route, TRUE);
}

void fsim_proc_build(FsimWorld *world)
{
    static const FsimNodeOps root_ops = {.find = find_pid, .list = list_pids};
    static const FsimNodeOps ops = {.read = proc_read};
    FsimNode *proc = world->proc;
    const FsimHost *host = world->host;
    proc->ops = &root_ops;
    proc->owner = world;
    fsim_file(proc, "sys/kernel/random/boot_id", 0444, &ops, world, PROC_BOOT_ID);
    fsim_file(proc, "uptime", 0444, &ops, world, PROC_UPTIME);
    fsim_file(proc, "iomem", 0444, &ops, world, PROC_IOMEM);
    fsim_file(proc, "cpuinfo", 0444, &ops, world, PROC_CPUINFO);
    fsim_file(proc, "modules", 0444, &ops, world, PROC_MODULES);
    fsim_text(proc, "cmdline", "BOOT_IMAGE=/boot/vmlinuz-%s root=/dev/disk/by-label/root ro quiet%s\n", host->kernel,
              host->iommu == FSIM_IOMMU_INTEL ? " intel_iommu=on iommu=pt" : "");
    fsim_text(proc, "version", "Linux version %s (facet@simulated) #1 SMP PREEMPT_DYNAMIC\n", host->kernel);
    fsim_text(proc, "sys/kernel/osrelease", "%s\n", host->kernel);
    fsim_text(proc, "filesystems", "nodev\tsysfs\nnodev\tproc\nnodev\ttmpfs\n\text4\n\tvfat\n");
    fsim_text(proc, "driver/nvidia/version",
              "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  %s  Release Build  (simulated)\n"
              "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n",
              host->driver_version);
    fsim_dir(proc, "driver/nvidia/gpus");
    fsim_file(proc, "stat", 0444, &ops, world, PROC_STAT);
    fsim_file(proc, "meminfo", 0444, &ops, world, PROC_MEMINFO);
    fsim_text(proc, "swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    add_mounts(world);
}
