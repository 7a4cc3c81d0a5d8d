/* SPDX-License-Identifier: Apache-2.0 */
/* From the words to the verb. What holds for every verb is here: help never acts, and no word is passed over. */
#include "cli/cli.h"
#include "cli/help.h"

#include <string.h>

static gboolean is_help(const char *word)
{
    return g_str_equal(word, "--help") || g_str_equal(word, "-h");
}

static char *joined(char **argv, int n)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "", argv[i]);
    return g_string_free(text, FALSE);
}

/* “facet vm”, “facet vm snapshot --help”, “facet vm fly”: what can be done with it. */
static int no_verb(const FctCli *cli, int argc, char **argv)
{
    int known = fct_verbs_known(cli->nouns, argc, argv);
    const char *next = known < argc ? argv[known] : NULL;
    g_autofree char *words = joined(argv, known);
    if (known == 0 || (next && !is_help(next)))
        return fct_cli_usage("There is no such verb. “facet %s” lists them.", known ? words : "--help");
    fct_help_group(cli->nouns, words);
    return next ? 0 : 2;
}

/* Where the words that may be options end: at "--". */
static int options_end(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (g_str_equal(argv[i], "--"))
            return i;
    return argc;
}

/* @argv is a list that is freed word by word, up to its NULL (FctArgs owns it). */
static void take_out(int *argc, char **argv, int i)
{
    g_free(argv[i]);
    memmove(&argv[i], &argv[i + 1], sizeof *argv * (size_t)(*argc - i));
    (*argc)--;
}

/* Allowed after the verb too: that is where people type it. */
static void take_json(FctCli *cli, int *argc, char **argv)
{
    for (int i = 1; i < options_end(*argc, argv);) {
        if (g_str_equal(argv[i], "--json")) {
            cli->json = TRUE;
            take_out(argc, argv, i);
        } else {
            i++;
        }
    }
}

static int run_verb(const FctVerb *verb, FctCli *cli, int argc, char **argv)
{
    g_autofree char *fault = NULL;
    if (!verb->raw)
        take_json(cli, &argc, argv);
    if (!cli->json && !verb->raw)
        fct_cli_guard_output();
    g_autoptr(FctArgs) args = fct_args_parse(verb, argc, argv, &fault);
    return args ? verb->run(cli, args) : fct_cli_usage("%s", fault);
}

static gboolean asks_for_help(const FctVerb *verb, int argc, char **argv)
{
    for (int i = 1; !verb->raw && i < options_end(argc, argv); i++)
        if (is_help(argv[i]))
            return TRUE;
    return FALSE;
}

/* “facet help vm start” is “facet vm start --help”. */
static int help_on(const FctCli *cli, int argc, char **argv)
{
    int words = 0, known = fct_verbs_known(cli->nouns, argc, argv);
    const FctVerb *verb = fct_verbs_find(cli->nouns, argc, argv, &words);
    g_autofree char *begin = joined(argv, known);
    if (argc > known || (verb && argc > words))
        return fct_cli_usage("There is no such verb. “facet --help” lists them.");
    if (verb)
        fct_help_verb(verb);
    else if (known)
        fct_help_group(cli->nouns, begin);
    else
        fct_help_program(cli->nouns);
    return 0;
}

int fct_cli_dispatch(FctCli *cli, int argc, char **argv)
{
    int words = 0;
    if (argc > 0 && g_str_equal(argv[0], "help"))
        return help_on(cli, argc - 1, argv + 1);
    const FctVerb *verb = fct_verbs_find(cli->nouns, argc, argv, &words);
    if (!verb)
        return no_verb(cli, argc, argv);
    argc -= words - 1;
    argv += words - 1;
    if (asks_for_help(verb, argc, argv)) {
        fct_help_verb(verb);
        return 0;
    }
    return run_verb(verb, cli, argc, argv);
}
