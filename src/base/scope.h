/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors and locks that are let go of where their block ends, by whichever return. (GLib has g_autofd and
 * G_MUTEX_AUTO_LOCK only from 2.80.)
 */
#pragma once
#include <errno.h>
#include <glib.h>
#include <unistd.h>

/* Closes *fd unless it is negative, and makes it -1. errno stays what it was. */
static inline void fct_close(int *fd)
{
    int before = errno;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = before;
}

/* `fct_autoclose int fd = open(…);` closes it at the end of the block. -1 is no descriptor. */
#define fct_autoclose __attribute__((cleanup(fct_close)))

/* The descriptor, which the block then does not close: `return fct_keep_open(&fd);`. */
static inline int fct_keep_open(int *fd)
{
    int kept = *fd;
    *fd = -1;
    return kept;
}

/* Locks @mutex until the end of the block; at most one in a block. */
#define fct_autolock(mutex) g_autoptr(GMutexLocker) fct_locked G_GNUC_UNUSED = g_mutex_locker_new(mutex)
