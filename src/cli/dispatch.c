/* SPDX-License-Identifier: Apache-2.0 */
/* From the words to the verb. What holds for every verb is here: help never acts, and no word is passed over. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
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

void fct_cli_help(void)
{
    puts("Usage: facet [--url URL] [--ca FILE] [--json] VERB …\n");
    print_verbs(NULL);
    puts("\nWhat deletes something asks first; --yes goes on without asking, and is needed where nobody can be asked. "
         "What "
         "only\nstops something asks at a terminal, and goes on where there is none. --plan only shows what would be "
         "done. --json prints one JSON object, always.\n"
         "Exit status: 0 done, 2 wrong usage or input, 3 not allowed, 4 not found, 5 conflict or stale, 6 does not "
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

static gboolean is_help(const char *word)
{
    return g_str_equal(word, "--help") || g_str_equal(word, "-h");
}

/* “facet vm”, “facet vm --help”, “facet vm fly”: what can be done with it. */
static int no_verb(int argc, char **argv)
{
    const char *noun = argv[0], *word = argc > 1 ? argv[1] : NULL;
    gboolean asked = word && is_help(word);
    if (!is_noun(noun) || (word && !asked))
        return fct_cli_usage("There is no such verb. “facet %s” lists them.", is_noun(noun) ? noun : "--help");
    printf("Usage: facet %s VERB …\n\n", noun);
    print_verbs(noun);
    printf("\n“facet %s VERB --help” says more.\n", noun);
    return asked ? 0 : 2;
}

/* ---- words ---- */

/* Where the words that may be options end: at "--". */
static int options_end(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (g_str_equal(argv[i], "--"))
            return i;
    return argc;
}

static void take_out(int *argc, char **argv, int i)
{
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

/* A verb whose usage names an option reads options, and does so before anything else. */
static gboolean reads_options(const FctVerb *verb)
{
    return strstr(verb->usage, "--") != NULL;
}

/* How many words the usage of a verb without options allows; -1: any number. */
static int words_of(const char *usage)
{
    g_auto(GStrv) words = g_strsplit(usage, " ", -1);
    int n = 0;
    for (char **word = words; *word; word++) {
        if (strstr(*word, "…"))
            return -1;
        n += **word != '\0';
    }
    return n;
}

/* FALSE after saying what is wrong. */
static gboolean check_words(const FctVerb *verb, int *argc, char **argv)
{
    int end = options_end(*argc, argv), most = words_of(verb->usage);
    for (int i = 1; i < end; i++)
        if (argv[i][0] == '-' && argv[i][1]) {
            fct_cli_usage("There is no option %s here. “%s --help” says more.", argv[i], g_get_prgname());
            return FALSE;
        }
    if (end < *argc)
        take_out(argc, argv, end);
    if (most < 0 || *argc - 1 <= most)
        return TRUE;
    fct_cli_usage("“%s” is one word too many. “%s --help” says more.", argv[most + 1], g_get_prgname());
    return FALSE;
}

static int verb_help(const FctVerb *verb, FctCli *cli, char **argv)
{
    char help[] = "--help";
    char *words[] = {argv[0], help, NULL};
    if (reads_options(verb)) /* it prints them all, and ends */
        return verb->run(cli, 2, words);
    printf("Usage:\n  %s%s%s\n\n%s\n", g_get_prgname(), *verb->usage ? " " : "", verb->usage, verb->summary);
    return 0;
}

static int run_verb(const FctVerb *verb, FctCli *cli, int argc, char **argv)
{
    g_autofree char *name =
        g_strdup_printf("facet %s%s%s", verb->noun, verb->verb ? " " : "", verb->verb ? verb->verb : "");
    g_set_prgname(name);
    if (g_str_has_prefix(verb->noun, "__")) /* of our own scripts: its words are words */
        return verb->run(cli, argc, argv);
    for (int i = 1; i < options_end(argc, argv); i++)
        if (is_help(argv[i]))
            return verb_help(verb, cli, argv);
    take_json(cli, &argc, argv);
    if (!cli->json)
        fct_cli_guard_output();
    if (!reads_options(verb) && !check_words(verb, &argc, argv))
        return 2;
    return verb->run(cli, argc, argv);
}

/* “facet help vm start” is “facet vm start --help”. */
static int help_on(FctCli *cli, int argc, char **argv)
{
    int words = 0;
    const FctVerb *verb = find_verb(argc, argv, &words);
    if (argc < 1) {
        fct_cli_help();
        return 0;
    }
    char help[] = "--help";
    char *asked[] = {argv[0], help, NULL};
    if (!verb && argc == 1)
        return no_verb(2, asked);
    if (!verb || argc > words)
        return fct_cli_usage("There is no such verb. “facet --help” lists them.");
    asked[0] = argv[words - 1];
    return run_verb(verb, cli, 2, asked);
}

int fct_cli_dispatch(FctCli *cli, int argc, char **argv)
{
    int words = 0;
    if (argc > 0 && g_str_equal(argv[0], "help"))
        return help_on(cli, argc - 1, argv + 1);
    const FctVerb *verb = find_verb(argc, argv, &words);
    if (!verb)
        return no_verb(argc, argv);
    return run_verb(verb, cli, argc - words + 1, argv + words - 1);
}
