/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static char *template_path(const char *name)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strconcat("/templates/", segment, NULL);
}

static gboolean load(FctCli *cli, int argc, char **argv, json_t **ret, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    if (argc != 2) {
        *ret_status = fct_cli_usage("template %s takes the name of one template.", argv[0]);
        return FALSE;
    }
    g_autofree char *path = template_path(argv[1]);
    if (fct_client_call(cli->client, "GET", path, NULL, 0, ret, &error))
        return TRUE;
    *ret_status = fct_cli_fail(cli, error);
    return FALSE;
}

int fct_verb_template_list(FctCli *cli, int argc, char **argv)
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

int fct_verb_template_show(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) template = NULL;
    int status;
    size_t i;
    const char *key;
    json_t *value;
    if (!load(cli, argc, argv, &template, &status))
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

int fct_verb_template_create(FctCli *cli, int argc, char **argv)
{
    g_autofree char *from = NULL, *image = NULL, *description = NULL;
    int cpus = FCT_CLI_UNSAID, memory = FCT_CLI_UNSAID, disk = FCT_CLI_UNSAID;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {{"from-vm", 0, 0, G_OPTION_ARG_STRING, &from, "Settings and devices of this VM", "VM"},
                              {"image", 'i', 0, G_OPTION_ARG_STRING, &image, "Image to boot from", "IMAGE"},
                              {"cpus", 'c', 0, G_OPTION_ARG_INT, &cpus, "Virtual CPUs", "N"},
                              {"memory", 'm', 0, G_OPTION_ARG_INT, &memory, "Memory in MiB", "MIB"},
                              {"disk", 'd', 0, G_OPTION_ARG_INT, &disk, "Disk in GiB", "GIB"},
                              {"description", 0, 0, G_OPTION_ARG_STRING, &description, "What it is for", "TEXT"},
                              {NULL}};
    if (!fct_cli_options("NAME", entries, &argc, &argv))
        return 2;
    if (argc != 2 || (from && (image || cpus != FCT_CLI_UNSAID || memory != FCT_CLI_UNSAID || disk != FCT_CLI_UNSAID)))
        return fct_cli_usage("template create takes a name, and either --from-vm or the settings.");
    g_autoptr(json_t) body = json_pack("{s:s, s:s}", "name", argv[1], "description", description ? description : "");
    g_autoptr(json_t) input = json_object();
    if (image)
        json_object_set_new(input, "image", json_string(image));
    if (!fct_cli_put_number(input, "vcpus", "--cpus", cpus) ||
        !fct_cli_put_number(input, "memory_mib", "--memory", memory) ||
        !fct_cli_put_number(input, "disk_gib", "--disk", disk))
        return 2;
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

int fct_verb_template_delete(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) template = NULL;
    g_autoptr(GError) error = NULL;
    gboolean yes = FALSE;
    int status;
    GOptionEntry entries[] = {FCT_CLI_YES(yes), {NULL}};
    if (!fct_cli_options("TEMPLATE", entries, &argc, &argv))
        return 2;
    if (!load(cli, argc, argv, &template, &status))
        return status;
    if (!fct_cli_confirm(yes, &status, "Delete template %s?", fct_json_str(template, "name", "")))
        return status;
    g_autofree char *path = template_path(fct_json_str(template, "id", ""));
    if (!fct_client_call(cli->client, "DELETE", path, NULL, (guint64)fct_json_int(template, "revision", 0), NULL,
                         &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "Template %s is deleted; VMs that were made from it stay.",
                        fct_json_str(template, "name", ""));
}
