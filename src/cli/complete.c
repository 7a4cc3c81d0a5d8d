/* SPDX-License-Identifier: Apache-2.0 */
/* Completion: a short shell function that asks `facet __complete WORDS…`, so that it always knows the verbs of this
 * version. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static const char bash_script[] =
    "_facet() {\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY=($(compgen -W \"$(facet __complete \"${COMP_WORDS[@]:1:COMP_CWORD-1}\" "
    "2>/dev/null)\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
    "}\n"
    "complete -F _facet facet\n";
static const char zsh_script[] = "autoload -U +X bashcompinit && bashcompinit\n";

int fct_verb_completion(FctCli *cli, int argc, char **argv)
{
    const char *shell = argc > 1 ? argv[1] : "bash";
    if (!g_str_equal(shell, "bash") && !g_str_equal(shell, "zsh"))
        return fct_cli_usage("completion knows bash and zsh.");
    printf("%s%s", g_str_equal(shell, "zsh") ? zsh_script : "", bash_script);
    return 0;
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
            puts(json_string_value(value));
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
    json_array_foreach (json_object_get(json_object_get(answer, "mig"), "profiles"), i, profile)
        printf("%s=\n", fct_json_str(profile, "name", ""));
}

static void print_verbs(const char *noun)
{
    const char *last = "";
    for (const FctVerb *verb = fct_cli_verbs; verb->noun; verb++) {
        if (!noun && !g_str_equal(last, verb->noun) && !g_str_has_prefix(verb->noun, "__"))
            puts(verb->noun);
        if (noun && verb->verb && g_str_equal(verb->noun, noun))
            puts(verb->verb);
        last = verb->noun;
    }
}

/* argv[1…] are the words before the one that is being typed. */
int fct_verb_complete(FctCli *cli, int argc, char **argv)
{
    const char *noun = argc > 1 ? argv[1] : NULL;
    if (argc <= 2)
        print_verbs(noun);
    else if (g_str_equal(noun, "gpu") && argc == 3)
        print_members(cli, "/gpus", "index");
    else if (g_str_equal(noun, "gpu") && g_str_equal(argv[2], "mig"))
        puts("on\noff");
    else if (g_str_equal(noun, "gpu") && g_str_equal(argv[2], "carve"))
        print_profiles(cli, argv[3]);
    else if (g_str_equal(noun, "vm") && argc == 3 && !g_str_equal(argv[2], "create"))
        print_members(cli, "/vms", "name");
    else if (g_str_equal(noun, "template") && argc == 3 && !g_str_equal(argv[2], "create"))
        print_members(cli, "/templates", "name");
    else if (g_str_equal(noun, "network") && argc == 3 && !g_str_equal(argv[2], "create"))
        print_members(cli, "/networks", "name");
    else if (g_str_equal(noun, "file") && argc == 3 && !g_str_equal(argv[2], "upload"))
        print_members(cli, "/files", "name");
    else if (g_str_equal(noun, "task") && argc == 3)
        print_members(cli, "/tasks", "id");
    return 0;
}
