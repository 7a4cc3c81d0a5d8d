/* SPDX-License-Identifier: Apache-2.0 */
/* Resource groups: the pools that VMs ask for parts. */
#include "cli/cli.h"

#include <string.h>

/* Why parts of the built-in groups, where each part is once, are not whole. */
static void print_not_whole(const json_t *group)
{
    size_t i;
    json_t *part;
    if (!fct_json_bool(group, "builtin", FALSE))
        return;
    json_array_foreach (json_object_get(group, "parts"), i, part)
        if (*fct_json_str(part, "not_whole", ""))
            printf("  %s: %s at slot %d is not whole: %s\n", fct_json_str(part, "gpu_label", ""),
                   fct_json_str(part, "profile", ""), (int)fct_json_int(part, "start", 0),
                   fct_json_str(part, "not_whole", ""));
}

static int group_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *group;
    if (!fct_client_call(cli->client, "GET", "/resource-groups", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("GROUP", "NAME", "#FREE", "#PARTS", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, group)
        fct_table_row(table, fct_json_str(group, "id", ""), fct_json_str(group, "name", ""),
                      fct_show_reading(json_object_get(group, "free"), ""),
                      fct_show_reading(json_object_get(group, "total"), ""), NULL);
    fct_table_print(table);
    json_array_foreach (json_object_get(answer, "items"), i, group)
        print_not_whole(group);
    return 0;
}

static int group_create(FctCli *cli, const FctArgs *args)
{
    const char *model = fct_args_text(args, "model"), *profile = fct_args_text(args, "profile"),
               *gpu = fct_args_text(args, "gpu");
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    if (!model && !profile && !gpu)
        return fct_cli_usage("group create takes a name, and one or more of --profile, --model and --gpu.");
    g_autoptr(json_t) body =
        json_pack("{s:s, s:s*, s:{s:s*, s:s*, s:s*}}", "name", fct_args_word(args, 0), "description",
                  fct_args_text(args, "description"), "rules", "model", model, "profile", profile, "gpu", gpu);
    if (!fct_client_call(cli->client, "POST", "/resource-groups", body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    return fct_cli_said(cli, "Group %s is made; %d parts belong to it now.", fct_json_str(answer, "name", ""),
                        (int)fct_json_int(answer, "total", 0));
}

/* By id or by name. New reference; NULL: *ret_status is the exit status. */
static json_t *find_group(FctCli *cli, const char *word, int *ret_status)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *group;
    if (fct_client_call(cli->client, "GET", "/resource-groups", NULL, 0, &answer, &error))
        json_array_foreach (json_object_get(answer, "items"), i, group)
            if (strcmp(fct_json_str(group, "id", ""), word) == 0 || strcmp(fct_json_str(group, "name", ""), word) == 0)
                return json_incref(group);
    if (!error)
        fct_set_error(&error, FCT_ERROR_NOT_FOUND, "There is no resource group “%s”.", word);
    *ret_status = fct_cli_fail(cli, error);
    return NULL;
}

static int delete_group(FctCli *cli, const FctArgs *args)
{
    int status = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) group = find_group(cli, fct_args_word(args, 0), &status);
    if (!group ||
        !fct_cli_confirm(fct_args_yes(args), &status, "Delete resource group %s?", fct_json_str(group, "name", "")))
        return status;
    g_autofree char *segment = fct_client_segment(fct_json_str(group, "id", ""));
    g_autofree char *path = g_strconcat("/resource-groups/", segment, NULL);
    if (!fct_client_call(cli->client, "DELETE", path, NULL, (guint64)fct_json_int(group, "revision", 0), NULL, &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "Group %s is deleted; its parts stay.", fct_json_str(group, "name", ""));
}

static const FctVerb verbs[] = {
    {"group list", "Resource groups: the pools that VMs ask for parts", group_list},
    {"group create", "Make a resource group", group_create, .operands = {{"NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS({"profile", .value = "PROFILE", .help = "Parts of this profile"},
                            {"model", .value = "MODEL", .help = "Of cards of this name"},
                            {"gpu", .value = "GPU", .help = "Of this card alone (its id)", .kind = FCT_KIND_GPU_ID},
                            {"description", .value = "TEXT", .help = "What it is for"}),
     .note = "Give one or more of --profile, --model and --gpu."},
    {"group delete", "Delete a resource group; its parts stay", delete_group, .operands = {{"GROUP", FCT_KIND_GROUP}},
     .asks = FCT_ASKS_ALWAYS},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_group = {"group", "the pools of parts that VMs ask for", tables};
