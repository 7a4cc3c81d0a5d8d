/* SPDX-License-Identifier: Apache-2.0 */
/* VMs as they are. */
#include "cli/vm.h"

#include <stdio.h>

static char *devices_text(const json_t *vm)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;
    json_t *device;
    json_array_foreach (json_object_get(vm, "devices"), i, device) {
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               fct_json_str(device, "group_name", fct_json_str(device, "group", "")));
        if (fct_json_int(device, "count", 1) > 1)
            g_string_append_printf(text, " × %d", (int)fct_json_int(device, "count", 1));
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static int vm_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *vm;
    if (!fct_client_call(cli->client, "GET", "/vms", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("NAME", "STATE", "#CPUS", "#MEMORY", "DEVICES", "", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, vm) {
        g_autofree char *devices = devices_text(vm);
        const char *note = !fct_json_bool(vm, "ours", TRUE)                       ? "made by others"
                           : json_array_size(json_object_get(vm, "blocked")) != 0 ? "cannot start: see “facet vm why”"
                                                                                  : "";
        fct_table_row(table, fct_json_str(vm, "name", ""), fct_json_str(vm, "state", ""),
                      fct_show_reading(json_object_get(vm, "vcpus"), ""),
                      fct_show_mib(json_object_get(vm, "memory_mib")), devices, note, NULL);
    }
    fct_table_print(table);
    return 0;
}

static void show_nic(const json_t *nic)
{
    size_t i;
    json_t *address;
    printf("  network %s  %s", fct_json_str(nic, "network", ""), fct_json_str(nic, "mac", ""));
    json_array_foreach (json_object_get(nic, "addresses"), i, address)
        printf("  %s", json_string_value(address));
    printf("\n");
}

static void show_device(const json_t *device)
{
    size_t i;
    json_t *part;
    printf("  device %s × %d%s%s\n", fct_json_str(device, "group_name", fct_json_str(device, "group", "")),
           (int)fct_json_int(device, "count", 1), fct_json_bool(device, "optional", FALSE) ? ", optional" : "",
           g_str_equal(fct_json_str(device, "attach", ""), "standin") ? "  (simulated stand-in)" : "");
    json_array_foreach (json_object_get(device, "parts"), i, part)
        printf("    %s  %s slot %d  %s%s%s\n", fct_json_str(part, "gpu_name", ""), fct_json_str(part, "profile", ""),
               (int)fct_json_int(part, "start", 0), fct_json_str(part, "state", ""),
               *fct_json_str(part, "why", "") ? ". " : "", fct_json_str(part, "why", ""));
}

static int vm_show(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) vm = NULL;
    int status;
    size_t i;
    json_t *item;
    if (!fct_vm_load(cli, fct_args_word(args, 0), &vm, &status))
        return status;
    if (cli->json) {
        fct_print_json(vm);
        return 0;
    }
    int cpus = (int)fct_json_int(vm, "vcpus", 0);
    printf("%s  ·  %s  ·  %d %s  ·  %s\n", fct_json_str(vm, "name", ""), fct_json_str(vm, "state", ""), cpus,
           cpus == 1 ? "CPU" : "CPUs", fct_show_mib(json_object_get(vm, "memory_mib")));
    if (*fct_json_str(vm, "state_detail", ""))
        printf("  %s\n", fct_json_str(vm, "state_detail", ""));
    if (*fct_json_str(vm, "graphics_why_not", ""))
        printf("  no graphical console: %s\n", fct_json_str(vm, "graphics_why_not", ""));
    if (json_is_object(json_object_get(vm, "cloud_init")) || json_is_object(json_object_get(vm, "windows")))
        printf("  host name at the first boot: %s\n", fct_json_str(vm, "host_name", ""));
    json_array_foreach (json_object_get(vm, "devices"), i, item)
        show_device(item);
    json_array_foreach (json_object_get(vm, "nics"), i, item)
        show_nic(item);
    json_array_foreach (json_object_get(vm, "pending_changes"), i, item)
        printf("  at the next start: %s\n", json_string_value(item));
    fct_print_verdicts(stdout, json_object_get(vm, "blocked"));
    return 0;
}

static int vm_why(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) vm = NULL;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    if (!fct_vm_load(cli, fct_args_word(args, 0), &vm, &status))
        return status;
    g_autofree char *path = fct_vm_path(fct_json_str(vm, "id", ""), "/preflight");
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else if (fct_json_bool(answer, "can_start", FALSE))
        puts("It can start.");
    if (!cli->json) /* what is only said, too */
        fct_print_verdicts(stdout, json_object_get(answer, "verdicts"));
    return fct_json_bool(answer, "can_start", FALSE) ? 0 : fct_error_exit_status(FCT_ERROR_REFUSED);
}

static const FctVerb look[] = {
    {"vm list", "All VMs, those of others too", vm_list},
    {"vm show", "One VM with its devices", vm_show, .operands = {{"VM", FCT_KIND_VM}}},
    {NULL},
};
static const FctVerb reasons[] = {
    {"vm why", "Why can't this VM start?", vm_why, .operands = {{"VM", FCT_KIND_VM}}},
    {NULL},
};
static const FctVerb *const tables[] = {look,        fct_vm_create,    fct_vm_edits, fct_vm_power, fct_vm_disks,
                                        fct_vm_host, fct_vm_snapshots, fct_vm_guest, reasons,      NULL};
const FctNoun fct_noun_vm = {"vm", "virtual machines", tables};
