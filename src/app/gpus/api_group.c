/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/gpus/groups.h"

static gboolean list_groups(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"builtin", "id"}};
    return fct_reply_list(request, reply, &order, fct_groups_list(request->app, error), error);
}

static gboolean get_group(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_groups_get(request->app, request->id, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean create_group(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_groups_put(request->app, NULL, request->body, FCT_REV_NONE, error);
    if (json)
        fct_reply_resource(reply, 201, json);
    return json != NULL;
}

static gboolean update_group(const FctRequest *request, FctReply *reply, GError **error)
{
    guint64 revision;
    if (!fct_request_revision(request, &revision, error))
        return FALSE;
    json_t *json = fct_groups_put(request->app, request->id, request->body, revision, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean delete_group(const FctRequest *request, FctReply *reply, GError **error)
{
    guint64 revision;
    reply->status = 204;
    return fct_request_revision_optional(request, &revision, error) &&
           fct_groups_delete(request->app, request->id, revision, error);
}

#define INPUT "name:text description:text rules:object"

const FctRoute fct_routes_group[] = {
    {"GET", "/resource-groups", "group.read", list_groups, .query = FCT_LIST_QUERY},
    {"POST", "/resource-groups", "group.write", create_group, .body = INPUT},
    {"GET", "/resource-groups/{id}", "group.read", get_group},
    {"PUT", "/resource-groups/{id}", "group.write", update_group, .body = INPUT},
    {"DELETE", "/resource-groups/{id}", "group.write", delete_group},
    {NULL},
};
