/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reserve.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#define BYTES (4 * 1024 * 1024) /* room for some hundred deletions, each with the pages that it changes */
#define AGAIN_US (60 * G_USEC_PER_SEC)

static void reserve_hold(FctReserve *reserve)
{
    struct stat status;
    reserve->tried_us = g_get_monotonic_time();
    fct_autoclose int fd = open(reserve->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        reserve->held = FALSE;
        return;
    }
    /* Allocates blocks, not only a length: blocks would be found missing when they are needed. */
    int rc = posix_fallocate(fd, 0, BYTES);
    reserve->held = rc == 0 && fstat(fd, &status) == 0 && status.st_blocks > 0;
    if (!reserve->held) {
        g_unlink(reserve->path);
        g_warning("No room can be kept free at %s: %s. On a full disk a session or token may not end.", reserve->path,
                  g_strerror(rc));
    }
}

void fct_reserve_init(FctReserve *reserve, const char *database)
{
    *reserve = (FctReserve){.path = g_strconcat(database, ".reserve", NULL)};
    reserve_hold(reserve);
}

void fct_reserve_clear(FctReserve *reserve)
{
    g_clear_pointer(&reserve->path, g_free);
}

gboolean fct_reserve_release(FctReserve *reserve)
{
    if (!reserve->held)
        return FALSE;
    reserve->held = FALSE;
    reserve->tried_us = g_get_monotonic_time();
    g_message("The disk of %s is full: the room that was kept free is used.", reserve->path);
    return g_unlink(reserve->path) == 0;
}

void fct_reserve_restore(FctReserve *reserve)
{
    if (!reserve->held && g_get_monotonic_time() - reserve->tried_us > AGAIN_US)
        reserve_hold(reserve);
}
