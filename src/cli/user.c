/* SPDX-License-Identifier: Apache-2.0 */
/* The account that is signed in. */
#include "cli/cli.h"

#include <unistd.h>

/* Two lines of stdin: the old password and the new one; on a terminal the new one twice. */
static int user_password(FctCli *cli, const FctArgs *args)
{
    gboolean tokens = fct_args_flag(args, "end-tokens");
    int status;
    g_autoptr(GError) error = NULL;
    if (tokens && !fct_cli_confirm_stop(fct_args_yes(args), &status, "End all API tokens of the account, too?"))
        return status;
    g_autofree char *old = fct_cli_read_secret("Old password"), *new = old ? fct_cli_read_secret("New password") : NULL;
    if (!new)
        return fct_cli_usage("Give the old and the new password, a line each.");
    g_autofree char *again = isatty(STDIN_FILENO) ? fct_cli_read_secret("Once more") : g_strdup(new);
    if (g_strcmp0(new, again) != 0)
        return fct_cli_usage("The two are not the same; nothing was changed.");
    g_autoptr(json_t) body =
        json_pack("{s:s, s:s, s:b}", "old_password", old, "new_password", new, "end_tokens", tokens);
    if (!body)
        return fct_cli_usage("A password must be text (UTF-8).");
    if (!fct_client_call(cli->client, "PUT", "/account/password", body, 0, NULL, &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "The password is changed; other sessions and logins have ended%s.",
                        tokens ? ", and so have the API tokens" : "");
}

static const FctVerb verbs[] = {
    {"user password", "Change your password", user_password,
     .options = FCT_OPTIONS({"end-tokens", .help = "Revoke its API tokens, too"}), .asks = FCT_ASKS_TERMINAL,
     .note = "Other sessions and logins of the account end. It asks for the old and the new password, or reads them\n"
             "from the standard input, a line each."},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_user = {"user", "the account that is signed in", tables};
