/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/etag.h"
#include "app/api/list.h"
#include "app/storage/pools.h"

static gboolean pools_list(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"name"}};
    return fct_reply_list(request, reply, &order, fct_pools_list(request->app, error), error);
}

static gboolean get_pool(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_pools_get(request->app, request->id, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean create_pool(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->subject = g_strdup_printf("pool %s", fct_json_str(request->body, "name", ""));
    json_t *json = fct_pools_create(request->app, request->body, error);
    if (json)
        fct_reply_resource(reply, 201, json);
    return json != NULL;
}

static gboolean delete_pool(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(json_t) seen = request->if_match ? fct_pools_get(request->app, request->id, error) : NULL;
    reply->subject = g_strdup_printf("pool %s", request->id);
    reply->status = 204;
    if (request->if_match && (!seen || !fct_request_match(request, seen, error)))
        return FALSE;
    return fct_pools_delete(request->app, request->id, error);
}

static gboolean pool_change(const FctRequest *request, FctReply *reply, FctPoolVerb what, GError **error)
{
    reply->subject = g_strdup_printf("pool %s", request->id);
    json_t *json = fct_pools_do(request->app, request->id, what, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean start_pool(const FctRequest *request, FctReply *reply, GError **error)
{
    return pool_change(request, reply, FCT_POOL_START, error);
}

static gboolean stop_pool(const FctRequest *request, FctReply *reply, GError **error)
{
    return pool_change(request, reply, FCT_POOL_STOP, error);
}

static gboolean refresh_pool(const FctRequest *request, FctReply *reply, GError **error)
{
    return pool_change(request, reply, FCT_POOL_REFRESH, error);
}

const FctRoute fct_routes_pool[] = {
    {"GET", "/pools", "pool.read", pools_list, .query = FCT_LIST_QUERY},
    {"POST", "/pools", "pool.write", create_pool,
     .body = "name:text kind:text path:text host:text export:text volume_group:text confirm:text", .slow = TRUE},
    {"GET", "/pools/{id}", "pool.read", get_pool},
    {"DELETE", "/pools/{id}", "pool.write", delete_pool, .slow = TRUE},
    {"POST", "/pools/{id}/start", "pool.write", start_pool, .slow = TRUE},
    {"POST", "/pools/{id}/stop", "pool.write", stop_pool, .slow = TRUE},
    {"POST", "/pools/{id}/refresh", "pool.write", refresh_pool, .slow = TRUE},
    {NULL},
};
