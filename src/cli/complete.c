/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion: a short shell function that asks `facet __complete WORDS…`, so that it always knows the verbs of this
 * version; the last word is the one that is being typed. What comes back are names that anybody may have chosen (files,
 * VMs of others): the shells take them as text, compare and quote them, and never evaluate one. Names with control
 * characters are left out, since the answer is lines, and a terminal would obey them; so a line that begins with a tab
 * can only be ours, and asks the shell for files of this machine.
 */
#include "cli/cli.h"

#include "base/plain.h"

#include <stdio.h>
#include <string.h>

/*
 * bash takes = and : for ends of words. The loop puts together what stands in one piece on the line ($COMP_LINE), and
 * $kept is what readline leaves as it is. A word may have been begun in quotes, or with backslashes; within quotes of
 * the user's the quoting is a word of its own, so only plain names are offered there.
 */
static const char bash_script[] =
    "_facet() {\n"
    "    local line=${COMP_LINE-} last=${COMP_WORDS[COMP_CWORD]} typed kept answer i\n"
    "    local -a words=() answers\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        if [[ $i -gt 0 && -n $line && $line != [[:blank:]]* ]]; then\n"
    "            words[-1]+=${COMP_WORDS[i]}\n"
    "        else\n"
    "            words+=(\"${COMP_WORDS[i]}\")\n"
    "            line=${line#\"${line%%[![:blank:]]*}\"}\n"
    "        fi\n"
    "        line=${line#\"${COMP_WORDS[i]}\"}\n"
    "    done\n"
    "    [[ $last != [=:] ]] || last=\n"
    "    kept=${words[-1]%\"$last\"}\n"
    "    words[-1]=${words[-1]#[\\\"\\']}\n"
    "    words=(\"${words[@]//\\\\/}\")\n"
    "    typed=${words[-1]}\n"
    "    mapfile -t answers < <(facet __complete \"${words[@]:1}\" 2>/dev/null)\n"
    "    COMPREPLY=()\n"
    "    if [[ ${answers[0]} == $'\\tfiles' ]]; then\n"
    "        compopt -o default -o filenames\n"
    "        return\n"
    "    fi\n"
    "    for answer in \"${answers[@]}\"; do\n"
    "        [[ $answer == \"$typed\"* ]] || continue\n"
    "        answer=${answer#\"$kept\"}\n"
    "        case $last in\n"
    "        [\\\"\\']*) [[ $answer == *[!A-Za-z0-9._:/=@+-]* ]] || COMPREPLY+=(\"$answer\") ;;\n"
    "        *) printf -v answer %q \"$answer\"; COMPREPLY+=(\"$answer\") ;;\n"
    "        esac\n"
    "    done\n"
    "    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace\n"
    "}\n"
    "complete -F _facet facet\n";
/* `compadd` quotes what it inserts; ${(f)…} splits lines and evaluates nothing. */
static const char zsh_script[] =
    "#compdef facet\n"
    "_facet() {\n"
    "    local -a lines\n"
    "    lines=(\"${(@f)$(facet __complete \"${(@Q)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "    if [[ $lines[1] == $'\\tfiles' ]]; then\n"
    "        [[ $PREFIX != --*=* ]] || compset -P '*='\n"
    "        _files\n"
    "        return\n"
    "    fi\n"
    "    local -a whole=(${lines:#(|*=)}) begun=(${(M)lines:#?*=})\n"
    "    compadd -a -- whole\n"
    "    compadd -S '' -a -- begun\n"
    "}\n"
    "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
    "if [[ ${funcstack[1]} == _facet ]]; then _facet \"$@\"; else compdef _facet facet; fi\n";
/* fish splits a command substitution at newlines alone, and escapes what it inserts. */
static const char fish_script[] = "function __facet_complete\n"
                                  "    set -l words (commandline -opc)\n"
                                  "    set -l typed (commandline -ct)\n"
                                  "    set -l answers (facet __complete $words[2..-1] \"$typed\" 2>/dev/null)\n"
                                  "    if test \"$answers[1]\" = \\t\"files\"\n"
                                  "        __fish_complete_path $typed\n"
                                  "    else\n"
                                  "        printf '%s\\n' $answers\n"
                                  "    end\n"
                                  "end\n"
                                  "complete -c facet -f -a '(__facet_complete)'\n";

static int completion(FctCli *cli, const FctArgs *args)
{
    static const char *const shells[][2] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    const char *wanted = fct_args_word(args, 0) ? fct_args_word(args, 0) : "bash";
    for (gsize i = 0; i < G_N_ELEMENTS(shells); i++)
        if (g_str_equal(wanted, shells[i][0]))
            fputs(shells[i][1], stdout);
    return 0;
}

/* ---- what may stand next ---- */

/* A name like an option would be taken for one, but behind the option that it is the value of. */
static void print_name(const char *before, const char *name, const char *after)
{
    if (*name && (*before || *name != '-') && fct_plain_is(name, FALSE))
        printf("%s%s%s\n", before, name, after);
}

static void print_members(FctCli *cli, const char *path, const char *list, const char *member, const char *before)
{
    g_autoptr(json_t) answer = NULL;
    size_t i;
    json_t *item;
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &answer, NULL))
        return;
    json_array_foreach (json_object_get(answer, list), i, item) {
        const json_t *value = json_object_get(item, member);
        if (json_is_string(value))
            print_name(before, json_string_value(value), "");
        else if (json_is_integer(value))
            printf("%s%d\n", before, (int)json_integer_value(value));
    }
}

static void print_profiles(FctCli *cli, const char *gpu, const char *before)
{
    g_autofree char *segment = fct_client_segment(gpu);
    g_autofree char *path = g_strdup_printf("/gpus/%s", segment);
    g_autoptr(json_t) answer = NULL;
    size_t i;
    json_t *profile;
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &answer, NULL))
        return;
    json_array_foreach (json_object_get(json_object_get(answer, "mig"), "profiles"), i, profile)
        print_name(before, fct_json_str(profile, "name", ""), "=");
}

static void print_of_vm(FctCli *cli, FctKind kind, const char *vm, const char *before)
{
    gboolean disks = kind == FCT_KIND_DISK;
    g_autofree char *segment = fct_client_segment(vm);
    g_autofree char *path = g_strdup_printf("/vms/%s%s", segment, disks ? "" : "/snapshots");
    print_members(cli, path, disks ? "disks" : "items", disks ? "target" : "name", before);
}

static void print_words(const char *choices, const char *before)
{
    g_auto(GStrv) words = fct_choices(choices);
    for (char **word = words; *word; word++)
        printf("%s%s\n", before, *word);
}

/* What stands on the line before the word that is typed. */
typedef struct {
    const FctVerb *verb;
    GPtrArray *words;         /* operands */
    GHashTable *said;         /* names of options */
    const FctOption *pending; /* its value is typed now */
    gboolean names_only;      /* behind "--" */
} Line;

static void line_clear(Line *line)
{
    g_ptr_array_unref(line->words);
    g_hash_table_unref(line->said);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Line, line_clear)

/* The word before that is of @kind; "" when there is none. */
static const char *word_of(const Line *line, FctKind kind)
{
    for (guint i = 0; i < line->words->len && line->verb->operands[i].name; i++)
        if (line->verb->operands[i].kind == kind)
            return line->words->pdata[i];
    return "";
}

/* @name: as help shows what the word stands for. @before: what of the word comes before the value. */
static void print_kind(FctCli *cli, const Line *line, FctKind kind, const char *name, const char *before)
{
    const char *path, *member;
    if (kind == FCT_KIND_CHOICE || kind == FCT_KIND_WORD)
        print_words(name, before);
    else if (kind == FCT_KIND_PATH)
        puts("\tfiles");
    else if (kind == FCT_KIND_PROFILE)
        print_profiles(cli, word_of(line, FCT_KIND_GPU), before);
    else if (kind == FCT_KIND_SNAPSHOT || kind == FCT_KIND_DISK)
        print_of_vm(cli, kind, word_of(line, FCT_KIND_VM), before);
    else if (fct_kind_source(kind, &path, &member))
        print_members(cli, path, "items", member, before);
}

/* The option of a word, "--image" or "-i"; @ret_value (if wanted) gets what stands behind "=". */
static const FctOption *option_of(const FctVerb *verb, const char *word, const char **ret_value)
{
    const FctOption *option;
    const char *equals = g_str_has_prefix(word, "--") ? strchr(word, '=') : NULL;
    g_autofree char *name = equals ? g_strndup(word, (gsize)(equals - word)) : g_strdup(word);
    for (guint i = 0; (option = fct_verb_option(verb, i)); i++) {
        gboolean is = g_str_has_prefix(name, "--") ? g_str_equal(name + 2, option->name)
                                                   : option->letter && name[1] == option->letter && !name[2];
        if (!is)
            continue;
        if (ret_value)
            *ret_value = equals ? equals + 1 : NULL;
        return option;
    }
    return NULL;
}

static void add_word(Line *line, const char *word)
{
    const char *value = NULL;
    if (line->pending) {
        line->pending = NULL;
    } else if (line->names_only || word[0] != '-' || !word[1]) {
        g_ptr_array_add(line->words, (gpointer)word);
    } else if (g_str_equal(word, "--")) {
        line->names_only = TRUE;
    } else {
        const FctOption *option = option_of(line->verb, word, &value);
        if (!option)
            return;
        g_hash_table_add(line->said, (gpointer)option->name);
        line->pending = option->value && !value ? option : NULL;
    }
}

static void print_options(const Line *line)
{
    const FctOption *option;
    for (guint i = 0; (option = fct_verb_option(line->verb, i)); i++)
        if (option->many || !g_hash_table_contains(line->said, option->name))
            printf("--%s\n", option->name);
    for (option = fct_common_options; option->name; option++)
        printf("--%s\n", option->name);
}

/* NULL: no further word has a place. */
static const FctOperand *next_operand(const Line *line)
{
    const FctOperand *operand = line->verb->operands;
    for (guint i = 0; i < line->words->len && operand->name; i++)
        operand += operand->times != FCT_MANY;
    return operand->name ? operand : NULL;
}

static void complete_word(FctCli *cli, const Line *line, const char *typed)
{
    const char *value = NULL;
    const FctOption *option = line->pending;
    const FctOperand *operand = next_operand(line);
    if (!option && !line->names_only && typed[0] == '-')
        option = option_of(line->verb, typed, &value);
    if (line->pending) {
        print_kind(cli, line, option->kind, option->value, "");
    } else if (option && value && option->value) {
        g_autofree char *before = g_strndup(typed, (gsize)(value - typed));
        print_kind(cli, line, option->kind, option->value, before);
    } else if (!line->names_only && (typed[0] == '-' || !operand)) {
        print_options(line);
    } else if (operand) {
        print_kind(cli, line, operand->kind, operand->name, "");
    }
}

/* ---- which verb ---- */

/* The next words of the verbs that begin with these @n, each once. */
static void print_next_words(const FctCli *cli, char *const *begin, int n)
{
    g_autoptr(GPtrArray) list = fct_verbs_list(cli->nouns);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < list->len; i++) {
        g_auto(GStrv) words = g_strsplit(((const FctVerb *)list->pdata[i])->words, " ", -1);
        int same = 0;
        while (same < n && words[same] && g_str_equal(words[same], begin[same]))
            same++;
        if (same == n && words[n] && g_hash_table_add(seen, g_strdup(words[n])))
            puts(words[n]);
    }
}

/* How many of the first words are options of the program with their values; *ret_pending: the last one misses its. */
static int program_options(char *const *words, int n, const FctOption **ret_pending)
{
    int i = 0;
    *ret_pending = NULL;
    for (; i < n && words[i][0] == '-' && words[i][1]; i++) {
        const FctOption *option = fct_program_options;
        while (option->name && !(g_str_has_prefix(words[i], "--") && g_str_equal(words[i] + 2, option->name)))
            option++;
        if (option->name && option->value && ++i >= n)
            *ret_pending = option;
    }
    return MIN(i, n);
}

static void complete_verb(FctCli *cli, char *const *words, int n, const char *typed)
{
    int taken = 0;
    const FctVerb *verb = fct_verbs_find(cli->nouns, n, words, &taken);
    if (!verb) {
        print_next_words(cli, words, n);
        return;
    }
    g_auto(Line) line = {verb, g_ptr_array_new(), g_hash_table_new(g_str_hash, g_str_equal)};
    for (int i = taken; i < n; i++)
        add_word(&line, words[i]);
    complete_word(cli, &line, typed);
}

static int complete(FctCli *cli, const FctArgs *args)
{
    char **words = fct_args_words(args, 0);
    int n = MAX((int)g_strv_length(words) - 1, 0);
    const char *typed = words[n] ? words[n] : "";
    const FctOption *pending;
    int first = program_options(words, n, &pending);
    gboolean help = first < n && g_str_equal(words[first], "help");
    if (pending) {
        if (pending->kind == FCT_KIND_PATH)
            puts("\tfiles");
    } else if (first == n && typed[0] == '-') {
        for (const FctOption *option = fct_program_options; option->name; option++)
            printf("--%s\n", option->name);
    } else if (help) {
        print_next_words(cli, words + first + 1, n - first - 1);
    } else {
        complete_verb(cli, words + first, n - first, typed);
        if (first == n)
            puts("help");
    }
    return 0;
}

static const FctVerb verbs[] = {
    {"completion", "Print the completion for your shell", completion,
     .operands = {{"bash|zsh|fish", FCT_KIND_CHOICE, FCT_MAY}},
     .examples = {"source <(facet completion bash)", "facet completion fish | source"}},
    {"__complete", "Words that may stand next", complete, .raw = TRUE},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_completion = {NULL, "completion", tables};
