/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Man pages and the table of the guide, from the rows of the verbs. The build asks for the pages (`facet __man NOUN`),
 * tests/golden/cli/test_table.py for the table (`facet __guide`).
 */
#include "cli/cli.h"
#include "cli/help.h"

#include <stdio.h>

/*
 * Text of others than roff's own: a backslash, a dash that is to be a dash when it is copied, and what is not ASCII
 * have names there; at the beginning of a line a dot or quote would be a request.
 */
static char *roff_text(const char *text)
{
    GString *roff = g_string_new(*text == '.' || *text == '\'' ? "\\&" : "");
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        if (*p == '\\')
            g_string_append(roff, "\\e");
        else if (*p == '-')
            g_string_append(roff, "\\-");
        else if (*p == '\'')
            g_string_append(roff, "\\(aq");
        else if (*p == '"')
            g_string_append(roff, "\\(dq");
        else if (*p == '\n')
            g_string_append(roff, p[1] == '.' || p[1] == '\'' ? "\n\\&" : "\n");
        else if ((guchar)*p >= 0x80)
            g_string_append_printf(roff, "\\[u%04X]", g_utf8_get_char(p));
        else
            g_string_append_c(roff, *p);
    }
    return g_string_free(roff, FALSE);
}

static void print_text(const char *text)
{
    g_autofree char *roff = roff_text(text);
    printf("%s\n", roff);
}

/* A request with one argument. */
static void print_request(const char *request, const char *text)
{
    g_autofree char *roff = roff_text(text);
    printf(".%s \"%s\"\n", request, roff);
}

static void print_item(const char *tag, const char *text)
{
    g_autofree char *roff = roff_text(tag);
    printf(".TP\n\\fB%s\\fR\n", roff);
    print_text(text);
}

static void print_title(const char *page, const char *title)
{
    g_autofree char *upper = g_ascii_strup(page, -1), *shown = roff_text(upper), *name = roff_text(page),
                    *text = roff_text(title);
    puts(".\\\" Made by the build from the rows of src/cli.");
    printf(".TH \"%s\" \"1\" \"\" \"Facet " FACET_VERSION "\" \"Facet\"\n.SH NAME\n%s \\- %s\n", shown, name, text);
}

static void print_options(const FctOption *option)
{
    for (; option->name; option++) {
        g_autofree char *usage = fct_option_usage(option);
        print_item(usage, option->help);
    }
}

static void print_verb_options(const FctVerb *verb)
{
    const FctOption *option;
    for (guint i = 0; (option = fct_verb_option(verb, i)); i++) {
        g_autofree char *usage = fct_option_usage(option);
        print_item(usage, option->help);
    }
}

static void print_examples(const FctVerb *verb)
{
    if (!verb->examples[0])
        return;
    puts(".PP\nExamples:\n.PP\n.nf\n.RS");
    for (guint i = 0; verb->examples[i]; i++)
        print_text(verb->examples[i]);
    puts(".RE\n.fi");
}

static void print_verb(const FctVerb *verb)
{
    g_autofree char *usage = fct_verb_usage(verb), *call = g_strconcat("facet ", usage, NULL);
    g_autofree char *summary = g_strdup_printf(g_str_has_suffix(verb->summary, "?") ? "%s" : "%s.", verb->summary);
    print_request("SS", call);
    print_text(summary);
    if (verb->note)
        print_text(verb->note);
    if (fct_verb_asks(verb))
        print_text(fct_verb_asks(verb));
    print_verb_options(verb);
    print_examples(verb);
}

static void print_verbs(const FctNoun *noun)
{
    g_autoptr(GPtrArray) list = fct_noun_verbs(noun);
    for (guint i = 0; i < list->len; i++)
        print_verb(list->pdata[i]);
}

/* ---- the page of a noun, and that of the program ---- */

static void print_noun_page(const FctNoun *noun)
{
    g_autofree char *page = g_strdup_printf("facet-%s", noun->name);
    g_autofree char *call = g_strdup_printf("facet %s", noun->name);
    print_title(page, noun->title);
    puts(".SH SYNOPSIS");
    printf(".B %s\n.I VERB\n\\&...\n", call);
    puts(".SH COMMANDS");
    print_verbs(noun);
    puts(".SH OPTIONS\nEvery command takes these:");
    print_options(fct_common_options);
    puts(".SH EXIT STATUS\nSee\n.BR facet (1).\n.SH SEE ALSO\n.BR facet (1)");
}

static void print_see_also(const FctNoun *const *nouns)
{
    gboolean first = TRUE;
    puts(".SH SEE ALSO");
    for (; *nouns; nouns++) {
        if (!(*nouns)->name)
            continue;
        printf("%s.BR facet\\-%s (1)", first ? "" : ",\n", (*nouns)->name);
        first = FALSE;
    }
    puts("");
}

static void print_surroundings(void)
{
    puts(".SH ENVIRONMENT");
    print_item("FACET_URL, FACET_TOKEN, FACET_CA", "Address, API token and certificate, instead of a login.");
    print_item("FACET_CONFIG", "Another file than ~/.config/facet/config.json.");
    puts(".SH FILES");
    print_item("~/.config/facet/config.json", "The login of this machine.");
    puts(".SH EXIT STATUS");
    for (guint i = 0; fct_help_statuses[i]; i += 2)
        print_item(fct_help_statuses[i], fct_help_statuses[i + 1]);
}

static void print_program_page(const FctNoun *const *nouns)
{
    print_title("facet", "the command line of Facet");
    puts(".SH SYNOPSIS\n.B facet\n.RI [ OPTION ]...\n.I NOUN VERB\n\\&...\n.SH DESCRIPTION");
    print_text("facet does over the API what the page does. Each noun has a page of its own.");
    print_text("What deletes something asks first; --yes goes on without asking, and is needed where nobody can be "
               "asked. What only stops something asks at a terminal, and goes on where there is none. --plan only "
               "shows what would be done. Behind -- each word is a name.");
    puts(".SH OPTIONS");
    print_options(fct_program_options);
    puts(".SH NOUNS");
    for (const FctNoun *const *noun = nouns; *noun; noun++)
        if ((*noun)->name)
            print_item((*noun)->name, (*noun)->title);
    puts(".SH COMMANDS WITHOUT A NOUN");
    for (const FctNoun *const *noun = nouns; *noun; noun++)
        if (!(*noun)->name)
            print_verbs(*noun);
    print_surroundings();
    print_see_also(nouns);
}

static int man(FctCli *cli, const FctArgs *args)
{
    const char *name = fct_args_word(args, 0);
    if (!name) {
        print_program_page(cli->nouns);
        return 0;
    }
    for (const FctNoun *const *noun = cli->nouns; *noun; noun++)
        if (g_strcmp0((*noun)->name, name) == 0) {
            print_noun_page(*noun);
            return 0;
        }
    return fct_cli_usage("There is no noun %s.", name);
}

/* ---- the guide ---- */

static const char *asks_text(FctAsks asks)
{
    static const char *const texts[] = {[FCT_ASKS_NEVER] = "",
                                        [FCT_ASKS_ALWAYS] = "yes",
                                        [FCT_ASKS_TERMINAL] = "at a terminal",
                                        [FCT_ASKS_PLAN] = "when the plan takes something away"};
    return texts[asks];
}

/* A cell ends at a bar, within code too. */
static char *cell(const char *text)
{
    GString *shown = g_string_new(text);
    g_string_replace(shown, "|", "\\|", 0);
    return g_string_free(shown, FALSE);
}

static int guide(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GPtrArray) list = fct_verbs_list(cli->nouns);
    puts("| command | what it does | asks |\n| --- | --- | --- |");
    for (guint i = 0; i < list->len; i++) {
        const FctVerb *verb = list->pdata[i];
        g_autofree char *usage = fct_verb_usage(verb), *shown = cell(usage), *summary = cell(verb->summary);
        printf("| `%s` | %s | %s |\n", shown, summary, asks_text(verb->asks));
    }
    return 0;
}

/* For tests: what is declared, a line for each word and option. */
static int table(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GPtrArray) list = fct_verbs_list(cli->nouns);
    for (guint i = 0; i < list->len; i++) {
        const FctVerb *verb = list->pdata[i];
        const FctOption *option;
        printf("verb\t%s\t%s\t%d\n", verb->words, verb->summary, verb->asks);
        for (const FctOperand *operand = verb->operands; operand->name; operand++)
            printf("operand\t%s\t%d\t%d\n", operand->name, operand->kind, operand->times);
        for (guint k = 0; (option = fct_verb_option(verb, k)); k++)
            printf("option\t%s\t%s\t%d\n", option->name, option->value ? option->value : "", option->kind);
    }
    return 0;
}

static const FctVerb verbs[] = {
    {"__man", "A man page", man, .operands = {{"NOUN", FCT_KIND_TEXT, FCT_MAY}}},
    {"__guide", "The guide's table of all commands", guide},
    {"__table", "What is declared", table},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_pages = {NULL, "pages", tables};
