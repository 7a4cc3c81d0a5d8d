/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
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
    static const FctListOrder order = {.by = {"-id"}, .usual = 100, .most = 500}; /* the newest first */
    const char *state = g_hash_table_lookup(request->query, "state");
    const char *subject = g_hash_table_lookup(request->query, "subject");
    g_auto(FctListPage) page = {0};
    if (!fct_list_page(request, &order, "", &page, error))
        return FALSE;
    if (state && !g_strv_contains(states, state))
        return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "state"),
                                  "There is no task state “%s”.", state);
    const char *before = json_string_value(json_array_get(page.after, 0));
    /* One more than the page has tells whether another page follows. */
    json_t *items = fct_tasks_list(request->app->tasks, state, subject, before, page.limit + 1, error);
    return fct_reply_list(request, reply, &order, items, error);
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
    {"GET", "/tasks", "task.read", list_tasks, .query = FCT_LIST_QUERY " state:text subject:text"},
    {"GET", "/tasks/{id}", "task.read", get_task},
    {"POST", "/tasks/{id}/cancel", "task.write", cancel_task},
    {NULL},
};
