/* SPDX-License-Identifier: Apache-2.0 */
/* facet: the command line. Options before the verb are the program's, those after it the verb's. */
#include "cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

/* All verbs, or those of @noun. */
static void print_verbs(const char *noun)
{
    for (const FctVerb *verb = fct_cli_verbs; verb->noun; verb++) {
        if (g_str_has_prefix(verb->noun, "__") || (noun && !g_str_equal(verb->noun, noun)))
            continue;
        g_autofree char *call =
            g_strdup_printf("%s%s%s", verb->noun, verb->verb ? " " : "", verb->verb ? verb->verb : "");
        printf("  %-18s %s\n", call, verb->summary);
    }
}

static void print_help(void)
{
    puts("Usage: facet [--url URL] [--ca FILE] [--json] VERB …\n");
    print_verbs(NULL);
    puts("\nExit status: 0 done, 2 wrong usage or input, 3 not allowed, 4 not found, 5 conflict or stale, 6 does not "
         "fit or\n"
         "refused, 7 the host or a service failed, 70 a fault of Facet. “facet VERB --help” says more.");
}

static const FctVerb *find_verb(int argc, char **argv, int *ret_words)
{
    for (const FctVerb *verb = fct_cli_verbs; verb->noun; verb++) {
        if (argc < 1 || !g_str_equal(verb->noun, argv[0]))
            continue;
        if (verb->verb && (argc < 2 || !g_str_equal(verb->verb, argv[1])))
            continue;
        *ret_words = verb->verb ? 2 : 1;
        return verb;
    }
    return NULL;
}

static gboolean is_noun(const char *word)
{
    for (const FctVerb *verb = fct_cli_verbs; verb->noun; verb++)
        if (verb->verb && g_str_equal(verb->noun, word))
            return TRUE;
    return FALSE;
}

/* “facet vm”, “facet vm --help”, “facet vm fly”: what can be done with it. */
static int no_verb(int argc, char **argv)
{
    const char *noun = argv[0], *word = argc > 1 ? argv[1] : NULL;
    gboolean asked = word && (g_str_equal(word, "--help") || g_str_equal(word, "-h"));
    if (!is_noun(noun) || (word && !asked))
        return fct_cli_usage("There is no such verb. “facet %s” lists them.", is_noun(noun) ? noun : "--help");
    printf("Usage: facet %s VERB …\n\n", noun);
    print_verbs(noun);
    printf("\n“facet %s VERB --help” says more.\n", noun);
    return asked ? 0 : 2;
}

static const char *setting(const char *option, const char *variable, const json_t *config, const char *key,
                           const char *fallback)
{
    const char *env = g_getenv(variable);
    if (option)
        return option;
    return env && *env ? env : fct_json_str(config, key, fallback);
}

static int run_verb(const FctVerb *verb, FctCli *cli, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (g_str_equal(argv[i], "--json")) { /* allowed after the verb too: that is where people type it */
            cli->json = TRUE;
            memmove(&argv[i], &argv[i + 1], sizeof *argv * (size_t)(argc - i));
            argc--;
            i--;
        }
    g_autofree char *name =
        g_strdup_printf("facet %s%s%s", verb->noun, verb->verb ? " " : "", verb->verb ? verb->verb : "");
    g_set_prgname(name);
    return verb->run(cli, argc, argv);
}

int main(int argc, char **argv)
{
    g_autofree char *url = NULL, *ca = NULL;
    gboolean json = FALSE, version = FALSE, help = FALSE;
    int words = 0;
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
    if (version) {
        puts("facet " FACET_VERSION);
        return 0;
    }
    if (help || argc < 2) {
        print_help();
        return help ? 0 : 2;
    }
    const FctVerb *verb = find_verb(argc - 1, argv + 1, &words);
    if (!verb)
        return no_verb(argc - 1, argv + 1);
    g_autoptr(json_t) config = fct_config_load();
    FctCli cli = {.json = json};
    cli.client =
        fct_client_new(setting(url, "FACET_URL", config, "url", "https://127.0.0.1:8443"),
                       setting(ca, "FACET_CA", config, "ca", ""), setting(NULL, "FACET_TOKEN", config, "token", NULL));
    int status = run_verb(verb, &cli, argc - words, argv + words);
    fct_client_free(cli.client);
    return status;
}
