/* SPDX-License-Identifier: Apache-2.0 */
/* Making a VM. */
#include "cli/vm_boot.h"
#include "cli/vm_device.h"

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

static gboolean add_drives(json_t *body, const FctArgs *args)
{
    const char *volume = fct_args_text(args, "volume"), *boot = fct_args_text(args, "boot");
    char **disks = fct_args_list(args, "more-disk");
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
        fct_vm_state_format(disk, fct_args_text(args, "format"));
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

/* What is said of an option goes into a field as it is. */
static void put_plain(const FctArgs *args, json_t *body)
{
    static const char *const texts[] = {"template", "image", "iso", "pool", "os"}; /* the fields have the same names */
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        fct_args_put_text(args, texts[i], body, texts[i]);
    fct_args_put_number(args, "cpus", body, "vcpus");
    fct_args_put_number(args, "memory", body, "memory_mib");
    fct_args_put_number(args, "disk", body, "disk_gib");
    if (fct_args_flag(args, "uefi"))
        json_object_set_new(body, "uefi", json_true());
    if (fct_args_flag(args, "tpm"))
        json_object_set_new(body, "tpm", json_true());
}

/* FALSE: nothing says what the VM boots, and there is not just one image. */
static gboolean put_image(FctCli *cli, const FctArgs *args, json_t *body)
{
    static const char *const sources[] = {"template", "image", "iso", "volume"};
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
        if (fct_args_said(args, sources[i]))
            return TRUE;
    g_autofree char *image = default_image(cli);
    if (image)
        json_object_set_new(body, "image", json_string(image));
    return image != NULL;
}

static int vm_create_create(FctCli *cli, const FctArgs *args)
{
    char **devices = fct_args_list(args, "device"), **networks = fct_args_list(args, "network");
    int status = 0;
    g_autoptr(json_t) body =
        json_pack("{s:s, s:b}", "name", fct_args_word(args, 0), "start", fct_args_flag(args, "start"));
    if (!put_image(cli, args, body))
        return fct_cli_usage("Say which image with --image; see “facet image list”.");
    put_plain(args, body);
    if (!add_drives(body, args))
        return fct_cli_usage("A disk is SIZE[:POOL] or POOL/VOLUME, --volume POOL/VOLUME.");
    g_autoptr(json_t) list = fct_vm_parse_devices(cli, devices, &status);
    if (!list)
        return status;
    if (devices || !fct_args_said(args, "template"))
        json_object_set(body, "devices", list);
    if (networks)
        json_object_set_new(body, "nics", parse_nics(networks));
    if (!fct_boot_options_put(args, body, &status))
        return status;
    return fct_vm_task(cli, "POST", "/vms", body, 0, fct_args_flag(args, "no-wait"));
}

const FctVerb fct_vm_create[] = {
    {"vm create", "Make a VM", vm_create_create, .operands = {{"NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS(
         {"image", 'i', "IMAGE", "Image to boot from (see “facet image list”); left out, the only one", FCT_KIND_IMAGE},
         {"template", 't', "TEMPLATE", "Template that gives what is not said here", FCT_KIND_TEMPLATE},
         {"iso", .value = "FILE", .help = "ISO of the library, beside an empty disk", .kind = FCT_KIND_FILE},
         {"volume", .value = "POOL/VOLUME", .help = "Volume that is there already, as the disk"},
         {"format", .value = "raw|qcow2", .help = "What --volume is, when Facet has no record of it",
          .kind = FCT_KIND_WORD},
         {"cpus", 'c', "N", "Virtual CPUs", FCT_KIND_NUMBER, .least = 1},
         {"memory", 'm', "MIB", "Memory in MiB", FCT_KIND_NUMBER, .least = 1},
         {"disk", 'd', "GIB", "Disk in GiB", FCT_KIND_NUMBER, .least = 1},
         {"pool", .value = "POOL", .help = "Storage pool of the disk (left out: facet)", .kind = FCT_KIND_POOL},
         {"more-disk", .value = "SIZE[:POOL]|POOL/VOLUME", .help = "A further disk", .many = TRUE},
         {"device", 'g', "GROUP[:COUNT][:optional]", "Device from a resource group", FCT_KIND_GROUP, TRUE},
         {"network", 'n', "NETWORK[=MAC]", "Network of a NIC; none for no NIC (left out: one in “default”)",
          FCT_KIND_NETWORK, TRUE},
         {"os", .value = "linux|windows|other", .help = "Kind of guest", .kind = FCT_KIND_WORD},
         {"boot", .value = "disk,cdrom,network", .help = "Boot order"},
         {"uefi", .help = "UEFI firmware instead of BIOS"}, {"tpm", .help = "TPM 2.0, emulated"},
         {"user", 'u', "NAME", "cloud-init: a user who may become root"},
         {"password-stdin", .help = "Its password, a line on the standard input"},
         {"ssh-key", 'k', "FILE", "Its public keys", FCT_KIND_PATH, TRUE},
         {"package", .value = "NAME", .help = "Package to install", .many = TRUE},
         {"hostname", .value = "NAME", .help = "Host name (made of the VM's name)"},
         {"address", .value = "10.0.0.5/24", .help = "Fixed address (by DHCP)"},
         {"gateway", .value = "ADDRESS", .help = "Gateway to go with it"},
         {"user-data", .value = "FILE", .help = "Your own user-data instead", .kind = FCT_KIND_PATH},
         {"start", 's', .help = "Start it when made"}, FCT_OPTION_NO_WAIT),
     .examples = {"facet vm create db-2 --cpus 2 --memory 512 --device all-nvidia-a100-80gb-pcie-2g-20gb --start",
                  "facet vm create web-1 --image debian.qcow2 --user anna --ssh-key ~/.ssh/id_ed25519.pub"}},
    {NULL},
};
