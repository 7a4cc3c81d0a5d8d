/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel has logged. /dev/kmsg gives one record for each read; a plain file (of a simulated host) any piece of
 * text.
 */
#include "base/scope.h"
#include "host/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define RECORD 8192                 /* the kernel's own limit of a record */
#define OVERLAP 256                 /* a sentence may lie across two pieces of a plain file */
#define LOG_LIMIT ((gsize)32 << 20) /* more than any kernel's ring holds */
#define LOST_TRIES 1000             /* records were overwritten while we read */

static gboolean log_has(int fd, const char *sentence)
{
    char buffer[OVERLAP + RECORD + 1];
    gsize kept = 0, total = 0;
    for (int lost = 0; total < LOG_LIMIT && lost < LOST_TRIES;) {
        gssize n = read(fd, buffer + kept, RECORD);
        if (n < 0 && (errno == EPIPE || errno == EINTR)) {
            lost++;
            continue;
        }
        if (n <= 0)
            return FALSE; /* EAGAIN: no more records */
        gsize length = kept + (gsize)n;
        buffer[length] = '\0';
        if (memmem(buffer, length, sentence, strlen(sentence)))
            return TRUE;
        kept = MIN(length, OVERLAP);
        memmove(buffer, buffer + length - kept, kept);
        total += (gsize)n;
    }
    return FALSE;
}

gboolean fct_sysfs_remove_hangs(const char *root, const char *address)
{
    g_autofree char *path = g_build_filename(root, "dev", "kmsg", NULL);
    g_autofree char *sentence = g_strdup_printf("Attempting to remove device %s with non-zero usage count", address);
    fct_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd >= 0 && log_has(fd, sentence);
}
