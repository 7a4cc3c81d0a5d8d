/* SPDX-License-Identifier: Apache-2.0 */
#include "host/sysfs.h"

#include "base/text.h"

#include <string.h>

/* "name : value" of the first line that begins with @key in the style of /proc; NULL when there is none. */
static char *proc_value(const char *text, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *colon = strchr(*line, ':');
        if (!colon || !g_str_has_prefix(*line, key))
            continue;
        *colon = '\0';
        if (strcmp(g_strchomp(*line), key) == 0)
            return g_strdup(g_strstrip(colon + 1));
    }
    return NULL;
}

static void read_processors(const char *root, FctInventory *inventory)
{
    g_autofree char *text = fct_sysfs_text_or_empty(root, "proc/cpuinfo");
    char *model = proc_value(text, "model name");
    if (model)
        fct_text_take(&inventory->cpu_model, model);
    inventory->cpus = 0;
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        inventory->cpus += g_str_has_prefix(at, "processor") && strchr(" \t:", at[strlen("processor")]);
        if (!*at)
            break;
    }
}

/*
 * Judged by what the kernel did, not by what the firmware offers: a DMAR table can exist with remapping off. Interrupt
 * noise and kernel flags do not tell either (user-pains §1).
 */
static const char *iommu_kind(const char *root)
{
    g_autoptr(GPtrArray) groups = fct_sysfs_list(root, "sys/kernel/iommu_groups");
    g_autoptr(GPtrArray) units = fct_sysfs_list(root, "sys/class/iommu");
    if (groups->len == 0)
        return "off";
    for (guint i = 0; i < units->len; i++) {
        if (g_str_has_prefix(units->pdata[i], "dmar"))
            return "intel";
        if (g_str_has_prefix(units->pdata[i], "ivhd"))
            return "amd";
    }
    g_autofree char *cpuinfo = fct_sysfs_text_or_empty(root, "proc/cpuinfo");
    return strstr(cpuinfo, "AuthenticAMD") ? "amd" : "intel";
}

void fct_sysfs_host(const char *root, FctInventory *inventory)
{
    gint64 used;
    fct_text_take(&inventory->node, fct_sysfs_text_or_empty(root, "proc/sys/kernel/hostname"));
    fct_text_take(&inventory->boot_id, fct_sysfs_text_or_empty(root, "proc/sys/kernel/random/boot_id"));
    fct_text_take(&inventory->kernel, fct_sysfs_text_or_empty(root, "proc/sys/kernel/osrelease"));
    fct_text_take(&inventory->vendor, fct_sysfs_text_or_empty(root, "sys/class/dmi/id/sys_vendor"));
    fct_text_take(&inventory->product, fct_sysfs_text_or_empty(root, "sys/class/dmi/id/product_name"));
    fct_text_take(&inventory->iommu, g_strdup(iommu_kind(root)));
    read_processors(root, inventory);
    if (!fct_sysfs_memory(root, &inventory->memory_mib, &used))
        inventory->memory_mib = 0;
    /*
     * For a tree without /proc/sys: the version line of the kernel still has its release, and the node gets this
     * machine's name.
     */
    if (!*inventory->kernel) {
        g_autofree char *version = fct_sysfs_text_or_empty(root, "proc/version");
        g_auto(GStrv) words = g_strsplit(version, " ", 4);
        if (g_strv_length(words) >= 3)
            fct_text_take(&inventory->kernel, g_strdup(words[2]));
    }
    if (!*inventory->node)
        fct_text_take(&inventory->node, g_strdup(g_get_host_name()));
}

gboolean fct_sysfs_cpu_times(const char *root, FctCpuTimes *ret)
{
    guint64 user, nice, system, idle, iowait = 0, irq = 0, soft = 0, steal = 0;
    g_autofree char *text = fct_sysfs_text_or_empty(root, "proc/stat");
    if (sscanf(text,
               "cpu %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
               " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
               &user, &nice, &system, &idle, &iowait, &irq, &soft, &steal) < 4)
        return FALSE;
    ret->busy = user + nice + system + irq + soft + steal;
    ret->total = ret->busy + idle + iowait;
    return TRUE;
}

gboolean fct_sysfs_memory(const char *root, gint64 *ret_total_mib, gint64 *ret_used_mib)
{
    g_autofree char *text = fct_sysfs_text_or_empty(root, "proc/meminfo");
    g_autofree char *total = proc_value(text, "MemTotal");
    g_autofree char *available = proc_value(text, "MemAvailable");
    if (!total)
        return FALSE;
    gint64 total_kib = MAX(0, g_ascii_strtoll(total, NULL, 10));
    *ret_total_mib = total_kib / 1024;
    *ret_used_mib = available ? (total_kib - CLAMP(g_ascii_strtoll(available, NULL, 10), 0, total_kib)) / 1024 : 0;
    return TRUE;
}
