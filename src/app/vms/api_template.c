/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/vms/make/templates.h"

static gboolean list_templates(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"id"}};
    return fct_reply_list(request, reply, &order, fct_templates_list(request->app, error), error);
}

static gboolean get_template(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_templates_get(request->app, request->id, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean create_template(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->subject = g_strdup_printf("template %s", fct_json_str(request->body, "name", ""));
    json_t *json = json_object_get(request->body, "from_vm")
                       ? fct_templates_from_vm(request->app, request->body, error)
                       : fct_templates_put(request->app, NULL, request->body, FCT_REV_NONE, error);
    if (json)
        fct_reply_resource(reply, 201, json);
    return json != NULL;
}

static gboolean update_template(const FctRequest *request, FctReply *reply, GError **error)
{
    guint64 revision;
    reply->subject = g_strdup_printf("template %s", request->id);
    if (!fct_request_revision(request, &revision, error))
        return FALSE;
    json_t *json = fct_templates_put(request->app, request->id, request->body, revision, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean delete_template(const FctRequest *request, FctReply *reply, GError **error)
{
    guint64 revision;
    reply->subject = g_strdup_printf("template %s", request->id);
    reply->status = 204;
    return fct_request_revision_optional(request, &revision, error) &&
           fct_templates_delete(request->app, request->id, revision, error);
}

#define INPUT "name:text description:text input:object from_vm:text"

const FctRoute fct_routes_template[] = {
    {"GET", "/templates", "template.read", list_templates, .query = FCT_LIST_QUERY},
    {"POST", "/templates", "template.write", create_template, .body = INPUT},
    {"GET", "/templates/{id}", "template.read", get_template},
    {"PUT", "/templates/{id}", "template.write", update_template, .body = INPUT},
    {"DELETE", "/templates/{id}", "template.write", delete_template},
    {NULL},
};
