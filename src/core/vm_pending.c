/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vm_pending.h"

#include <string.h>

/* The settings of the document that a start uses. */
static const char *const used[] = {"name", "vcpus", "memory_mib", "devices", "nics", "os", "tpm", "agent", "boot"};

json_t *fct_vm_run_json(const FctVm *vm)
{
    g_autoptr(json_t) doc = fct_vm_to_json(vm);
    json_t *run = json_object(), *disks = json_array(), *disk;
    size_t place;
    for (guint i = 0; i < G_N_ELEMENTS(used); i++)
        json_object_set(run, used[i], json_object_get(doc, used[i]));
    json_object_set_new(run, "first_boot", json_string(fct_json_str(vm->first_boot, "instance", "")));
    json_array_foreach (json_object_get(doc, "disks"), place, disk)
        if (!fct_json_bool(disk, "leaving", FALSE) && !fct_json_bool(disk, "seed", FALSE))
            json_array_append(disks, disk);
    json_object_set_new(run, "disks", disks);
    return run;
}

static void pending_append(json_t *list, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void pending_append(json_t *list, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    json_array_append_new(list, json_string(text));
}

static const json_t *pending_find(const json_t *list, const char *key, const char *value)
{
    size_t i;
    json_t *each;
    json_array_foreach ((json_t *)list, i, each)
        if (strcmp(fct_json_str(each, key, ""), value) == 0)
            return each;
    return NULL;
}

/* ---- devices ---- */

static char *device_text(const json_t *device, FctVmGroupName name_of, gconstpointer data)
{
    if (!device)
        return g_strdup("none");
    const char *group = fct_json_str(device, "group", "");
    const char *name = name_of ? name_of(data, group) : group;
    gint64 count = fct_json_int(device, "count", 1);
    return count > 1 ? g_strdup_printf("%d × %s", (int)count, name) : g_strdup(name);
}

static void add_devices(json_t *list, const json_t *wanted, const json_t *run, FctVmGroupName name_of,
                        gconstpointer data)
{
    size_t most = MAX(json_array_size(wanted), json_array_size(run));
    for (size_t i = 0; i < most; i++) {
        const json_t *now = json_array_get(run, i), *then = json_array_get(wanted, i);
        g_autofree char *from = device_text(now, name_of, data), *to = device_text(then, name_of, data);
        if (strcmp(from, to) != 0)
            pending_append(list, "%s instead of %s", to, from);
    }
}

/* ---- NICs and drives ---- */

static void add_nics(json_t *list, const json_t *wanted, const json_t *run)
{
    size_t i;
    json_t *nic;
    json_array_foreach ((json_t *)wanted, i, nic) {
        const char *mac = fct_json_str(nic, "mac", ""), *network = fct_json_str(nic, "network", "");
        const char *model = fct_json_str(nic, "model", "virtio");
        const json_t *now = pending_find(run, "mac", mac);
        const char *was = fct_json_str(now, "network", ""), *old_model = fct_json_str(now, "model", "virtio");
        if (!now)
            pending_append(list, "A network interface in %s (%s)", network, mac);
        else if (strcmp(was, network) != 0)
            pending_append(list, "Network interface %s in %s instead of %s", mac, network, was);
        if (now && strcmp(model, old_model) != 0)
            pending_append(list, "Network interface %s as %s instead of %s", mac, model, old_model);
    }
    json_array_foreach ((json_t *)run, i, nic)
        if (!pending_find(wanted, "mac", fct_json_str(nic, "mac", "")))
            pending_append(list, "No network interface in %s (%s)", fct_json_str(nic, "network", ""),
                           fct_json_str(nic, "mac", ""));
}

static const char *drive_medium(const json_t *drive)
{
    const char *file = fct_json_str(drive, "file", ""), *path = fct_json_str(drive, "path", "");
    return *file ? file : *path ? path : "no medium"; /* a CD that is not in the library has only a path */
}

static void pending_add_drives(json_t *list, const json_t *wanted, const json_t *run)
{
    size_t i;
    json_t *drive;
    json_array_foreach ((json_t *)wanted, i, drive) {
        const char *target = fct_json_str(drive, "target", "");
        const json_t *now = pending_find(run, "target", target);
        gboolean cdrom = fct_json_bool(drive, "cdrom", FALSE);
        if (!now && cdrom)
            pending_append(list, "CD drive %s with %s", target, drive_medium(drive));
        else if (!now)
            pending_append(list, "Disk %s of %d GiB", target, (int)fct_json_int(drive, "size_gib", 0));
        else if (cdrom && strcmp(drive_medium(drive), drive_medium(now)) != 0)
            pending_append(list, "CD drive %s with %s instead of %s", target, drive_medium(drive), drive_medium(now));
    }
    json_array_foreach ((json_t *)run, i, drive)
        if (!pending_find(wanted, "target", fct_json_str(drive, "target", "")))
            pending_append(list, "No %s %s", fct_json_bool(drive, "cdrom", FALSE) ? "CD drive" : "disk",
                           fct_json_str(drive, "target", ""));
}

/* ---- the rest ---- */

static const char *class_name(const json_t *word)
{
    const char *text = json_string_value(word);
    return !text || strcmp(text, "disk") == 0 ? "disk" : strcmp(text, "cdrom") == 0 ? "CD" : "network";
}

static void add_boot(json_t *list, const json_t *wanted, const json_t *run)
{
    const char *first = class_name(json_array_get(wanted, 0)), *was = class_name(json_array_get(run, 0));
    if (strcmp(first, was) != 0) {
        pending_append(list, "Boots from %s first", first);
    } else if (!json_equal(wanted, run) && json_array_size(wanted) + json_array_size(run) > 1) {
        g_autoptr(GString) order = g_string_new(first);
        for (size_t i = 1; i < json_array_size(wanted); i++)
            g_string_append_printf(order, ", then %s", class_name(json_array_get(wanted, i)));
        pending_append(list, "Boots from %s", order->str);
    }
}

static const char *os_name(const json_t *json)
{
    const char *os = fct_json_str(json, "os", "");
    return strcmp(os, "windows") == 0 ? "Windows" : strcmp(os, "linux") == 0 ? "Linux" : "another system";
}

static void add_machine(json_t *list, const json_t *wanted, const json_t *run)
{
    gint64 vcpus = fct_json_int(run, "vcpus", 0), memory = fct_json_int(run, "memory_mib", 0);
    gint64 wanted_vcpus = fct_json_int(wanted, "vcpus", 0), wanted_memory = fct_json_int(wanted, "memory_mib", 0);
    if (vcpus != wanted_vcpus)
        pending_append(list, "%d vCPU%s instead of %d", (int)wanted_vcpus, wanted_vcpus == 1 ? "" : "s", (int)vcpus);
    if (memory != wanted_memory)
        pending_append(list, "%" G_GINT64_FORMAT " MiB of memory instead of %" G_GINT64_FORMAT " MiB", wanted_memory,
                       memory);
    if (json_object_get(run, "os") && strcmp(os_name(run), os_name(wanted)) != 0)
        pending_append(list, "Set up for %s instead of %s", os_name(wanted), os_name(run));
    gboolean tpm = fct_json_bool(wanted, "tpm", FALSE), agent = fct_json_bool(wanted, "agent", FALSE);
    if (json_object_get(run, "tpm") && fct_json_bool(run, "tpm", FALSE) != tpm)
        pending_append(list, tpm ? "A TPM" : "No TPM");
    if (json_object_get(run, "agent") && fct_json_bool(run, "agent", FALSE) != agent)
        pending_append(list, agent ? "A channel for the guest agent" : "No channel for the guest agent");
}

json_t *fct_vm_pending(const FctVm *vm, FctVmGroupName name_of, gconstpointer data)
{
    json_t *list = json_array();
    const json_t *run = vm->run;
    g_autoptr(json_t) wanted = fct_vm_run_json(vm);
    if (!json_is_object(run))
        return list;
    add_machine(list, wanted, run);
    add_devices(list, json_object_get(wanted, "devices"), json_object_get(run, "devices"), name_of, data);
    add_nics(list, json_object_get(wanted, "nics"), json_object_get(run, "nics"));
    if (json_object_get(run, "disks")) /* a run that an older facetd started does not say */
        pending_add_drives(list, json_object_get(wanted, "disks"), json_object_get(run, "disks"));
    if (json_object_get(run, "boot"))
        add_boot(list, json_object_get(wanted, "boot"), json_object_get(run, "boot"));
    const json_t *first_boot = json_object_get(run, "first_boot");
    if (first_boot && !json_equal(json_object_get(wanted, "first_boot"), first_boot))
        pending_append(list,
                       !vm->first_boot ? "No first-boot data" : "New first-boot data: cloud-init does its work again");
    return list;
}
