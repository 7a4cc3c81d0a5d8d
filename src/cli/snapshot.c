/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a VM, and clones. */
#include "cli/cli.h"

#include <string.h>

#define USAGE                                                                                                          \
    "list VM | create VM NAME [--memory] [--freeze] | revert VM NAME [--start] [--yes] | delete VM NAME [--yes]"

typedef struct {
    gboolean memory, freeze, start, yes, no_wait;
    char *description;
} Options;

static char *path_of(const char *vm, const char *snapshot, const char *rest)
{
    g_autofree char *one = fct_client_segment(vm), *other = snapshot ? fct_client_segment(snapshot) : NULL;
    return other ? g_strdup_printf("/vms/%s/snapshots/%s%s", one, other, rest)
                 : g_strdup_printf("/vms/%s%s", one, rest);
}

static int run(FctCli *cli, const char *method, const char *path, json_t *body, gboolean no_wait)
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

static json_t *load(FctCli *cli, const char *vm, GError **error)
{
    json_t *answer = NULL;
    g_autofree char *path = path_of(vm, NULL, "/snapshots");
    return fct_client_call(cli->client, "GET", path, NULL, 0, &answer, error) ? answer : NULL;
}

static int list(FctCli *cli, const char *vm)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) answer = load(cli, vm, &error);
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

static int revert(FctCli *cli, const char *vm, const char *name, const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) answer = load(cli, vm, &error);
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
    if (!fct_cli_confirm(options->yes, &status, "Revert %s to %s?", vm, name))
        return status;
    g_autofree char *path = path_of(vm, name, "/revert");
    json_t *body = json_pack("{s:b}", "confirm", TRUE);
    if (options->start)
        json_object_set_new(body, "start", json_true());
    return run(cli, "POST", path, body, options->no_wait);
}

static int create(FctCli *cli, const char *vm, const char *name, const Options *options)
{
    g_autofree char *path = path_of(vm, NULL, "/snapshots");
    json_t *body = json_pack("{s:s, s:b, s:b}", "name", name, "memory", options->memory, "freeze", options->freeze);
    if (options->description)
        json_object_set_new(body, "description", json_string(options->description));
    return run(cli, "POST", path, body, options->no_wait);
}

static int delete (FctCli *cli, const char *vm, const char *name, const Options *options)
{
    int status;
    g_autofree char *path = path_of(vm, name, "");
    if (!fct_cli_confirm(options->yes, &status, "Delete snapshot %s of %s?", name, vm))
        return status;
    return run(cli, "DELETE", path, NULL, options->no_wait);
}

int fct_verb_vm_snapshot(FctCli *cli, int argc, char **argv)
{
    Options o = {0};
    GOptionEntry entries[] = {
        {"description", 0, 0, G_OPTION_ARG_STRING, &o.description, "What it is for", "TEXT"},
        {"memory", 0, 0, G_OPTION_ARG_NONE, &o.memory, "Save the memory too", NULL},
        {"freeze", 0, 0, G_OPTION_ARG_NONE, &o.freeze, "The guest agent freezes file systems meanwhile", NULL},
        {"start", 0, 0, G_OPTION_ARG_NONE, &o.start, "Start the VM after going back", NULL},
        {"yes", 'y', 0, G_OPTION_ARG_NONE, &o.yes, "Do not ask", NULL},
        {"no-wait", 0, 0, G_OPTION_ARG_NONE, &o.no_wait, "Print the task's id and return", NULL},
        {NULL}};
    if (!fct_cli_options(USAGE, entries, &argc, &argv))
        return 2;
    g_autofree char *description G_GNUC_UNUSED = o.description;
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "list") == 0 && argc == 3)
        return list(cli, argv[2]);
    if (argc != 4)
        return fct_cli_usage("facet vm snapshot " USAGE);
    if (strcmp(what, "create") == 0)
        return create(cli, argv[2], argv[3], &o);
    if (strcmp(what, "revert") == 0)
        return revert(cli, argv[2], argv[3], &o);
    if (strcmp(what, "delete") == 0)
        return delete (cli, argv[2], argv[3], &o);
    return fct_cli_usage("facet vm snapshot " USAGE);
}

int fct_verb_vm_clone(FctCli *cli, int argc, char **argv)
{
    char *snapshot = NULL;
    gboolean start = FALSE, no_wait = FALSE;
    GOptionEntry entries[] = {
        {"snapshot", 0, 0, G_OPTION_ARG_STRING, &snapshot, "As it was then; needed while the VM runs", "NAME"},
        {"start", 0, 0, G_OPTION_ARG_NONE, &start, "Start the new VM", NULL},
        {"no-wait", 0, 0, G_OPTION_ARG_NONE, &no_wait, "Print the task's id and return", NULL},
        {NULL}};
    if (!fct_cli_options("VM NAME", entries, &argc, &argv))
        return 2;
    g_autofree char *from = snapshot;
    if (argc != 3)
        return fct_cli_usage("facet vm clone VM NAME [--snapshot NAME] [--start]");
    g_autofree char *path = path_of(argv[1], NULL, "/clone");
    json_t *body = json_pack("{s:s, s:b}", "name", argv[2], "start", start);
    if (from)
        json_object_set_new(body, "snapshot", json_string(from));
    return run(cli, "POST", path, body, no_wait);
}
