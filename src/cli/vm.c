/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/vm_boot.h"
#include "cli/vm_device.h"

#include <stdio.h>
#include <string.h>

static char *vm_path(const char *name, const char *rest)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strconcat("/vms/", segment, rest, NULL);
}

/* A person names a VM by its name; the verbs under /vms/{id}/ take ids. */
static gboolean load_vm(FctCli *cli, int argc, char **argv, json_t **ret, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    if (argc != 2) {
        *ret_status = fct_cli_usage("vm %s takes the name of one VM.", argv[0]);
        return FALSE;
    }
    g_autofree char *path = vm_path(argv[1], "");
    if (fct_client_call(cli->client, "GET", path, NULL, 0, ret, &error))
        return TRUE;
    *ret_status = fct_cli_fail(cli, error);
    return FALSE;
}

static int run_task(FctCli *cli, const char *method, const char *path, json_t *body, guint64 if_match, gboolean no_wait)
{
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if (!fct_client_call(cli->client, method, path, body, if_match, &task, &error))
        return fct_cli_fail(cli, error);
    if (!no_wait)
        return fct_task_follow(cli, task);
    if (cli->json)
        fct_print_json(task);
    else
        printf("Running as task %s.\n", fct_json_str(task, "id", ""));
    return 0;
}

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

int fct_verb_vm_list(FctCli *cli, int argc, char **argv)
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

int fct_verb_vm_show(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) vm = NULL;
    int status;
    size_t i;
    json_t *item;
    if (!load_vm(cli, argc, argv, &vm, &status))
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

/* NETWORK[=MAC] each; "none" stands for no NIC. */
static json_t *parse_nics(char **texts)
{
    json_t *nics = json_array();
    for (; *texts; texts++) {
        g_auto(GStrv) words = g_strsplit(*texts, "=", 2);
        if (!words[0] || g_str_equal(words[0], "none"))
            continue;
        json_t *nic = json_pack("{s:s}", "network", words[0]);
        if (words[1])
            json_object_set_new(nic, "mac", json_string(words[1]));
        json_array_append_new(nics, nic);
    }
    return nics;
}

/* The only image there is need not be named. */
static char *default_image(FctCli *cli)
{
    g_autoptr(json_t) answer = NULL;
    if (!fct_client_call(cli->client, "GET", "/images", NULL, 0, &answer, NULL))
        return NULL;
    const json_t *items = json_object_get(answer, "items");
    return json_array_size(items) == 1 ? g_strdup(fct_json_str(json_array_get(items, 0), "id", NULL)) : NULL;
}

static gboolean add_drives(json_t *body, const char *volume, const char *format, char **disks, const char *boot)
{
    g_auto(GStrv) words = g_strsplit(boot ? boot : "", ",", -1);
    json_t *order = json_array(), *list = json_array();
    gboolean ok = TRUE;
    for (char **word = words; *word; word++)
        json_array_append_new(order, json_string(*word));
    for (char **text = disks; text && *text; text++) {
        json_t *disk = fct_vm_parse_disk(*text);
        ok = ok && disk && json_array_append_new(list, disk) == 0;
    }
    if (volume) {
        g_autoptr(json_t) disk = fct_vm_parse_disk(volume);
        fct_vm_state_format(disk, format);
        ok = ok && json_object_get(disk, "volume") &&
             json_object_set(body, "volume", json_object_get(disk, "volume")) == 0;
    }
    if (boot)
        json_object_set(body, "boot", order);
    if (disks)
        json_object_set(body, "disks", list);
    json_decref(order);
    json_decref(list);
    return ok;
}

int fct_verb_vm_create(FctCli *cli, int argc, char **argv)
{
    g_autofree char *image = NULL, *template = NULL, *iso = NULL, *volume = NULL, *format = NULL, *pool = NULL,
                    *os = NULL, *boot = NULL;
    g_auto(GStrv) devices = NULL, disks = NULL;
    g_auto(GStrv) networks = NULL;
    int cpus = FCT_CLI_UNSAID, memory = FCT_CLI_UNSAID, disk = FCT_CLI_UNSAID;
    gboolean start = FALSE, no_wait = FALSE, uefi = FALSE, tpm = FALSE;
    g_auto(FctBootOptions) first = {NULL};
    GOptionEntry entries[] = {
        {"iso", 0, 0, G_OPTION_ARG_STRING, &iso, "ISO of the library, beside an empty disk", "FILE"},
        {"volume", 0, 0, G_OPTION_ARG_STRING, &volume, "Volume that is there already, as the disk", "POOL/VOLUME"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "What --volume is, when Facet has no record of it", "raw|qcow2"},
        {"pool", 0, 0, G_OPTION_ARG_STRING, &pool, "Storage pool of the disk (left out: facet)", "POOL"},
        {"more-disk", 0, 0, G_OPTION_ARG_STRING_ARRAY, &disks, "A further disk", "SIZE[:POOL]|POOL/VOLUME"},
        {"os", 0, 0, G_OPTION_ARG_STRING, &os, "Kind of guest", "linux|windows|other"},
        {"boot", 0, 0, G_OPTION_ARG_STRING, &boot, "Boot order", "disk,cdrom,network"},
        {"tpm", 0, 0, G_OPTION_ARG_NONE, &tpm, "TPM 2.0, emulated", NULL},
        {"image", 'i', 0, G_OPTION_ARG_STRING, &image,
         "Image to boot from (see “facet image list”); left out, the only one", "IMAGE"},
        {"template", 't', 0, G_OPTION_ARG_STRING, &template, "Template that gives what is not said here", "TEMPLATE"},
        {"cpus", 'c', 0, G_OPTION_ARG_INT, &cpus, "Virtual CPUs", "N"},
        {"memory", 'm', 0, G_OPTION_ARG_INT, &memory, "Memory in MiB", "MIB"},
        {"disk", 'd', 0, G_OPTION_ARG_INT, &disk, "Disk in GiB", "GIB"},
        {"device", 'g', 0, G_OPTION_ARG_STRING_ARRAY, &devices, "Device from a resource group",
         "GROUP[:COUNT][:optional]"},
        {"network", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &networks,
         "Network of a NIC; none for no NIC (left out: one in “default”)", "NETWORK[=MAC]"},
        {"uefi", 0, 0, G_OPTION_ARG_NONE, &uefi, "UEFI firmware instead of BIOS", NULL},
        {"user", 'u', 0, G_OPTION_ARG_STRING, &first.user, "cloud-init: a user who may become root", "NAME"},
        {"password-stdin", 0, 0, G_OPTION_ARG_NONE, &first.password, "Its password, a line on the standard input",
         NULL},
        {"ssh-key", 'k', 0, G_OPTION_ARG_FILENAME_ARRAY, &first.keys, "Its public keys", "FILE"},
        {"package", 0, 0, G_OPTION_ARG_STRING_ARRAY, &first.packages, "Package to install", "NAME"},
        {"hostname", 0, 0, G_OPTION_ARG_STRING, &first.hostname, "Host name (made of the VM's name)", "NAME"},
        {"address", 0, 0, G_OPTION_ARG_STRING, &first.address, "Fixed address (by DHCP)", "10.0.0.5/24"},
        {"gateway", 0, 0, G_OPTION_ARG_STRING, &first.gateway, "Gateway to go with it", "ADDRESS"},
        {"user-data", 0, 0, G_OPTION_ARG_FILENAME, &first.user_data, "Your own user-data instead", "FILE"},
        {"start", 's', 0, G_OPTION_ARG_NONE, &start, "Start it when made", NULL},
        {"no-wait", 0, 0, G_OPTION_ARG_NONE, &no_wait, "Do not follow the task", NULL},
        {NULL}};
    if (!fct_cli_options("NAME", entries, &argc, &argv))
        return 2;
    if (argc != 2)
        return fct_cli_usage("vm create takes the name of the new VM.");
    if (!template && !image && !iso && !volume && !(image = default_image(cli)))
        return fct_cli_usage("Say which image with --image; see “facet image list”.");
    g_autoptr(json_t) body = json_pack("{s:s, s:b}", "name", argv[1], "start", start);
    if (template)
        json_object_set_new(body, "template", json_string(template));
    if (image)
        json_object_set_new(body, "image", json_string(image));
    if (!fct_cli_put_number(body, "vcpus", "--cpus", cpus) ||
        !fct_cli_put_number(body, "memory_mib", "--memory", memory) ||
        !fct_cli_put_number(body, "disk_gib", "--disk", disk))
        return 2;
    if (uefi)
        json_object_set_new(body, "uefi", json_true());
    if (tpm)
        json_object_set_new(body, "tpm", json_true());
    if (iso)
        json_object_set_new(body, "iso", json_string(iso));
    if (pool)
        json_object_set_new(body, "pool", json_string(pool));
    if (os)
        json_object_set_new(body, "os", json_string(os));
    if (!add_drives(body, volume, format, disks, boot))
        return fct_cli_usage("A disk is SIZE[:POOL] or POOL/VOLUME, --volume POOL/VOLUME.");
    int status = 0;
    g_autoptr(json_t) list = fct_vm_parse_devices(cli, devices, &status);
    if (!list)
        return status;
    if (devices || !template)
        json_object_set(body, "devices", list);
    if (networks)
        json_object_set_new(body, "nics", parse_nics(networks));
    if (!fct_boot_options_put(&first, body, &status))
        return status;
    return run_task(cli, "POST", "/vms", body, 0, no_wait);
}

int fct_verb_vm_start(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) vm = NULL;
    int status;
    if (!load_vm(cli, argc, argv, &vm, &status))
        return status;
    g_autofree char *path = vm_path(fct_json_str(vm, "id", ""), "/start");
    return run_task(cli, "POST", path, NULL, 0, FALSE);
}

int fct_verb_vm_stop(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) vm = NULL;
    gboolean force = FALSE, yes = FALSE;
    int status;
    GOptionEntry entries[] = {
        {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "Off at once instead of asking the guest", NULL},
        FCT_CLI_YES(yes),
        {NULL}};
    if (!fct_cli_options("VM", entries, &argc, &argv))
        return 2;
    if (!load_vm(cli, argc, argv, &vm, &status) ||
        !fct_cli_confirm_stop(yes, &status, force ? "Turn VM %s off at once?" : "Stop VM %s?",
                              fct_json_str(vm, "name", "")))
        return status;
    g_autoptr(json_t) body = json_pack("{s:b}", "force", force);
    g_autofree char *path = vm_path(fct_json_str(vm, "id", ""), "/stop");
    return run_task(cli, "POST", path, body, 0, FALSE);
}

int fct_verb_vm_delete(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) vm = NULL;
    g_autofree char *keep = NULL;
    gboolean keep_disk = FALSE, yes = FALSE;
    int status;
    GOptionEntry entries[] = {{"keep", 0, 0, G_OPTION_ARG_STRING, &keep, "Disks that stay", "DISK,…"},
                              {"keep-disk", 0, 0, G_OPTION_ARG_NONE, &keep_disk, "Its first disk stays", NULL},
                              FCT_CLI_YES(yes),
                              {NULL}};
    if (!fct_cli_options("VM", entries, &argc, &argv))
        return 2;
    if (!load_vm(cli, argc, argv, &vm, &status))
        return status;
    if (!fct_cli_confirm(yes, &status, "Delete VM %s%s?", fct_json_str(vm, "name", ""),
                         keep || keep_disk ? "" : " and its disks"))
        return status;
    g_autofree char *kept = keep ? g_uri_escape_string(keep, NULL, FALSE) : NULL;
    g_autofree char *query = keep        ? g_strconcat("?keep=", kept, NULL)
                             : keep_disk ? g_strdup("?keep_disk=true")
                                         : g_strdup("");
    g_autofree char *path = vm_path(fct_json_str(vm, "id", ""), query);
    return run_task(cli, "DELETE", path, NULL, (guint64)fct_json_int(vm, "revision", 0), FALSE);
}

int fct_verb_vm_why(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) vm = NULL;
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    if (!load_vm(cli, argc, argv, &vm, &status))
        return status;
    g_autofree char *path = vm_path(fct_json_str(vm, "id", ""), "/preflight");
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

int fct_verb_image_list(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *image;
    if (!fct_client_call(cli->client, "GET", "/images", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("IMAGE", "NAME", "FORMAT", "#SIZE", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, image) {
        g_autoptr(json_t) mib = json_real((double)fct_json_int(image, "size_bytes", 0) / 1048576.0);
        fct_table_row(table, fct_json_str(image, "id", ""), fct_json_str(image, "name", ""),
                      fct_json_str(image, "format", ""), fct_show_mib(mib), NULL);
    }
    fct_table_print(table);
    return 0;
}

int fct_verb_image_show(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *image;
    if (argc != 2)
        return fct_cli_usage("image show takes one image; “facet image list” shows them.");
    if (!fct_client_call(cli->client, "GET", "/images", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    json_array_foreach (json_object_get(answer, "items"), i, image) {
        if (strcmp(fct_json_str(image, "id", ""), argv[1]) != 0 &&
            strcmp(fct_json_str(image, "name", ""), argv[1]) != 0)
            continue;
        fct_cli_show(cli, image);
        return 0;
    }
    fct_set_error(&error, FCT_ERROR_NOT_FOUND, "There is no image “%s”.", argv[1]);
    return fct_cli_fail(cli, error);
}
