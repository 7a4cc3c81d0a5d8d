/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/gpus/executor.h"
#include "app/gpus/plans.h"

static gboolean list_plans(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"-id"}}; /* the newest first */
    return fct_reply_list(request, reply, &order, fct_plans_list(request->app, error), error);
}

static gboolean create_plan(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_plans_make(request->app, request->body, error);
    if (!json)
        return FALSE;
    reply->subject = g_strdup(fct_json_str(json, "gpu", ""));
    fct_reply_resource(reply, 201, json);
    return TRUE;
}

static gboolean get_plan(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(FctPlan) plan = fct_plans_get(request->app, request->id, NULL, error);
    if (plan)
        fct_reply_resource(reply, 200, fct_plans_present(request->app, plan, plan->revision));
    return plan != NULL;
}

static gboolean apply_plan(const FctRequest *request, FctReply *reply, GError **error)
{
    gboolean confirm = fct_json_bool(request->body, "confirm", FALSE);
    json_t *task = fct_executor_apply(request->app->executor, request->id, confirm, request->who->user, error);
    if (task)
        fct_reply_resource(reply, 202, task);
    return task != NULL;
}

const FctRoute fct_routes_plan[] = {
    {"GET", "/plans", "plan.read", list_plans, .query = FCT_LIST_QUERY},
    {"POST", "/plans", "plan.write", create_plan,
     .body = "kind:text gpu:text profiles:object placements:list compute:object enabled:bool task:text"},
    {"GET", "/plans/{id}", "plan.read", get_plan},
    {"POST", "/plans/{id}/apply", "plan.apply", apply_plan, .body = "confirm:bool"},
    {NULL},
};
