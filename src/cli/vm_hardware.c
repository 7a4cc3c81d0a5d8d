/* SPDX-License-Identifier: Apache-2.0 */
/* Power beyond on and off, disks and CD drives of VMs. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static char *vm_path(const char *name, const char *rest)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strconcat("/vms/", segment, rest, NULL);
}

static int follow(FctCli *cli, const char *method, const char *path, json_t *body)
{
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (!fct_client_call(cli->client, method, path, body, 0, &task, &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}

static int power(FctCli *cli, int argc, char **argv, const char *verb, json_t *body)
{
    if (argc != 2)
        return fct_cli_usage("vm %s takes the name of one VM.", verb);
    g_autofree char *rest = g_strconcat("/", verb, NULL), *path = vm_path(argv[1], rest);
    return follow(cli, "POST", path, body);
}

/* @title: the verb as it begins a question. @how: what --force does. */
static int again(FctCli *cli, int argc, char **argv, const char *verb, const char *title, const char *how)
{
    gboolean force = FALSE, yes = FALSE;
    int status;
    GOptionEntry entries[] = {{"force", 'f', 0, G_OPTION_ARG_NONE, &force, how, NULL}, FCT_CLI_YES(yes), {NULL}};
    if (!fct_cli_options("VM", entries, &argc, &argv))
        return 2;
    if (argc == 2 && !fct_cli_confirm_stop(yes, &status, "%s VM %s%s?", title, argv[1], force ? " at once" : ""))
        return status;
    g_autoptr(json_t) body = json_pack("{s:b}", "force", force);
    return power(cli, argc, argv, verb, body);
}

int fct_verb_vm_reboot(FctCli *cli, int argc, char **argv)
{
    return again(cli, argc, argv, "reboot", "Reboot", "Reset at once instead of asking the guest");
}

int fct_verb_vm_restart(FctCli *cli, int argc, char **argv)
{
    return again(cli, argc, argv, "restart", "Restart", "Off at once instead of asking the guest");
}

int fct_verb_vm_pause(FctCli *cli, int argc, char **argv)
{
    return power(cli, argc, argv, "pause", NULL);
}

int fct_verb_vm_resume(FctCli *cli, int argc, char **argv)
{
    return power(cli, argc, argv, "resume", NULL);
}

int fct_verb_vm_continue(FctCli *cli, int argc, char **argv)
{
    return power(cli, argc, argv, "continue", NULL);
}

int fct_verb_vm_drop_saved(FctCli *cli, int argc, char **argv)
{
    gboolean yes = FALSE;
    int status;
    g_autoptr(json_t) vm = NULL;
    g_autoptr(GError) error = NULL;
    GOptionEntry entries[] = {FCT_CLI_YES(yes), {NULL}};
    if (!fct_cli_options("VM", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("vm drop-saved takes the name of one VM.");
    if (!fct_cli_confirm(yes, &status, "Drop the saved memory of VM %s? To the guest that is a power cut.", argv[1]))
        return status;
    g_autofree char *path = vm_path(argv[1], "/saved");
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, &vm, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(vm);
    else
        printf("The saved memory of VM %s is gone; its disks stay as they are.\n", fct_json_str(vm, "name", ""));
    return 0;
}

/* SIZE[:POOL], or POOL/VOLUME for one that is there. */
json_t *fct_vm_parse_disk(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    g_auto(GStrv) words = g_strsplit(text, ":", 2);
    guint64 size;
    if (parts[0] && parts[1])
        return json_pack("{s:{s:s, s:s}}", "volume", "pool", parts[0], "name", parts[1]);
    if (!words[0] || !g_ascii_string_to_unsigned(words[0], 10, 1, 65536, &size, NULL))
        return NULL;
    json_t *disk = json_pack("{s:I}", "size_gib", (json_int_t)size);
    if (words[1])
        json_object_set_new(disk, "pool", json_string(words[1]));
    return disk;
}

void fct_vm_state_format(json_t *disk, const char *format)
{
    json_t *volume = json_object_get(disk, "volume");
    if (format && volume)
        json_object_set_new(volume, "format", json_string(format));
}

static int grow(FctCli *cli, const char *vm, const char *target, const char *size)
{
    guint64 gib;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    if (!g_ascii_string_to_unsigned(size, 10, 1, 65536, &gib, NULL))
        return fct_cli_usage("“%s” is no size in GiB.", size);
    g_autofree char *rest = g_strconcat("/disks/", target, NULL), *path = vm_path(vm, rest);
    g_autoptr(json_t) body = json_pack("{s:I}", "size_gib", (json_int_t)gib);
    if (!fct_client_call(cli->client, "PATCH", path, body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    return 0;
}

static int remove_disk(FctCli *cli, const char *vm, const char *target, gboolean keep, gboolean yes)
{
    int status;
    if (!keep && !fct_cli_confirm(yes, &status, "Remove disk %s of VM %s? A volume that was made for it is deleted.",
                                  target, vm))
        return status;
    g_autofree char *segment = fct_client_segment(target);
    g_autofree char *rest = g_strconcat("/disks/", segment, keep ? "?keep=true" : "", NULL);
    g_autofree char *path = vm_path(vm, rest);
    return follow(cli, "DELETE", path, NULL);
}

int fct_verb_vm_disk(FctCli *cli, int argc, char **argv)
{
    gboolean keep = FALSE, yes = FALSE;
    g_autofree char *format = NULL;
    GOptionEntry entries[] = {{"keep", 0, 0, G_OPTION_ARG_NONE, &keep, "With remove: the volume stays", NULL},
                              {"format", 0, 0, G_OPTION_ARG_STRING, &format,
                               "With add: what a volume is of which Facet has no record", "raw|qcow2"},
                              FCT_CLI_YES(yes),
                              {NULL}};
    if (!fct_cli_options("add VM SIZE[:POOL]|POOL/VOLUME · grow VM DISK SIZE · remove VM DISK", entries, &argc, &argv))
        return 2;
    const char *act = argc > 1 ? argv[1] : "";
    if (g_str_equal(act, "add") && argc == 4) {
        g_autoptr(json_t) body = fct_vm_parse_disk(argv[3]);
        g_autofree char *path = vm_path(argv[2], "/disks");
        fct_vm_state_format(body, format);
        return body ? follow(cli, "POST", path, body)
                    : fct_cli_usage("“%s” is neither SIZE[:POOL] nor POOL/VOLUME.", argv[3]);
    }
    if (g_str_equal(act, "grow") && argc == 5)
        return grow(cli, argv[2], argv[3], argv[4]);
    if (g_str_equal(act, "remove") && argc == 4)
        return remove_disk(cli, argv[2], argv[3], keep, yes);
    return fct_cli_usage("vm disk takes add, grow or remove; see “facet vm disk --help”.");
}

/* The media of all its drives, one after the other; none for an empty drive. */
int fct_verb_vm_cd(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) vm = NULL, answer = NULL, drives = json_array();
    g_autoptr(GError) error = NULL;
    if (argc < 2)
        return fct_cli_usage("vm cd takes the name of a VM and a file for each CD drive; none for an empty one.");
    g_autofree char *path = vm_path(argv[1], "");
    for (int i = 2; i < argc; i++)
        json_array_append_new(drives, json_pack("{s:s}", "file", g_str_equal(argv[i], "none") ? "" : argv[i]));
    g_autoptr(json_t) body = json_pack("{s:O}", "cdroms", drives);
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &vm, &error) ||
        !fct_client_call(cli->client, "PATCH", path, body, (guint64)fct_json_int(vm, "revision", 0), &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    return 0;
}
