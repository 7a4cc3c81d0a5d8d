/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads. One runs libvirt's event loop; its callbacks only take notes, since a libvirt call there that waits on
 * the same connection would wait for ever. The other, the keeper, connects, reads what the notes are about, and calls
 * the watcher. libvirt's loop iterates GLib's default main context: a program that holds that context itself, as facetd
 * does, gets the callbacks on its own thread, and the thread of fct_virt_event_loop waits.
 */
#include "base/scope.h"
#include "virt/virt.h"

#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS 5000

/* @counts: the table in which this kind of event is counted; NULL: not counted. */
static void keeper_note_event(FctVirt *virt, virDomainPtr domain, GHashTable *counts)
{
    char id[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(domain, id) < 0) /* local: read from the handle */
        return;
    fct_autolock(&virt->lock);
    if (counts)
        g_hash_table_replace(counts, g_strdup(id),
                             GINT_TO_POINTER(GPOINTER_TO_INT(g_hash_table_lookup(counts, id)) + 1));
    if (counts == virt->starts) /* another run may have other devices */
        g_hash_table_remove(virt->described, id);
    g_hash_table_add(virt->changed, g_strdup(id));
    g_cond_broadcast(&virt->cond);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail, void *data)
{
    FctVirt *virt = data;
    keeper_note_event(virt, domain, event == VIR_DOMAIN_EVENT_STARTED ? virt->starts : NULL);
    return 0;
}

static void on_agent(virConnectPtr conn, virDomainPtr domain, int state, int reason, void *data)
{
    keeper_note_event(data, domain, NULL); /* the domain's XML tells the new state */
}

static void note_pool(virStoragePoolPtr pool, FctVirt *virt)
{
    fct_autolock(&virt->lock);
    g_hash_table_add(virt->pools, g_strdup(virStoragePoolGetName(pool))); /* local: read from the handle */
    g_cond_broadcast(&virt->cond);
}

static void keeper_on_pool(virConnectPtr conn, virStoragePoolPtr pool, int event, int detail, void *data)
{
    note_pool(pool, data);
}

static void on_pool_refresh(virConnectPtr conn, virStoragePoolPtr pool, void *data)
{
    note_pool(pool, data);
}

/* A driver without these events is read now and then. */
static void watch_pools(FctVirt *virt, virConnectPtr conn, int ids[2])
{
    ids[0] = virConnectStoragePoolEventRegisterAny(conn, NULL, VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
                                                   VIR_STORAGE_POOL_EVENT_CALLBACK(keeper_on_pool), fct_virt_ref(virt),
                                                   fct_virt_unref);
    ids[1] = virConnectStoragePoolEventRegisterAny(conn, NULL, VIR_STORAGE_POOL_EVENT_ID_REFRESH,
                                                   VIR_STORAGE_POOL_EVENT_CALLBACK(on_pool_refresh), fct_virt_ref(virt),
                                                   fct_virt_unref);
    for (int i = 0; i < 2; i++)
        if (ids[i] < 0)
            fct_virt_unref(virt);
}

static void on_reboot(virConnectPtr conn, virDomainPtr domain, void *data)
{
    FctVirt *virt = data;
    keeper_note_event(virt, domain, virt->reboots);
}

static void on_device(virConnectPtr conn, virDomainPtr domain, const char *alias, void *data)
{
    keeper_note_event(data, domain, NULL);
}

static void on_medium(virConnectPtr conn, virDomainPtr domain, const char *from, const char *to, const char *alias,
                      int reason, void *data)
{
    keeper_note_event(data, domain, NULL);
}

/* Only the first event is necessary; a driver that lacks others (the test driver) goes without. */
static const struct {
    int id;
    virConnectDomainEventGenericCallback func;
} watched[] = {
    {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
    {VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot)},
    {VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device)},
    {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device)},
    {VIR_DOMAIN_EVENT_ID_DISK_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_medium)},
    {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_agent)},
};
#define N_WATCHED G_N_ELEMENTS(watched)

static void note_networks(FctVirt *virt)
{
    fct_autolock(&virt->lock);
    virt->networks_changed = TRUE;
    g_cond_broadcast(&virt->cond);
}

static void on_network(virConnectPtr conn, virNetworkPtr network, int event, int detail, void *data)
{
    note_networks(data);
}

#if LIBVIR_CHECK_VERSION(9, 8, 0)
static void on_network_metadata(virConnectPtr conn, virNetworkPtr network, int type, const char *uri, void *data)
{
    note_networks(data);
}
#endif

/* A driver that reports nothing about its networks is read while a page is open. */
static int watch_network(FctVirt *virt, virConnectPtr conn, int event, virConnectNetworkEventGenericCallback told)
{
    int id = virConnectNetworkEventRegisterAny(conn, NULL, event, told, fct_virt_ref(virt), fct_virt_unref);
    if (id < 0)
        fct_virt_unref(virt);
    return id;
}

static void watch_networks(FctVirt *virt, virConnectPtr conn, int ids[2])
{
    ids[0] = watch_network(virt, conn, VIR_NETWORK_EVENT_ID_LIFECYCLE, VIR_NETWORK_EVENT_CALLBACK(on_network));
#if LIBVIR_CHECK_VERSION(9, 8, 0)
    ids[1] = watch_network(virt, conn, VIR_NETWORK_EVENT_ID_METADATA_CHANGE,
                           VIR_NETWORK_EVENT_CALLBACK(on_network_metadata));
#endif
}

static void keeper_unwatch(virConnectPtr conn, const int events[N_WATCHED], const int pools[2], const int networks[2])
{
    for (guint i = 0; i < N_WATCHED; i++)
        if (events[i] >= 0)
            virConnectDomainEventDeregisterAny(conn, events[i]);
    for (int i = 0; i < 2; i++) {
        if (pools[i] >= 0)
            virConnectStoragePoolEventDeregisterAny(conn, pools[i]);
        if (networks[i] >= 0)
            virConnectNetworkEventDeregisterAny(conn, networks[i]);
    }
}

static void close_all(virConnectPtr conns[FCT_N_LANES])
{
    for (int i = 0; i < FCT_N_LANES; i++)
        fct_virt_close(g_steal_pointer(&conns[i]));
}

static gboolean open_all(FctVirt *virt, virConnectPtr conns[FCT_N_LANES], int *events, GError **error)
{
    for (int i = 0; i < FCT_N_LANES; i++) {
        conns[i] = fct_virt_open(virt, error);
        if (!conns[i]) {
            close_all(conns);
            return FALSE;
        }
    }
    for (guint i = 0; i < N_WATCHED; i++) {
        events[i] = virConnectDomainEventRegisterAny(conns[FCT_LANE_QUERY], NULL, watched[i].id, watched[i].func,
                                                     fct_virt_ref(virt), fct_virt_unref);
        if (events[i] < 0)
            fct_virt_unref(virt);
    }
    if (events[0] >= 0)
        return TRUE;
    fct_virt_set_error(error, "libvirt cannot be reached");
    close_all(conns);
    return FALSE;
}

static void tell_done(FctVirt *virt)
{
    fct_autolock(&virt->lock);
    virt->telling = FALSE;
    g_cond_broadcast(&virt->cond);
}

/* The lock is not held, since the watcher may call back into us. */
static void tell_connection(FctVirt *virt, gboolean up)
{
    g_mutex_lock(&virt->lock);
    FctVmmConnection told = virt->on_connection;
    gpointer data = virt->watch_data;
    virt->telling = TRUE;
    g_mutex_unlock(&virt->lock);
    if (told)
        told(up, data);
    tell_done(virt);
}

/* @pool NULL: all. */
static void tell_storage(FctVirt *virt, const char *pool)
{
    g_mutex_lock(&virt->lock);
    FctVmmStorageChanged told = virt->on_storage;
    gpointer data = virt->storage_data;
    virt->telling = TRUE;
    g_mutex_unlock(&virt->lock);
    if (told)
        told(pool, data);
    tell_done(virt);
}

static void tell_networks(FctVirt *virt)
{
    g_mutex_lock(&virt->lock);
    virt->networks_changed = FALSE;
    FctVmmNetworks told = virt->on_networks;
    gpointer data = virt->networks_data;
    virt->telling = TRUE;
    g_mutex_unlock(&virt->lock);
    if (told)
        told(data);
    tell_done(virt);
}

static void keeper_tell_changed(FctVirt *virt, const char *id)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctVmInfo) info = fct_virt_read_info(virt, id, &fault);
    if (!info && fault->code != FCT_ERROR_NOT_FOUND) {
        if (fault->code != FCT_ERROR_LIBVIRT_DOWN) /* then everything is listed again when it is back */
            g_warning("VM %s: %s", id, fault->message);
        return;
    }
    g_mutex_lock(&virt->lock);
    FctVmmChanged told = virt->on_changed;
    gpointer data = virt->watch_data;
    virt->telling = TRUE;
    g_mutex_unlock(&virt->lock);
    if (told)
        told(id, info, data);
    tell_done(virt);
}

/* Passes news on until the connection is lost or the keeper is to end. */
static void keeper_serve(FctVirt *virt)
{
    g_mutex_lock(&virt->lock);
    while (!virt->quit && !virt->lost) {
        GHashTableIter iter;
        gpointer id;
        g_hash_table_iter_init(&iter, virt->pools);
        if (virt->announce_storage) {
            virt->announce_storage = FALSE;
            g_mutex_unlock(&virt->lock);
            tell_storage(virt, NULL);
            g_mutex_lock(&virt->lock);
            continue;
        }
        if (virt->networks_changed) {
            g_mutex_unlock(&virt->lock);
            tell_networks(virt);
            g_mutex_lock(&virt->lock);
            continue;
        }
        if (g_hash_table_iter_next(&iter, &id, NULL)) {
            g_hash_table_iter_steal(&iter);
            g_mutex_unlock(&virt->lock);
            tell_storage(virt, id);
            g_free(id);
            g_mutex_lock(&virt->lock);
            continue;
        }
        g_hash_table_iter_init(&iter, virt->changed);
        if (virt->announce) {
            virt->announce = FALSE;
            g_mutex_unlock(&virt->lock);
            tell_connection(virt, TRUE);
            g_mutex_lock(&virt->lock);
        } else if (g_hash_table_iter_next(&iter, &id, NULL)) {
            g_hash_table_iter_steal(&iter);
            g_mutex_unlock(&virt->lock);
            keeper_tell_changed(virt, id);
            g_free(id);
            g_mutex_lock(&virt->lock);
        } else {
            g_cond_wait(&virt->cond, &virt->lock);
        }
    }
    g_mutex_unlock(&virt->lock);
}

static void set_connections(FctVirt *virt, virConnectPtr conns[FCT_N_LANES], gboolean up)
{
    virConnectPtr more[FCT_N_LANES * FCT_PER_LANE];
    int n = 0;
    g_mutex_lock(&virt->lock);
    for (int i = 0; i < FCT_N_LANES; i++) {
        virt->conns[i][0] = up ? conns[i] : NULL;
        for (int k = 1; k < FCT_PER_LANE; k++)
            more[n++] = g_steal_pointer(&virt->conns[i][k]);
    }
    virt->up = up;
    virt->connected += up ? 1 : 0;
    virt->announce = virt->announce_storage = virt->networks_changed = up;
    json_decref(virt->facts); /* libvirtd may have been replaced by a newer version */
    virt->facts = NULL;
    g_hash_table_remove_all(virt->changed);
    g_hash_table_remove_all(virt->pools);
    g_hash_table_remove_all(virt->reboots);
    g_hash_table_remove_all(virt->starts);
    g_hash_table_remove_all(virt->described);
    if (!up)
        g_hash_table_remove_all(virt->running);
    g_cond_broadcast(&virt->cond);
    g_mutex_unlock(&virt->lock);
    while (n)
        fct_virt_close(more[--n]);
}

/* Waits out the pause before the next try; FALSE when the keeper is to end. */
static gboolean pause_ms(FctVirt *virt, int ms)
{
    gint64 until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
    fct_autolock(&virt->lock);
    while (!virt->quit && g_cond_wait_until(&virt->cond, &virt->lock, until))
        ;
    return !virt->quit;
}

static gpointer keeper_run(gpointer data)
{
    FctVirt *virt = data;
    int backoff = BACKOFF_FIRST_MS;
    gboolean said = FALSE;
    while (TRUE) {
        virConnectPtr conns[FCT_N_LANES] = {NULL};
        int events[N_WATCHED], pools[2] = {-1, -1}, networks[2] = {-1, -1};
        g_autoptr(GError) fault = NULL;
        g_mutex_lock(&virt->lock);
        virt->lost = FALSE;
        g_mutex_unlock(&virt->lock);
        if (!open_all(virt, conns, events, &fault)) {
            if (!said) {
                g_message("%s", fault->message);
                tell_connection(virt, FALSE);
            }
            said = TRUE;
            if (!pause_ms(virt, backoff))
                break;
            backoff = MIN(backoff * 2, BACKOFF_MAX_MS);
            continue;
        }
        said = FALSE;
        backoff = BACKOFF_FIRST_MS;
        watch_pools(virt, conns[FCT_LANE_QUERY], pools);
        watch_networks(virt, conns[FCT_LANE_QUERY], networks);
        set_connections(virt, conns, TRUE);
        keeper_serve(virt);
        set_connections(virt, conns, FALSE);
        keeper_unwatch(conns[FCT_LANE_QUERY], events, pools, networks);
        close_all(conns);
        if (!pause_ms(virt, 0))
            break;
        g_message("The connection to libvirt was lost.");
        tell_connection(virt, FALSE);
        tell_networks(virt);
    }
    fct_virt_unref(virt);
    return NULL;
}

void fct_virt_connect(FctVirt *virt)
{
    virt->keeper = g_thread_new("libvirt-keeper", keeper_run, fct_virt_ref(virt));
}
