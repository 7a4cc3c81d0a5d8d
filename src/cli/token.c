/* SPDX-License-Identifier: Apache-2.0 */
/* API tokens, and the logins of command lines. */
#include "cli/cli.h"

#include <stdio.h>

#define DAY_S (24 * 3600)

static int token_list(FctCli *cli, const FctArgs *args)
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

static int token_create(FctCli *cli, const FctArgs *args)
{
    int days = fct_args_number(args, "days", 0);
    g_autoptr(json_t) token = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) body =
        json_pack("{s:s, s:s*, s:b}", "name", fct_args_word(args, 0), "role", fct_args_text(args, "role"),
                  "makes_tokens", fct_args_flag(args, "makes-tokens"));
    if (days)
        json_object_set_new(body, "lifetime_s", json_integer((json_int_t)days * DAY_S));
    if (!fct_client_call(cli->client, "POST", "/tokens", body, 0, &token, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(token);
    else
        printf("%s\n", fct_json_str(token, "secret", ""));
    return 0;
}

static int delete_token(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GError) error = NULL;
    const char *token = fct_args_word(args, 0);
    int status;
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Revoke token %s, and those that it made?", token))
        return status;
    g_autofree char *segment = fct_client_segment(token);
    g_autofree char *path = g_strdup_printf("/tokens/%s", segment);
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, NULL, &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "Token %s is revoked.", token);
}

static const FctVerb verbs[] = {
    {"token list", "API tokens and logins: made, last used, until when", token_list},
    {"token create", "Make an API token and print its secret once", token_create, .operands = {{"NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS({"role", .value = "admin|operator|viewer",
                             .help = "What it may do (left out: what you may)", .kind = FCT_KIND_WORD},
                            {"days", .value = "N", .help = "It ends after so many days (left out: when it is revoked)",
                             .kind = FCT_KIND_NUMBER, .least = 1, .most = 3650},
                            {"makes-tokens", .help = "It may make tokens, which end with it"}),
     .note = "The name tells what the token is for.",
     .examples = {"facet token create backup --role viewer --days 30"}},
    {"token delete", "Revoke an API token or a login", delete_token, .operands = {{"TOKEN", FCT_KIND_TOKEN}},
     .asks = FCT_ASKS_ALWAYS},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_token = {"token", "API tokens, and the logins of command lines", tables};
