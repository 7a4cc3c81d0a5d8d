/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/log.h"
#include "base/scope.h"

#include <string.h>

#define PAUSE_US (10 * G_USEC_PER_SEC)

static const char *domain_of(const GLogField *fields, gsize n)
{
    for (gsize i = 0; i < n; i++)
        if (strcmp(fields[i].key, "GLIB_DOMAIN") == 0)
            return fields[i].value;
    return "";
}

static gboolean is_due(void)
{
    static GMutex lock;
    static gint64 next_us;
    fct_autolock(&lock);
    gint64 now = g_get_monotonic_time();
    gboolean due = now >= next_us;
    if (due)
        next_us = now + PAUSE_US;
    return due;
}

static GLogWriterOutput write_some(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
    gboolean ours = strcmp(domain_of(fields, n), G_LOG_DOMAIN) == 0;
    if (!ours && !(level & G_LOG_LEVEL_ERROR) && !is_due())
        return G_LOG_WRITER_HANDLED;
    return g_log_writer_default(level, fields, n, data);
}

void fct_log_bound(void)
{
    g_log_set_writer_func(write_some, NULL, NULL);
}
