/* SPDX-License-Identifier: Apache-2.0 */
/* API tokens, and the logins of command lines. */
#include "cli/cli.h"

#include <stdio.h>

#define DAY_S (24 * 3600)

int fct_verb_token_list(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *token;
    if (!fct_client_call(cli->client, "GET", "/tokens", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("TOKEN", "NAME", "KIND", "ROLE", "MADE", "LAST USED", "ENDS", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, token) {
        const json_t *ends = json_object_get(token, "ends_ms"), *used = json_object_get(token, "last_used_ms");
        fct_table_row(table, fct_json_str(token, "id", ""), fct_json_str(token, "name", ""),
                      fct_json_str(token, "kind", ""), fct_json_str(token, "role", ""),
                      fct_show_time(json_object_get(token, "created_ms")),
                      json_is_integer(used) ? fct_show_time(used) : "never",
                      json_is_integer(ends) ? fct_show_time(ends) : "when revoked", NULL);
    }
    fct_table_print(table);
    return 0;
}

int fct_verb_token_create(FctCli *cli, int argc, char **argv)
{
    g_autofree char *role = NULL;
    gboolean makes = FALSE;
    int days = -1;
    g_autoptr(json_t) token = NULL;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {
        {"role", 0, 0, G_OPTION_ARG_STRING, &role, "admin, operator or viewer (yours)", "ROLE"},
        {"days", 0, 0, G_OPTION_ARG_INT, &days, "It ends after so many days (left out: when it is revoked)", "N"},
        {"makes-tokens", 0, 0, G_OPTION_ARG_NONE, &makes, "It may make tokens, which end with it", NULL},
        {NULL}};
    if (!fct_cli_options("NAME", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("token create takes a name that tells what the token is for.");
    if (days != -1 && (days < 1 || days > 3650))
        return fct_cli_usage("--days takes a number from 1 to 3650.");
    g_autoptr(json_t) body = json_pack("{s:s, s:s*, s:b}", "name", argv[1], "role", role, "makes_tokens", makes);
    if (days > 0)
        json_object_set_new(body, "lifetime_s", json_integer((json_int_t)days * DAY_S));
    if (!fct_client_call(cli->client, "POST", "/tokens", body, 0, &token, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(token);
    else
        printf("%s\n", fct_json_str(token, "secret", ""));
    return 0;
}

int fct_verb_token_delete(FctCli *cli, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean yes = FALSE;
    int status;
    GOptionEntry entries[] = {FCT_CLI_YES(yes), {NULL}};
    if (!fct_cli_options("TOKEN", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("token delete takes the id of one token; “facet token list” shows them.");
    if (!fct_cli_confirm(yes, &status, "Revoke token %s, and those that it made?", argv[1]))
        return status;
    g_autofree char *segment = fct_client_segment(argv[1]);
    g_autofree char *path = g_strdup_printf("/tokens/%s", segment);
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, NULL, &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "Token %s is revoked.", argv[1]);
}
