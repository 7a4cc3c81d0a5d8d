/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#define OPTION_WIDTH 34

const char *const fct_help_statuses[] = {
    "0",  "done",
    "2",  "wrong usage or input",
    "3",  "not signed in, or not allowed",
    "4",  "no such object",
    "5",  "conflict: stale plan, already applied, in use, changed by somebody else",
    "6",  "does not fit, refused by a safety check, or not possible on this host",
    "7",  "the host, the card or a service failed, or did not answer",
    "70", "a fault of Facet",
    NULL,
};

static gboolean belongs(const FctVerb *verb, const char *words)
{
    return !words || fct_words_begin(verb->words, words);
}

/* Those that begin with @words, or all of them. */
static void print_verbs(const FctNoun *const *nouns, const char *words)
{
    g_autoptr(GPtrArray) list = fct_verbs_list(nouns);
    int width = 17;
    for (guint i = 0; i < list->len; i++)
        if (belongs(list->pdata[i], words))
            width = MAX(width, (int)strlen(((const FctVerb *)list->pdata[i])->words));
    for (guint i = 0; i < list->len; i++) {
        const FctVerb *verb = list->pdata[i];
        if (belongs(verb, words))
            printf("  %-*s  %s\n", width, verb->words, verb->summary);
    }
}

void fct_help_program(const FctNoun *const *nouns)
{
    puts("Usage: facet [--url URL] [--ca FILE] [--json] VERB …\n");
    print_verbs(nouns, NULL);
    puts("\nWhat deletes something asks first; --yes goes on without asking, and is needed where nobody can be asked. "
         "What only\nstops something asks at a terminal, and goes on where there is none. --plan only shows what would "
         "be done. --json\nprints one JSON object, always.\n"
         "Exit status: 0 done, 2 wrong usage or input, 3 not allowed, 4 not found, 5 conflict or stale, 6 does not "
         "fit or\n"
         "refused, 7 the host or a service failed, 70 a fault of Facet. “facet VERB --help” says more.");
}

void fct_help_group(const FctNoun *const *nouns, const char *words)
{
    printf("Usage: facet %s VERB …\n\n", words);
    print_verbs(nouns, words);
    printf("\n“facet %s VERB --help” says more.\n", words);
}

/* A long one has its text on the next line. */
static void print_option(const FctOption *option)
{
    g_autofree char *usage = fct_option_usage(option);
    g_autofree char *whole = g_strconcat("  ", option->letter ? "" : "    ", usage, NULL);
    if (strlen(whole) > OPTION_WIDTH)
        printf("%s\n%*s  %s\n", whole, OPTION_WIDTH, "", option->help);
    else
        printf("%-*s  %s\n", OPTION_WIDTH, whole, option->help);
}

static void print_options(const FctVerb *verb)
{
    const FctOption *option;
    puts("\nOptions:");
    for (guint i = 0; (option = fct_verb_option(verb, i)); i++)
        print_option(option);
    for (option = fct_common_options; option->name; option++)
        print_option(option);
}

void fct_help_verb(const FctVerb *verb)
{
    g_autofree char *usage = fct_verb_usage(verb);
    const char *asks = fct_verb_asks(verb);
    printf("Usage:\n  facet %s\n\n%s%s\n", usage, verb->summary, g_str_has_suffix(verb->summary, "?") ? "" : ".");
    if (verb->note)
        printf("%s\n", verb->note);
    if (asks)
        printf("%s\n", asks);
    print_options(verb);
    if (verb->examples[0])
        puts("\nExamples:");
    for (guint i = 0; verb->examples[i]; i++)
        printf("  %s\n", verb->examples[i]);
}
