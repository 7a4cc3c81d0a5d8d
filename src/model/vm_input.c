/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what people send about a VM: it is refused with the field named, or taken as a whole. */
#include "base/read.h"
#include "model/network.h"
#include "model/vm.h"

#include <string.h>

#define GIB (G_GINT64_CONSTANT(1) << 30)
#define MEMORY_DEFAULT_MIB 1024
#define DEVICES_MAX 8
#define NICS_MAX 8
#define COUNT_MAX 8
#define DESCRIPTION_MAX 400

static gboolean name_is_good(const char *name)
{
    gsize length = strlen(name);
    if (length < 1 || length > 63 || !g_ascii_isalnum(name[0]))
        return FALSE;
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
            return FALSE;
    return TRUE;
}

static gboolean vm_read_name(const json_t *json, char **name, GError **error)
{
    const char *text;
    if (!fct_read_str(json, "name", &text, error))
        return FALSE;
    if (!name_is_good(text))
        return fct_read_refuse(
            error, "name",
            "A name has 1 to 63 letters, digits, dots, dashes or underscores, and begins with a letter or "
            "digit.");
    g_free(*name);
    *name = g_strdup(text);
    return TRUE;
}

static FctDevice *vm_read_device(const json_t *json, GError **error)
{
    static const char *const known[] = {"group", "count", "optional", NULL};
    const char *group;
    gint64 count = 1;
    const json_t *optional = json_object_get(json, "optional");
    if (!json_is_object(json)) {
        fct_read_refuse(error, "devices", "Each device must be an object with a group.");
        return NULL;
    }
    if (!fct_read_only(json, known, error) || !fct_read_str(json, "group", &group, error) ||
        (json_object_get(json, "count") && !fct_read_int(json, "count", 1, COUNT_MAX, &count, error)))
        return NULL;
    if (optional && !json_is_boolean(optional)) {
        fct_read_refuse(error, "optional", "The field “optional” must be true or false.");
        return NULL;
    }
    FctDevice *device = fct_device_new();
    g_free(device->group);
    device->group = g_strdup(group);
    device->count = (int)count;
    device->optional = json_is_true(optional);
    return device;
}

static gboolean vm_read_devices(const json_t *list, GPtrArray *devices, GError **error)
{
    if (!json_is_array(list) || json_array_size(list) > DEVICES_MAX)
        return fct_read_refuse(error, "devices", "The devices must be a list of at most 8.");
    for (size_t i = 0; i < json_array_size(list); i++) {
        FctDevice *device = vm_read_device(json_array_get(list, i), error);
        if (!device)
            return FALSE;
        g_ptr_array_add(devices, device);
    }
    return TRUE;
}

static FctVmNic *vm_read_nic(const FctVm *vm, const json_t *json, const FctVmNic *old, GError **error)
{
    static const char *const known[] = {"network", "mac", "model", NULL};
    static const char *const models[] = {"virtio", "e1000e", NULL};
    const char *network, *given = NULL;
    if (!json_is_object(json)) {
        fct_read_refuse(error, "nics", "Each NIC must be an object with a network.");
        return NULL;
    }
    if (!fct_read_only(json, known, error) || !fct_read_str(json, "network", &network, error) ||
        (json_object_get(json, "mac") && !fct_read_str(json, "mac", &given, error)))
        return NULL;
    g_autofree char *mac = given ? fct_mac_parse(given) : g_strdup(old ? old->mac : "");
    if (!mac) {
        fct_read_refuse(error, "mac", "A MAC address is written like 52:54:00:12:34:56, and is not a group's.");
        return NULL;
    }
    FctVmNic *nic = fct_vm_nic_new(network, mac);
    g_free(nic->model);
    nic->model = g_strdup(old ? old->model : fct_vm_default_nic_model(vm));
    if (fct_read_opt_word(json, "model", models, &nic->model, error))
        return nic;
    fct_vm_nic_free(nic);
    return NULL;
}

static gboolean read_nics(FctVm *vm, const json_t *list, GError **error)
{
    GPtrArray *nics = vm->nics;
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_nic_free);
    if (!json_is_array(list) || json_array_size(list) > NICS_MAX)
        return fct_read_refuse(error, "nics", "The NICs must be a list of at most 8.");
    for (size_t i = 0; i < json_array_size(list); i++) {
        FctVmNic *nic = vm_read_nic(vm, json_array_get(list, i), i < nics->len ? nics->pdata[i] : NULL, error);
        if (!nic)
            return FALSE;
        for (guint k = 0; k < read->len; k++)
            if (*nic->mac && strcmp(((FctVmNic *)read->pdata[k])->mac, nic->mac) == 0) {
                fct_vm_nic_free(nic);
                return fct_read_refuse(error, "mac", "Two NICs of the VM have the same MAC address.");
            }
        g_ptr_array_add(read, nic);
    }
    g_ptr_array_set_size(nics, 0);
    while (read->len)
        g_ptr_array_add(nics, g_ptr_array_steal_index(read, 0));
    return TRUE;
}

static gboolean vm_read_boot(const json_t *list, GStrv *boot, GError **error)
{
    static const char *const known[] = {"disk", "cdrom", "network", NULL};
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    guint seen = 0;
    if (!list)
        return TRUE;
    if (!json_is_array(list) || !json_array_size(list))
        return fct_read_refuse(error, "boot", "The boot order must be a list of disk, cdrom and network.");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        guint place = 0;
        while (known[place] && g_strcmp0(known[place], word) != 0)
            place++;
        if (!known[place] || seen & 1u << place)
            return fct_read_refuse(error, "boot", "The boot order names disk, cdrom and network, each at most once.");
        seen |= 1u << place;
        g_strv_builder_add(words, word);
    }
    g_strfreev(*boot);
    *boot = g_strv_builder_end(words);
    return TRUE;
}

static gboolean vm_read_autostart(FctVm *vm, const json_t *json, GError **error)
{
    static const char *const known[] = {"enabled", "order", "delay_s", NULL};
    gint64 order = vm->autostart.order, delay = vm->autostart.delay_s;
    if (!json)
        return TRUE;
    if (!json_is_object(json))
        return fct_read_refuse(error, "autostart", "“autostart” must be an object with “enabled”.");
    if (!fct_read_only(json, known, error) || !fct_read_opt_flag(json, "enabled", &vm->autostart.enabled, error) ||
        (json_object_get(json, "order") && !fct_read_int(json, "order", 1, FCT_AUTOSTART_ORDER_MAX, &order, error)) ||
        (json_object_get(json, "delay_s") && !fct_read_int(json, "delay_s", 0, FCT_AUTOSTART_DELAY_MAX, &delay, error)))
        return FALSE;
    vm->autostart.order = (int)order;
    vm->autostart.delay_s = (int)delay;
    return TRUE;
}

static gboolean vm_read_machine(FctVm *vm, const json_t *json, GError **error)
{
    static const char *const systems[] = {"linux", "windows", "other", NULL};
    return fct_read_opt_word(json, "os", systems, &vm->os, error) && fct_read_opt_flag(json, "tpm", &vm->tpm, error) &&
           fct_read_opt_flag(json, "agent", &vm->agent, error) &&
           vm_read_boot(json_object_get(json, "boot"), &vm->boot, error) &&
           vm_read_autostart(vm, json_object_get(json, "autostart"), error);
}

/* Members that input and patch share; absent ones change nothing. */
static gboolean read_common(FctVm *vm, const json_t *json, GError **error)
{
    gint64 number;
    const char *text;
    const json_t *devices = json_object_get(json, "devices");
    if ((json_object_get(json, "name") && !vm_read_name(json, &vm->name, error)) || !vm_read_machine(vm, json, error))
        return FALSE;
    if (json_object_get(json, "vcpus")) {
        if (!fct_read_int(json, "vcpus", 1, 512, &number, error))
            return FALSE;
        vm->vcpus = (int)number;
    }
    if (json_object_get(json, "memory_mib") && !fct_read_int(json, "memory_mib", 64, 16777216, &vm->memory_mib, error))
        return FALSE;
    if (json_object_get(json, "description")) {
        if (!fct_read_str(json, "description", &text, error))
            return FALSE;
        if (g_utf8_strlen(text, -1) > DESCRIPTION_MAX)
            return fct_read_refuse(error, "description", "The description must have at most 400 characters.");
        g_free(vm->description);
        vm->description = g_strdup(text);
    }
    if (json_object_get(json, "nics") && !read_nics(vm, json_object_get(json, "nics"), error))
        return FALSE;
    if (devices) {
        g_ptr_array_set_size(vm->devices, 0);
        return vm_read_devices(devices, vm->devices, error);
    }
    return TRUE;
}

FctVm *fct_vm_from_input(const json_t *input, GError **error)
{
    static const char *const known[] = {"name",     "image",     "iso",         "volume",     "template", "pool",
                                        "disk_gib", "disks",     "cdroms",      "os",         "vcpus",    "memory_mib",
                                        "uefi",     "tpm",       "agent",       "boot",       "devices",  "nics",
                                        "start",    "autostart", "description", "cloud_init", "windows",  NULL};
    g_autoptr(FctVm) vm = fct_vm_new();
    gboolean start = FALSE;
    if (!fct_read_only(input, known, error) || !vm_read_name(input, &vm->name, error) ||
        !read_common(vm, input, error) || !fct_read_opt_flag(input, "uefi", &vm->uefi, error) ||
        !fct_read_opt_flag(input, "start", &start, error) || !fct_vm_read_drives(vm, input, error))
        return NULL;
    if (!vm->memory_mib && !*vm->image)
        vm->memory_mib = MEMORY_DEFAULT_MIB;
    return g_steal_pointer(&vm);
}

gboolean fct_vm_fit_image(FctVm *vm, const FctImage *image, GError **error)
{
    FctVmDisk *disk = fct_vm_first_disk(vm);
    gint64 least = (image->size_bytes + GIB - 1) / GIB;
    if (!disk->size_gib)
        disk->size_gib = (int)least;
    if (!vm->memory_mib)
        vm->memory_mib = MAX(MEMORY_DEFAULT_MIB, image->min_memory_mib);
    if (disk->size_gib < least) {
        return fct_read_refuse(error, "disk_gib", "The image needs a disk of at least %" G_GINT64_FORMAT " GiB.",
                               least);
    }
    if (vm->memory_mib < image->min_memory_mib) {
        return fct_read_refuse(error, "memory_mib", "The image needs at least %" G_GINT64_FORMAT " MiB of memory.",
                               image->min_memory_mib);
    }
    return TRUE;
}

static gboolean read_patch(FctVm *vm, const json_t *patch, GError **error)
{
    const json_t *cdroms = json_object_get(patch, "cdroms");
    return read_common(vm, patch, error) && (!cdroms || fct_vm_read_cdroms(vm, cdroms, error));
}

gboolean fct_vm_patch(FctVm *vm, const json_t *patch, GError **error)
{
    static const char *const known[] = {"name",        "vcpus",  "memory_mib", "devices", "nics",
                                        "description", "os",     "tpm",        "agent",   "boot",
                                        "autostart",   "cdroms", "cloud_init", "windows", NULL};
    g_autoptr(json_t) doc = fct_vm_to_json(vm);
    g_autoptr(FctVm) trial = fct_vm_from_json(doc, error);
    if (!trial || !fct_read_only(patch, known, error) || !read_patch(trial, patch, error))
        return FALSE;
    return read_patch(vm, patch, error);
}
