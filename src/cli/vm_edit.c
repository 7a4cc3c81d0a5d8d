/* SPDX-License-Identifier: Apache-2.0 */
/* What of a VM can be another: its name, its size, what it is for. */
#include "cli/cli.h"

#include <string.h>

static int change(FctCli *cli, const char *name, json_t *body, json_t **ret_vm)
{
    g_autofree char *segment = fct_client_segment(name);
    g_autofree char *path = g_strconcat("/vms/", segment, NULL);
    g_autoptr(json_t) vm = NULL;
    g_autoptr(GError) error = NULL;
    *ret_vm = NULL;
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &vm, &error))
        return fct_cli_fail(cli, error);
    g_autofree char *id = fct_client_segment(fct_json_str(vm, "id", ""));
    g_autofree char *own = g_strconcat("/vms/", id, NULL);
    if (!fct_client_call(cli->client, "PATCH", own, body, (guint64)fct_json_int(vm, "revision", 0), ret_vm, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(*ret_vm);
    return 0;
}

int fct_verb_vm_rename(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) vm = NULL;
    if (argc != 3)
        return fct_cli_usage("vm rename takes a VM and its new name.");
    g_autoptr(json_t) body = json_pack("{s:s}", "name", argv[2]);
    int status = change(cli, argv[1], body, &vm);
    if (status || cli->json)
        return status;
    return fct_cli_said(cli, "VM %s is called %s now.", argv[1], fct_json_str(vm, "name", ""));
}

int fct_verb_vm_edit(FctCli *cli, int argc, char **argv)
{
    int cpus = FCT_CLI_UNSAID, memory = FCT_CLI_UNSAID;
    g_autofree char *description = NULL;
    g_autoptr(json_t) body = json_object(), vm = NULL;
    size_t i;
    json_t *pending;
    GOptionEntry entries[] = {{"cpus", 'c', 0, G_OPTION_ARG_INT, &cpus, "Virtual CPUs", "N"},
                              {"memory", 'm', 0, G_OPTION_ARG_INT, &memory, "Memory in MiB", "MIB"},
                              {"description", 0, 0, G_OPTION_ARG_STRING, &description, "What it is for", "TEXT"},
                              {NULL}};
    if (!fct_cli_options("VM", entries, &argc, &argv))
        return 2;
    if (argc != 2 || (cpus == FCT_CLI_UNSAID && memory == FCT_CLI_UNSAID && !description))
        return fct_cli_usage("vm edit takes a VM, and what shall be otherwise: --cpus, --memory, --description.");
    if (!fct_cli_put_number(body, "vcpus", "--cpus", cpus) ||
        !fct_cli_put_number(body, "memory_mib", "--memory", memory))
        return 2;
    if (description)
        json_object_set_new(body, "description", json_string(description));
    int status = change(cli, argv[1], body, &vm);
    if (status || cli->json)
        return status;
    fct_cli_said(cli, "VM %s is changed.", fct_json_str(vm, "name", ""));
    json_array_foreach (json_object_get(vm, "pending_changes"), i, pending)
        fct_cli_said(cli, "  at the next start: %s", json_string_value(pending));
    return 0;
}
