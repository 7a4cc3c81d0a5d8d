/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes of storage pools. */
#include "base/text.h"
#include "virt/virt.h"

#include <string.h>

#define READ_MS 15000
#define LIST_MS 30000
#define CHANGE_MS 60000
#define BEGIN_TRIES 20
#define BEGIN_AGAIN_US (100 * 1000)

typedef struct {
    char *pool, *name, *format;
    gint64 bytes;
    FctLayer *backing; /* NULL: none */
    FctVolume *volume; /* the result */
    GPtrArray *list;
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->pool);
    g_free(order->name);
    g_free(order->format);
    g_clear_pointer(&order->backing, fct_layer_free);
    fct_volume_free(order->volume);
    g_clear_pointer(&order->list, g_ptr_array_unref);
}

static void order_release(Order *order)
{
    g_atomic_rc_box_release_full(order, order_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_release)

static Order *order_new(const char *pool, const char *name)
{
    Order *order = g_atomic_rc_box_new0(Order);
    order->pool = g_strdup(pool);
    order->name = g_strdup(name);
    return order;
}

static gboolean volume_call(FctVmm *vmm, Order *order, FctVirtFn fn, int deadline_ms, GError **error)
{
    g_autofree char *id = g_strconcat(FCT_VIRT_POOL, order->pool, NULL);
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_STORAGE, id, deadline_ms, fn, order, order_clear, error);
}

/* ---- reading ---- */

static virStoragePoolPtr volume_find_pool(virConnectPtr conn, const char *name, GError **error)
{
    virStoragePoolPtr handle = virStoragePoolLookupByName(conn, name);
    if (!handle)
        fct_virt_fail(error, "Storage pool %s could not be found", name);
    return handle;
}

static FctPool *volume_pool_describe(virStoragePoolPtr handle)
{
    char *xml = virStoragePoolGetXMLDesc(handle, 0);
    FctPool *pool = xml ? fct_pool_read(xml, NULL) : NULL;
    free(xml);
    return pool;
}

static gboolean is_inside(virStoragePoolPtr handle, virStorageVolPtr volume, const char *name, GError **error)
{
    g_autoptr(FctPool) pool = volume_pool_describe(handle);
    char *path = virStorageVolGetPath(volume);
    const char *why = pool && path ? fct_virt_volume_outside(pool, path) : "It could not be looked at.";
    free(path);
    if (!why)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_REFUSED, "Put the file itself into the pool's folder.",
                              json_pack("{s:s, s:[s]}", "field", "volume", "reasons", why),
                              "Volume %s is not opened. %s", name, why);
}

/* @inside: only a volume that lies in its pool. */
static virStorageVolPtr volume_find(virConnectPtr conn, const char *pool, const char *name, gboolean inside,
                                    GError **error)
{
    virStoragePoolPtr handle = volume_find_pool(conn, pool, error);
    virStorageVolPtr volume = handle ? virStorageVolLookupByName(handle, name) : NULL;
    if (handle && !volume)
        fct_virt_fail(error, "Volume %s of pool %s could not be found", name, pool);
    if (volume && inside && !is_inside(handle, volume, name, error)) {
        virStorageVolFree(volume);
        volume = NULL;
    }
    if (handle)
        virStoragePoolFree(handle);
    return volume;
}

virStorageVolPtr fct_virt_find_volume(virConnectPtr conn, const char *pool, const char *name, GError **error)
{
    return volume_find(conn, pool, name, TRUE, error);
}

/* 1: begun; 0: the folder was changed meanwhile, so it is unknown what was opened; -1 with the error set. */
static int begin_once(virStoragePoolPtr handle, const char *name, FctVirtBegin begin, gpointer data, GError **error)
{
    g_autoptr(FctPool) pool = volume_pool_describe(handle);
    g_auto(FctVirtMark) mark = {0};
    virStorageVolPtr volume = NULL;
    if (pool && !fct_virt_mark_set(&mark, pool))
        return 0;
    if (!(volume = virStorageVolLookupByName(handle, name))) {
        fct_virt_fail(error, "Volume %s could not be found", name);
        return -1;
    }
    int result = is_inside(handle, volume, name, error) && begin(volume, data, error) ? 1 : -1;
    if (result == 1 && !fct_virt_mark_holds(&mark))
        result = 0;
    virStorageVolFree(volume);
    return result;
}

gboolean fct_virt_volume_begin(virConnectPtr conn, const char *pool, const char *name, FctVirtBegin begin,
                               gpointer data, GError **error)
{
    virStoragePoolPtr handle = volume_find_pool(conn, pool, error);
    int result = handle ? 0 : -1;
    for (guint i = 0; result == 0 && i < BEGIN_TRIES; i++) {
        g_usleep(i ? BEGIN_AGAIN_US : 0);
        result = begin_once(handle, name, begin, data, error);
    }
    if (result == 0)
        fct_set_error_full(error, FCT_ERROR_CONFLICT,
                           "Let only root write to the pool's folder, or wait until nobody changes it.", NULL,
                           "Volume %s is not opened: the folder of pool %s is changed all the time.", name, pool);
    if (handle)
        virStoragePoolFree(handle);
    return result == 1;
}

/* FALSE for a name that no request can express, and that could be mistaken for another when it is shown. */
static gboolean has_plain_name(virStorageVolPtr handle, GError **error)
{
    const char *name = virStorageVolGetName(handle);
    if (name && g_utf8_validate(name, -1, NULL))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_LIBVIRT, "A volume has a name that is no UTF-8 text.");
}

static FctVolume *volume_read(virStorageVolPtr handle, const FctPool *pool, GError **error)
{
    char *xml = virStorageVolGetXMLDesc(handle, 0);
    FctVolume *volume = xml ? fct_volume_read(xml, error) : NULL;
    if (!xml)
        fct_virt_fail(error, "A volume of pool %s could not be read", pool->name);
    free(xml);
    if (!volume || !has_plain_name(handle, error)) {
        fct_volume_free(volume);
        return NULL;
    }
    fct_text_set(&volume->pool, pool->name);
    fct_virt_volume_inspect(pool, volume);
    return volume;
}

static gboolean do_read(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    virStoragePoolPtr handle = volume_find_pool(conn, order->pool, error);
    g_autoptr(FctPool) pool = handle ? volume_pool_describe(handle) : NULL;
    virStorageVolPtr volume = pool ? volume_find(conn, order->pool, order->name, FALSE, error) : NULL;
    if (handle && !pool)
        fct_virt_fail(error, "Storage pool %s could not be read", order->pool);
    order->volume = volume ? volume_read(volume, pool, error) : NULL;
    if (volume)
        virStorageVolFree(volume);
    if (handle)
        virStoragePoolFree(handle);
    return order->volume != NULL;
}

FctVolume *fct_virt_volume(FctVmm *vmm, const char *pool, const char *name, GError **error)
{
    g_autoptr(Order) order = order_new(pool, name);
    return volume_call(vmm, order, do_read, READ_MS, error) ? g_steal_pointer(&order->volume) : NULL;
}

static gboolean do_list(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    virStorageVolPtr *handles = NULL;
    virStoragePoolPtr pool = volume_find_pool(conn, order->pool, error);
    g_autoptr(FctPool) info = pool ? volume_pool_describe(pool) : NULL;
    if (!pool)
        return FALSE;
    order->list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_volume_free);
    int n = info && virStoragePoolIsActive(pool) == 1 ? virStoragePoolListAllVolumes(pool, &handles, 0) : info ? 0 : -1;
    virStoragePoolFree(pool);
    if (n < 0)
        return fct_virt_fail(error, "The volumes of pool %s could not be listed", order->pool);
    for (int i = 0; i < n; i++) {
        g_autoptr(GError) fault = NULL;
        FctVolume *volume = volume_read(handles[i], info, &fault);
        if (volume)
            g_ptr_array_add(order->list, volume);
        else if (fault->code != FCT_ERROR_NOT_FOUND) /* gone meanwhile is no fault */
            g_info("%s", fault->message);
        virStorageVolFree(handles[i]);
    }
    free(handles);
    return TRUE;
}

GPtrArray *fct_virt_volumes(FctVmm *vmm, const char *pool, GError **error)
{
    g_autoptr(Order) order = order_new(pool, NULL);
    return volume_call(vmm, order, do_list, LIST_MS, error) ? g_steal_pointer(&order->list) : NULL;
}

/* ---- changing ---- */

/*
 * For a thin disk in a pool without files, libvirt makes what is not allocated as a thin volume, and does that badly.
 */
static gboolean is_thin(virStoragePoolPtr pool)
{
    g_autoptr(FctPool) info = volume_pool_describe(pool);
    return info && fct_pool_has_files(info);
}

static gboolean volume_is_free(virStoragePoolPtr pool, const Order *order, GError **error)
{
    virStorageVolPtr present = virStorageVolLookupByName(pool, order->name);
    if (!present)
        return TRUE;
    virStorageVolFree(present);
    return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                              "There is a volume %s in pool %s already.", order->name, order->pool);
}

static virStorageVolPtr volume_make(virStoragePoolPtr pool, const Order *order, GError **error)
{
    g_autofree char *xml = fct_volume_xml(order->name, order->format, order->bytes, is_thin(pool), order->backing);
    g_autoptr(GError) fault = NULL;
    virStorageVolPtr handle = virStorageVolCreateXML(pool, xml, 0);
    if (handle)
        return handle;
    int code = virGetLastErrorCode();
    gboolean maybe = code == VIR_ERR_OPERATION_INVALID || code == VIR_ERR_OPERATION_FAILED;
    fct_virt_fail(&fault, "Volume %s could not be made", order->name);
    /* libvirt does not overwrite files, and lists one that came into the folder without it only after a scan. */
    if (!maybe || virStoragePoolRefresh(pool, 0) < 0 || volume_is_free(pool, order, error))
        fct_error_pass(error, &fault);
    return NULL;
}

static gboolean volume_do_create(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    virStoragePoolPtr pool = volume_find_pool(conn, order->pool, error);
    virStorageVolPtr handle = pool && volume_is_free(pool, order, error) ? volume_make(pool, order, error) : NULL;
    g_autoptr(FctPool) info = handle ? volume_pool_describe(pool) : NULL;
    order->volume = info ? volume_read(handle, info, error) : NULL;
    if (handle && !info)
        fct_virt_fail(error, "Storage pool %s could not be read", order->pool);
    if (handle)
        virStorageVolFree(handle);
    if (pool)
        virStoragePoolFree(pool);
    return order->volume != NULL;
}

FctVolume *fct_virt_volume_create(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                                  const FctLayer *backing, GError **error)
{
    g_autoptr(Order) order = order_new(pool, name);
    order->format = g_strdup(format);
    order->bytes = bytes;
    order->backing = backing ? fct_layer_new(backing->path, backing->format) : NULL;
    return volume_call(vmm, order, volume_do_create, CHANGE_MS, error) ? g_steal_pointer(&order->volume) : NULL;
}

static gboolean refuse_smaller(const char *name, GError **error)
{
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "A smaller disk would lose what is at its end.",
                              json_pack("{s:s}", "field", "size_gib"), "Volume %s is larger than that already.", name);
}

static gboolean volume_do_grow(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virStorageVolPtr handle = fct_virt_find_volume(conn, order->pool, order->name, error);
    virStorageVolInfo info;
    gboolean ok = handle && virStorageVolGetInfo(handle, &info) == 0;
    if (handle && !ok)
        fct_virt_fail(error, "Volume %s could not be read", order->name);
    if (ok && (gint64)info.capacity > order->bytes)
        ok = refuse_smaller(order->name, error);
    else if (ok && (gint64)info.capacity < order->bytes)
        ok = virStorageVolResize(handle, (guint64)order->bytes, 0) == 0 ||
             fct_virt_fail(error, "Volume %s could not be grown", order->name);
    if (handle)
        virStorageVolFree(handle);
    return ok;
}

/*
 * libvirt would grow a raw file as the format that its first bytes claim, and those are a guest's. So a hole is written
 * behind its end, and after that a byte, which makes the file that long on every file system.
 */
static gboolean grow_raw(FctVmm *vmm, const FctVolume *volume, gint64 bytes, GError **error)
{
    static const guint8 zero = 0;
    gint64 more = bytes - volume->physical;
    if (more <= 0)
        return more == 0 || refuse_smaller(volume->name, error);
    FctVmmStream *stream = vmm->ops->volume_open(vmm, volume->pool, volume->name, TRUE, volume->physical, more, error);
    if (!stream)
        return FALSE;
    gboolean ok =
        vmm->ops->stream_skip(stream, more - 1, error) && vmm->ops->stream_write(stream, &zero, 1, FALSE, error);
    return vmm->ops->stream_close(stream, ok, ok ? error : NULL) && ok;
}

gboolean fct_virt_volume_grow(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                              GError **error)
{
    g_autoptr(Order) order = order_new(pool, name);
    order->bytes = bytes;
    g_autoptr(FctVolume) volume = strcmp(format, "raw") == 0 ? vmm->ops->volume(vmm, pool, name, error) : NULL;
    if (strcmp(format, "raw") == 0 && !volume)
        return FALSE;
    if (volume && volume->physical >= 0 && !fct_path_is_device(volume->path))
        return grow_raw(vmm, volume, bytes, error);
    return volume_call(vmm, order, volume_do_grow, CHANGE_MS, error);
}

static gboolean volume_do_delete(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    g_autoptr(GError) fault = NULL;
    /* A symbolic link in the pool may be deleted: what it leads to stays. */
    virStorageVolPtr handle = volume_find(conn, order->pool, order->name, FALSE, &fault);
    if (!handle && fault->code == FCT_ERROR_NOT_FOUND)
        return TRUE;
    if (!handle)
        return fct_error_pass(error, &fault);
    gboolean ok =
        virStorageVolDelete(handle, 0) == 0 || fct_virt_fail(error, "Volume %s could not be deleted", order->name);
    virStorageVolFree(handle);
    return ok;
}

gboolean fct_virt_volume_delete(FctVmm *vmm, const char *pool, const char *name, GError **error)
{
    g_autoptr(Order) order = order_new(pool, name);
    return volume_call(vmm, order, volume_do_delete, CHANGE_MS, error);
}

void fct_virt_volume_unmake(FctVmm *vmm, const FctVolume *made)
{
    g_autoptr(FctVolume) there = vmm->ops->volume(vmm, made->pool, made->name, NULL);
    if (!there || (*made->inode && *there->inode && strcmp(made->inode, there->inode) != 0))
        return;
    fct_virt_volume_delete(vmm, made->pool, made->name, NULL);
}
