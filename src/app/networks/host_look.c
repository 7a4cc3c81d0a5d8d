/* SPDX-License-Identifier: Apache-2.0 */
#include "app/networks/host_look.h"

#include <string.h>

void fct_host_look_free(FctHostLook *look)
{
    if (!look)
        return;
    g_clear_pointer(&look->interfaces, g_ptr_array_unref);
    g_free(look->why);
    fct_host_network_free(look->kernel);
    g_free(look);
}

static gboolean has_links(const FctHostNetwork *kernel)
{
    for (guint i = 0; i < kernel->links->len; i++)
        if (strcmp(((FctHostLink *)kernel->links->pdata[i])->name, "lo") != 0)
            return TRUE;
    return FALSE;
}

/*
 * The helper may run in another network namespace than libvirt: then its addresses and routes say nothing about
 * libvirt's networks. One interface that both report, with equal name and MAC, shows that they see the same host.
 */
static gboolean is_same_host(const GPtrArray *interfaces, const FctHostNetwork *kernel)
{
    for (guint i = 0; i < interfaces->len; i++)
        if (((FctHostInterface *)interfaces->pdata[i])->addressed)
            return TRUE;
    return interfaces->len == 0 && !has_links(kernel);
}

FctHostLook *fct_host_look(FctApp *app, const char *const *within, GError **error)
{
    g_autoptr(FctHostLook) look = g_new0(FctHostLook, 1);
    g_autoptr(GError) fault = NULL;
    look->interfaces = app->vmm->ops->interfaces(app->vmm, &look->why, error);
    if (!look->interfaces)
        return NULL;
    look->kernel = app->hw->ops->network(app->hw, within, &fault);
    if (!look->kernel) {
        g_message("The host's addresses and routes are not known: %s", fault->message);
        return g_steal_pointer(&look);
    }
    fct_host_network_tell(look->kernel, look->interfaces);
    if (!is_same_host(look->interfaces, look->kernel)) {
        g_message("The helper and libvirt see different networks, so the host's addresses and routes are not known.");
        g_clear_pointer(&look->kernel, fct_host_network_free);
    }
    return g_steal_pointer(&look);
}
