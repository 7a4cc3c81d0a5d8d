/* SPDX-License-Identifier: Apache-2.0 */
/* facet: the command line. Options before the verb are the program's, those after it the verb's. */
#include "cli/cli.h"
#include "cli/help.h"

#include <locale.h>
#include <stdio.h>

static const char *setting_of(const char *option, const char *variable, const json_t *config, const char *key,
                              const char *fallback)
{
    const char *env = g_getenv(variable);
    if (option)
        return option;
    return env && *env ? env : fct_json_str(config, key, fallback);
}

static int run(int argc, char **argv, const FctArgs *args)
{
    g_autoptr(json_t) config = fct_config_load();
    FctCli cli = {.nouns = fct_cli_nouns, .json = fct_args_flag(args, "json")};
    cli.client =
        fct_client_new(setting_of(fct_args_text(args, "url"), "FACET_URL", config, "url", "https://127.0.0.1:8443"),
                       setting_of(fct_args_text(args, "ca"), "FACET_CA", config, "ca", ""),
                       setting_of(NULL, "FACET_TOKEN", config, "token", NULL));
    int status = fct_cli_dispatch(&cli, argc, argv);
    fct_client_free(cli.client);
    return status;
}

int main(int argc, char **argv)
{
    static const FctVerb program = {"", "Facet", NULL, .options = fct_program_options};
    g_autofree char *fault = NULL;
    setlocale(LC_ALL, "");
    g_autoptr(FctArgs) args = fct_args_parse_head(&program, argc, argv, &fault);
    if (!args)
        return fct_cli_usage("%s", fault);
    int words = (int)fct_args_count(args);
    gboolean help = fct_args_flag(args, "help");
    if (fct_args_flag(args, "version") || (words == 1 && g_str_equal(fct_args_word(args, 0), "version"))) {
        puts("facet " FACET_VERSION);
        return 0;
    }
    if (help || words == 0) {
        fct_help_program(fct_cli_nouns);
        return help ? 0 : 2;
    }
    return run(words, fct_args_words(args, 0), args);
}
