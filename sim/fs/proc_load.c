/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulated host's processors and memory do: smooth pure functions of the seconds since boot, so that a
 * monitor's graphs live. The counters of /proc/stat are the integral of the load that they stand for.
 */
#include "fs/world.h"

#include <math.h>

#define HERTZ 100 /* USER_HZ: jiffies of /proc/stat in a second */

/* One wave of the load: share of all processors, and seconds of its period. */
typedef struct {
    double share, period;
} Wave;

static const double base_load = 0.19;
static const Wave waves[] = {{0.09, 97}, {0.045, 23}, {0.02, 7}};

/* Seconds of one processor's work since boot, when all do the same. */
static double worked(double t)
{
    double sum = base_load * t;
    for (unsigned i = 0; i < G_N_ELEMENTS(waves); i++) {
        double turn = 2 * M_PI / waves[i].period;
        sum += waves[i].share / turn * (1 - cos(turn * t));
    }
    return sum;
}

static void print_cpu(const char *name, double seconds, double cpus, GString *out)
{
    double busy = worked(seconds);
    guint64 user = (guint64)(busy * 0.8 * HERTZ * cpus);
    guint64 system = (guint64)(busy * 0.2 * HERTZ * cpus);
    guint64 idle = (guint64)((seconds - busy) * HERTZ * cpus);
    g_string_append_printf(out, "%s %" G_GUINT64_FORMAT " 0 %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " 0 0 0 0 0 0\n",
                           name, user, system, idle);
}

void fsim_print_stat(const FsimHost *host, double seconds, GString *out)
{
    print_cpu("cpu ", seconds, (double)host->cpus, out);
    for (int i = 0; i < (int)host->cpus; i++) {
        g_autofree char *name = g_strdup_printf("cpu%d", i);
        print_cpu(name, seconds, 1, out);
    }
    g_string_append_printf(out, "btime %" G_GINT64_FORMAT "\n",
                           (gint64)((double)g_get_real_time() / G_USEC_PER_SEC - seconds));
}

void fsim_print_meminfo(const FsimHost *host, double seconds, GString *out)
{
    double total = (double)host->memory_mib * 1024;
    double used = total * (0.11 + 0.02 * sin(2 * M_PI * seconds / 173));
    /* What is available but not free is cache of the three kinds that procps and psutil add up. */
    double cache = total * 0.05;
    g_string_append_printf(out,
                           "MemTotal:       %.0f kB\nMemFree:        %.0f kB\nMemAvailable:   %.0f kB\n"
                           "Buffers:        %.0f kB\nCached:         %.0f kB\nSwapCached:            0 kB\n"
                           "Active:         %.0f kB\nInactive:       %.0f kB\nShmem:                 0 kB\n"
                           "Slab:           %.0f kB\nSReclaimable:   %.0f kB\n"
                           "SwapTotal:             0 kB\nSwapFree:              0 kB\n"
                           "HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n",
                           total, total - used - cache, total - used, cache * 0.2, cache * 0.6, used * 0.8, cache * 0.6,
                           cache * 0.3, cache * 0.2);
}
