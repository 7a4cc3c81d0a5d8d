/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/nodes/node_view.h"

#include <string.h>

static gboolean list_nodes(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"id"}};
    json_t *node = fct_node_view(request->app, error);
    return fct_reply_list(request, reply, &order, node ? json_pack("[o]", node) : NULL, error);
}

static gboolean get_node(const FctRequest *request, FctReply *reply, GError **error)
{
    if (strcmp(request->id, request->app->config.node) != 0)
        return fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no node “%s”.", request->id);
    json_t *node = fct_node_view(request->app, error);
    if (node)
        fct_reply_resource(reply, 200, node);
    return node != NULL;
}

const FctRoute fct_routes_node[] = {
    {"GET", "/nodes", "node.read", list_nodes, .query = FCT_LIST_QUERY},
    {"GET", "/nodes/{id}", "node.read", get_node},
    {NULL},
};
