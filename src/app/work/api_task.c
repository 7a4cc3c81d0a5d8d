/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/api.h"
#include "app/work/task.h"

gboolean fct_reply_task(FctReply *reply, FctTask *task)
{
    g_autoptr(FctTask) own = task;
    if (!own)
        return FALSE;
    reply->status = 202;
    reply->json = fct_task_to_json(own);
    return TRUE;
}

static gboolean list_tasks(const FctRequest *request, FctReply *reply, GError **error)
{
    static const char *const states[] = {"queued", "running", "done", "failed", "undone", "cancelled", NULL};
    const char *state = g_hash_table_lookup(request->query, "state");
    gint64 limit;
    if (!fct_request_query_int(request, "limit", 1, 500, 100, &limit, error))
        return FALSE;
    if (state && !g_strv_contains(states, state)) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "state"),
                           "There is no task state “%s”.", state);
        return FALSE;
    }
    json_t *items =
        fct_tasks_list(request->app->tasks, state, g_hash_table_lookup(request->query, "subject"), (guint)limit, error);
    if (!items)
        return FALSE;
    fct_reply_items(reply, items);
    return TRUE;
}

static gboolean get_task(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_tasks_get(request->app->tasks, request->id, error);
    if (!json)
        return FALSE;
    fct_reply_resource(reply, 200, json);
    return TRUE;
}

static gboolean cancel_task(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_tasks_cancel(request->app->tasks, request->id, error);
    if (!json)
        return FALSE;
    fct_reply_resource(reply, 202, json);
    return TRUE;
}

const FctRoute fct_routes_task[] = {
    {"GET", "/tasks", "task.read", list_tasks, .query = "state:text subject:text limit:int"},
    {"GET", "/tasks/{id}", "task.read", get_task},
    {"POST", "/tasks/{id}/cancel", "task.write", cancel_task},
    {NULL},
};
