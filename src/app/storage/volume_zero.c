/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volumes.h"

#define BLOCK (1024 * 1024)

static gboolean write_zeros(FctVmm *vmm, FctVmmStream *stream, gint64 length, FctVmmProgress progress, gpointer data,
                            GError **error)
{
    g_autofree guint8 *zeros = g_malloc0(BLOCK);
    for (gint64 at = 0; at < length; at += BLOCK) {
        if (progress && !progress(at, length, data))
            return fct_set_error(error, FCT_ERROR_CANCELLED, "Making the disk was cancelled.");
        if (!vmm->ops->stream_write(stream, zeros, (gsize)MIN(length - at, (gint64)BLOCK), FALSE, error))
            return FALSE;
    }
    return TRUE;
}

gboolean fct_volume_zero(FctApp *app, const char *pool, const char *name, gint64 from, FctVmmProgress progress,
                         gpointer data, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(FctVolume) volume = vmm->ops->volume(vmm, pool, name, error);
    gint64 length = volume ? MAX(volume->capacity, volume->physical) - from : 0;
    if (!volume || !fct_path_is_device(volume->path) || length <= 0)
        return volume != NULL;
    FctVmmStream *stream = vmm->ops->volume_open(vmm, pool, name, TRUE, from, length, error);
    gboolean ok = stream && write_zeros(vmm, stream, length, progress, data, error);
    return stream && vmm->ops->stream_close(stream, ok, ok ? error : NULL) && ok;
}
