/* SPDX-License-Identifier: Apache-2.0 */
/* facet: the command line. Options before the verb are the program's, those after it the verb's. */
#include "cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const char *setting(const char *option, const char *variable, const json_t *config, const char *key,
                           const char *fallback)
{
    const char *env = g_getenv(variable);
    if (option)
        return option;
    return env && *env ? env : fct_json_str(config, key, fallback);
}

int main(int argc, char **argv)
{
    g_autofree char *url = NULL, *ca = NULL;
    gboolean json = FALSE, version = FALSE, help = FALSE;
    GOptionEntry entries[] = {{"url", 0, 0, G_OPTION_ARG_STRING, &url, "Address of facetd", "URL"},
                              {"ca", 0, 0, G_OPTION_ARG_FILENAME, &ca, "Certificate of the server", "FILE"},
                              {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print what the API answers", NULL},
                              {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL},
                              {"version", 0, 0, G_OPTION_ARG_NONE, &version, "Show the version", NULL},
                              {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) fault = NULL;
    setlocale(LC_ALL, "");
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &fault))
        return fct_cli_usage("%s", fault->message);
    if (version || (argc == 2 && g_str_equal(argv[1], "version"))) {
        puts("facet " FACET_VERSION);
        return 0;
    }
    if (help || argc < 2) {
        fct_cli_help();
        return help ? 0 : 2;
    }
    g_autoptr(json_t) config = fct_config_load();
    FctCli cli = {.verbs = fct_cli_verbs, .json = json};
    cli.client =
        fct_client_new(setting(url, "FACET_URL", config, "url", "https://127.0.0.1:8443"),
                       setting(ca, "FACET_CA", config, "ca", ""), setting(NULL, "FACET_TOKEN", config, "token", NULL));
    int status = fct_cli_dispatch(&cli, argc - 1, argv + 1);
    fct_client_free(cli.client);
    return status;
}
