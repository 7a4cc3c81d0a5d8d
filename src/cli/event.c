/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

int fct_verb_event_list(FctCli *cli, int argc, char **argv)
{
    int limit = 50;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *event;
    GOptionEntry entries[] = {{"limit", 0, 0, G_OPTION_ARG_INT, &limit, "How many, newest first (50)", "N"}, {NULL}};
    if (!fct_cli_options(NULL, entries, &argc, &argv))
        return 2;
    if (argc != 1 || limit < 1 || limit > 500)
        return fct_cli_usage(argc != 1 ? "event list takes no words." : "--limit takes a number from 1 to 500.");
    g_autofree char *path = g_strdup_printf("/events?limit=%d", limit);
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("TIME", "", "ABOUT", "WHAT HAPPENED", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, event)
        fct_table_row(table, fct_show_time(json_object_get(event, "time_ms")), fct_json_str(event, "severity", ""),
                      fct_json_str(json_object_get(event, "subject"), "name", ""), fct_json_str(event, "text", ""),
                      NULL);
    fct_table_print(table);
    return 0;
}
