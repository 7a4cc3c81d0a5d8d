/* SPDX-License-Identifier: Apache-2.0 */
/* Power of VMs, and their end. */
#include "cli/vm.h"

#include <stdio.h>

static int vm_start(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) vm = NULL;
    int status;
    if (!fct_vm_load(cli, fct_args_word(args, 0), &vm, &status))
        return status;
    g_autofree char *path = fct_vm_path(fct_json_str(vm, "id", ""), "/start");
    return fct_vm_task(cli, "POST", path, NULL, 0, FALSE);
}

static int vm_stop(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) vm = NULL;
    gboolean force = fct_args_flag(args, "force");
    int status;
    if (!fct_vm_load(cli, fct_args_word(args, 0), &vm, &status) ||
        !fct_cli_confirm_stop(fct_args_yes(args), &status, force ? "Turn VM %s off at once?" : "Stop VM %s?",
                              fct_json_str(vm, "name", "")))
        return status;
    g_autoptr(json_t) body = json_pack("{s:b}", "force", force);
    g_autofree char *path = fct_vm_path(fct_json_str(vm, "id", ""), "/stop");
    return fct_vm_task(cli, "POST", path, body, 0, FALSE);
}

static int vm_power(FctCli *cli, const FctArgs *args, const char *verb, json_t *body)
{
    g_autofree char *rest = g_strconcat("/", verb, NULL), *path = fct_vm_path(fct_args_word(args, 0), rest);
    return fct_vm_task(cli, "POST", path, body, 0, FALSE);
}

/* @title: the verb as it begins a question. */
static int vm_again(FctCli *cli, const FctArgs *args, const char *verb, const char *title)
{
    gboolean force = fct_args_flag(args, "force");
    int status;
    if (!fct_cli_confirm_stop(fct_args_yes(args), &status, "%s VM %s%s?", title, fct_args_word(args, 0),
                              force ? " at once" : ""))
        return status;
    g_autoptr(json_t) body = json_pack("{s:b}", "force", force);
    return vm_power(cli, args, verb, body);
}

static int vm_reboot(FctCli *cli, const FctArgs *args)
{
    return vm_again(cli, args, "reboot", "Reboot");
}

static int vm_restart(FctCli *cli, const FctArgs *args)
{
    return vm_again(cli, args, "restart", "Restart");
}

static int pause_vm(FctCli *cli, const FctArgs *args)
{
    return vm_power(cli, args, "pause", NULL);
}

static int vm_resume(FctCli *cli, const FctArgs *args)
{
    return vm_power(cli, args, "resume", NULL);
}

static int continue_vm(FctCli *cli, const FctArgs *args)
{
    return vm_power(cli, args, "continue", NULL);
}

static int drop_saved(FctCli *cli, const FctArgs *args)
{
    const char *name = fct_args_word(args, 0);
    int status;
    g_autoptr(json_t) vm = NULL;
    g_autoptr(GError) error = NULL;
    if (!fct_cli_confirm(fct_args_yes(args), &status,
                         "Drop the saved memory of VM %s? To the guest that is a power cut.", name))
        return status;
    g_autofree char *path = fct_vm_path(name, "/saved");
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, &vm, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(vm);
    else
        printf("The saved memory of VM %s is gone; its disks stay as they are.\n", fct_json_str(vm, "name", ""));
    return 0;
}

static int delete_vm(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) vm = NULL;
    const char *keep = fct_args_text(args, "keep");
    gboolean keep_disk = fct_args_flag(args, "keep-disk");
    int status;
    if (!fct_vm_load(cli, fct_args_word(args, 0), &vm, &status))
        return status;
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Delete VM %s%s?", fct_json_str(vm, "name", ""),
                         keep || keep_disk ? "" : " and its disks"))
        return status;
    g_autofree char *kept = keep ? g_uri_escape_string(keep, NULL, FALSE) : NULL;
    g_autofree char *query = keep        ? g_strconcat("?keep=", kept, NULL)
                             : keep_disk ? g_strdup("?keep_disk=true")
                                         : g_strdup("");
    g_autofree char *path = fct_vm_path(fct_json_str(vm, "id", ""), query);
    return fct_vm_task(cli, "DELETE", path, NULL, (guint64)fct_json_int(vm, "revision", 0), FALSE);
}

#define ONE_VM .operands = {{"VM", FCT_KIND_VM}}
#define FORCE(how) .options = FCT_OPTIONS({"force", 'f', .help = how " at once instead of asking the guest"})

const FctVerb fct_vm_power[] = {
    {"vm start", "Start a VM", vm_start, ONE_VM},
    {"vm stop", "Stop a VM", vm_stop, ONE_VM, FORCE("Off"), .asks = FCT_ASKS_TERMINAL},
    {"vm reboot", "Reboot a VM", vm_reboot, ONE_VM, FORCE("Reset"), .asks = FCT_ASKS_TERMINAL},
    {"vm restart", "Shut down and start again, with what waits", vm_restart, ONE_VM, FORCE("Off"),
     .asks = FCT_ASKS_TERMINAL},
    {"vm pause", "Pause a VM; it keeps its memory and its parts", pause_vm, ONE_VM},
    {"vm resume", "Let a paused VM go on", vm_resume, ONE_VM},
    {"vm continue", "Let a VM go on with the memory that virsh saved", continue_vm, ONE_VM},
    {"vm drop-saved", "Drop that memory; its disks stay", drop_saved, ONE_VM, .asks = FCT_ASKS_ALWAYS},
    {"vm delete", "Delete a VM", delete_vm, ONE_VM,
     .options = FCT_OPTIONS({"keep", .value = "DISK,…", .help = "Disks that stay", .kind = FCT_KIND_DISK},
                            {"keep-disk", .help = "Its first disk stays"}),
     .asks = FCT_ASKS_ALWAYS},
    {NULL},
};
