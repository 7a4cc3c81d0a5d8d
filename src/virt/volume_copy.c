/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of whole volumes. We copy the bytes ourselves, so progress is exact and cancelling works at once. A volume
 * that stands on others, or whose format changes, is copied by a QEMU of ours (volume_convert.c). Onto a device only
 * libvirt can convert (by qemu-img), which reports nothing and cannot be stopped: so progress is how much of the new
 * volume is allocated, and a cancelled copy is deleted when it ends. libvirt takes the source's format from its bytes,
 * so this is done only for a qcow2, whose first bytes no guest writes.
 */
#include "virt/virt.h"

#include <string.h>

#define TICK_MS 500
#define BLOCK (1024 * 1024)
#define META (1024 * 1024)

/* ---- by ourselves ---- */

static gboolean copy_carry(FctVmm *vmm, FctVmmStream *from, FctVmmStream *to, gint64 total, gint64 fresh_from,
                           FctVmmProgress progress, gpointer data, GError **error)
{
    g_autofree guint8 *buffer = g_malloc(BLOCK);
    gint64 at = 0, hole = 0;
    for (;;) {
        gssize n = vmm->ops->stream_read(from, buffer, BLOCK, &hole, error);
        if (n < 0)
            return FALSE;
        if (n == 0 && hole == 0)
            return TRUE;
        for (gint64 left = hole; left > 0 && at < fresh_from;) { /* what lies there already must go */
            gsize zeros = (gsize)MIN(MIN(left, (gint64)BLOCK), fresh_from - at);
            memset(buffer, 0, zeros);
            if (!vmm->ops->stream_write(to, buffer, zeros, FALSE, error))
                return FALSE;
            at += (gint64)zeros;
            left = hole -= (gint64)zeros;
        }
        if (n > 0 ? !vmm->ops->stream_write(to, buffer, (gsize)n, at >= fresh_from, error)
                  : hole > 0 && !vmm->ops->stream_skip(to, hole, error))
            return FALSE;
        at += n + hole;
        if (progress && !progress(MIN(at, total), total, data))
            return fct_set_error(error, FCT_ERROR_CANCELLED, "The copy was cancelled.");
    }
}

static gboolean copy_bytes(FctVmm *vmm, const FctVmmSource *from, const FctVolume *to, gboolean files,
                           FctVmmProgress progress, gpointer data, GError **error)
{
    gint64 fresh_from = strcmp(from->format, "qcow2") == 0 ? META : 0;
    FctVmmStream *reader = vmm->ops->volume_open(vmm, from->pool, from->name, FALSE, 0, 0, error);
    if (!reader)
        return FALSE;
    FctVmmStream *writer = vmm->ops->volume_open(vmm, to->pool, to->name, TRUE, 0, 0, error);
    gboolean ok = writer && copy_carry(vmm, reader, writer, MAX(from->bytes, 0), files ? fresh_from : G_MAXINT64,
                                       progress, data, error);
    if (writer && ok)
        ok = vmm->ops->stream_close(writer, TRUE, error);
    else if (writer)
        vmm->ops->stream_close(writer, FALSE, NULL);
    vmm->ops->stream_close(reader, FALSE, NULL);
    return ok;
}

/* ---- by libvirt ---- */

typedef struct {
    gint refs;
    FctVirt *virt;
    char *from_pool, *from_name, *pool, *name, *xml;
    GMutex lock;
    GCond cond;
    gboolean done, abandoned;
    GError *error;
} Convert;

static void convert_unref(Convert *c)
{
    if (!g_atomic_int_dec_and_test(&c->refs))
        return;
    g_free(c->from_pool);
    g_free(c->from_name);
    g_free(c->pool);
    g_free(c->name);
    g_free(c->xml);
    g_clear_error(&c->error);
    g_mutex_clear(&c->lock);
    g_cond_clear(&c->cond);
    fct_virt_unref(c->virt);
    g_free(c);
}

/* @ret: the new volume. */
static gboolean copy_convert(Convert *c, virConnectPtr conn, virStorageVolPtr *ret, GError **error)
{
    virStorageVolPtr from = fct_virt_find_volume(conn, c->from_pool, c->from_name, error);
    virStoragePoolPtr pool = from ? virStoragePoolLookupByName(conn, c->pool) : NULL;
    if (from && !pool)
        fct_virt_fail(error, "Storage pool %s could not be found", c->pool);
    *ret = pool ? virStorageVolCreateXMLFrom(pool, c->xml, from, 0) : NULL;
    if (pool && !*ret)
        fct_virt_fail(error, "Volume %s could not be copied", c->from_name);
    if (pool)
        virStoragePoolFree(pool);
    if (from)
        virStorageVolFree(from);
    return *ret != NULL;
}

/* On a connection of its own for as long as it takes. */
static gpointer convert_thread(gpointer data)
{
    Convert *c = data;
    GError *error = NULL;
    virStorageVolPtr volume = NULL;
    virConnectPtr conn = virConnectOpen(c->virt->uri);
    if (!conn)
        fct_virt_set_error(&error, "libvirt cannot be reached");
    else
        copy_convert(c, conn, &volume, &error);
    g_mutex_lock(&c->lock);
    c->done = TRUE;
    c->error = error;
    gboolean abandoned = c->abandoned;
    g_cond_broadcast(&c->cond);
    g_mutex_unlock(&c->lock);
    if (volume && abandoned)
        virStorageVolDelete(volume, 0);
    if (volume)
        virStorageVolFree(volume);
    if (conn)
        virConnectClose(conn);
    convert_unref(c);
    return NULL;
}

static gint64 allocated_now(FctVmm *vmm, const Convert *c)
{
    g_autoptr(FctVolume) volume = vmm->ops->volume(vmm, c->pool, c->name, NULL);
    return volume ? volume->allocated : 0;
}

static gboolean copy_follow(FctVmm *vmm, Convert *c, gint64 total, FctVmmProgress progress, gpointer data,
                            GError **error)
{
    gboolean go_on = TRUE;
    g_mutex_lock(&c->lock);
    while (!c->done && go_on) {
        gint64 until = g_get_monotonic_time() + TICK_MS * G_TIME_SPAN_MILLISECOND;
        if (g_cond_wait_until(&c->cond, &c->lock, until))
            continue;
        g_mutex_unlock(&c->lock);
        gint64 done = progress ? MAX(allocated_now(vmm, c), 0) : 0;
        go_on = !progress || progress(MIN(done, total), total, data);
        g_mutex_lock(&c->lock);
    }
    c->abandoned = !c->done;
    if (!c->done)
        fct_set_error(error, FCT_ERROR_CANCELLED,
                      "The copy was cancelled; what libvirt still writes is deleted after.");
    else
        fct_error_pass(error, &c->error);
    gboolean ok = c->done && (!error || !*error);
    g_mutex_unlock(&c->lock);
    return ok;
}

static gboolean copy_onto_device(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name,
                                 const char *format, FctVmmProgress progress, gpointer data, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolume) volume = vmm->ops->volume(vmm, from->pool, from->name, error);
    if (!volume)
        return FALSE;
    Convert *c = g_new0(Convert, 1);
    c->refs = 2;
    c->virt = fct_virt_ref((FctVirt *)vmm);
    c->from_pool = g_strdup(from->pool);
    c->from_name = g_strdup(from->name);
    c->pool = g_strdup(pool);
    c->name = g_strdup(name);
    c->xml = fct_volume_xml(name, format, volume->capacity, FALSE, NULL);
    g_mutex_init(&c->lock);
    g_cond_init(&c->cond);
    g_thread_unref(g_thread_new("volume-copy", convert_thread, c));
    gboolean ok = copy_follow(vmm, c, volume->capacity, progress, data, &fault);
    convert_unref(c);
    if (!ok)
        fct_error_pass(error, &fault);
    return ok;
}

/* ---- which ---- */

static const FctPool *copy_find_pool(const GPtrArray *pools, const char *name, GError **error)
{
    for (guint i = 0; i < pools->len; i++)
        if (strcmp(((FctPool *)pools->pdata[i])->name, name) == 0)
            return pools->pdata[i];
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no storage pool %s.", name);
    return NULL;
}

static gboolean copy_has_begun(FctVmmProgress progress, gpointer data, gint64 total, GError **error)
{
    if (!progress || progress(0, total, data))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_CANCELLED, "The copy was cancelled.");
}

/* Deletes what was made here and not filled, but not what somebody else has put in its place; returns @ok. */
static gboolean copy_settle(FctVmm *vmm, const FctVolume *made, gboolean ok)
{
    if (made && !ok)
        fct_virt_volume_unmake(vmm, made);
    return ok;
}

/* The bytes of an image can be copied as they are only if nothing must be put in front of them or below them. */
static gboolean copy_plain(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name, gboolean files,
                           FctVmmProgress progress, gpointer data, GError **error)
{
    gboolean qcow2 = strcmp(from->format, "qcow2") == 0;
    gint64 bytes = qcow2 ? META : from->bytes; /* a qcow2 says its size itself */
    g_autoptr(FctVolume) to = vmm->ops->volume_create(vmm, pool, name, from->format, bytes, NULL, error);
    return copy_settle(vmm, to,
                       to && copy_has_begun(progress, data, from->bytes, error) &&
                           copy_bytes(vmm, from, to, files, progress, data, error));
}

static gboolean volume_copy(FctVmm *vmm, const FctVmmSource *from, const FctPool *pool, const char *name,
                            const char *format, FctVmmProgress progress, gpointer data, GError **error)
{
    gboolean files = fct_pool_has_files(pool);
    if (strcmp(from->format, format) == 0 && !(from->below && from->below->len))
        return copy_plain(vmm, from, pool->name, name, files, progress, data, error);
    if (files)
        return fct_virt_volume_convert(vmm, from, pool->name, name, format, progress, data, error);
    if (strcmp(from->format, "qcow2") == 0)
        return copy_onto_device(vmm, from, pool->name, name, format, progress, data, error);
    return fct_set_error_full(error, FCT_ERROR_UNSUPPORTED, "Copy it into a pool of files first, then copy that.", NULL,
                              "Volume %s cannot be converted into pool %s, which has no files.", from->name,
                              pool->name);
}

FctVolume *fct_virt_volume_copy(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name,
                                const char *format, FctVmmProgress progress, gpointer data, GError **error)
{
    g_autoptr(GPtrArray) pools = vmm->ops->pools(vmm, error);
    const FctPool *target = pools ? copy_find_pool(pools, pool, error) : NULL;
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVolume) present = target ? vmm->ops->volume(vmm, pool, name, &fault) : NULL;
    if (!target)
        return NULL;
    if (present) {
        fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                           "There is a volume %s in pool %s already.", name, pool);
        return NULL;
    }
    if (fault->code != FCT_ERROR_NOT_FOUND) { /* the volume may exist */
        fct_error_pass(error, &fault);
        return NULL;
    }
    return volume_copy(vmm, from, target, name, format, progress, data, error)
               ? vmm->ops->volume(vmm, pool, name, error)
               : NULL;
}
