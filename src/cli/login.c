/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

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

/* Signs in with the password and trades the session for a login, which is what is kept; the session ends. */
static char *fetch_token(const char *url, const char *ca, const char *user, const char *password, GError **error)
{
    FctClient *client = fct_client_new(url, ca, NULL);
    g_autoptr(json_t) who = json_pack("{s:s, s:s}", "username", user, "password", password);
    g_autofree char *name = g_strdup_printf("facet on %s", g_get_host_name());
    g_autoptr(json_t) ask = json_pack("{s:s, s:s}", "name", name, "kind", "login");
    g_autoptr(json_t) token = NULL;
    char *secret = NULL;
    if (fct_client_call(client, "POST", "/session", who, 0, NULL, error) &&
        fct_client_call(client, "POST", "/tokens", ask, 0, &token, error))
        secret = g_strdup(fct_json_str(token, "secret", ""));
    fct_client_call(client, "DELETE", "/session", NULL, 0, NULL, NULL);
    fct_client_free(client);
    return secret;
}

/* The login that is kept on this machine now, with the certificate of its server; NULL: none. */
static FctClient *former_login(void)
{
    g_autoptr(json_t) config = fct_config_load();
    const char *url = fct_json_str(config, "url", NULL), *token = fct_json_str(config, "token", NULL);
    return url && token ? fct_client_new(url, fct_json_str(config, "ca", ""), token) : NULL;
}

/* Nobody has its secret any more, but for who has copied it. */
static void end_login(FctClient *former)
{
    g_autoptr(GError) fault = NULL;
    if (!fct_client_call(former, "DELETE", "/session", NULL, 0, NULL, &fault) &&
        fault->code != FCT_ERROR_UNAUTHENTICATED)
        fprintf(stderr, "The former login at %s was not ended: revoke it in Settings there. (%s)\n",
                fct_client_url(former), fault->message);
}

static int login(FctCli *cli, const FctArgs *args)
{
    g_autofree char *pinned = NULL, *password = NULL, *token = NULL;
    const char *user = fct_args_text(args, "user"), *ca = fct_args_text(args, "ca");
    const char *url = fct_args_word(args, 0) ? fct_args_word(args, 0) : fct_client_url(cli->client);
    g_autoptr(GError) error = NULL;
    g_autoptr(FctClient) former = former_login(); /* before another server's certificate takes its place */
    if (!ca && !pin_certificate(url, fct_args_flag(args, "trust"), &pinned, &error))
        return fct_cli_fail(cli, error);
    if (!(password = fct_cli_read_secret("Password")))
        return fct_cli_usage("No password was given.");
    g_autofree char *canonical = ca ? g_canonicalize_filename(ca, NULL) : NULL;
    const char *file = canonical ? canonical : pinned ? pinned : "";
    if (!(token = fetch_token(url, file, user ? user : "admin", password, &error)))
        return fct_cli_fail(cli, error);
    g_autoptr(json_t) config = json_pack("{s:s, s:s, s:s}", "url", url, "token", token, "ca", file);
    if (!fct_config_save(config, &error))
        return fct_cli_fail(cli, error);
    if (former)
        end_login(former);
    return fct_cli_said(cli, "Signed in to %s as %s.", url, user ? user : "admin");
}

/* Forgotten here in any case; what the server did not hear of ends there by itself once it is not used for weeks. */
static int login_logout(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GError) error = NULL, fault = NULL;
    g_autoptr(json_t) config = fct_config_load();
    const char *token = fct_json_str(config, "token", NULL);
    if (!token)
        return fct_cli_said(cli, "Nobody is signed in on this machine.");
    FctClient *client = fct_client_new(fct_client_url(cli->client), fct_json_str(config, "ca", ""), token);
    gboolean ended = fct_client_call(client, "DELETE", "/session", NULL, 0, NULL, &fault);
    fct_client_free(client);
    json_object_del(config, "token");
    if (!fct_config_save(config, &error))
        return fct_cli_fail(cli, error);
    if (ended || fault->code == FCT_ERROR_UNAUTHENTICATED)
        return fct_cli_said(cli, "Signed out.");
    fputs("The login on this machine is forgotten, but the server did not end it: revoke it in Settings.\n", stderr);
    return fct_cli_fail(cli, fault);
}

static const FctVerb verbs[] = {
    {"login", "Sign in; ends with logout, or after 30 days without use", login,
     .operands = {{"URL", FCT_KIND_TEXT, FCT_MAY}},
     .options = FCT_OPTIONS({"user", 'u', "NAME", "User (default: admin)"},
                            {"ca", .value = "FILE", .help = "Certificate of the server", .kind = FCT_KIND_PATH},
                            {"trust", .help = "Trust the certificate that the server presents now"}),
     .note = "It asks for the password, or reads it from the standard input.",
     .examples = {"facet login https://host:8443"}},
    {"logout", "End the login of this machine, at the server too", login_logout},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_session = {NULL, "sign in and out", tables};
