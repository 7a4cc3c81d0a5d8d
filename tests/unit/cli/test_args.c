/* SPDX-License-Identifier: Apache-2.0 */
/* The words behind a verb: what is read from them, and the sentence about each way to be wrong. */
#include "cli/args.h"
#include "cli/nouns.h"

#include <string.h>

static const FctVerb cut = {
    "gpu cut",
    "Cut",
    NULL,
    .operands = {{"GPU", FCT_KIND_GPU}, {"on|off|maybe", FCT_KIND_CHOICE, FCT_MAY}},
    .options = FCT_OPTIONS({"count", 'c', "N", "How many", FCT_KIND_NUMBER, .least = 1, .most = 9},
                           {"wait", .value = "S", .help = "Seconds", .kind = FCT_KIND_NUMBER},
                           {"name", 'n', "NAME", "Its name"}, {"tag", .value = "TAG", .help = "Tags", .many = TRUE},
                           {"start", .value = "yes|no", .help = "Start", .kind = FCT_KIND_CHOICE}, FCT_OPTION_PLAN),
    .asks = FCT_ASKS_ALWAYS};
static const FctVerb many = {"vm cd", "Media", NULL, .operands = {{"VM"}, {"FILE", FCT_KIND_FILE, FCT_MANY}}};
static const FctVerb bare = {"vm list", "All", NULL};
static const FctVerb raw = {"__raw", "Raw", NULL, .raw = TRUE};
static const FctVerb program = {"", "Facet", NULL, .options = fct_program_options};

/* @line is split at blanks; "" is the verb alone. */
static FctArgs *parse(const FctVerb *verb, const char *line, char **ret_fault)
{
    g_autofree char *whole = g_strconcat("verb", *line ? " " : "", line, NULL);
    g_auto(GStrv) words = g_strsplit(whole, " ", -1);
    int n = (int)g_strv_length(words);
    return verb == &program ? fct_args_parse_head(verb, n, words, ret_fault)
                            : fct_args_parse(verb, n, words, ret_fault);
}

static void test_faults(void)
{
    static const struct {
        const FctVerb *verb;
        const char *line, *fault;
    } rows[] = {
        {&cut, "", "GPU is missing. “facet gpu cut --help” says more."},
        {&cut, "--plan", "GPU is missing. “facet gpu cut --help” says more."},
        {&cut, "0 on x", "“x” is one word too many. “facet gpu cut --help” says more."},
        {&cut, "0 -- on --x", "“--x” is one word too many. “facet gpu cut --help” says more."},
        {&cut, "0 up", "“up” is not on, off or maybe. “facet gpu cut --help” says more."},
        {&cut, "0 --nope", "There is no option --nope here. “facet gpu cut --help” says more."},
        {&cut, "0 -x", "There is no option -x here. “facet gpu cut --help” says more."},
        {&cut, "0 --name=a --nope=1", "There is no option --nope=1 here. “facet gpu cut --help” says more."},
        {&cut, "0 --count 0", "--count takes a number from 1 to 9, not 0."},
        {&cut, "0 --count 10", "--count takes a number from 1 to 9, not 10."},
        {&cut, "0 -c two", "--count takes a number from 1 to 9, not two."},
        {&cut, "0 -c 0x2", "--count takes a number from 1 to 9, not 0x2."},
        {&cut, "0 --wait -1", "--wait takes a number from 0 on, not -1."},
        {&cut, "0 --wait 99999999999", "--wait takes a number from 0 on, not 99999999999."},
        {&cut, "0 --start later", "--start takes yes or no, not later."},
        {&bare, "x", "“x” is one word too many. “facet vm list --help” says more."},
        {&bare, "--yes", "There is no option --yes here. “facet vm list --help” says more."},
        {&bare, "--plan", "There is no option --plan here. “facet vm list --help” says more."},
        {&many, "", "VM is missing. “facet vm cd --help” says more."},
        {&program, "--nope gpu list", "There is no option --nope here. “facet --help” says more."},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *fault = NULL;
        g_autoptr(FctArgs) args = parse(rows[i].verb, rows[i].line, &fault);
        g_assert_null(args);
        g_assert_cmpstr(fault, ==, rows[i].fault);
    }
}

/* The first half is GLib's, in the language of the user. */
static void test_value_missing(void)
{
    g_autofree char *fault = NULL;
    g_autoptr(FctArgs) args = parse(&cut, "0 --name", &fault);
    g_assert_null(args);
    g_assert_nonnull(strstr(fault, "--name"));
    g_assert_true(g_str_has_suffix(fault, ". “facet gpu cut --help” says more."));
}

static void test_values(void)
{
    g_autofree char *fault = NULL;
    g_autoptr(FctArgs) args =
        parse(&cut, "--tag a 0 -c 08 --name=it --tag b on --wait 0 -y --preview --start no", &fault);
    g_assert_cmpstr(fault, ==, NULL);
    g_assert_cmpuint(fct_args_count(args), ==, 2);
    g_assert_cmpstr(fct_args_word(args, 0), ==, "0");
    g_assert_cmpstr(fct_args_word(args, 1), ==, "on");
    g_assert_null(fct_args_word(args, 2));
    g_assert_cmpint(fct_args_number(args, "count", -1), ==, 8); /* decimal, whatever it begins with */
    g_assert_cmpint(fct_args_number(args, "wait", -1), ==, 0);
    g_assert_cmpstr(fct_args_text(args, "name"), ==, "it");
    g_assert_cmpstr(fct_args_list(args, "tag")[0], ==, "a");
    g_assert_cmpstr(fct_args_list(args, "tag")[1], ==, "b");
    g_assert_null(fct_args_list(args, "tag")[2]);
    g_assert_true(fct_args_yes(args));
    g_assert_true(fct_args_flag(args, "plan")); /* --preview is the same */
    g_assert_cmpstr(fct_args_text(args, "start"), ==, "no");
}

static void test_unsaid(void)
{
    g_autofree char *fault = NULL;
    g_autoptr(FctArgs) args = parse(&cut, "-", &fault);
    g_autoptr(json_t) body = json_object();
    g_assert_cmpstr(fct_args_word(args, 0), ==, "-"); /* a name, and no option */
    g_assert_null(*fct_args_words(args, 1));
    g_assert_cmpint(fct_args_number(args, "count", -1), ==, -1);
    g_assert_null(fct_args_text(args, "name"));
    g_assert_null(fct_args_list(args, "tag"));
    g_assert_false(fct_args_yes(args));
    g_assert_false(fct_args_said(args, "plan"));
    fct_args_put_text(args, "name", body, "name");
    fct_args_put_number(args, "count", body, "count");
    g_assert_cmpuint(json_object_size(body), ==, 0);
}

static void test_put(void)
{
    g_autofree char *fault = NULL;
    g_autoptr(FctArgs) args = parse(&cut, "0 --name it --name other --wait 3", &fault);
    g_autoptr(json_t) body = json_object();
    fct_args_put_text(args, "name", body, "title");
    fct_args_put_number(args, "wait", body, "wait_s");
    g_assert_cmpstr(fct_json_str(body, "title", ""), ==, "other"); /* the last one counts */
    g_assert_cmpint(fct_json_int(body, "wait_s", 0), ==, 3);
}

/* Behind "--" each word is a name, also what looks like an option or is "--" again. */
static void test_separator(void)
{
    g_autofree char *fault = NULL;
    g_autoptr(FctArgs) args = parse(&many, "db-2 -- --help -- -x", &fault);
    g_autofree char *words = args ? g_strjoinv(" ", fct_args_words(args, 0)) : NULL;
    g_assert_cmpstr(words, ==, "db-2 --help -- -x");
}

static void test_raw(void)
{
    g_autofree char *fault = NULL;
    g_autoptr(FctArgs) args = parse(&raw, "a --help -- --json", &fault);
    g_autofree char *words = g_strjoinv(" ", fct_args_words(args, 0));
    g_assert_cmpstr(words, ==, "a --help -- --json");
}

/* The program reads what stands before the noun, and nothing of the verb's. */
static void test_head(void)
{
    g_autofree char *fault = NULL;
    g_autoptr(FctArgs) args = parse(&program, "--url https://h --json vm stop x --force --json", &fault);
    g_autofree char *words = args ? g_strjoinv(" ", fct_args_words(args, 0)) : NULL;
    g_assert_cmpstr(words, ==, "vm stop x --force --json");
    g_assert_cmpstr(fct_args_text(args, "url"), ==, "https://h");
    g_assert_true(fct_args_flag(args, "json"));
    g_assert_false(fct_args_flag(args, "version"));
}

/* A getter that its row does not know is found by whoever tries the verb, at once. */
static void test_row_without_option(void)
{
    if (g_test_subprocess()) {
        g_autofree char *fault = NULL;
        g_autoptr(FctArgs) args = parse(&bare, "", &fault);
        fct_args_flag(args, "force");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*has no option --force in its row*");
}

/* ---- the rows of the program ---- */

static gboolean is_sentence(const char *text)
{
    return text && *text && g_ascii_isupper(*text) && !g_str_has_suffix(text, ".");
}

static void check_operands(const FctVerb *verb)
{
    FctTimes before = FCT_ONE;
    for (const FctOperand *operand = verb->operands; operand->name; operand++) {
        g_assert_cmpint(operand->times, >=, before); /* what may be left out stands last */
        g_assert_true(before != FCT_MANY);
        before = operand->times;
    }
    g_assert_null(verb->operands[G_N_ELEMENTS(verb->operands) - 1].name);
    g_assert_null(verb->examples[G_N_ELEMENTS(verb->examples) - 1]);
}

static void check_options(const FctVerb *verb)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) letters = g_hash_table_new(NULL, NULL);
    const FctOption *option;
    for (guint i = 0; (option = fct_verb_option(verb, i)); i++) {
        g_assert_true(option->help && *option->help && !g_str_has_suffix(option->help, "."));
        g_assert_true(g_hash_table_add(names, (gpointer)option->name));
        g_assert_true(!option->letter || g_hash_table_add(letters, GINT_TO_POINTER(option->letter)));
        g_assert_true(option->value || (option->kind == FCT_KIND_TEXT && !option->many));
        g_assert_true(option->kind == FCT_KIND_NUMBER || (!option->least && !option->most));
        g_assert_false(g_str_equal(option->name, "json") || g_str_equal(option->name, "help"));
    }
}

/* Each row is whole, each verb is there once, and its first word is its noun. */
static void test_rows(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (const FctNoun *const *noun = fct_cli_nouns; *noun; noun++) {
        g_autoptr(GPtrArray) list = fct_noun_verbs(*noun);
        for (guint i = 0; i < list->len; i++) {
            const FctVerb *verb = list->pdata[i];
            g_test_message("%s", verb->words);
            g_assert_true(g_hash_table_add(seen, (gpointer)verb->words));
            g_assert_true(!(*noun)->name || fct_words_begin(verb->words, (*noun)->name));
            g_assert_true(is_sentence(verb->summary));
            g_assert_nonnull(verb->run);
            check_operands(verb);
            check_options(verb);
        }
    }
    g_assert_cmpuint(g_hash_table_size(seen), >, 80);
}

/* An example is a line that its own row reads. */
static void test_examples(void)
{
    g_autoptr(GPtrArray) list = fct_verbs_list(fct_cli_nouns);
    for (guint i = 0; i < list->len; i++) {
        const FctVerb *verb = list->pdata[i];
        g_autofree char *begin = g_strconcat("facet ", verb->words, NULL);
        for (guint k = 0; verb->examples[k]; k++) {
            g_autofree char *fault = NULL;
            if (!fct_words_begin(verb->examples[k], begin)) /* of the shell: source <(facet completion bash) */
                continue;
            g_autofree char *rest = g_strstrip(g_strdup(verb->examples[k] + strlen(begin)));
            g_auto(GStrv) pipe = g_strsplit(rest, " | ", 2);
            g_autoptr(FctArgs) args = parse(verb, pipe[0] ? pipe[0] : "", &fault);
            g_assert_cmpstr(fault, ==, NULL);
            g_assert_nonnull(args);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/args/faults", test_faults);
    g_test_add_func("/args/value-missing", test_value_missing);
    g_test_add_func("/args/values", test_values);
    g_test_add_func("/args/unsaid", test_unsaid);
    g_test_add_func("/args/put", test_put);
    g_test_add_func("/args/separator", test_separator);
    g_test_add_func("/args/raw", test_raw);
    g_test_add_func("/args/head", test_head);
    g_test_add_func("/args/row-without-option", test_row_without_option);
    g_test_add_func("/rows/whole", test_rows);
    g_test_add_func("/rows/examples", test_examples);
    return g_test_run();
}
