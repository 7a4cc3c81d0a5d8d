/* SPDX-License-Identifier: Apache-2.0 */
/* Disks and CD drives of VMs. */
#include "cli/vm.h"

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

static int add_disk(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) body = fct_vm_parse_disk(fct_args_word(args, 1));
    g_autofree char *path = fct_vm_path(fct_args_word(args, 0), "/disks");
    if (!body)
        return fct_cli_usage("“%s” is neither SIZE[:POOL] nor POOL/VOLUME.", fct_args_word(args, 1));
    fct_vm_state_format(body, fct_args_text(args, "format"));
    return fct_vm_task(cli, "POST", path, body, 0, FALSE);
}

static int vm_grow(FctCli *cli, const FctArgs *args)
{
    const char *size = fct_args_word(args, 2);
    guint64 gib;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    if (!g_ascii_string_to_unsigned(size, 10, 1, 65536, &gib, NULL))
        return fct_cli_usage("“%s” is no size in GiB.", size);
    g_autofree char *rest = g_strconcat("/disks/", fct_args_word(args, 1), NULL);
    g_autofree char *path = fct_vm_path(fct_args_word(args, 0), rest);
    g_autoptr(json_t) body = json_pack("{s:I}", "size_gib", (json_int_t)gib);
    if (!fct_client_call(cli->client, "PATCH", path, body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    return 0;
}

static int remove_disk(FctCli *cli, const FctArgs *args)
{
    const char *vm = fct_args_word(args, 0), *target = fct_args_word(args, 1);
    gboolean keep = fct_args_flag(args, "keep");
    int status;
    if (!keep && !fct_cli_confirm(fct_args_yes(args), &status,
                                  "Remove disk %s of VM %s? A volume that was made for it is deleted.", target, vm))
        return status;
    g_autofree char *segment = fct_client_segment(target);
    g_autofree char *rest = g_strconcat("/disks/", segment, keep ? "?keep=true" : "", NULL);
    g_autofree char *path = fct_vm_path(vm, rest);
    return fct_vm_task(cli, "DELETE", path, NULL, 0, FALSE);
}

/* The media of all its drives, one after the other; none for an empty drive. */
static int vm_cd(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) vm = NULL, answer = NULL, drives = json_array();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fct_vm_path(fct_args_word(args, 0), "");
    for (char **file = fct_args_words(args, 1); *file; file++)
        json_array_append_new(drives, json_pack("{s:s}", "file", g_str_equal(*file, "none") ? "" : *file));
    g_autoptr(json_t) body = json_pack("{s:O}", "cdroms", drives);
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &vm, &error) ||
        !fct_client_call(cli->client, "PATCH", path, body, (guint64)fct_json_int(vm, "revision", 0), &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    return 0;
}

const FctVerb fct_vm_disks[] = {
    {"vm disk add", "Add a disk", add_disk, .operands = {{"VM", FCT_KIND_VM}, {"SIZE[:POOL]|POOL/VOLUME"}},
     .options = FCT_OPTIONS({"format", .value = "raw|qcow2", .help = "What a volume is of which Facet has no record",
                             .kind = FCT_KIND_WORD}),
     .note = "SIZE is in GiB."},
    {"vm disk grow", "Make a disk larger", vm_grow,
     .operands = {{"VM", FCT_KIND_VM}, {"DISK", FCT_KIND_DISK}, {"SIZE"}}, .note = "SIZE is in GiB."},
    {"vm disk remove", "Remove a disk; a volume that was made for it is deleted", remove_disk,
     .operands = {{"VM", FCT_KIND_VM}, {"DISK", FCT_KIND_DISK}},
     .options = FCT_OPTIONS({"keep", .help = "The volume stays"}), .asks = FCT_ASKS_ALWAYS},
    {"vm cd", "Change the media of its CD drives", vm_cd,
     .operands = {{"VM", FCT_KIND_VM}, {"FILE|none", FCT_KIND_FILE, FCT_MANY}},
     .note = "Name a file for each drive, one after the other; none leaves a drive empty."},
    {NULL},
};
