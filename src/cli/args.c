/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include <string.h>

typedef struct {
    const FctOption *option;
    gboolean flag;
    char *text, **list;
    int number;
} Slot;

struct FctArgs {
    const FctVerb *verb;
    char **words;
    Slot *slots; /* one for each option */
    guint n_slots;
};

static guint count_options(const FctVerb *verb)
{
    guint n = 0;
    while (fct_verb_option(verb, n))
        n++;
    return n;
}

static FctArgs *args_new(const FctVerb *verb)
{
    FctArgs *args = g_new0(FctArgs, 1);
    args->verb = verb;
    args->n_slots = count_options(verb);
    args->slots = g_new0(Slot, args->n_slots + 1);
    for (guint i = 0; i < args->n_slots; i++)
        args->slots[i].option = fct_verb_option(verb, i);
    return args;
}

void fct_args_free(FctArgs *args)
{
    if (!args)
        return;
    for (guint i = 0; i < args->n_slots; i++) {
        g_free(args->slots[i].text);
        g_strfreev(args->slots[i].list);
    }
    g_free(args->slots);
    g_strfreev(args->words);
    g_free(args);
}

/* ---- reading ---- */

/* Numbers are read as text: GLib's own reading takes "010" for eight, and does not know the limits. */
static GOptionEntry entry_of(Slot *slot)
{
    const FctOption *option = slot->option;
    gboolean path = option->kind == FCT_KIND_PATH;
    GOptionEntry entry = {option->name, option->letter, 0, G_OPTION_ARG_NONE, &slot->flag, option->help, option->value};
    if (option->value && option->many) {
        entry.arg = path ? G_OPTION_ARG_FILENAME_ARRAY : G_OPTION_ARG_STRING_ARRAY;
        entry.arg_data = &slot->list;
    } else if (option->value) {
        entry.arg = path ? G_OPTION_ARG_FILENAME : G_OPTION_ARG_STRING;
        entry.arg_data = &slot->text;
    }
    return entry;
}

/* What is no option of the verb stays among the words: the sentence about it is ours. */
static gboolean read_options(FctArgs *args, int *argc, char ***argv, gboolean head, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree GOptionEntry *entries = g_new0(GOptionEntry, args->n_slots + 1);
    for (guint i = 0; i < args->n_slots; i++)
        entries[i] = entry_of(&args->slots[i]);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_ignore_unknown_options(context, TRUE);
    g_option_context_set_strict_posix(context, head);
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static char *fault_new(const FctVerb *verb, const char *what)
{
    return g_strdup_printf("%s “facet%s%s --help” says more.", what, *verb->words ? " " : "", verb->words);
}

/* "1 to 9", "1 on" */
static char *limits_of(const FctOption *option)
{
    return option->most ? g_strdup_printf("%d to %d", option->least, option->most)
                        : g_strdup_printf("%d on", option->least);
}

static char *check_number(Slot *slot)
{
    gint64 number, most = slot->option->most ? slot->option->most : G_MAXINT;
    if (!slot->text)
        return NULL;
    if (g_ascii_string_to_signed(slot->text, 10, slot->option->least, most, &number, NULL)) {
        slot->number = (int)number;
        return NULL;
    }
    g_autofree char *limits = limits_of(slot->option);
    return g_strdup_printf("--%s takes a number from %s, not %s.", slot->option->name, limits, slot->text);
}

static gboolean is_choice(const char *choices, const char *word)
{
    g_auto(GStrv) words = fct_choices(choices);
    return g_strv_contains((const char *const *)words, word);
}

/* "on or off", "a, b or c" */
static char *choices_text(const char *choices)
{
    g_auto(GStrv) words = fct_choices(choices);
    GString *text = g_string_new(NULL);
    for (guint i = 0; words[i]; i++)
        g_string_append_printf(text, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
    return g_string_free(text, FALSE);
}

static char *check_choice(const FctOption *option, const char *word)
{
    if (!word || is_choice(option->value, word))
        return NULL;
    g_autofree char *choices = choices_text(option->value);
    return g_strdup_printf("--%s takes %s, not %s.", option->name, choices, word);
}

/* The fault of the values that were given; NULL: none. */
static char *check_options(FctArgs *args)
{
    char *fault = NULL;
    for (guint i = 0; i < args->n_slots && !fault; i++) {
        Slot *slot = &args->slots[i];
        if (slot->option->kind == FCT_KIND_NUMBER)
            fault = check_number(slot);
        else if (slot->option->kind == FCT_KIND_CHOICE)
            fault = check_choice(slot->option, slot->text);
    }
    return fault;
}

/* @operand NULL: there is no place for the word. */
static char *check_word(const FctVerb *verb, const FctOperand *operand, const char *word)
{
    g_autofree char *what = NULL;
    if (!operand) {
        what = g_strdup_printf("“%s” is one word too many.", word);
        return fault_new(verb, what);
    }
    if (operand->kind != FCT_KIND_CHOICE || is_choice(operand->name, word))
        return NULL;
    g_autofree char *choices = choices_text(operand->name);
    what = g_strdup_printf("“%s” is not %s.", word, choices);
    return fault_new(verb, what);
}

static char *check_words(const FctArgs *args)
{
    const FctOperand *operand = args->verb->operands;
    char *fault = NULL;
    for (char **word = args->words; *word && !fault; word++) {
        fault = check_word(args->verb, operand->name ? operand : NULL, *word);
        operand += operand->name && operand->times != FCT_MANY;
    }
    if (fault || !operand->name || operand->times != FCT_ONE)
        return fault;
    g_autofree char *what = g_strdup_printf("%s is missing.", operand->name);
    return fault_new(args->verb, what);
}

/* The first word that looks like an option; a single dash is a name. NULL: none. */
static const char *stray_option(char **words, int n)
{
    for (int i = 0; i < n; i++)
        if (words[i][0] == '-' && words[i][1])
            return words[i];
    return NULL;
}

static int separator_of(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (g_str_equal(argv[i], "--"))
            return i;
    return argc;
}

/* One word for looking before leaping; the other is what somebody may try first. */
static void one_word_for_preview(int argc, char **argv)
{
    static char plan[] = "--plan";
    for (int i = 1; i < argc; i++)
        if (g_str_equal(argv[i], "--preview"))
            argv[i] = plan;
}

static char *no_option(const FctVerb *verb, const char *word)
{
    g_autofree char *what = g_strdup_printf("There is no option %s here.", word);
    return fault_new(verb, what);
}

/* GLib's sentences end without a full stop. */
static char *fault_of(const FctVerb *verb, const GError *error)
{
    g_autofree char *what = g_strdup_printf("%s.", error->message);
    return fault_new(verb, what);
}

/* The options among the @argc words of @argv; what is left of them are @ret_left words from argv[1] on. */
static char *read_head(FctArgs *args, int argc, char **argv, gboolean head, int *ret_left)
{
    g_autoptr(GError) error = NULL;
    char **words = argv;
    one_word_for_preview(argc, argv);
    if (!read_options(args, &argc, &words, head, &error))
        return fault_of(args->verb, error);
    const char *stray = stray_option(argv + 1, head ? MIN(argc - 1, 1) : argc - 1);
    if (stray)
        return no_option(args->verb, stray);
    *ret_left = argc - 1;
    return check_options(args);
}

static void add_words(GPtrArray *words, char **from, int n)
{
    for (int i = 0; i < n; i++)
        g_ptr_array_add(words, g_strdup(from[i]));
}

static char *read_words(FctArgs *args, int argc, char **argv, gboolean head)
{
    int end = head ? argc : separator_of(argc, argv), left = 0;
    g_autofree char **front = g_new0(char *, (gsize)end + 1); /* GLib moves the words about */
    GPtrArray *words = g_ptr_array_new();
    memcpy(front, argv, sizeof *front * (gsize)end);
    char *fault = read_head(args, end, front, head, &left);
    add_words(words, front + 1, left);
    if (end < argc)
        add_words(words, argv + end + 1, argc - end - 1);
    g_ptr_array_add(words, NULL);
    args->words = (char **)g_ptr_array_free(words, FALSE);
    return fault || head ? fault : check_words(args);
}

static FctArgs *parse(const FctVerb *verb, int argc, char **argv, gboolean head, char **ret_fault)
{
    g_autoptr(FctArgs) args = args_new(verb);
    if (verb->raw)
        args->words = g_strdupv(argv + 1);
    else if ((*ret_fault = read_words(args, argc, argv, head)))
        return NULL;
    return g_steal_pointer(&args);
}

FctArgs *fct_args_parse(const FctVerb *verb, int argc, char **argv, char **ret_fault)
{
    return parse(verb, argc, argv, FALSE, ret_fault);
}

FctArgs *fct_args_parse_head(const FctVerb *verb, int argc, char **argv, char **ret_fault)
{
    return parse(verb, argc, argv, TRUE, ret_fault);
}

/* ---- what was said ---- */

guint fct_args_count(const FctArgs *args)
{
    return g_strv_length(args->words);
}

const char *fct_args_word(const FctArgs *args, guint i)
{
    return i < fct_args_count(args) ? args->words[i] : NULL;
}

char **fct_args_words(const FctArgs *args, guint i)
{
    return args->words + MIN(i, fct_args_count(args));
}

static const Slot *slot_of(const FctArgs *args, const char *option)
{
    for (guint i = 0; i < args->n_slots; i++)
        if (g_str_equal(args->slots[i].option->name, option))
            return &args->slots[i];
    g_error("“facet %s” has no option --%s in its row.", args->verb->words, option);
}

gboolean fct_args_said(const FctArgs *args, const char *option)
{
    const Slot *slot = slot_of(args, option);
    return slot->flag || slot->text || slot->list;
}

gboolean fct_args_flag(const FctArgs *args, const char *option)
{
    return slot_of(args, option)->flag;
}

const char *fct_args_text(const FctArgs *args, const char *option)
{
    return slot_of(args, option)->text;
}

char **fct_args_list(const FctArgs *args, const char *option)
{
    return slot_of(args, option)->list;
}

int fct_args_number(const FctArgs *args, const char *option, int unsaid)
{
    const Slot *slot = slot_of(args, option);
    return slot->text ? slot->number : unsaid;
}

gboolean fct_args_yes(const FctArgs *args)
{
    return fct_args_flag(args, "yes");
}

void fct_args_put_text(const FctArgs *args, const char *option, json_t *body, const char *field)
{
    const char *text = fct_args_text(args, option);
    if (text)
        json_object_set_new(body, field, json_string(text));
}

void fct_args_put_number(const FctArgs *args, const char *option, json_t *body, const char *field)
{
    if (fct_args_said(args, option))
        json_object_set_new(body, field, json_integer(fct_args_number(args, option, 0)));
}
