/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of volumes. Reading asks for one window at a time, each as a stream of libvirt of its own: libvirt queues
 * without a bound what arrives on a stream that nobody reads, and a browser may be slow. Writing is one stream.
 */
#include "virt/virt.h"

#include <string.h>

#define OPEN_MS 20000
#define BLOCK_MS 60000
#define END_MS 300000                   /* brings what was written to the disk */
#define WINDOW (2 * 1024 * 1024)        /* bytes read ahead */
#define WINDOW_MAX (1024 * 1024 * 1024) /* of holes, which take no memory */
#define PIECE (1024 * 1024)             /* written at once */
#define GRAIN (64 * 1024)               /* a run of zeros that is worth leaving out */

typedef struct {
    gint64 length;     /* -1 error */
    GByteArray *bytes; /* NULL: a hole */
} Run;

typedef struct {
    FctVmmStream base;
    char *pool, *name, *id;
    gboolean write, failed, at_end;
    gint64 at, end; /* end -1: to the end of the volume */
    gint64 window;
    GPtrArray *runs;     /* read: Run*, of which the first is being handed out */
    gsize used;          /* bytes of the first run that were handed out */
    virStreamPtr handle; /* write */
} Stream;

/* What a call shares, since it may outlive the wait. */
typedef struct {
    char *pool, *name;
    gint64 offset, length;
    virStreamPtr handle;
    GBytes *bytes; /* to write; NULL: a hole of length */
    gboolean finish, short_end;
    GPtrArray *runs;
} Block;

static void run_free(gpointer data)
{
    Run *run = data;
    if (run->bytes)
        g_byte_array_unref(run->bytes);
    g_free(run);
}

static void block_clear(gpointer data)
{
    Block *block = data;
    g_free(block->pool);
    g_free(block->name);
    if (block->handle)
        virStreamFree(block->handle);
    g_clear_pointer(&block->bytes, g_bytes_unref);
    g_clear_pointer(&block->runs, g_ptr_array_unref);
}

static void block_release(Block *block)
{
    g_atomic_rc_box_release_full(block, block_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Block, block_release)

static Block *block_new(const Stream *stream)
{
    Block *block = g_atomic_rc_box_new0(Block);
    block->pool = g_strdup(stream->pool);
    block->name = g_strdup(stream->name);
    if (stream->handle) {
        virStreamRef(stream->handle);
        block->handle = stream->handle;
    }
    return block;
}

static gboolean stream_call(Stream *stream, Block *block, FctVirtFn fn, int deadline_ms, GError **error)
{
    gboolean ok = fct_virt_call((FctVirt *)stream->base.vmm, FCT_LANE_BULK, stream->id, deadline_ms, fn, block,
                                block_clear, error);
    stream->failed |= !ok;
    return ok;
}

/* ---- reading ---- */

static void add_bytes(GPtrArray *runs, const char *bytes, gsize length)
{
    Run *last = runs->len ? runs->pdata[runs->len - 1] : NULL;
    if (!last || !last->bytes) {
        last = g_new0(Run, 1);
        last->bytes = g_byte_array_new();
        g_ptr_array_add(runs, last);
    }
    g_byte_array_append(last->bytes, (const guint8 *)bytes, (guint)length);
    last->length += (gint64)length;
}

static void add_hole(GPtrArray *runs, gint64 length)
{
    Run *last = runs->len ? runs->pdata[runs->len - 1] : NULL;
    if (!last || last->bytes) {
        last = g_new0(Run, 1);
        g_ptr_array_add(runs, last);
    }
    last->length += length;
}

static void drop_handle(Block *block)
{
    if (!block->handle)
        return;
    virStreamAbort(block->handle);
    virStreamFree(g_steal_pointer(&block->handle));
}

/* virStorageVolDownload or virStorageVolUpload. */
typedef int (*Carry)(virStorageVolPtr volume, virStreamPtr handle, unsigned long long offset, unsigned long long length,
                     unsigned int flags);

static gboolean stream_begin(virStorageVolPtr volume, Block *block, Carry carry, unsigned int flags)
{
    drop_handle(block);
    block->handle = virStreamNew(virStorageVolGetConnect(volume), 0);
    return block->handle && carry(volume, block->handle, (guint64)block->offset, (guint64)block->length, flags) == 0;
}

static gboolean begin_read(virStorageVolPtr volume, gpointer data, GError **error)
{
    Block *block = data;
    return stream_begin(volume, block, virStorageVolDownload, VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM) ||
           fct_virt_fail(error, "Volume %s could not be read", block->name);
}

/* 1: there is more; 0: the window's end; -1: an error. */
static int stream_receive(virStreamPtr handle, Block *block, char *buffer, gint64 *got)
{
    long long hole = 0;
    int n = virStreamRecvFlags(handle, buffer, GRAIN, VIR_STREAM_RECV_STOP_AT_HOLE);
    if (n > 0) {
        add_bytes(block->runs, buffer, (gsize)n);
        *got += n;
        return 1;
    }
    if (n != -3)
        return n == 0 ? 0 : -1;
    if (virStreamRecvHole(handle, &hole, 0) < 0)
        return -1;
    if (hole > 0) {
        hole = MIN(hole, block->length - *got);
        add_hole(block->runs, hole);
        *got += hole;
    }
    return 1;
}

static gboolean read_window(virConnectPtr conn, gpointer data, GError **error)
{
    Block *block = data;
    g_autofree char *buffer = g_malloc(GRAIN);
    gint64 got = 0, bytes = 0;
    int more = 1;
    gboolean ok = fct_virt_volume_begin(conn, block->pool, block->name, begin_read, block, error);
    while (ok && more > 0 && bytes < 2 * WINDOW) {
        more = stream_receive(block->handle, block, buffer, &got);
        bytes = 0;
        for (guint i = 0; i < block->runs->len; i++)
            bytes += ((Run *)block->runs->pdata[i])->bytes ? ((Run *)block->runs->pdata[i])->length : 0;
    }
    block->short_end = more == 0 && got < block->length;
    if (ok && (more < 0 || (more == 0 && virStreamFinish(block->handle) < 0)))
        ok = fct_virt_fail(error, "Volume %s could not be read", block->name);
    else if (ok && more == 0)
        virStreamFree(g_steal_pointer(&block->handle));
    drop_handle(block); /* or enough for now: the rest of a long window of holes is asked for again */
    return ok;
}

static gboolean stream_fill(Stream *stream, GError **error)
{
    g_autoptr(Block) block = block_new(stream);
    block->offset = stream->at;
    block->length = stream->end < 0 ? stream->window : MIN(stream->window, stream->end - stream->at);
    block->runs = g_ptr_array_new_with_free_func(run_free);
    if (block->length == 0) {
        stream->at_end = TRUE;
        return TRUE;
    }
    if (!stream_call(stream, block, read_window, BLOCK_MS, error))
        return FALSE;
    gboolean data = FALSE;
    g_ptr_array_unref(stream->runs);
    stream->runs = g_steal_pointer(&block->runs);
    stream->used = 0;
    stream->at_end = block->short_end || !stream->runs->len;
    for (guint i = 0; i < stream->runs->len; i++) {
        const Run *run = stream->runs->pdata[i];
        stream->at += run->length;
        data |= run->bytes != NULL;
    }
    stream->window = data ? WINDOW : MIN(stream->window * 4, WINDOW_MAX);
    return TRUE;
}

gssize fct_virt_stream_read(FctVmmStream *base, guint8 *bytes, gsize length, gint64 *ret_hole, GError **error)
{
    Stream *stream = (Stream *)base;
    if (ret_hole)
        *ret_hole = 0;
    while (!stream->runs->len && !stream->at_end)
        if (!stream_fill(stream, error))
            return -1;
    if (!stream->runs->len)
        return 0;
    Run *run = stream->runs->pdata[0];
    gint64 left = run->length - (gint64)stream->used;
    gsize n = (gsize)MIN((gint64)length, left);
    if (!run->bytes && ret_hole) {
        *ret_hole = left;
        n = (gsize)left;
    } else if (!run->bytes) {
        memset(bytes, 0, n);
    } else {
        memcpy(bytes, run->bytes->data + stream->used, n);
    }
    gboolean hole = !run->bytes && ret_hole;
    stream->used += n;
    if ((gint64)stream->used == run->length) {
        g_ptr_array_remove_index(stream->runs, 0);
        stream->used = 0;
    }
    return hole ? 0 : (gssize)n;
}

/* ---- writing ---- */

static gboolean begin_write(virStorageVolPtr volume, gpointer data, GError **error)
{
    Block *block = data;
    return stream_begin(volume, block, virStorageVolUpload, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM) ||
           fct_virt_fail(error, "Volume %s could not be written", block->name);
}

static gboolean open_write(virConnectPtr conn, gpointer data, GError **error)
{
    Block *block = data;
    gboolean ok = fct_virt_volume_begin(conn, block->pool, block->name, begin_write, block, error);
    if (!ok)
        drop_handle(block);
    return ok;
}

static gboolean send_block(virConnectPtr conn, gpointer data, GError **error)
{
    const Block *block = data;
    gsize left = 0;
    if (!block->bytes)
        return virStreamSendHole(block->handle, block->length, 0) == 0 ||
               fct_virt_fail(error, "Volume %s could not be written", block->name);
    const char *bytes = g_bytes_get_data(block->bytes, &left);
    while (left > 0) {
        int n = virStreamSend(block->handle, bytes, left);
        if (n <= 0)
            return fct_virt_fail(error, "Volume %s could not be written", block->name);
        bytes += n;
        left -= (gsize)n;
    }
    return TRUE;
}

static gboolean send_bytes(Stream *stream, const guint8 *bytes, gsize length, GError **error)
{
    g_autoptr(Block) block = block_new(stream);
    block->bytes = g_bytes_new(bytes, length);
    return stream_call(stream, block, send_block, BLOCK_MS, error);
}

gboolean fct_virt_stream_skip(FctVmmStream *base, gint64 length, GError **error)
{
    Stream *stream = (Stream *)base;
    g_autoptr(Block) block = block_new(stream);
    block->length = length;
    stream->at += length;
    return length <= 0 || stream_call(stream, block, send_block, BLOCK_MS, error);
}

static gboolean is_zero(const guint8 *bytes, gsize length)
{
    return length && !*bytes && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* How many bytes from the start are of one kind: zeros worth leaving out, or others. */
static gsize block_is_uniform(const guint8 *bytes, gsize length, gboolean *ret_zero)
{
    gsize n = 0;
    do {
        gsize grain = MIN((gsize)GRAIN, length - n);
        gboolean zero = grain == GRAIN && is_zero(bytes + n, grain);
        if (n == 0)
            *ret_zero = zero;
        else if (zero != *ret_zero)
            break;
        n += grain;
    } while (n < length && n < PIECE);
    return n;
}

gboolean fct_virt_stream_write(FctVmmStream *base, const guint8 *bytes, gsize length, gboolean fresh, GError **error)
{
    Stream *stream = (Stream *)base;
    while (length > 0) {
        gboolean zero = FALSE;
        gsize n = fresh ? block_is_uniform(bytes, length, &zero) : MIN(length, (gsize)PIECE);
        if (zero ? !fct_virt_stream_skip(base, (gint64)n, error) : !send_bytes(stream, bytes, n, error))
            return FALSE;
        bytes += n;
        length -= n;
    }
    return TRUE;
}

static gboolean end_stream(virConnectPtr conn, gpointer data, GError **error)
{
    const Block *block = data;
    if (!block->finish)
        return virStreamAbort(block->handle) == 0 || fct_virt_fail(error, "A transfer could not be stopped");
    return virStreamFinish(block->handle) == 0 || fct_virt_fail(error, "Volume %s could not be written", block->name);
}

/* ---- both ---- */

gboolean fct_virt_stream_close(FctVmmStream *base, gboolean finish, GError **error)
{
    Stream *stream = (Stream *)base;
    gboolean ok = TRUE;
    if (stream->handle) {
        g_autoptr(Block) block = block_new(stream);
        block->finish = finish && !stream->failed;
        ok = stream_call(stream, block, end_stream, END_MS, finish ? error : NULL) || !finish;
        virStreamFree(stream->handle);
    }
    g_ptr_array_unref(stream->runs);
    g_free(stream->pool);
    g_free(stream->name);
    g_free(stream->id);
    g_free(stream);
    return ok;
}

FctVmmStream *fct_virt_volume_open(FctVmm *vmm, const char *pool, const char *name, gboolean write, gint64 offset,
                                   gint64 length, GError **error)
{
    Stream *stream = g_new0(Stream, 1);
    *stream = (Stream){.base.vmm = vmm,
                       .pool = g_strdup(pool),
                       .name = g_strdup(name),
                       .write = write,
                       .at = offset,
                       .end = length > 0 ? offset + length : -1,
                       .window = WINDOW};
    /* Transfers of one pool take turns, block by block, so that a hanging pool takes a single place of the lane. */
    stream->id = g_strconcat(FCT_VIRT_POOL, pool, " (transfers)", NULL);
    stream->runs = g_ptr_array_new_with_free_func(run_free);
    if (!write) {
        if (stream_fill(stream, error))
            return &stream->base;
    } else {
        g_autoptr(Block) block = block_new(stream);
        block->offset = offset;
        block->length = length;
        if (stream_call(stream, block, open_write, OPEN_MS, error)) {
            stream->handle = g_steal_pointer(&block->handle);
            return &stream->base;
        }
    }
    fct_virt_stream_close(&stream->base, FALSE, NULL);
    return NULL;
}
