/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volume_bytes.h"

/* Reads up to @length bytes; fewer at the end. -1 on error. */
static gssize read_some(FctVmm *vmm, const FctVolume *volume, gint64 offset, gsize length, guint8 *bytes,
                        GError **error)
{
    gsize got = 0;
    FctVmmStream *stream = vmm->ops->volume_open(vmm, volume->pool, volume->name, FALSE, offset, (gint64)length, error);
    if (!stream)
        return -1;
    gssize n = 1;
    while (n > 0 && got < length) {
        n = vmm->ops->stream_read(stream, bytes + got, length - got, NULL, error);
        got += n > 0 ? (gsize)n : 0;
    }
    vmm->ops->stream_close(stream, FALSE, NULL);
    return n < 0 ? -1 : (gssize)got;
}

gboolean fct_volume_bytes_read(FctVmm *vmm, const FctVolume *volume, FctVolumeBytes *content, GError **error)
{
    gint64 size = MAX(volume->physical, 0);
    gsize head = (gsize)MIN(size, (gint64)sizeof content->head), tail = (gsize)MIN(size, (gint64)sizeof content->tail);
    gssize got = head ? read_some(vmm, volume, 0, head, content->head, error) : 0;
    gssize end = got > 0 && tail ? read_some(vmm, volume, size - (gint64)tail, tail, content->tail, error) : 0;
    if (got < 0 || end < 0)
        return FALSE;
    content->bytes = (FctDiskBytes){content->head, (gsize)got, end ? content->tail : NULL, (gsize)end, size};
    return TRUE;
}
