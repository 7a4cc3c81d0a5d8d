/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a VM, and clones. */
#include "cli/vm.h"

#include <string.h>

static char *path_of(const char *vm, const char *snapshot, const char *rest)
{
    g_autofree char *one = fct_client_segment(vm), *other = snapshot ? fct_client_segment(snapshot) : NULL;
    return other ? g_strdup_printf("/vms/%s/snapshots/%s%s", one, other, rest)
                 : g_strdup_printf("/vms/%s%s", one, rest);
}

static int snapshot_run(FctCli *cli, const char *method, const char *path, json_t *body, gboolean no_wait)
{
    g_autoptr(json_t) own = body;
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (!fct_client_call(cli->client, method, path, own, 0, &task, &error))
        return fct_cli_fail(cli, error);
    if (!no_wait)
        return fct_task_follow(cli, task);
    if (cli->json)
        fct_print_json(task);
    else
        printf("%s\n", fct_json_str(task, "id", ""));
    return 0;
}

static json_t *snapshot_load(FctCli *cli, const char *vm, GError **error)
{
    json_t *answer = NULL;
    g_autofree char *path = path_of(vm, NULL, "/snapshots");
    return fct_client_call(cli->client, "GET", path, NULL, 0, &answer, error) ? answer : NULL;
}

static int snapshot_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) answer = snapshot_load(cli, fct_args_word(args, 0), &error);
    size_t i;
    json_t *one;
    if (!answer)
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("NAME", "TAKEN", "KEEPS", "#SIZE", "", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, one) {
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(fct_json_int(one, "created_ms", 0) / 1000);
        g_autofree char *taken = g_date_time_format(time, "%Y-%m-%d %H:%M");
        const json_t *bytes = json_object_get(one, "size_bytes");
        g_autoptr(json_t) mib =
            json_is_integer(bytes) ? json_real((double)json_integer_value(bytes) / 1048576.0) : json_null();
        fct_table_row(table, fct_json_str(one, "name", ""), taken,
                      fct_json_bool(one, "has_memory", FALSE) ? "disks, memory" : "disks", fct_show_mib(mib),
                      fct_json_bool(one, "deleted", FALSE)   ? "deleted, not merged yet"
                      : fct_json_bool(one, "current", FALSE) ? "you are here"
                                                             : "",
                      NULL);
    }
    fct_table_print(table);
    return 0;
}

static int snapshot_revert(FctCli *cli, const FctArgs *args)
{
    const char *vm = fct_args_word(args, 0), *name = fct_args_word(args, 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) answer = snapshot_load(cli, vm, &error);
    size_t i, k;
    json_t *one, *line;
    if (!answer)
        return fct_cli_fail(cli, error);
    json_array_foreach (json_object_get(answer, "items"), i, one) {
        if (cli->json || strcmp(fct_json_str(one, "name", ""), name) != 0)
            continue;
        json_array_foreach (json_object_get(one, "revert_effects"), k, line)
            printf("%s\n", json_string_value(line));
    }
    int status;
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Revert %s to %s?", vm, name))
        return status;
    g_autofree char *path = path_of(vm, name, "/revert");
    json_t *body = json_pack("{s:b}", "confirm", TRUE);
    if (fct_args_flag(args, "start"))
        json_object_set_new(body, "start", json_true());
    return snapshot_run(cli, "POST", path, body, fct_args_flag(args, "no-wait"));
}

static int snapshot_create(FctCli *cli, const FctArgs *args)
{
    const char *vm = fct_args_word(args, 0), *name = fct_args_word(args, 1);
    g_autofree char *path = path_of(vm, NULL, "/snapshots");
    json_t *body = json_pack("{s:s, s:b, s:b}", "name", name, "memory", fct_args_flag(args, "memory"), "freeze",
                             fct_args_flag(args, "freeze"));
    fct_args_put_text(args, "description", body, "description");
    return snapshot_run(cli, "POST", path, body, fct_args_flag(args, "no-wait"));
}

static int delete_snapshot(FctCli *cli, const FctArgs *args)
{
    const char *vm = fct_args_word(args, 0), *name = fct_args_word(args, 1);
    int status;
    g_autofree char *path = path_of(vm, name, "");
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Delete snapshot %s of %s?", name, vm))
        return status;
    return snapshot_run(cli, "DELETE", path, NULL, fct_args_flag(args, "no-wait"));
}

static int clone_vm(FctCli *cli, const FctArgs *args)
{
    g_autofree char *path = path_of(fct_args_word(args, 0), NULL, "/clone");
    json_t *body = json_pack("{s:s, s:b}", "name", fct_args_word(args, 1), "start", fct_args_flag(args, "start"));
    fct_args_put_text(args, "snapshot", body, "snapshot");
    return snapshot_run(cli, "POST", path, body, fct_args_flag(args, "no-wait"));
}

#define NO_WAIT                                                                                                        \
    {                                                                                                                  \
        "no-wait", .help = "Print the task's id and return"                                                            \
    }
const FctVerb fct_vm_snapshots[] = {
    {"vm snapshot list", "Snapshots of a VM", snapshot_list, .operands = {{"VM", FCT_KIND_VM}}},
    {"vm snapshot create", "Take a snapshot", snapshot_create,
     .operands = {{"VM", FCT_KIND_VM}, {"NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS({"description", .value = "TEXT", .help = "What it is for"},
                            {"memory", .help = "Save the memory too"},
                            {"freeze", .help = "The guest agent freezes file systems meanwhile"}, NO_WAIT),
     .examples = {"facet vm snapshot create db-2 before-update"}},
    {"vm snapshot revert", "Go back to a snapshot", snapshot_revert,
     .operands = {{"VM", FCT_KIND_VM}, {"NAME", FCT_KIND_SNAPSHOT}},
     .options = FCT_OPTIONS({"start", .help = "Start the VM after going back"}, NO_WAIT), .asks = FCT_ASKS_ALWAYS},
    {"vm snapshot delete", "Delete a snapshot", delete_snapshot,
     .operands = {{"VM", FCT_KIND_VM}, {"NAME", FCT_KIND_SNAPSHOT}}, .options = FCT_OPTIONS(NO_WAIT),
     .asks = FCT_ASKS_ALWAYS},
    {"vm clone", "A new VM with copies of the disks", clone_vm,
     .operands = {{"VM", FCT_KIND_VM}, {"NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS(
         {"snapshot", .value = "NAME", .help = "As it was then; needed while the VM runs", .kind = FCT_KIND_SNAPSHOT},
         {"start", .help = "Start the new VM"}, NO_WAIT)},
    {NULL},
};
