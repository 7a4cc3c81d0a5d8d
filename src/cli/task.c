/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>
#include <unistd.h>

static gboolean ended(const json_t *task)
{
    const char *state = fct_json_str(task, "state", "");
    return !g_str_equal(state, "queued") && !g_str_equal(state, "running");
}

static int exit_of(const json_t *task)
{
    FctErrorCode code = FCT_ERROR_HW;
    if (g_str_equal(fct_json_str(task, "state", ""), "done"))
        return 0;
    fct_error_from_wire_code(fct_json_str(json_object_get(task, "error"), "code", NULL), &code);
    return fct_error_exit_status(code);
}

/* Prints each step once when it begins and once when it ends. @seen: one state text per step. */
static void print_steps(const json_t *task, GPtrArray *seen)
{
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get(task, "steps"), i, step) {
        const char *state = fct_json_str(step, "state", "waiting");
        while (seen->len <= i)
            g_ptr_array_add(seen, g_strdup("waiting"));
        if (g_str_equal(g_ptr_array_index(seen, i), state))
            continue;
        g_free(seen->pdata[i]);
        seen->pdata[i] = g_strdup(state);
        const char *message = fct_json_str(step, "message", "");
        printf("  %-8s %s%s%s\n", state, fct_json_str(step, "title", ""), *message ? ": " : "", message);
    }
    fflush(stdout);
}

static int print_end(const FctCli *cli, const json_t *task)
{
    const json_t *problem = json_object_get(task, "error");
    printf("%s: %s\n", fct_json_str(task, "state", ""), fct_json_str(task, "outcome", ""));
    if (json_is_object(problem)) {
        g_autoptr(GError) error = fct_error_from_json(problem);
        fct_cli_fail(cli, error);
    }
    return exit_of(task);
}

int fct_task_follow(FctCli *cli, json_t *first)
{
    g_autoptr(json_t) task = json_incref(first);
    g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *path = g_strdup_printf("/tasks/%s", fct_json_str(task, "id", ""));
    if (!cli->json)
        printf("%s (task %s)\n", fct_json_str(task, "title", ""), fct_json_str(task, "id", ""));
    for (;;) {
        g_autoptr(GError) error = NULL;
        if (!cli->json)
            print_steps(task, seen);
        if (ended(task))
            break;
        g_usleep(200 * 1000);
        json_t *next = NULL;
        if (!fct_client_call(cli->client, "GET", path, NULL, 0, &next, &error))
            return fct_cli_fail(cli, error);
        json_decref(task);
        task = next;
    }
    if (!cli->json)
        return print_end(cli, task);
    fct_print_json(task);
    return exit_of(task);
}

int fct_verb_task_list(FctCli *cli, int argc, char **argv)
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

int fct_verb_task_watch(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (!pick_task(cli, argc > 1 ? argv[1] : NULL, &task, &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}

int fct_verb_task_cancel(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (argc != 2)
        return fct_cli_usage("task cancel takes the id of one task.");
    g_autofree char *segment = fct_client_segment(argv[1]);
    g_autofree char *path = g_strdup_printf("/tasks/%s/cancel", segment);
    if (!fct_client_call(cli->client, "POST", path, NULL, 0, &task, &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}
