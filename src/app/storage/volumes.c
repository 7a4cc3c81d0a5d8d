/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volumes.h"

#include "app/library/content.h"
#include "app/storage/volume_content.h"
#include "app/storage/volume_record.h"
#include "base/scope.h"
#include "core/storage_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (1024 * 1024)
/*
 * An empty qcow2 has its tables below this offset, so zeros must be written there, too; above it a new file reads as
 * zeros.
 */
#define META (1024 * 1024)

gboolean fct_volume_progress(gint64 done, gint64 total, gpointer data)
{
    const FctVolumeProgress *progress = data;
    if (!progress->task)
        return TRUE;
    g_autofree char *message = fct_progress_text(progress->what, done, total);
    fct_task_progress(progress->task, progress->step, total > 0 ? (guint)(100 * (double)done / (double)total) : 0,
                      message);
    return !fct_task_cancelled(progress->task) && !fct_task_stopping(progress->task);
}

/* ---- from a file ---- */

typedef struct {
    FctVmm *vmm;
    FctVmmStream *stream;
    int fd;
    gint64 at, size;
    gint64 fresh_from; /* from here on the volume reads as zeros */
    FctVolumeProgress *progress;
    guint8 *buffer; /* BLOCK */
} Carry;

static gboolean carry_set_errno(GError **error, const char *what)
{
    return fct_set_error(error, FCT_ERROR_INTERNAL, "%s: %s.", what, g_strerror(errno));
}

/* Holes of the file itself need not be read. */
static gboolean skip_hole(Carry *c, gboolean *ret_end, GError **error)
{
    *ret_end = FALSE;
    if (c->at < c->fresh_from)
        return TRUE;
    off_t data = lseek(c->fd, c->at, SEEK_DATA);
    if (data < 0 && errno != ENXIO)
        return TRUE; /* a file system that does not report holes */
    gint64 next = data < 0 ? c->size : MIN((gint64)data, c->size);
    if (next == c->at)
        return TRUE;
    *ret_end = next == c->size;
    gint64 hole = next - c->at;
    c->at = next;
    return c->vmm->ops->stream_skip(c->stream, hole, error);
}

static gboolean carry_run(Carry *c, GError **error)
{
    while (c->at < c->size) {
        gboolean ended;
        if (!skip_hole(c, &ended, error))
            return FALSE;
        if (ended)
            break;
        ssize_t n = pread(c->fd, c->buffer, (gsize)MIN(c->size - c->at, (gint64)BLOCK), c->at);
        if (n <= 0)
            return carry_set_errno(error, "The image cannot be read");
        if (!c->vmm->ops->stream_write(c->stream, c->buffer, (gsize)n, c->at >= c->fresh_from, error))
            return FALSE;
        c->at += n;
        if (!fct_volume_progress(c->at, c->size, c->progress))
            return fct_set_error(error, FCT_ERROR_CANCELLED, "Making the disk was cancelled.");
    }
    return TRUE;
}

static gboolean volume_fill(FctApp *app, const FctVolume *volume, int fd, gint64 fresh_from,
                            FctVolumeProgress *progress, GError **error)
{
    struct stat st;
    FctVmm *vmm = app->vmm;
    if (fstat(fd, &st) < 0)
        return carry_set_errno(error, "The image cannot be read");
    g_autofree guint8 *buffer = g_malloc(BLOCK);
    Carry c = {
        .vmm = vmm, .fd = fd, .size = st.st_size, .fresh_from = fresh_from, .progress = progress, .buffer = buffer};
    c.stream = vmm->ops->volume_open(vmm, volume->pool, volume->name, TRUE, 0, 0, error);
    if (!c.stream)
        return FALSE;
    if (carry_run(&c, error))
        return vmm->ops->stream_close(c.stream, TRUE, error);
    vmm->ops->stream_close(c.stream, FALSE, NULL);
    return FALSE;
}

static gboolean pool_has_files(FctApp *app, const char *name, gboolean *ret, GError **error)
{
    g_autoptr(GPtrArray) pools = app->vmm->ops->pools(app->vmm, error);
    for (guint i = 0; pools && i < pools->len; i++)
        if (strcmp(((FctPool *)pools->pdata[i])->name, name) == 0) {
            *ret = fct_pool_has_files(pools->pdata[i]);
            return TRUE;
        }
    if (pools)
        fct_set_error_full(error, FCT_ERROR_NOT_FOUND, NULL, json_pack("{s:s}", "field", "pool"),
                           "There is no storage pool %s.", name);
    return FALSE;
}

/* The same from a file that facetd can read, byte for byte: @file is an image in the format of @plan. */
static FctVolume *from_file(FctApp *app, FctTask *task, const char *file, const FctVolumeRecord *plan, gint64 bytes,
                            guint step, GError **error)
{
    FctVolumeProgress progress = {task, step, "Copying"}, rest = {task, step, "Clearing"};
    gboolean files, qcow2 = strcmp(plan->format, "qcow2") == 0;
    struct stat st;
    fct_autoclose int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        carry_set_errno(error, "The image cannot be read");
        return NULL;
    }
    /* A qcow2 contains its own size and a raw file ends after its last hole: both are grown afterwards. */
    gint64 size = qcow2 ? META : MAX(bytes, (gint64)st.st_size);
    g_autoptr(FctVolume) made = pool_has_files(app, plan->pool, &files, error)
                                    ? fct_record_create(app, plan, size, FALSE, NULL, NULL, error)
                                    : NULL;
    gboolean ok = made &&
                  volume_fill(app, made, fd,
                              !files  ? G_MAXINT64
                              : qcow2 ? META
                                      : 0,
                              &progress, error) &&
                  (bytes <= 0 || fct_record_grow(app, plan->pool, plan->name, bytes, error)) &&
                  fct_volume_zero(app, plan->pool, plan->name, st.st_size, fct_volume_progress, &rest, error) &&
                  fct_record_complete(app, plan->pool, plan->name, error);
    if (made && !ok)
        fct_record_abandon(app, plan->pool, plan->name, made->path, NULL);
    return ok ? fct_record_volume(app, plan->pool, plan->name, error) : NULL;
}

/* Checked before each use: somebody may have exchanged the file or its description. */
static gboolean is_as_described(FctApp *app, const FctImage *image, gint64 *ret_bytes, GError **error)
{
    const char *format = NULL;
    if (!fct_content_check(app, image->path, "", &format, ret_bytes, error))
        return FALSE;
    if (strcmp(format, image->format) == 0 || (strcmp(format, "iso") == 0 && strcmp(image->format, "raw") == 0))
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_REFUSED, "Correct its description, or upload it anew.", NULL,
                              "The image %s is described as %s, and its content is %s.", image->name, image->format,
                              format);
}

FctVolume *fct_volume_from_image(FctApp *app, FctTask *task, const FctImage *image, const FctVolumeRecord *plan,
                                 gint64 bytes, guint step, GError **error)
{
    gint64 whole = 0;
    if (!is_as_described(app, image, &whole, error))
        return NULL;
    if (strcmp(image->format, plan->format) == 0)
        return from_file(app, task, image->path, plan, bytes, step, error);
    FctVolumeProgress progress = {task, step, "Unpacking"};
    g_autofree char *unpacked = fct_volume_scratch(app, whole, error); /* all of it may be data */
    FctVolume *volume = NULL;
    if (!unpacked)
        return NULL;
    if (app->vmm->ops->disk_convert(app->vmm, image->path, image->format, unpacked, plan->format, fct_volume_progress,
                                    &progress, error))
        volume = from_file(app, task, unpacked, plan, bytes, step, error);
    g_unlink(unpacked);
    return volume;
}
