/* SPDX-License-Identifier: Apache-2.0 */
/* Storage pools. Calls to one pool wait for one another, but not for other pools: see FCT_LANE_STORAGE. */
#include "base/text.h"
#include "virt/virt.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define READ_MS 10000
#define CHANGE_MS 60000 /* a mount, a scan of a big folder */

typedef struct {
    char *name;
    char *xml;
    gboolean build; /* make the folder or mount point first */
    gint abandoned; /* atomic: nobody waits any more, so nothing may be left behind */
    GPtrArray *list;
} Order;

static void order_clear(gpointer data)
{
    Order *order = data;
    g_free(order->name);
    g_free(order->xml);
    g_clear_pointer(&order->list, g_ptr_array_unref);
}

static void order_release(Order *order)
{
    g_atomic_rc_box_release_full(order, order_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_release)

static Order *order_new(const char *name)
{
    Order *order = g_atomic_rc_box_new0(Order);
    order->name = g_strdup(name);
    return order;
}

static gboolean pool_call(FctVmm *vmm, Order *order, FctVirtFn fn, int deadline_ms, GError **error)
{
    g_autofree char *id = order->name ? g_strconcat(FCT_VIRT_POOL, order->name, NULL) : NULL;
    return fct_virt_call((FctVirt *)vmm, FCT_LANE_STORAGE, id, deadline_ms, fn, order, order_clear, error);
}

/* ---- reading ---- */

/* libvirt computes a folder's room when it scans the folder; the file system knows the present one. */
static void pool_read_folder(FctPool *pool)
{
    struct statvfs fs;
    char real[PATH_MAX];
    if (strcmp(pool->kind, "dir") != 0 || statvfs(pool->path, &fs) < 0)
        return;
    if (realpath(pool->path, real))
        fct_text_set(&pool->real, real);
    pool->capacity = (gint64)(fs.f_blocks * fs.f_frsize);
    pool->available = (gint64)(fs.f_bavail * fs.f_frsize);
    pool->allocated = (gint64)((fs.f_blocks - fs.f_bfree) * fs.f_frsize);
}

static FctPool *pool_read(virStoragePoolPtr handle, GError **error)
{
    char *xml = virStoragePoolGetXMLDesc(handle, 0);
    g_autoptr(FctPool) pool = xml ? fct_pool_read(xml, error) : NULL;
    virStoragePoolInfo info;
    int autostart = 0;
    if (!xml)
        fct_virt_set_error(error, "A storage pool could not be read");
    free(xml);
    if (!pool)
        return NULL;
    virStoragePoolGetAutostart(handle, &autostart);
    pool->autostart = autostart;
    pool->active = virStoragePoolIsActive(handle) == 1;
    if (pool->active && virStoragePoolGetInfo(handle, &info) == 0) {
        pool->capacity = (gint64)info.capacity;
        pool->allocated = (gint64)info.allocation;
        pool->available = (gint64)info.available;
        pool->volumes = virStoragePoolNumOfVolumes(handle);
        pool_read_folder(pool);
    }
    return g_steal_pointer(&pool);
}

static gboolean pools_read_all(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    virStoragePoolPtr *handles = NULL;
    int n = virConnectListAllStoragePools(conn, &handles, 0);
    if (n < 0)
        return fct_virt_fail(error, "The storage pools could not be listed");
    order->list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_pool_free);
    for (int i = 0; i < n; i++) {
        g_autoptr(GError) fault = NULL;
        FctPool *pool = pool_read(handles[i], &fault);
        if (pool)
            g_ptr_array_add(order->list, pool);
        else if (fault->code != FCT_ERROR_NOT_FOUND) /* gone meanwhile is no fault */
            g_warning("%s", fault->message);
        virStoragePoolFree(handles[i]);
    }
    free(handles);
    return TRUE;
}

GPtrArray *fct_virt_pools(FctVmm *vmm, GError **error)
{
    g_autoptr(Order) order = order_new(NULL);
    if (!pool_call(vmm, order, pools_read_all, READ_MS, error))
        return NULL;
    return g_steal_pointer(&order->list);
}

/* ---- changing ---- */

static void pool_undefine(virStoragePoolPtr handle)
{
    if (virStoragePoolIsActive(handle) == 1)
        virStoragePoolDestroy(handle);
    virStoragePoolUndefine(handle);
}

static gboolean pool_do_create(virConnectPtr conn, gpointer data, GError **error)
{
    Order *order = data;
    virStoragePoolPtr present = virStoragePoolLookupByName(conn, order->name);
    if (present) { /* defining would replace it */
        virStoragePoolFree(present);
        return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                                  "There is a storage pool %s already.", order->name);
    }
    virStoragePoolPtr handle = virStoragePoolDefineXML(conn, order->xml, 0);
    if (!handle)
        return fct_virt_fail(error, "Storage pool %s could not be defined", order->name);
    gboolean ok = (!order->build || virStoragePoolBuild(handle, 0) == 0) && virStoragePoolCreate(handle, 0) == 0 &&
                  virStoragePoolSetAutostart(handle, 1) == 0;
    if (!ok)
        fct_virt_fail(error, "Storage pool %s could not be started", order->name);
    if (!ok || g_atomic_int_get(&order->abandoned))
        pool_undefine(handle);
    virStoragePoolFree(handle);
    return ok;
}

gboolean fct_virt_pool_create(FctVmm *vmm, const FctPoolInput *input, GError **error)
{
    g_autoptr(Order) order = order_new(input->name);
    g_autoptr(GError) fault = NULL;
    order->xml = fct_pool_xml(input);
    order->build = strcmp(input->kind, "lvm") != 0; /* that would create a volume group */
    if (pool_call(vmm, order, pool_do_create, CHANGE_MS, &fault))
        return TRUE;
    g_atomic_int_set(&order->abandoned, 1);
    return fct_error_pass(error, &fault);
}

static virStoragePoolPtr pool_find_handle(virConnectPtr conn, const char *name, GError **error)
{
    virStoragePoolPtr handle = virStoragePoolLookupByName(conn, name);
    if (!handle)
        fct_virt_fail(error, "Storage pool %s could not be found", name);
    return handle;
}

static gboolean pool_do_start(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virStoragePoolPtr handle = pool_find_handle(conn, order->name, error);
    if (!handle)
        return FALSE;
    gboolean ok = virStoragePoolIsActive(handle) == 1 || virStoragePoolCreate(handle, 0) == 0;
    if (!ok)
        fct_virt_fail(error, "Storage pool %s could not be started", order->name);
    virStoragePoolFree(handle);
    return ok;
}

gboolean fct_virt_pool_start(FctVmm *vmm, const char *pool, GError **error)
{
    g_autoptr(Order) order = order_new(pool);
    return pool_call(vmm, order, pool_do_start, CHANGE_MS, error);
}

static gboolean do_stop(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virStoragePoolPtr handle = pool_find_handle(conn, order->name, error);
    if (!handle)
        return FALSE;
    gboolean ok = virStoragePoolIsActive(handle) != 1 || virStoragePoolDestroy(handle) == 0;
    if (!ok)
        fct_virt_fail(error, "Storage pool %s could not be stopped", order->name);
    virStoragePoolFree(handle);
    return ok;
}

gboolean fct_virt_pool_stop(FctVmm *vmm, const char *pool, GError **error)
{
    g_autoptr(Order) order = order_new(pool);
    return pool_call(vmm, order, do_stop, CHANGE_MS, error);
}

static gboolean do_refresh(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virStoragePoolPtr handle = pool_find_handle(conn, order->name, error);
    if (!handle)
        return FALSE;
    gboolean ok = virStoragePoolRefresh(handle, 0) == 0;
    if (!ok)
        fct_virt_fail(error, "Storage pool %s could not be scanned", order->name);
    virStoragePoolFree(handle);
    return ok;
}

gboolean fct_virt_pool_refresh(FctVmm *vmm, const char *pool, GError **error)
{
    g_autoptr(Order) order = order_new(pool);
    return pool_call(vmm, order, do_refresh, CHANGE_MS, error);
}

static gboolean pool_do_delete(virConnectPtr conn, gpointer data, GError **error)
{
    const Order *order = data;
    virStoragePoolPtr handle = virStoragePoolLookupByName(conn, order->name);
    if (!handle)
        return virGetLastErrorCode() == VIR_ERR_NO_STORAGE_POOL ||
               fct_virt_fail(error, "Storage pool %s could not be found", order->name);
    g_autoptr(FctPool) pool = pool_read(handle, error);
    gboolean ok = pool && pool->ours;
    if (pool && !pool->ours)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Manage it with the program that made it.", NULL,
                           "Storage pool %s was not made by Facet and is left alone.", order->name);
    if (ok && ((pool->active && virStoragePoolDestroy(handle) < 0) || virStoragePoolUndefine(handle) < 0))
        ok = fct_virt_fail(error, "Storage pool %s could not be deleted", order->name);
    virStoragePoolFree(handle);
    return ok;
}

gboolean fct_virt_pool_delete(FctVmm *vmm, const char *pool, GError **error)
{
    g_autoptr(Order) order = order_new(pool);
    return pool_call(vmm, order, pool_do_delete, CHANGE_MS, error);
}
