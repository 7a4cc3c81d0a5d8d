/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volume_content.h"

#include "app/library/files.h"
#include "app/storage/volumes.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BLOCK (1024 * 1024)
#define SPARE (G_GINT64_CONSTANT(64) << 20) /* of the disk of the store, which must go on committing */

static gboolean content_read_range(FctApp *app, const char *pool, const char *name, gint64 at, guint8 *bytes,
                                   gsize length, GError **error)
{
    FctVmm *vmm = app->vmm;
    gsize got = 0;
    FctVmmStream *stream = vmm->ops->volume_open(vmm, pool, name, FALSE, at, (gint64)length, error);
    if (!stream)
        return FALSE;
    gssize n = 1;
    while (got < length && n > 0) {
        n = vmm->ops->stream_read(stream, bytes + got, length - got, NULL, error);
        got += (gsize)MAX(n, 0);
    }
    vmm->ops->stream_close(stream, FALSE, NULL);
    if (n == 0)
        memset(bytes + got, 0, length - got); /* the file ends with a hole */
    return n >= 0;
}

gboolean fct_volume_head(FctApp *app, const char *pool, const char *name, gint64 there, gint64 size, FctDiskHead *ret,
                         GError **error)
{
    g_autofree guint8 *head = g_malloc(FCT_DISK_HEAD_BYTES);
    guint8 tail[FCT_DISK_TAIL_BYTES];
    gsize length = (gsize)MIN(there, (gint64)FCT_DISK_HEAD_BYTES);
    gsize foot = there == size ? (gsize)MIN(size, (gint64)sizeof tail) : 0;
    if (!content_read_range(app, pool, name, 0, head, length, error) ||
        (foot && !content_read_range(app, pool, name, size - (gint64)foot, tail, foot, error)))
        return FALSE;
    const FctDiskBytes bytes = {head, length, tail, foot, size};
    fct_disk_head_read(&bytes, ret);
    return TRUE;
}

typedef struct {
    FctVmm *vmm;
    FctVmmStream *stream;
} Reading;

static gssize content_read_on(gpointer data, guint8 *bytes, gsize length, GError **error)
{
    const Reading *reading = data;
    return reading->vmm->ops->stream_read(reading->stream, bytes, length, NULL, error);
}

char *fct_volume_sha256(FctApp *app, const char *pool, const char *name, gint64 size, GError **error)
{
    Reading reading = {app->vmm, app->vmm->ops->volume_open(app->vmm, pool, name, FALSE, 0, size, error)};
    if (!reading.stream)
        return NULL;
    char *sum = fct_sum_read(content_read_on, &reading, size, error);
    app->vmm->ops->stream_close(reading.stream, FALSE, NULL);
    return sum;
}

/* ---- files of a moment ---- */

static char *scratch_folder(const FctApp *app)
{
    return g_build_filename(app->config.state_dir, "unpack", NULL);
}

char *fct_volume_scratch(FctApp *app, gint64 bytes, GError **error)
{
    struct statvfs fs;
    g_autofree char *folder = scratch_folder(app), *id = fct_app_new_id("");
    if (g_mkdir_with_parents(folder, 0700) < 0 || statvfs(folder, &fs) < 0) {
        fct_set_error_errno(error, "Could not make", folder);
        return NULL;
    }
    gint64 room = (gint64)(fs.f_bavail * fs.f_frsize) - SPARE;
    if (bytes <= room)
        return g_build_filename(folder, id, NULL);
    fct_set_error_full(error, FCT_ERROR_NO_SPACE, "Make room on the disk of facetd's state, then do it again.", NULL,
                       "It takes up to %" G_GINT64_FORMAT " MiB for a while in %s; %" G_GINT64_FORMAT
                       " MiB are free for that.",
                       ((bytes - 1) >> 20) + 1, folder, MAX(room, 0) >> 20);
    return NULL;
}

void fct_volume_scratch_clear(FctApp *app)
{
    g_autofree char *folder = scratch_folder(app);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        unlink(path);
    }
}

/* ---- a copy that can be checked ---- */

static gboolean file_write_all(int fd, const guint8 *bytes, gsize length, gint64 at)
{
    while (length > 0) {
        ssize_t n = pwrite(fd, bytes, length, at);
        if (n <= 0)
            return FALSE;
        bytes += n;
        length -= (gsize)n;
        at += n;
    }
    return TRUE;
}

/* Holes stay holes, so the copy takes no more room than the data. */
static gboolean content_carry(FctApp *app, FctVmmStream *stream, int fd, gint64 size, GError **error)
{
    g_autofree guint8 *block = g_malloc(BLOCK);
    gint64 at = 0, hole = 0;
    gssize n = 1;
    while (at < size && (n > 0 || hole > 0)) {
        n = app->vmm->ops->stream_read(stream, block, (gsize)MIN(size - at, (gint64)BLOCK), &hole, error);
        if (n < 0)
            return FALSE;
        if (n > 0 && !file_write_all(fd, block, (gsize)n, at))
            return fct_set_error_errno(error, "Could not write", "the copy that is to be checked");
        at += n + hole;
    }
    return ftruncate(fd, size) == 0 || fct_set_error_errno(error, "Could not write", "the copy that is to be checked");
}

static gboolean check_copy(FctApp *app, const FctVolume *volume, gint64 size, GError **error)
{
    gint64 bytes;
    g_autofree char *path = fct_volume_scratch(app, size, error);
    if (!path)
        return FALSE;
    fct_autoclose int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fct_set_error_errno(error, "Could not make", path);
    FctVmmStream *stream = app->vmm->ops->volume_open(app->vmm, volume->pool, volume->name, FALSE, 0, size, error);
    gboolean ok = stream && content_carry(app, stream, fd, size, error) &&
                  app->vmm->ops->disk_check(app->vmm, path, "qcow2", &bytes, error);
    if (stream)
        app->vmm->ops->stream_close(stream, FALSE, NULL);
    unlink(path);
    return ok;
}

gboolean fct_volume_sound(FctApp *app, const FctVolume *volume, gint64 size, GError **error)
{
    gint64 bytes;
    struct stat st;
    int fd = open(volume->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    gboolean ours = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    fct_close(&fd);
    if (ours)
        return app->vmm->ops->disk_check(app->vmm, volume->path, "qcow2", &bytes, error);
    return check_copy(app, volume, size, error);
}
