/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the API: every table of every api_<noun>.c. A new resource adds its table here and in routes.c. */
#pragma once
#include "app/api/api.h"

/* One table a resource, ended by a route without method. */
extern const FctRoute fct_routes_session[], fct_routes_account[], fct_routes_token[], fct_routes_node[],
    fct_routes_gpu[], fct_routes_group[], fct_routes_plan[], fct_routes_task[], fct_routes_event[], fct_routes_sample[],
    fct_routes_vm[], fct_routes_vm_hardware[], fct_routes_template[], fct_routes_image[], fct_routes_file[],
    fct_routes_network[], fct_routes_pool[], fct_routes_volume[], fct_routes_snapshot[];

/* Every route of every table, in the order of the contract; ends with NULL. */
const FctRoute *const *fct_routes(void);
