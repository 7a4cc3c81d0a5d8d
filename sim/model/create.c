/* SPDX-License-Identifier: Apache-2.0 */
/* From a description to a directory $SIM, and back from one. */
#include "model/host.h"
#include "model/ops.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "0-15,32-47" as bits. */
static void read_cpu_list(const char *list, uint64_t *bits)
{
    g_auto(GStrv) ranges = g_strsplit(list, ",", -1);
    for (char **r = ranges; *r; r++) {
        char *end;
        guint64 first = g_ascii_strtoull(*r, &end, 10);
        guint64 last = *end == '-' ? g_ascii_strtoull(end + 1, NULL, 10) : first;
        for (guint64 cpu = first; cpu <= last && cpu < FSIM_MAX_CPUS; cpu++)
            bits[cpu / 64] |= G_GUINT64_CONSTANT(1) << (cpu % 64);
    }
}

static void make_fixed(const FsimHost *host, FsimFixed *fixed)
{
    memset(fixed, 0, sizeof *fixed);
    g_strlcpy(fixed->name, host->name, sizeof fixed->name);
    g_strlcpy(fixed->driver_version, host->driver_version, sizeof fixed->driver_version);
    fixed->driver_branch = host->driver_branch;
    fixed->n_cpus = host->cpus;
    fixed->n_numa = host->n_numa;
    for (guint i = 0; i < host->n_numa; i++)
        read_cpu_list(host->numa[i].cpus, fixed->numa_cpus[i]);
    for (guint i = 0; i < host->devices->len; i++) {
        const FsimPciDevice *d = &g_array_index(host->devices, FsimPciDevice, i);
        if (d->vendor == 0x10de && d->pci_class >> 8 == 0x0680 &&
            fixed->n_nvswitches < G_N_ELEMENTS(fixed->nvswitch_bus))
            fixed->nvswitch_bus[fixed->n_nvswitches++] = d->bus;
    }
    fixed->n_gpus = host->gpus->len;
    memcpy(fixed->gpus, host->gpus->data, host->gpus->len * sizeof(FsimGpuFixed));
}

static gboolean link_library(const char *sim_dir, const char *library, GError **error)
{
    static const char *const names[] = {"libnvidia-ml.so.1", "libnvidia-ml.so"};
    g_autofree char *lib = g_build_filename(sim_dir, "lib", NULL);
    g_autofree char *target = g_canonicalize_filename(library, NULL);
    if (g_mkdir_with_parents(lib, 0755) < 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_FILE, "cannot make %s: %s", lib, g_strerror(errno));
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(lib, names[i], NULL);
        g_unlink(path);
        if (symlink(target, path) < 0) {
            g_set_error(error, FSIM_ERROR, FSIM_ERROR_FILE, "cannot link %s: %s", path, g_strerror(errno));
            return FALSE;
        }
    }
    return TRUE;
}

gboolean fsim_host_create(const FsimHost *host, const char *sim_dir, const char *library, GError **error)
{
    g_autofree char *json = g_build_filename(sim_dir, "host.json", NULL);
    g_autofree char *state = g_build_filename(sim_dir, "state.bin", NULL);
    if (g_mkdir_with_parents(sim_dir, 0755) < 0) {
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_FILE, "cannot make %s: %s", sim_dir, g_strerror(errno));
        return FALSE;
    }
    if (!fsim_host_save(host, json, error) || !link_library(sim_dir, library, error))
        return FALSE;
    g_autofree FsimFixed *fixed = g_new(FsimFixed, 1);
    g_autofree FsimBody *body = g_new(FsimBody, 1);
    make_fixed(host, fixed);
    fsim_body_init(body, fixed);
    int result = fsim_state_create(state, fixed, body);
    if (result < 0)
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "cannot write %s: %s", state, g_strerror(-result));
    return result == 0;
}

gboolean fsim_host_open(const char *sim_dir, FsimHost **host, FsimState *st, GError **error)
{
    g_autofree char *absolute = g_canonicalize_filename(sim_dir, NULL);
    g_autofree char *json = g_build_filename(absolute, "host.json", NULL);
    g_autofree char *state = g_build_filename(absolute, "state.bin", NULL);
    if (host && !(*host = fsim_host_load(json, NULL, error)))
        return FALSE;
    int result = fsim_state_open(state, st);
    if (result == 0)
        return TRUE;
    if (result == -EPROTO)
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "%s was made by another version; create the host again",
                    state);
    else
        g_set_error(error, FSIM_ERROR, FSIM_ERROR_STATE, "cannot open %s: %s", state, g_strerror(-result));
    if (host) {
        fsim_host_free(*host);
        *host = NULL;
    }
    return FALSE;
}
