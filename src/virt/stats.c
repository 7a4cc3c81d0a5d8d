/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings of VMs without asking QEMU: its monitor may hang, and one that hangs delays libvirt's bulk statistics by a
 * minute (host.md 0.6). They come from the QEMU process: /proc/PID/stat and statm. Where /proc hides it, readings are
 * unknown.
 */
#include "base/scope.h"
#include "virt/virt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEARCH_PAUSE_US (10 * G_USEC_PER_SEC) /* pause between searches for a QEMU that was not found */

typedef struct {
    int vcpus;
    gint64 memory_mib;
    int pid; /* 0: not found (yet) */
    guint64 born;
    gint64 searched_us;
    guint64 ticks; /* at `seen_us` */
    gint64 seen_us;
} FctVirtUsage;

void fct_virt_usage_free(gpointer usage)
{
    g_free(usage);
}

void fct_virt_usage_note(FctVirt *virt, const char *id, gboolean running, int vcpus, gint64 memory_mib)
{
    FctVirtUsage *usage = running ? g_hash_table_lookup(virt->running, id) : NULL;
    if (!running) {
        g_hash_table_remove(virt->running, id);
        return;
    }
    if (!usage) {
        usage = g_new0(FctVirtUsage, 1);
        g_hash_table_insert(virt->running, g_strdup(id), usage);
    }
    usage->vcpus = vcpus;
    usage->memory_mib = memory_mib;
}

/* CPU time in ticks and start time of a process; FALSE when it is gone. */
static gboolean read_stat(int pid, guint64 *ret_ticks, guint64 *ret_born)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    const char *after = strrchr(text, ')'); /* the name before it may contain anything */
    unsigned long long user, system, born;
    if (!after ||
        sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %llu", &user,
               &system, &born) != 3)
        return FALSE;
    *ret_ticks = user + system;
    *ret_born = born;
    return TRUE;
}

static gboolean read_resident(int pid, double *ret_mib)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", pid), *text = NULL;
    unsigned long long pages;
    if (!g_file_get_contents(path, &text, NULL, NULL) || sscanf(text, "%*u %llu", &pages) != 1)
        return FALSE;
    *ret_mib = (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
    return TRUE;
}

/* The VM's UUID in the arguments of a process that libvirt started as QEMU: "-uuid", ID. */
static char *process_uuid(const char *pid)
{
    g_autofree char *path = g_build_filename("/proc", pid, "cmdline", NULL), *args = NULL;
    gsize length;
    if (!g_file_get_contents(path, &args, &length, NULL) || !memmem(args, length, "qemu", 4))
        return NULL;
    for (const char *arg = args; arg < args + length; arg += strlen(arg) + 1)
        if (strcmp(arg, "-uuid") == 0 && arg + 6 < args + length)
            return g_strdup(arg + 6);
    return NULL;
}

/* Goes through /proc once for all VMs whose process is not known. */
static void find_processes(FctVirt *virt, gint64 now)
{
    GHashTableIter iter;
    gpointer value;
    gboolean due = FALSE;
    g_hash_table_iter_init(&iter, virt->running);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        FctVirtUsage *usage = value;
        if (usage->pid || (usage->searched_us && now - usage->searched_us < SEARCH_PAUSE_US))
            continue;
        usage->searched_us = now;
        due = TRUE;
    }
    g_autoptr(GDir) proc = due ? g_dir_open("/proc", 0, NULL) : NULL;
    const char *name;
    while (proc && (name = g_dir_read_name(proc))) {
        g_autofree char *id = g_ascii_isdigit(*name) ? process_uuid(name) : NULL;
        FctVirtUsage *usage = id ? g_hash_table_lookup(virt->running, id) : NULL;
        guint64 ticks, born;
        if (usage && !usage->pid && read_stat(atoi(name), &ticks, &born)) {
            usage->pid = atoi(name);
            usage->born = born;
            usage->seen_us = 0;
        }
    }
}

static json_t *reading_of(FctVirtUsage *usage, gint64 now)
{
    FctReading cpu = {0}, used = {0}, total = {usage->memory_mib > 0, (double)usage->memory_mib};
    guint64 ticks, born;
    if (usage->pid && (!read_stat(usage->pid, &ticks, &born) || born != usage->born))
        usage->pid = 0; /* it ended, and the number may be another process's now */
    if (usage->pid) {
        double seconds = (double)(now - usage->seen_us) / G_USEC_PER_SEC;
        if (usage->seen_us && seconds > 0 && usage->vcpus > 0 && ticks >= usage->ticks) {
            double busy = (double)(ticks - usage->ticks) / (double)sysconf(_SC_CLK_TCK);
            cpu.have = TRUE;
            cpu.value = MIN(100.0, 100.0 * busy / seconds / usage->vcpus); /* QEMU's own threads may exceed it */
        }
        used.have = read_resident(usage->pid, &used.value);
        usage->ticks = ticks;
        usage->seen_us = now;
    }
    return json_pack("{s:o, s:o, s:o}", "cpu_percent", fct_reading_to_json(cpu), "memory_used_mib",
                     fct_reading_to_json(used), "memory_total_mib", fct_reading_to_json(total));
}

json_t *fct_virt_stats(FctVmm *vmm, GError **error)
{
    FctVirt *virt = (FctVirt *)vmm;
    json_t *all = json_object();
    GHashTableIter iter;
    gpointer id, usage;
    gint64 now = g_get_monotonic_time();
    fct_autolock(&virt->lock);
    find_processes(virt, now);
    g_hash_table_iter_init(&iter, virt->running);
    while (g_hash_table_iter_next(&iter, &id, &usage))
        json_object_set_new(all, id, reading_of(usage, now));
    return all;
}
