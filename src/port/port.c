/* SPDX-License-Identifier: Apache-2.0 */
/* What the ports hand over: making, copying and releasing of their plain structs. */
#include "port/store.h"
#include "port/vmm.h"

void fct_doc_free(FctDoc *doc)
{
    if (!doc)
        return;
    g_free(doc->key);
    json_decref(doc->value);
    g_free(doc);
}

FctVmInfo *fct_vm_info_new(void)
{
    FctVmInfo *info = g_new0(FctVmInfo, 1);
    info->id = g_strdup("");
    info->name = g_strdup("");
    info->state = FCT_VM_UNKNOWN;
    info->parts = json_array();
    info->disks = json_array();
    info->networks = json_array();
    return info;
}

FctVmInfo *fct_vm_info_copy(const FctVmInfo *info)
{
    FctVmInfo *copy = g_memdup2(info, sizeof *info);
    copy->id = g_strdup(info->id);
    copy->name = g_strdup(info->name);
    copy->parts = json_deep_copy(info->parts);
    copy->disks = json_deep_copy(info->disks);
    copy->networks = json_deep_copy(info->networks);
    return copy;
}

void fct_vm_info_free(FctVmInfo *info)
{
    if (!info)
        return;
    g_free(info->id);
    g_free(info->name);
    json_decref(info->parts);
    json_decref(info->disks);
    json_decref(info->networks);
    g_free(info);
}

const char *fct_vm_state_name(FctVmState state)
{
    static const char *const names[] = {"off", "running", "paused", "stopping", "crashed", "unknown"};
    return names[state];
}

FctVmSpec *fct_vm_spec_new(void)
{
    FctVmSpec *spec = g_new0(FctVmSpec, 1);
    spec->id = g_strdup("");
    spec->name = g_strdup("");
    spec->disk = g_strdup("");
    spec->disk_format = g_strdup("");
    spec->nics = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_nic_free);
    spec->devices = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_device_free);
    return spec;
}

void fct_vm_spec_free(FctVmSpec *spec)
{
    if (!spec)
        return;
    g_free(spec->id);
    g_free(spec->name);
    g_free(spec->disk);
    g_free(spec->disk_format);
    g_ptr_array_unref(spec->nics);
    g_ptr_array_unref(spec->devices);
    g_free(spec);
}

FctVmNic *fct_vm_nic_new(const char *network, const char *mac)
{
    FctVmNic *nic = g_new0(FctVmNic, 1);
    nic->network = g_strdup(network);
    nic->mac = g_strdup(mac);
    return nic;
}

void fct_vm_nic_free(FctVmNic *nic)
{
    if (!nic)
        return;
    g_free(nic->network);
    g_free(nic->mac);
    g_free(nic);
}

FctVmDevice *fct_vm_device_new(void)
{
    FctVmDevice *device = g_new0(FctVmDevice, 1);
    device->alias = g_strdup("");
    device->part = g_strdup("");
    device->label = g_strdup("");
    device->address = g_strdup("");
    device->mdev = g_strdup("");
    return device;
}

void fct_vm_device_free(FctVmDevice *device)
{
    if (!device)
        return;
    g_free(device->alias);
    g_free(device->part);
    g_free(device->label);
    g_free(device->address);
    g_free(device->mdev);
    g_free(device);
}
