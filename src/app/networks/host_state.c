/* SPDX-License-Identifier: Apache-2.0 */
#include "app/networks/host_state.h"

#include <string.h>

void fct_host_state_free(FctHostState *state)
{
    if (!state)
        return;
    g_clear_pointer(&state->interfaces, g_ptr_array_unref);
    g_free(state->why);
    fct_host_network_free(state->kernel);
    g_free(state);
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

FctHostState *fct_host_state_read(FctApp *app, const char *const *within, GError **error)
{
    g_autoptr(FctHostState) state = g_new0(FctHostState, 1);
    g_autoptr(GError) fault = NULL;
    state->interfaces = app->vmm->ops->interfaces(app->vmm, &state->why, error);
    if (!state->interfaces)
        return NULL;
    state->kernel = app->hw->ops->network(app->hw, within, &fault);
    if (!state->kernel) {
        g_message("The host's addresses and routes are not known: %s", fault->message);
        return g_steal_pointer(&state);
    }
    fct_host_network_tell(state->kernel, state->interfaces);
    if (!is_same_host(state->interfaces, state->kernel)) {
        g_message("The helper and libvirt see different networks, so the host's addresses and routes are not known.");
        g_clear_pointer(&state->kernel, fct_host_network_free);
    }
    return g_steal_pointer(&state);
}
