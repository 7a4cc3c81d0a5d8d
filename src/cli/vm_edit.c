/* SPDX-License-Identifier: Apache-2.0 */
/* What of a VM can be another: its name, its size, what it is for. */
#include "cli/vm.h"

static int vm_change(FctCli *cli, const char *name, json_t *body, json_t **ret_vm)
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

static int rename_vm(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) vm = NULL;
    g_autoptr(json_t) body = json_pack("{s:s}", "name", fct_args_word(args, 1));
    int status = vm_change(cli, fct_args_word(args, 0), body, &vm);
    if (status || cli->json)
        return status;
    return fct_cli_said(cli, "VM %s is called %s now.", fct_args_word(args, 0), fct_json_str(vm, "name", ""));
}

static int vm_edit(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) body = json_object(), vm = NULL;
    size_t i;
    json_t *pending;
    fct_args_put_number(args, "cpus", body, "vcpus");
    fct_args_put_number(args, "memory", body, "memory_mib");
    fct_args_put_text(args, "description", body, "description");
    if (!json_object_size(body))
        return fct_cli_usage("vm edit takes a VM, and what shall be otherwise: --cpus, --memory, --description.");
    int status = vm_change(cli, fct_args_word(args, 0), body, &vm);
    if (status || cli->json)
        return status;
    fct_cli_said(cli, "VM %s is changed.", fct_json_str(vm, "name", ""));
    json_array_foreach (json_object_get(vm, "pending_changes"), i, pending)
        fct_cli_said(cli, "  at the next start: %s", json_string_value(pending));
    return 0;
}

const FctVerb fct_vm_edits[] = {
    {"vm rename", "Give a VM another name", rename_vm, .operands = {{"VM", FCT_KIND_VM}, {"NAME", FCT_KIND_NEW}}},
    {"vm edit", "Change a VM", vm_edit, .operands = {{"VM", FCT_KIND_VM}},
     .options = FCT_OPTIONS({"cpus", 'c', "N", "Virtual CPUs", FCT_KIND_NUMBER, .least = 1},
                            {"memory", 'm', "MIB", "Memory in MiB", FCT_KIND_NUMBER, .least = 1},
                            {"description", .value = "TEXT", .help = "What it is for"}),
     .note = "Give one or more of them.", .examples = {"facet vm edit db-2 --memory 2048"}},
    {NULL},
};
