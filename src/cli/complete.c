/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion: a short shell function that asks `facet __complete WORDS…`, so that it always knows the verbs of this
 * version. What comes back are names that anybody may have chosen (files, VMs of others): the shells take them as text,
 * compare and quote them, and never evaluate one. Names with control characters are left out, since the answer is
 * lines, and a terminal would obey them.
 */
#include "cli/cli.h"

#include "base/plain.h"

#include <stdio.h>
#include <string.h>

static const char bash_script[] = "_facet() {\n"
                                  "    local line word=${COMP_WORDS[COMP_CWORD]} typed\n"
                                  "    local -a lines\n"
                                  /* As the word is typed so far: perhaps in quotes, or with backslashes. */
                                  "    typed=${word#[\\\"\\']}\n"
                                  "    typed=${typed//\\\\/}\n"
                                  "    mapfile -t lines < <(facet __complete "
                                  "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\" 2>/dev/null)\n"
                                  "    COMPREPLY=()\n"
                                  "    for line in \"${lines[@]}\"; do\n"
                                  "        [[ $line == \"$typed\"* ]] || continue\n"
                                  "        case $word in\n"
                                  /* Within quotes of the user's the quoting is a word of its own: only plain names. */
                                  "        [\\\"\\']*) [[ $line == *[!A-Za-z0-9._:/=@+-]* ]] || "
                                  "COMPREPLY+=(\"$line\") ;;\n"
                                  "        *) printf -v line %q \"$line\"; COMPREPLY+=(\"$line\") ;;\n"
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
    "    lines=(\"${(@f)$(facet __complete \"${(@Q)words[2,CURRENT-1]}\" 2>/dev/null)}\")\n"
    "    local -a whole=(${lines:#(|*=)}) begun=(${(M)lines:#?*=})\n"
    "    compadd -a -- whole\n"
    "    compadd -S '' -a -- begun\n"
    "}\n"
    "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
    "if [[ ${funcstack[1]} == _facet ]]; then _facet \"$@\"; else compdef _facet facet; fi\n";
/* fish splits a command substitution at newlines alone, and escapes what it inserts. */
static const char fish_script[] = "function __facet_complete\n"
                                  "    set -l words (commandline -opc)\n"
                                  "    facet __complete $words[2..-1] 2>/dev/null\n"
                                  "end\n"
                                  "complete -c facet -f -a '(__facet_complete)'\n";

int fct_verb_completion(FctCli *cli, int argc, char **argv)
{
    static const char *const shells[][2] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    for (gsize i = 0; i < G_N_ELEMENTS(shells); i++)
        if (g_str_equal(argc > 1 ? argv[1] : "bash", shells[i][0])) {
            fputs(shells[i][1], stdout);
            return 0;
        }
    return fct_cli_usage("completion knows bash, zsh and fish.");
}

/* A name like an option would be taken for one. */
static void print_name(const char *name)
{
    if (*name && *name != '-' && fct_plain_is(name, FALSE))
        puts(name);
}

static void print_members(FctCli *cli, const char *path, const char *member)
{
    g_autoptr(json_t) answer = NULL;
    size_t i;
    json_t *item;
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &answer, NULL))
        return;
    json_array_foreach (json_object_get(answer, "items"), i, item) {
        const json_t *value = json_object_get(item, member);
        if (json_is_string(value))
            print_name(json_string_value(value));
        else if (json_is_integer(value))
            printf("%d\n", (int)json_integer_value(value));
    }
}

static void print_profiles(FctCli *cli, const char *gpu)
{
    g_autofree char *segment = fct_client_segment(gpu);
    g_autofree char *path = g_strdup_printf("/gpus/%s", segment);
    g_autoptr(json_t) answer = NULL;
    size_t i;
    json_t *profile;
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &answer, NULL))
        return;
    json_array_foreach (json_object_get(json_object_get(answer, "mig"), "profiles"), i, profile) {
        g_autofree char *word = g_strdup_printf("%s=", fct_json_str(profile, "name", ""));
        print_name(word);
    }
}

static void print_verbs(const FctCli *cli, const char *noun)
{
    const char *last = "";
    for (const FctVerb *verb = cli->verbs; verb->noun; verb++) {
        if (!noun && !g_str_equal(last, verb->noun) && !g_str_has_prefix(verb->noun, "__"))
            puts(verb->noun);
        if (noun && verb->verb && g_str_equal(verb->noun, noun))
            puts(verb->verb);
        last = verb->noun;
    }
}

/* What the first word behind a verb of each noun names; a verb that makes one names none. */
static const struct {
    const char *noun, *makes, *path, *member;
} nouns[] = {
    {"gpu", "", "/gpus", "index"},
    {"vm", "create", "/vms", "name"},
    {"template", "create", "/templates", "name"},
    {"network", "create", "/networks", "name"},
    {"pool", "create", "/pools", "name"},
    {"volume", "create", "/volumes", "id"},
    {"file", "upload", "/files", "name"},
    {"image", "", "/images", "id"},
    {"group", "create", "/resource-groups", "id"},
    {"token", "create", "/tokens", "id"},
    {"task", "", "/tasks", "id"},
};

static void print_objects(FctCli *cli, const char *noun, const char *verb)
{
    for (gsize i = 0; i < G_N_ELEMENTS(nouns); i++)
        if (g_str_equal(nouns[i].noun, noun) && !g_str_equal(nouns[i].makes, verb))
            print_members(cli, nouns[i].path, nouns[i].member);
}

static void print_snapshots(FctCli *cli, const char *vm)
{
    g_autofree char *segment = fct_client_segment(vm);
    g_autofree char *path = g_strdup_printf("/vms/%s/snapshots", segment);
    print_members(cli, path, "name");
}

/* argv[1…] are the words before the one that is being typed. */
int fct_verb_complete(FctCli *cli, int argc, char **argv)
{
    const char *noun = argc > 1 ? argv[1] : NULL, *verb = argc > 2 ? argv[2] : "";
    gboolean snapshot = argc > 2 && g_str_equal(noun, "vm") && g_str_equal(verb, "snapshot");
    gboolean disk = argc > 2 && g_str_equal(noun, "vm") && g_str_equal(verb, "disk");
    if (argc <= 2)
        print_verbs(cli, noun);
    else if (snapshot && argc == 3)
        puts("list\ncreate\nrevert\ndelete");
    else if (disk && argc == 3)
        puts("add\ngrow\nremove");
    else if (argc == 3 || ((snapshot || disk) && argc == 4))
        print_objects(cli, noun, verb);
    else if (snapshot && argc == 5 && !g_str_equal(argv[3], "create"))
        print_snapshots(cli, argv[4]);
    else if (g_str_equal(noun, "gpu") && g_str_equal(verb, "mig"))
        puts("on\noff");
    else if (g_str_equal(noun, "gpu") && g_str_equal(verb, "carve"))
        print_profiles(cli, argv[3]);
    else if (g_str_equal(noun, "vm") && g_str_equal(verb, "cd"))
        print_members(cli, "/files", "name");
    return 0;
}
