/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to libvirt, and libvirt's event loop; keeper.c keeps the connections up. */
#include "base/scope.h"
#include "virt/virt.h"

#define KEEPALIVE_S 5
#define KEEPALIVE_COUNT 3

static gpointer event_loop(gpointer data)
{
    for (;;)
        if (virEventRunDefaultImpl() < 0)
            g_usleep(100 * 1000); /* poll failed for lack of memory: do not spin */
    return NULL;
}

void fct_virt_event_loop(void)
{
    static gsize once;
    if (!g_once_init_enter(&once))
        return;
    virEventRegisterDefaultImpl();
    /* libvirt's loop cannot be unregistered, so this thread runs as long as the process. */
    g_thread_unref(g_thread_new("libvirt-events", event_loop, NULL));
    g_once_init_leave(&once, 1);
}

static void on_close(virConnectPtr conn, int reason, void *data)
{
    FctVirt *virt = data;
    fct_autolock(&virt->lock);
    virt->lost = TRUE;
    g_cond_broadcast(&virt->cond);
}

virConnectPtr fct_virt_open(FctVirt *virt, GError **error)
{
    virConnectPtr conn = virConnectOpen(virt->uri);
    if (!conn) {
        fct_virt_set_error(error, "libvirt cannot be reached");
        return NULL;
    }
    virConnectSetKeepAlive(conn, KEEPALIVE_S, KEEPALIVE_COUNT); /* the test driver has no keepalive: do without */
    /* Takes no reference: libvirt calls it under a lock that unregistering takes, too. */
    virConnectRegisterCloseCallback(conn, on_close, virt, NULL);
    return conn;
}

void fct_virt_close(virConnectPtr conn)
{
    if (!conn)
        return;
    virConnectUnregisterCloseCallback(conn, on_close);
    virConnectClose(conn);
}
