/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api.h"
#include "app/networks.h"

static gboolean list_networks(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *items = fct_networks_list(request->app, error);
    if (items)
        fct_reply_items(reply, items);
    return items != NULL;
}

static gboolean get_network(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_networks_get(request->app, request->id, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean create_network(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->subject = g_strdup_printf("network %s", fct_json_str(request->body, "name", ""));
    json_t *json = fct_networks_create(request->app, request->body, error);
    if (json)
        fct_reply_resource(reply, 201, json);
    return json != NULL;
}

static gboolean update_network(const FctRequest *request, FctReply *reply, GError **error)
{
    static const char *const known[] = {"static_leases", NULL};
    guint64 revision;
    reply->subject = g_strdup_printf("network %s", request->id);
    if (!fct_request_only(request, known, error) || !fct_request_revision(request, &revision, error))
        return FALSE;
    json_t *json = fct_networks_update(request->app, request->id, request->body, revision, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean delete_network(const FctRequest *request, FctReply *reply, GError **error)
{
    guint64 revision;
    reply->subject = g_strdup_printf("network %s", request->id);
    reply->status = 204;
    return fct_request_revision_optional(request, &revision, error) &&
           fct_networks_delete(request->app, request->id, revision, error);
}

const FctRoute fct_routes_network[] = {
    {"GET", "/networks", "network.read", list_networks},
    {"POST", "/networks", "network.write", create_network},
    {"GET", "/networks/{id}", "network.read", get_network},
    {"PUT", "/networks/{id}", "network.write", update_network},
    {"DELETE", "/networks/{id}", "network.write", delete_network},
    {NULL},
};
