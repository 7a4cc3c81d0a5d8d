/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

static int event_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *event;
    g_autofree char *path = g_strdup_printf("/events?limit=%d", fct_args_number(args, "limit", 50));
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

static const FctVerb verbs[] = {
    {"event list", "What happened, newest first", event_list,
     .options = FCT_OPTIONS(
         {"limit", .value = "N", .help = "How many (left out: 50)", .kind = FCT_KIND_NUMBER, .least = 1, .most = 500}),
     .examples = {"facet event list --limit 20"}},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_event = {"event", "what happened on the host", tables};
