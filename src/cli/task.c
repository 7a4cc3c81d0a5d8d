/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int task_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *task;
    if (!fct_client_list(cli->client, "/tasks?limit=500", &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("TASK", "STATE", "#DONE", "TITLE", "OUTCOME", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, task)
        fct_table_row(table, fct_json_str(task, "id", ""), fct_json_str(task, "state", ""),
                      fct_show_reading(json_object_get(task, "percent"), " %"), fct_json_str(task, "title", ""),
                      fct_json_str(task, "outcome", ""), NULL);
    fct_table_print(table);
    return 0;
}

/* The newest task when none is named: what somebody who just clicked wants to follow. */
static gboolean pick_task(FctCli *cli, const char *id, json_t **ret, GError **error)
{
    g_autoptr(json_t) answer = NULL;
    if (id) {
        g_autofree char *segment = fct_client_segment(id);
        g_autofree char *path = g_strdup_printf("/tasks/%s", segment);
        return fct_client_call(cli->client, "GET", path, NULL, 0, ret, error);
    }
    if (!fct_client_call(cli->client, "GET", "/tasks?limit=1", NULL, 0, &answer, error))
        return FALSE;
    *ret = json_incref(json_array_get(json_object_get(answer, "items"), 0));
    if (!*ret)
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no task yet.");
    return *ret != NULL;
}

static int task_watch(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (!pick_task(cli, fct_args_word(args, 0), &task, &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}

static int task_cancel(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *segment = fct_client_segment(fct_args_word(args, 0));
    g_autofree char *path = g_strdup_printf("/tasks/%s/cancel", segment);
    if (!fct_client_call(cli->client, "POST", path, NULL, 0, &task, &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}

/* The way back is a plan, too. */
static int task_undo(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) request = json_pack("{s:s, s:s}", "kind", "undo", "task", fct_args_word(args, 0));
    return fct_plan_run(cli, args, request);
}

static const FctVerb verbs[] = {
    {"task list", "Running and finished work", task_list},
    {"task watch", "Follow a task (the newest when none is named)", task_watch,
     .operands = {{"TASK", FCT_KIND_TASK, FCT_MAY}}},
    {"task undo", "Plan back to what was before a task", task_undo, .operands = {{"TASK", FCT_KIND_TASK}},
     .options = FCT_OPTIONS(FCT_OPTION_PLAN, FCT_OPTION_NO_WAIT), .asks = FCT_ASKS_PLAN},
    {"task cancel", "Stop a task after its present step", task_cancel, .operands = {{"TASK", FCT_KIND_TASK}}},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_task = {"task", "running and finished work", tables};
