/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>

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
