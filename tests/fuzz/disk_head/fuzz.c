/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is by its bytes. The first eight are its length, so that a short input can be a large file; the rest is
 * its beginning, and its end when it is short. What the answer must hold whatever the bytes are is asserted.
 */
#include "core/disk_head.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static gint64 length_of(const guint8 *data, gsize content)
{
    guint64 told;
    memcpy(&told, data, sizeof told);
    return (gint64)MAX(told & G_MAXINT64, content);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size < 8)
        return 0;
    gsize content = size - 8, head = MIN(content, FCT_DISK_HEAD_BYTES), tail = MIN(content, FCT_DISK_TAIL_BYTES);
    const FctDiskBytes whole = {data + 8, head, data + size - tail, tail, (gint64)content};
    const FctDiskBytes begun = {data + 8, head, NULL, 0, length_of(data, content)};
    const FctDiskBytes *both[] = {&whole, &begun};
    for (int i = 0; i < 2; i++) {
        FctDiskHead got;
        fct_disk_head_read(both[i], &got);
        g_assert_true(got.kind >= 0 && got.kind < FCT_DISK_KINDS);
        g_assert_nonnull(fct_disk_kind_text(got.kind));
        g_assert_true((got.kind == FCT_DISK_EMPTY) == (both[i]->size == 0));
        g_assert_true(got.needs_bytes == 0 || got.needs_bytes > both[i]->size ||
                      (got.kind == FCT_DISK_QCOW2 && got.fault));
        g_assert_true(got.virtual_bytes >= -1);
        /* A sound header of a qcow2 promises tables that can be looked for. */
        if (got.kind == FCT_DISK_QCOW2 && !got.fault)
            g_assert_true(got.virtual_bytes >= 0 && got.snapshots <= 65536);
        /* Nothing that begins as another format does is raw. */
        if (content >= 4 && memcmp(data + 8, "QFI\xfb", 4) == 0)
            g_assert_true(got.kind == FCT_DISK_QCOW1 || got.kind == FCT_DISK_QCOW2);
        if (content >= 4 && memcmp(data + 8, "KDMV", 4) == 0)
            g_assert_cmpint(got.kind, ==, FCT_DISK_VMDK);
    }
    return 0;
}
