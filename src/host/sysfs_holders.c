/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a card: processes with one of its device nodes open (/proc/PID/fd). Nodes that belong to no card in
 * particular (/dev/nvidiactl, uvm) are ignored. Without the right to look into a process (not root) it stays unseen.
 */
#include "host/sysfs.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define TARGET_LIMIT 256 /* longer than the path of any card's node */

/* Node path → FctGpu*, for the cards of the inventory. */
static GHashTable *nodes_of_cards(const char *root, FctInventory *inventory, GHashTable *minors)
{
    GHashTable *nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        int minor = GPOINTER_TO_INT(g_hash_table_lookup(minors, gpu->id)) - 1;
        g_autoptr(GPtrArray) drm = fct_sysfs_list(root, "sys/bus/pci/devices/%s/drm", gpu->address);
        if (minor >= 0)
            g_hash_table_insert(nodes, g_strdup_printf("/dev/nvidia%d", minor), gpu);
        if (gpu->iommu_group >= 0)
            g_hash_table_insert(nodes, g_strdup_printf("/dev/vfio/%d", gpu->iommu_group), gpu);
        for (guint k = 0; k < drm->len; k++)
            g_hash_table_insert(nodes, g_strdup_printf("/dev/dri/%s", (char *)drm->pdata[k]), gpu);
    }
    return nodes;
}

static gboolean process_is_number(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

/* The helper and its children hold cards only to observe them. */
static gboolean process_is_ours(const char *root, const char *pid)
{
    g_autofree char *stat = fct_sysfs_text(root, "proc/%s/stat", pid);
    const char *after_name = stat ? strrchr(stat, ')') : NULL;
    int parent = 0;
    char state;
    gint64 self = g_ascii_strtoll(pid, NULL, 10);
    if (self == getpid() || self == getppid())
        return TRUE;
    return after_name && sscanf(after_name + 1, " %c %d", &state, &parent) == 2 && parent == getppid();
}

static gboolean process_is_listed(const GPtrArray *processes, int pid)
{
    for (guint i = 0; i < processes->len; i++)
        if (((FctProcess *)processes->pdata[i])->pid == pid)
            return TRUE;
    return FALSE;
}

static void add_holder(const char *root, FctGpu *gpu, const char *pid)
{
    int number = (int)g_ascii_strtoll(pid, NULL, 10);
    if (process_is_listed(gpu->processes, number) || process_is_ours(root, pid))
        return;
    FctProcess *process = fct_process_new();
    process->pid = number;
    g_free(process->name);
    process->name = fct_sysfs_text_or_empty(root, "proc/%s/comm", pid);
    g_ptr_array_add(gpu->processes, process);
}

static int compare_processes(gconstpointer a, gconstpointer b)
{
    return (*(FctProcess *const *)a)->pid - (*(FctProcess *const *)b)->pid;
}

/*
 * A process may hold a hundred thousand descriptors: progress is reported for each, and the path of /proc/PID/fd is
 * opened once.
 */
static void process_read(const char *root, const char *pid, GHashTable *nodes, void (*progress)(gpointer data),
                         gpointer data)
{
    g_autofree char *path = g_build_filename(root, "proc", pid, "fd", NULL);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char target[TARGET_LIMIT];
        if (!process_is_number(entry->d_name))
            continue;
        progress(data);
        ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
        target[MAX(length, 0)] = '\0';
        FctGpu *gpu = g_hash_table_lookup(nodes, target);
        if (gpu)
            add_holder(root, gpu, pid);
    }
    if (dir)
        closedir(dir);
}

void fct_sysfs_holders(const char *root, FctInventory *inventory, GHashTable *minors, void (*progress)(gpointer data),
                       gpointer data)
{
    g_autoptr(GHashTable) nodes = nodes_of_cards(root, inventory, minors);
    g_autoptr(GPtrArray) pids = fct_sysfs_list(root, "proc");
    for (guint i = 0; i < pids->len; i++) {
        const char *pid = pids->pdata[i];
        if (!process_is_number(pid))
            continue;
        progress(data);
        process_read(root, pid, nodes, progress, data);
    }
    for (guint i = 0; i < inventory->gpus->len; i++)
        g_ptr_array_sort(((FctGpu *)inventory->gpus->pdata[i])->processes, compare_processes);
}
