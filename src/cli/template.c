/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>

static char *template_path(const char *name)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strconcat("/templates/", segment, NULL);
}

static gboolean template_load(FctCli *cli, const FctArgs *args, json_t **ret, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = template_path(fct_args_word(args, 0));
    if (fct_client_call(cli->client, "GET", path, NULL, 0, ret, &error))
        return TRUE;
    *ret_status = fct_cli_fail(cli, error);
    return FALSE;
}

static int template_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *template;
    if (!fct_client_call(cli->client, "GET", "/templates", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("NAME", "#CPUS", "#MEMORY", "IMAGE", "#DEVICES", "", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, template) {
        const json_t *input = json_object_get(template, "input"), *problems = json_object_get(template, "problems");
        g_autofree char *devices = g_strdup_printf("%zu", json_array_size(json_object_get(input, "devices")));
        fct_table_row(table, fct_json_str(template, "name", ""), fct_show_reading(json_object_get(input, "vcpus"), ""),
                      fct_show_mib(json_object_get(input, "memory_mib")), fct_json_str(input, "image", "—"), devices,
                      fct_json_str(json_array_get(problems, 0), "sentence", ""), NULL);
    }
    fct_table_print(table);
    return 0;
}

static int template_show(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) template = NULL;
    int status;
    size_t i;
    const char *key;
    json_t *value;
    if (!template_load(cli, args, &template, &status))
        return status;
    if (cli->json) {
        fct_print_json(template);
        return 0;
    }
    printf("%s%s%s\n", fct_json_str(template, "name", ""), *fct_json_str(template, "description", "") ? "  ·  " : "",
           fct_json_str(template, "description", ""));
    json_object_foreach (json_object_get(template, "input"), key, value) {
        g_autofree char *text = json_is_string(value) ? g_strdup(json_string_value(value)) : fct_json_text(value);
        printf("  %-11s %s\n", key, text);
    }
    json_array_foreach (json_object_get(template, "problems"), i, value)
        printf("  ✗ %s\n", fct_json_str(value, "sentence", ""));
    return 0;
}

static int template_create(FctCli *cli, const FctArgs *args)
{
    const char *from = fct_args_text(args, "from-vm"), *description = fct_args_text(args, "description");
    g_autoptr(json_t) input = json_object();
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    fct_args_put_text(args, "image", input, "image");
    fct_args_put_number(args, "cpus", input, "vcpus");
    fct_args_put_number(args, "memory", input, "memory_mib");
    fct_args_put_number(args, "disk", input, "disk_gib");
    if (from && json_object_size(input))
        return fct_cli_usage("template create takes a name, and either --from-vm or the settings.");
    g_autoptr(json_t) body =
        json_pack("{s:s, s:s}", "name", fct_args_word(args, 0), "description", description ? description : "");
    if (from)
        json_object_set_new(body, "from_vm", json_string(from));
    else
        json_object_set(body, "input", input);
    if (!fct_client_call(cli->client, "POST", "/templates", body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Template %s is made. Use it with “facet vm create NAME --template %s”.\n",
               fct_json_str(answer, "name", ""), fct_json_str(answer, "name", ""));
    return 0;
}

static int delete_template(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) template = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    if (!template_load(cli, args, &template, &status))
        return status;
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Delete template %s?", fct_json_str(template, "name", "")))
        return status;
    g_autofree char *path = template_path(fct_json_str(template, "id", ""));
    if (!fct_client_call(cli->client, "DELETE", path, NULL, (guint64)fct_json_int(template, "revision", 0), NULL,
                         &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "Template %s is deleted; VMs that were made from it stay.",
                        fct_json_str(template, "name", ""));
}

static const FctVerb verbs[] = {
    {"template list", "Recipes for VMs", template_list},
    {"template show", "One template", template_show, .operands = {{"TEMPLATE", FCT_KIND_TEMPLATE}}},
    {"template create", "Make a template", template_create, .operands = {{"NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS({"from-vm", .value = "VM", .help = "Settings and devices of this VM", .kind = FCT_KIND_VM},
                            {"image", 'i', "IMAGE", "Image to boot from", FCT_KIND_IMAGE},
                            {"cpus", 'c', "N", "Virtual CPUs", FCT_KIND_NUMBER, .least = 1},
                            {"memory", 'm', "MIB", "Memory in MiB", FCT_KIND_NUMBER, .least = 1},
                            {"disk", 'd', "GIB", "Disk in GiB", FCT_KIND_NUMBER, .least = 1},
                            {"description", .value = "TEXT", .help = "What it is for"}),
     .note = "Give either --from-vm or the settings.", .examples = {"facet template create small --from-vm db-2"}},
    {"template delete", "Delete a template", delete_template, .operands = {{"TEMPLATE", FCT_KIND_TEMPLATE}},
     .asks = FCT_ASKS_ALWAYS},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_template = {"template", "recipes for VMs", tables};
