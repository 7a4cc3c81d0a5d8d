/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/networks/networks.h"

static FctNetworkCaller caller_of(const FctRequest *request)
{
    return (FctNetworkCaller){request->local, request->address, fct_request_query_bool(request, "confirm", FALSE)};
}

static gboolean networks_answer(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"name", "id"}};
    return fct_reply_list(request, reply, &order, fct_networks_list(request->app, error), error);
}

static gboolean get_network(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_networks_get(request->app, request->id, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean interfaces_answer(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"name"}};
    reply->json = fct_networks_interfaces(request->app, error);
    json_t *items = reply->json ? json_incref(json_object_get(reply->json, "items")) : NULL;
    return fct_reply_list(request, reply, &order, items, error);
}

static gboolean preview_network(const FctRequest *request, FctReply *reply, GError **error)
{
    const FctNetworkCaller caller = caller_of(request);
    reply->subject = g_strdup_printf("network %s", fct_json_str(request->body, "id", ""));
    reply->json = fct_networks_preview(request->app, request->body, &caller, error);
    return reply->json != NULL;
}

static gboolean create_network(const FctRequest *request, FctReply *reply, GError **error)
{
    const FctNetworkCaller caller = caller_of(request);
    reply->subject = g_strdup_printf("network %s", fct_json_str(request->body, "name", ""));
    json_t *json = fct_networks_create(request->app, request->body, &caller, error);
    if (json)
        fct_reply_resource(reply, 201, json);
    return json != NULL;
}

static gboolean start_network(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->subject = g_strdup_printf("network %s", request->id);
    json_t *json = fct_networks_start(request->app, request->id, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean update_network(const FctRequest *request, FctReply *reply, GError **error)
{
    const FctNetworkCaller caller = caller_of(request);
    guint64 revision;
    reply->subject = g_strdup_printf("network %s", request->id);
    if (!fct_request_revision(request, &revision, error))
        return FALSE;
    g_autoptr(FctTask) task =
        fct_networks_update(request->app, request->who->user, request->id, request->body, revision, &caller, error);
    if (task)
        fct_reply_resource(reply, 202, fct_task_to_json(task));
    return task != NULL;
}

static gboolean delete_network(const FctRequest *request, FctReply *reply, GError **error)
{
    const FctNetworkCaller caller = caller_of(request);
    guint64 revision;
    reply->subject = g_strdup_printf("network %s", request->id);
    if (!fct_request_revision_optional(request, &revision, error))
        return FALSE;
    g_autoptr(FctTask) task =
        fct_networks_delete(request->app, request->who->user, request->id, revision, &caller, error);
    if (task)
        fct_reply_resource(reply, 202, fct_task_to_json(task));
    return task != NULL;
}

const FctRoute fct_routes_network[] = {
    {"GET", "/networks", "network.read", networks_answer, .query = FCT_LIST_QUERY},
    {"POST", "/networks", "network.write", create_network, .query = "confirm:bool",
     .body = "name:text kind:text subnet:text dhcp:object? bridge:text vlan:int? open_vswitch:bool interface:text "
             "autostart:bool"},
    {"POST", "/networks/preview", "network.write", preview_network, .body = "action:text id:text input:object"},
    {"GET", "/networks/{id}", "network.read", get_network},
    {"PUT", "/networks/{id}", "network.write", update_network, .query = "confirm:bool",
     .body = "subnet:text dhcp:object? static_leases:list autostart:bool bridge:text vlan:int? open_vswitch:bool "
             "interface:text"},
    {"POST", "/networks/{id}/start", "network.write", start_network, .slow = TRUE},
    {"DELETE", "/networks/{id}", "network.write", delete_network, .query = "confirm:bool"},
    {"GET", "/host-interfaces", "network.read", interfaces_answer, .query = FCT_LIST_QUERY},
    {NULL},
};
