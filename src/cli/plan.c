/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static void print_interrupts(const json_t *plan)
{
    size_t i;
    json_t *name;
    json_t *names = json_object_get(plan, "interrupts");
    if (!json_array_size(names)) {
        puts("Nothing is interrupted.");
        return;
    }
    puts("This stops:");
    json_array_foreach (names, i, name)
        printf("  · %s\n", json_string_value(name));
}

static void print_plan(const json_t *plan)
{
    size_t i;
    json_t *step, *reason;
    int units = (int)fct_json_int(plan, "units", 0);
    gboolean empty = !json_array_size(json_object_get(plan, "steps"));
    gboolean refused = g_str_equal(fct_json_str(plan, "state", ""), "refused");
    printf("%s\n", fct_json_str(plan, "title", ""));
    if (!refused || !empty)
        print_interrupts(plan);
    if (units > 0) {
        puts("now");
        fct_print_card(units, json_object_get(plan, "now"), NULL);
        puts("then");
        fct_print_card(units, json_object_get(plan, "then"), NULL);
    }
    json_array_foreach (json_object_get(plan, "steps"), i, step)
        printf("%3zu. %s\n", i + 1, fct_json_str(step, "title", ""));
    if (empty && !refused)
        puts("  There is nothing to do.");
    fct_print_verdicts(stdout, json_object_get(plan, "verdicts"));
    json_array_foreach (json_object_get(plan, "alternatives"), i, reason)
        printf("  · %s\n", json_string_value(reason));
}

static gboolean needs_consent(const json_t *plan)
{
    size_t i;
    json_t *verdict;
    json_array_foreach (json_object_get(plan, "verdicts"), i, verdict)
        if (g_str_equal(fct_json_str(verdict, "severity", ""), "confirm"))
            return TRUE;
    return json_array_size(json_object_get(plan, "interrupts")) > 0;
}

/* What stands idle is removed, too: nothing that is there is taken without a word. */
static gboolean plan_removes(const json_t *plan)
{
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get(plan, "steps"), i, step)
        if (strstr(fct_json_str(step, "kind", ""), "destroy"))
            return TRUE;
    return FALSE;
}

static gboolean plan_apply(FctCli *cli, const json_t *plan, gboolean confirm, json_t **ret_task, GError **error)
{
    g_autofree char *path = g_strdup_printf("/plans/%s/apply", fct_json_str(plan, "id", ""));
    g_autoptr(json_t) body = json_pack("{s:b}", "confirm", confirm);
    return fct_client_call(cli->client, "POST", path, body, 0, ret_task, error);
}

int fct_plan_run(FctCli *cli, const FctArgs *args, json_t *request)
{
    gboolean only_plan = fct_args_flag(args, "plan");
    g_autoptr(json_t) plan = NULL;
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (!fct_client_call(cli->client, "POST", "/plans", request, 0, &plan, &error))
        return fct_cli_fail(cli, error);
    if (cli->json && only_plan)
        fct_print_json(plan);
    else if (!cli->json)
        print_plan(plan);
    gboolean refused = g_str_equal(fct_json_str(plan, "state", ""), "refused");
    if (only_plan || refused) {
        if (refused)
            fputs("facet: Nothing was changed; clear the reasons above, then try again.\n", stderr);
        if (cli->json && !only_plan)
            fct_print_json(plan);
        return refused ? fct_error_exit_status(FCT_ERROR_REFUSED) : 0;
    }
    int status;
    gboolean consent = needs_consent(plan);
    if ((consent || plan_removes(plan)) &&
        !fct_cli_confirm(fct_args_yes(args), &status, "%s?", fct_json_str(plan, "title", "")))
        return status;
    if (!plan_apply(cli, plan, consent, &task, &error))
        return fct_cli_fail(cli, error);
    if (fct_args_flag(args, "no-wait")) {
        if (cli->json)
            fct_print_json(task);
        else
            printf("Running as task %s.\n", fct_json_str(task, "id", ""));
        return 0;
    }
    return fct_task_follow(cli, task);
}
