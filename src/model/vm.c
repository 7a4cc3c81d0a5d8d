/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vm.h"

#include "model/codec.h"
#include "model/storage.h"

#include <string.h>

/* ---- a NIC ---- */

static const FctField nic_fields[] = {FCT_FIELD(FctVmNic, network, STR),
                                      FCT_FIELD(FctVmNic, mac, STR),
                                      FCT_FIELD(FctVmNic, model, STR, .empty_text = "virtio"),
                                      {0}};
static const FctType nic_type = {"nics", sizeof(FctVmNic), nic_fields, (GDestroyNotify)fct_vm_nic_free};

FctVmNic *fct_vm_nic_new(const char *network, const char *mac)
{
    FctVmNic *nic = fct_type_new(&nic_type);
    g_free(nic->network);
    g_free(nic->mac);
    nic->network = g_strdup(network);
    nic->mac = g_strdup(mac);
    return nic;
}

FctVmNic *fct_vm_nic_copy(const FctVmNic *nic)
{
    FctVmNic *copy = fct_vm_nic_new(nic->network, nic->mac);
    g_free(copy->model);
    copy->model = g_strdup(nic->model);
    return copy;
}

void fct_vm_nic_free(FctVmNic *nic)
{
    fct_type_free(&nic_type, nic);
}

/* ---- a drive ---- */

static const FctField disk_fields[] = {FCT_FIELD(FctVmDisk, target, STR),   FCT_FIELD(FctVmDisk, pool, STR),
                                       FCT_FIELD(FctVmDisk, volume, STR),   FCT_FIELD(FctVmDisk, path, STR),
                                       FCT_FIELD(FctVmDisk, format, STR),   FCT_FIELD(FctVmDisk, bus, STR),
                                       FCT_FIELD(FctVmDisk, file, STR),     FCT_FIELD(FctVmDisk, size_gib, INT),
                                       FCT_FIELD(FctVmDisk, cdrom, BOOL),   FCT_FIELD(FctVmDisk, read_only, BOOL),
                                       FCT_FIELD(FctVmDisk, made, BOOL),    FCT_FIELD(FctVmDisk, seed, BOOL),
                                       FCT_FIELD(FctVmDisk, leaving, BOOL), {0}};
static const FctType disk_type = {"disks", sizeof(FctVmDisk), disk_fields, (GDestroyNotify)fct_vm_disk_free};

FctVmDisk *fct_vm_disk_new(void)
{
    return fct_type_new(&disk_type);
}

FctVmDisk *fct_vm_disk_copy(const FctVmDisk *disk)
{
    FctVmDisk *copy = g_memdup2(disk, sizeof *disk);
    copy->target = g_strdup(disk->target);
    copy->pool = g_strdup(disk->pool);
    copy->volume = g_strdup(disk->volume);
    copy->path = g_strdup(disk->path);
    copy->format = g_strdup(disk->format);
    copy->bus = g_strdup(disk->bus);
    copy->file = g_strdup(disk->file);
    copy->below = fct_layers_copy(disk->below);
    return copy;
}

void fct_vm_disk_free(FctVmDisk *disk)
{
    if (disk)
        g_clear_pointer(&disk->below, g_ptr_array_unref);
    fct_type_free(&disk_type, disk);
}

json_t *fct_vm_disk_to_json(const FctVmDisk *disk)
{
    return fct_type_to_json(&disk_type, disk);
}

/* ---- a VM ---- */

static const FctField autostart_fields[] = {FCT_FIELD(FctVmAutostart, enabled, BOOL),
                                            FCT_FIELD(FctVmAutostart, order, INT, .empty = FCT_AUTOSTART_ORDER),
                                            FCT_FIELD(FctVmAutostart, delay_s, INT),
                                            {0}};
static const FctType autostart_type = {"autostart", sizeof(FctVmAutostart), autostart_fields, g_free};

static const FctField vm_fields[] = {FCT_FIELD(FctVm, id, STR),
                                     FCT_FIELD(FctVm, name, STR),
                                     FCT_FIELD(FctVm, description, STR),
                                     FCT_FIELD(FctVm, image, STR),
                                     FCT_FIELD(FctVm, template, STR),
                                     FCT_FIELD(FctVm, os, STR, .empty_text = "linux"),
                                     FCT_FIELD(FctVm, vcpus, INT, .empty = 1),
                                     FCT_FIELD(FctVm, memory_mib, INT64),
                                     FCT_FIELD(FctVm, uefi, BOOL),
                                     FCT_FIELD(FctVm, tpm, BOOL),
                                     FCT_FIELD(FctVm, agent, BOOL, .empty = TRUE),
                                     FCT_FIELD(FctVm, nvram, STR),
                                     FCT_FIELD(FctVm, origin, JSON),
                                     FCT_FIELD(FctVm, boot, STRV),
                                     FCT_FIELD(FctVm, disks, LIST, .type = &disk_type),
                                     FCT_FIELD(FctVm, devices, LIST, .type = &fct_device_type),
                                     FCT_FIELD(FctVm, nics, LIST, .type = &nic_type),
                                     FCT_FIELD(FctVm, first_boot, JSON),
                                     FCT_FIELD(FctVm, autostart, STRUCT, .type = &autostart_type),
                                     FCT_FIELD(FctVm, state, STR, .empty_text = "creating"),
                                     FCT_FIELD(FctVm, making, STR),
                                     FCT_FIELD(FctVm, keep, STRV),
                                     FCT_FIELD(FctVm, chain, JSON),
                                     FCT_FIELD(FctVm, run, JSON),
                                     FCT_FIELD(FctVm, created_ms, INT64),
                                     {0}};
static const FctType vm_type = {"vm", sizeof(FctVm), vm_fields, (GDestroyNotify)fct_vm_free};

FctVm *fct_vm_new(void)
{
    return fct_type_new(&vm_type);
}

void fct_vm_free(FctVm *vm)
{
    if (vm)
        fct_first_boot_free(vm->asked);
    fct_type_free(&vm_type, vm);
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

const char *fct_vm_default_nic_model(const FctVm *vm)
{
    return strcmp(vm->os, "windows") == 0 ? "e1000e" : "virtio";
}

json_t *fct_vm_to_json(const FctVm *vm)
{
    return fct_type_to_json(&vm_type, vm);
}

/* For documents from when a VM had one disk, a file in the folder that the pool "facet" has now. */
static void take_only_disk(FctVm *vm, const json_t *json)
{
    FctVmDisk *disk = fct_vm_disk_new();
    g_autofree char *base = g_path_get_basename(fct_json_str(json, "disk", ""));
    const char *texts[] = {
        "vda",   FCT_POOL_OWN, base, fct_json_str(json, "disk", ""), fct_json_str(json, "disk_format", "qcow2"),
        "virtio"};
    char **fields[] = {&disk->target, &disk->pool, &disk->volume, &disk->path, &disk->format, &disk->bus};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_free(*fields[i]);
        *fields[i] = g_strdup(texts[i]);
    }
    disk->size_gib = (int)fct_json_int(json, "disk_gib", 0);
    disk->made = TRUE;
    g_ptr_array_add(vm->disks, disk);
    if (fct_json_bool(json, "keep_disk", FALSE)) {
        g_strfreev(vm->keep);
        vm->keep = g_strsplit("vda", " ", -1);
    }
}

FctVm *fct_vm_from_json(const json_t *json, GError **error)
{
    g_autoptr(FctVm) vm = fct_type_new_from_json(&vm_type, json, error);
    if (!vm)
        return NULL;
    if (!json_object_get(json, "state")) {
        g_free(vm->state);
        vm->state = g_strdup("ready");
    }
    if (json_object_get(json, "disk"))
        take_only_disk(vm, json);
    return g_steal_pointer(&vm);
}
