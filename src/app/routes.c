/* SPDX-License-Identifier: Apache-2.0 */
#include "app/routes.h"

/* The tables in the order of the contract. A new resource adds its table here. */
static const FctRoute *const tables[] = {
    fct_routes_session, fct_routes_account, fct_routes_token,    fct_routes_node,        fct_routes_gpu,
    fct_routes_group,   fct_routes_plan,    fct_routes_task,     fct_routes_image,       fct_routes_event,
    fct_routes_sample,  fct_routes_vm,      fct_routes_template, fct_routes_file,        fct_routes_network,
    fct_routes_pool,    fct_routes_volume,  fct_routes_snapshot, fct_routes_vm_hardware,
};

static gpointer collect_routes(gpointer unused)
{
    GPtrArray *all = g_ptr_array_new();
    for (gsize t = 0; t < G_N_ELEMENTS(tables); t++)
        for (const FctRoute *route = tables[t]; route->method; route++)
            g_ptr_array_add(all, (gpointer)route);
    g_ptr_array_add(all, NULL);
    return g_ptr_array_free(all, FALSE);
}

const FctRoute *const *fct_routes(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, collect_routes, NULL);
}
