/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* One line from stdin, not echoed on a terminal. */
static char *read_password(void)
{
    struct termios before, quiet;
    gboolean terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    char line[1024];
    if (terminal) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "Password: ");
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    gboolean got = fgets(line, sizeof line, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return got ? g_strdup(g_strchomp(line)) : NULL;
}

/* A generated certificate is pinned once the person has seen its fingerprint. */
static gboolean pin_certificate(const char *url, gboolean trust, char **ret_path, GError **error)
{
    g_autofree char *fingerprint = NULL;
    g_autofree char *pem = fct_client_peer_certificate(url, &fingerprint, error);
    if (!pem)
        return FALSE;
    *ret_path = NULL;
    if (!*pem)
        return TRUE;
    if (!trust) {
        fprintf(stderr, "%s presents a certificate that no authority vouches for.\nSHA-256 %s\n", url, fingerprint);
        if (!fct_cli_ask("Is it the one facetd printed at its start?")) {
            fct_set_error_full(error, FCT_ERROR_UNAUTHENTICATED,
                               "Give the certificate with --ca FILE, or add --trust when you know the network.", NULL,
                               "The certificate was not trusted.");
            return FALSE;
        }
    }
    g_autofree char *dir = fct_config_dir();
    g_autofree char *path = g_build_filename(dir, "server.pem", NULL);
    if (g_mkdir_with_parents(dir, 0700) != 0) {
        fct_set_error(error, FCT_ERROR_INTERNAL, "%s cannot be made: %s", dir, g_strerror(errno));
        return FALSE;
    }
    if (!g_file_set_contents_full(path, pem, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
        return FALSE;
    *ret_path = g_steal_pointer(&path);
    return TRUE;
}

/* Signs in with the password and trades the session for an API token, which is what is kept. */
static char *fetch_token(const char *url, const char *ca, const char *user, const char *password, GError **error)
{
    FctClient *client = fct_client_new(url, ca, NULL);
    g_autoptr(json_t) who = json_pack("{s:s, s:s}", "username", user, "password", password);
    g_autofree char *name = g_strdup_printf("facet on %s", g_get_host_name());
    g_autoptr(json_t) ask = json_pack("{s:s}", "name", name);
    g_autoptr(json_t) token = NULL;
    char *secret = NULL;
    if (fct_client_call(client, "POST", "/session", who, 0, NULL, error) &&
        fct_client_call(client, "POST", "/tokens", ask, 0, &token, error))
        secret = g_strdup(fct_json_str(token, "secret", ""));
    fct_client_free(client);
    return secret;
}

int fct_verb_login(FctCli *cli, int argc, char **argv)
{
    g_autofree char *user = NULL, *ca = NULL, *pinned = NULL, *password = NULL, *token = NULL;
    gboolean trust = FALSE;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {
        {"user", 'u', 0, G_OPTION_ARG_STRING, &user, "User (default: admin)", "NAME"},
        {"ca", 0, 0, G_OPTION_ARG_FILENAME, &ca, "Certificate of the server", "FILE"},
        {"trust", 0, 0, G_OPTION_ARG_NONE, &trust, "Trust the certificate that the server presents now", NULL},
        {NULL}};
    if (!fct_cli_options("[URL]", entries, &argc, &argv))
        return 2;
    const char *url = argc > 1 ? argv[1] : fct_client_url(cli->client);
    if (!ca && !pin_certificate(url, trust, &pinned, &error))
        return fct_cli_fail(cli, error);
    if (!(password = read_password()))
        return fct_cli_usage("No password was given.");
    g_autofree char *canonical = ca ? g_canonicalize_filename(ca, NULL) : NULL;
    const char *file = canonical ? canonical : pinned ? pinned : "";
    if (!(token = fetch_token(url, file, user ? user : "admin", password, &error)))
        return fct_cli_fail(cli, error);
    g_autoptr(json_t) config = json_pack("{s:s, s:s, s:s}", "url", url, "token", token, "ca", file);
    if (!fct_config_save(config, &error))
        return fct_cli_fail(cli, error);
    printf("Signed in to %s as %s.\n", url, user ? user : "admin");
    return 0;
}

int fct_verb_logout(FctCli *cli, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) config = fct_config_load();
    json_object_del(config, "token");
    if (!fct_config_save(config, &error))
        return fct_cli_fail(cli, error);
    puts("The token on this machine is forgotten. Revoke it for good with “facet token delete”, or in Settings.");
    return 0;
}

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
    FctTable *table = fct_table_new("TOKEN", "NAME", "ROLE", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, token)
        fct_table_row(table, fct_json_str(token, "id", ""), fct_json_str(token, "name", ""),
                      fct_json_str(token, "role", ""), NULL);
    fct_table_print(table);
    return 0;
}

int fct_verb_token_create(FctCli *cli, int argc, char **argv)
{
    g_autofree char *role = NULL;
    g_autoptr(json_t) token = NULL;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {{"role", 0, 0, G_OPTION_ARG_STRING, &role, "admin, operator or viewer", "ROLE"}, {NULL}};
    if (!fct_cli_options("NAME", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("token create takes a name that tells what the token is for.");
    g_autoptr(json_t) body = json_pack("{s:s, s:s*}", "name", argv[1], "role", role);
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
    if (argc != 2)
        return fct_cli_usage("token delete takes the id of one token.");
    g_autofree char *segment = fct_client_segment(argv[1]);
    g_autofree char *path = g_strdup_printf("/tokens/%s", segment);
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, NULL, &error))
        return fct_cli_fail(cli, error);
    return 0;
}
