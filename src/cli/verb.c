/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verb.h"

#include <string.h>

#define SYNOPSIS_WIDTH 96 /* a longer one does not name each option */

const FctOption fct_program_options[] = {
    {"url", .value = "URL", .help = "Address of facetd"},
    {"ca", .value = "FILE", .help = "Certificate of the server", .kind = FCT_KIND_PATH},
    {"json", .help = "Print what the API answers"},
    {"help", 'h', .help = "Show this help"},
    {"version", .help = "Show the version"},
    {NULL},
};
const FctOption fct_common_options[] = {
    {"json", .help = "Print what the API answers"},
    {"help", 'h', .help = "Show this help"},
    {NULL},
};
static const FctOption yes_option = {"yes", 'y', .help = "Do not ask"};

gboolean fct_kind_source(FctKind kind, const char **ret_path, const char **ret_member)
{
    static const struct {
        const char *path, *member;
    } sources[] = {
        [FCT_KIND_GPU] = {"/gpus", "index"},
        [FCT_KIND_GPU_ID] = {"/gpus", "id"},
        [FCT_KIND_GROUP] = {"/resource-groups", "id"},
        [FCT_KIND_IMAGE] = {"/images", "id"},
        [FCT_KIND_NETWORK] = {"/networks", "name"},
        [FCT_KIND_POOL] = {"/pools", "name"},
        [FCT_KIND_VOLUME] = {"/volumes", "id"},
        [FCT_KIND_FILE] = {"/files", "name"},
        [FCT_KIND_VM] = {"/vms", "name"},
        [FCT_KIND_TEMPLATE] = {"/templates", "name"},
        [FCT_KIND_TASK] = {"/tasks", "id"},
        [FCT_KIND_TOKEN] = {"/tokens", "id"},
    };
    *ret_path = sources[kind].path;
    *ret_member = sources[kind].member;
    return *ret_path != NULL;
}

gboolean fct_words_begin(const char *words, const char *begin)
{
    gsize length = strlen(begin);
    return strncmp(words, begin, length) == 0 && (words[length] == '\0' || words[length] == ' ');
}

static gboolean is_hidden(const FctVerb *verb)
{
    return g_str_has_prefix(verb->words, "__");
}

static void add_verbs(GPtrArray *list, const FctNoun *noun, gboolean hidden_too)
{
    for (const FctVerb *const *table = noun->tables; *table; table++)
        for (const FctVerb *verb = *table; verb->words; verb++)
            if (hidden_too || !is_hidden(verb))
                g_ptr_array_add(list, (gpointer)verb);
}

GPtrArray *fct_noun_verbs(const FctNoun *noun)
{
    GPtrArray *list = g_ptr_array_new();
    add_verbs(list, noun, FALSE);
    return list;
}

GPtrArray *fct_verbs_list(const FctNoun *const *nouns)
{
    GPtrArray *list = g_ptr_array_new();
    for (; *nouns; nouns++)
        add_verbs(list, *nouns, FALSE);
    return list;
}

static char *first_words(char *const *argv, int n)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "", argv[i]);
    return g_string_free(text, FALSE);
}

const FctVerb *fct_verbs_find(const FctNoun *const *nouns, int argc, char *const *argv, int *ret_words)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (; *nouns; nouns++)
        add_verbs(list, *nouns, TRUE);
    for (guint i = 0; i < list->len; i++) {
        const FctVerb *verb = list->pdata[i];
        g_auto(GStrv) words = g_strsplit(verb->words, " ", -1);
        int n = (int)g_strv_length(words), same = 0;
        while (same < n && same < argc && g_str_equal(words[same], argv[same]))
            same++;
        if (same < n)
            continue;
        if (ret_words)
            *ret_words = n;
        return verb;
    }
    return NULL;
}

int fct_verbs_known(const FctNoun *const *nouns, int argc, char *const *argv)
{
    g_autoptr(GPtrArray) list = fct_verbs_list(nouns);
    int known = 0;
    for (int n = 1; n <= argc && known == n - 1; n++) {
        g_autofree char *begin = first_words(argv, n);
        for (guint i = 0; i < list->len; i++)
            if (fct_words_begin(((const FctVerb *)list->pdata[i])->words, begin))
                known = n;
    }
    return known;
}

const FctOption *fct_verb_option(const FctVerb *verb, guint i)
{
    guint n = 0;
    while (verb->options && verb->options[n].name)
        n++;
    if (i < n)
        return &verb->options[i];
    return i == n && verb->asks != FCT_ASKS_NEVER ? &yes_option : NULL;
}

/* ---- in words ---- */

static void add_operands(GString *text, const FctVerb *verb)
{
    for (const FctOperand *operand = verb->operands; operand->name; operand++) {
        g_autofree char *word =
            operand->times == FCT_ONE ? g_strdup(operand->name) : g_strdup_printf("[%s]", operand->name);
        g_string_append_printf(text, " %s%s", word, operand->times == FCT_MANY ? "…" : "");
    }
}

char *fct_verb_usage(const FctVerb *verb)
{
    g_autoptr(GString) text = g_string_new(verb->words);
    add_operands(text, verb);
    g_autoptr(GString) whole = g_string_new(text->str);
    const FctOption *option;
    for (guint i = 0; (option = fct_verb_option(verb, i)); i++)
        g_string_append_printf(whole, " [--%s%s%s]%s", option->name, option->value ? " " : "",
                               option->value ? option->value : "", option->many ? "…" : "");
    if (whole->len <= SYNOPSIS_WIDTH)
        return g_string_free(g_steal_pointer(&whole), FALSE);
    g_string_append(text, " [OPTION]…");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *fct_option_usage(const FctOption *option)
{
    g_autofree char *letter = option->letter ? g_strdup_printf("-%c, ", option->letter) : g_strdup("");
    return g_strdup_printf("%s--%s%s%s", letter, option->name, option->value ? " " : "",
                           option->value ? option->value : "");
}

const char *fct_verb_asks(const FctVerb *verb)
{
    static const char *const sentences[] = {
        [FCT_ASKS_ALWAYS] = "It asks first. A script, which nobody can ask, adds --yes.",
        [FCT_ASKS_TERMINAL] = "At a terminal it asks first; a script goes on.",
        [FCT_ASKS_PLAN] = "It asks first when something is removed or interrupted. A script, which nobody can ask, "
                          "adds --yes.",
    };
    return verb->asks == FCT_ASKS_NEVER ? NULL : sentences[verb->asks];
}

char **fct_choices(const char *name)
{
    return g_strsplit(name, "|", -1);
}
