/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/vm_doc.h"
#include "core/autostart.h"

#include <string.h>

FctVm *fct_vm_new(void)
{
    FctVm *vm = g_new0(FctVm, 1);
    vm->id = g_strdup("");
    vm->name = g_strdup("");
    vm->description = g_strdup("");
    vm->nvram = g_strdup("");
    vm->image = g_strdup("");
    vm->template = g_strdup("");
    vm->os = g_strdup("linux");
    vm->state = g_strdup("creating");
    vm->making = g_strdup("");
    vm->agent = TRUE;
    vm->autostart_order = FCT_AUTOSTART_ORDER;
    vm->boot = g_new0(char *, 1);
    vm->keep = g_new0(char *, 1);
    vm->disks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_disk_free);
    vm->devices = g_ptr_array_new_with_free_func((GDestroyNotify)fct_device_free);
    vm->nics = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_nic_free);
    vm->run = json_null();
    vm->first_boot = json_null();
    vm->chain = json_null();
    vm->origin = json_null();
    return vm;
}

void fct_vm_free(FctVm *vm)
{
    if (!vm)
        return;
    g_free(vm->id);
    g_free(vm->name);
    g_free(vm->description);
    g_free(vm->nvram);
    g_free(vm->image);
    g_free(vm->template);
    g_free(vm->os);
    g_free(vm->state);
    g_free(vm->making);
    g_strfreev(vm->boot);
    g_strfreev(vm->keep);
    g_ptr_array_unref(vm->disks);
    g_ptr_array_unref(vm->devices);
    g_ptr_array_unref(vm->nics);
    json_decref(vm->run);
    json_decref(vm->first_boot);
    json_decref(vm->chain);
    json_decref(vm->origin);
    fct_first_boot_free(vm->asked);
    g_free(vm);
}

FctVmDisk *fct_vm_find_disk(const FctVm *vm, const char *target)
{
    for (guint i = 0; i < vm->disks->len; i++)
        if (strcmp(((FctVmDisk *)vm->disks->pdata[i])->target, target) == 0)
            return vm->disks->pdata[i];
    return NULL;
}

FctVmDisk *fct_vm_first_disk(const FctVm *vm)
{
    for (guint i = 0; i < vm->disks->len; i++) {
        FctVmDisk *disk = vm->disks->pdata[i];
        if (!disk->cdrom && !disk->seed)
            return disk;
    }
    return NULL;
}

/* ---- to and from JSON ---- */

json_t *fct_vm_disk_to_json(const FctVmDisk *disk)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:b, s:b}", "target", disk->target,
                     "pool", disk->pool, "volume", disk->volume, "path", disk->path, "format", disk->format, "bus",
                     disk->bus, "file", disk->file, "size_gib", disk->size_gib, "cdrom", disk->cdrom, "read_only",
                     disk->read_only, "made", disk->made, "seed", disk->seed, "leaving", disk->leaving);
}

static void take_str(char **field, const json_t *json, const char *key, const char *fallback)
{
    g_free(*field);
    *field = g_strdup(fct_json_str(json, key, fallback));
}

static FctVmDisk *disk_from_json(const json_t *json)
{
    FctVmDisk *disk = fct_vm_disk_new();
    take_str(&disk->target, json, "target", "");
    take_str(&disk->pool, json, "pool", "");
    take_str(&disk->volume, json, "volume", "");
    take_str(&disk->path, json, "path", "");
    take_str(&disk->format, json, "format", "qcow2");
    take_str(&disk->bus, json, "bus", "virtio");
    take_str(&disk->file, json, "file", "");
    disk->size_gib = (int)fct_json_int(json, "size_gib", 0);
    disk->cdrom = fct_json_bool(json, "cdrom", FALSE);
    disk->read_only = fct_json_bool(json, "read_only", FALSE);
    disk->made = fct_json_bool(json, "made", FALSE);
    disk->seed = fct_json_bool(json, "seed", FALSE);
    disk->leaving = fct_json_bool(json, "leaving", FALSE);
    return disk;
}

static json_t *disks_json(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->disks->len; i++)
        json_array_append_new(list, fct_vm_disk_to_json(g_ptr_array_index(vm->disks, i)));
    return list;
}

static json_t *devices_json(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->devices->len; i++)
        json_array_append_new(list, fct_device_to_json(g_ptr_array_index(vm->devices, i)));
    return list;
}

static json_t *nics_json(const FctVm *vm)
{
    json_t *list = json_array();
    for (guint i = 0; i < vm->nics->len; i++) {
        const FctVmNic *nic = g_ptr_array_index(vm->nics, i);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s}", "network", nic->network, "mac", nic->mac, "model", nic->model));
    }
    return list;
}

static json_t *words_json(const GStrv words)
{
    json_t *list = json_array();
    for (guint i = 0; words[i]; i++)
        json_array_append_new(list, json_string(words[i]));
    return list;
}

json_t *fct_vm_to_doc(const FctVm *vm)
{
    json_t *autostart = json_pack("{s:b, s:i, s:i}", "enabled", vm->autostart, "order", vm->autostart_order, "delay_s",
                                  vm->autostart_delay);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:b, s:b, s:b, s:I}", "id", vm->id, "name", vm->name,
                  "description", vm->description, "image", vm->image, "template", vm->template, "os", vm->os, "state",
                  vm->state, "vcpus", vm->vcpus, "memory_mib", (json_int_t)vm->memory_mib, "uefi", vm->uefi, "tpm",
                  vm->tpm, "agent", vm->agent, "created_ms", (json_int_t)vm->created_ms);
    json_object_set_new(json, "making", json_string(vm->making));
    json_object_set_new(json, "nvram", json_string(vm->nvram));
    json_object_set_new(json, "boot", words_json(vm->boot));
    json_object_set_new(json, "keep", words_json(vm->keep));
    json_object_set_new(json, "disks", disks_json(vm));
    json_object_set_new(json, "devices", devices_json(vm));
    json_object_set_new(json, "nics", nics_json(vm));
    json_object_set_new(json, "autostart", autostart);
    json_object_set(json, "first_boot", vm->first_boot);
    json_object_set(json, "chain", vm->chain);
    json_object_set(json, "origin", vm->origin);
    json_object_set(json, "run", vm->run);
    return json;
}

static void take_words(GStrv *field, const json_t *list)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            g_strv_builder_add(words, json_string_value(json_array_get(list, i)));
    g_strfreev(*field);
    *field = g_strv_builder_end(words);
}

/* Of the time when a VM had one disk, a file in the folder that the pool "facet" has now. */
static void take_only_disk(FctVm *vm, const json_t *json)
{
    FctVmDisk *disk = disk_from_json(NULL);
    take_str(&disk->path, json, "disk", "");
    take_str(&disk->format, json, "disk_format", "qcow2");
    g_free(disk->target);
    g_free(disk->pool);
    g_free(disk->volume);
    disk->target = g_strdup("vda");
    disk->pool = g_strdup("facet");
    disk->volume = g_path_get_basename(disk->path);
    disk->size_gib = (int)fct_json_int(json, "disk_gib", 0);
    disk->made = TRUE;
    g_ptr_array_add(vm->disks, disk);
    if (fct_json_bool(json, "keep_disk", FALSE)) {
        g_strfreev(vm->keep);
        vm->keep = g_strsplit("vda", " ", -1);
    }
}

static void take_lists(FctVm *vm, const json_t *json)
{
    const json_t *disks = json_object_get(json, "disks"), *nics = json_object_get(json, "nics");
    for (size_t i = 0; i < json_array_size(disks); i++)
        g_ptr_array_add(vm->disks, disk_from_json(json_array_get(disks, i)));
    for (size_t i = 0; i < json_array_size(nics); i++) {
        const json_t *each = json_array_get(nics, i);
        FctVmNic *nic = fct_vm_nic_new(fct_json_str(each, "network", ""), fct_json_str(each, "mac", ""));
        take_str(&nic->model, each, "model", "virtio");
        g_ptr_array_add(vm->nics, nic);
    }
    take_words(&vm->boot, json_object_get(json, "boot"));
    take_words(&vm->keep, json_object_get(json, "keep"));
    if (json_object_get(json, "disk"))
        take_only_disk(vm, json);
}

static void take_json(json_t **field, const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    json_decref(*field);
    *field = value ? json_deep_copy(value) : json_null();
}

FctVm *fct_vm_from_doc(const FctDoc *doc, GError **error)
{
    const json_t *json = doc->value, *devices = json_object_get(json, "devices");
    const json_t *autostart = json_object_get(json, "autostart");
    g_autoptr(FctVm) vm = fct_vm_new();
    take_str(&vm->id, json, "id", "");
    take_str(&vm->name, json, "name", "");
    take_str(&vm->description, json, "description", "");
    take_str(&vm->image, json, "image", "");
    take_str(&vm->template, json, "template", "");
    g_autofree char *by_name = g_strdup_printf(FCT_NVRAM, vm->name); /* as in documents that do not say it */
    take_str(&vm->nvram, json, "nvram", by_name);
    take_str(&vm->os, json, "os", "linux");
    take_str(&vm->state, json, "state", "ready");
    take_str(&vm->making, json, "making", "");
    vm->vcpus = (int)fct_json_int(json, "vcpus", 1);
    vm->memory_mib = fct_json_int(json, "memory_mib", 0);
    vm->uefi = fct_json_bool(json, "uefi", FALSE);
    vm->tpm = fct_json_bool(json, "tpm", FALSE);
    vm->agent = fct_json_bool(json, "agent", TRUE);
    vm->autostart = fct_json_bool(autostart, "enabled", FALSE);
    vm->autostart_order = (int)fct_json_int(autostart, "order", FCT_AUTOSTART_ORDER);
    vm->autostart_delay = (int)fct_json_int(autostart, "delay_s", 0);
    vm->created_ms = fct_json_int(json, "created_ms", 0);
    vm->revision = doc->revision;
    take_lists(vm, json);
    take_json(&vm->run, json, "run");
    take_json(&vm->first_boot, json, "first_boot");
    take_json(&vm->chain, json, "chain");
    take_json(&vm->origin, json, "origin");
    for (size_t i = 0; i < json_array_size(devices); i++) {
        FctDevice *device = fct_device_from_json(json_array_get(devices, i), error);
        if (!device)
            return NULL;
        g_ptr_array_add(vm->devices, device);
    }
    return g_steal_pointer(&vm);
}

FctVmSpec *fct_vm_spec(const FctVm *vm)
{
    FctVmSpec *spec = fct_vm_spec_new();
    g_free(spec->id);
    g_free(spec->name);
    g_free(spec->os);
    g_free(spec->nvram);
    g_strfreev(spec->boot);
    spec->id = g_strdup(vm->id);
    spec->name = g_strdup(vm->name);
    spec->os = g_strdup(vm->os);
    spec->nvram = g_strdup(vm->nvram);
    spec->boot = g_strdupv(vm->boot);
    spec->vcpus = vm->vcpus;
    spec->memory_mib = vm->memory_mib;
    spec->uefi = vm->uefi;
    spec->tpm = vm->tpm;
    spec->agent = vm->agent;
    for (guint i = 0; i < vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(vm->disks, i);
        if (!disk->leaving && (disk->cdrom || *disk->path)) /* one without a path is still being made */
            g_ptr_array_add(spec->disks, fct_vm_disk_copy(disk));
    }
    for (guint i = 0; i < vm->nics->len; i++)
        g_ptr_array_add(spec->nics, fct_vm_nic_copy(g_ptr_array_index(vm->nics, i)));
    fct_vm_origin_put(vm, spec);
    return spec;
}

/* ---- the store ---- */

char *fct_vm_key(const char *id)
{
    return g_strconcat("vm/", id, NULL);
}

char *fct_vm_name_key(const char *name)
{
    return g_strconcat("vm-name/", name, NULL);
}

FctVm *fct_vm_load(FctStore *store, const char *id, GError **error)
{
    g_autofree char *key = fct_vm_key(id);
    g_autoptr(FctDoc) doc = store->ops->get(store, key, error);
    return doc ? fct_vm_from_doc(doc, error) : NULL;
}

GPtrArray *fct_vm_load_all(FctStore *store, GError **error)
{
    g_autoptr(GPtrArray) docs = store->ops->list(store, "vm/", error);
    if (!docs)
        return NULL;
    g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_free);
    for (guint i = 0; i < docs->len; i++) {
        FctVm *vm = fct_vm_from_doc(g_ptr_array_index(docs, i), error);
        if (!vm)
            return NULL;
        g_ptr_array_add(vms, vm);
    }
    return g_steal_pointer(&vms);
}
