/* SPDX-License-Identifier: Apache-2.0 */
/* Making, copying and freeing the plain structs that the ports hand over. */
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
    info->refs = 1;
    info->id = g_strdup("");
    info->name = g_strdup("");
    info->state = FCT_VM_UNKNOWN;
    info->vnc = -1;
    info->parts = json_array();
    info->disks = json_array();
    info->drives = json_array();
    info->nics = json_array();
    return info;
}

FctVmInfo *fct_vm_info_ref(const FctVmInfo *info)
{
    FctVmInfo *shared = (FctVmInfo *)info;
    g_atomic_int_inc(&shared->refs);
    return shared;
}

gboolean fct_vm_info_active(const FctVmInfo *info)
{
    return info && info->state != FCT_VM_OFF && info->state != FCT_VM_CRASHED;
}

void fct_vm_info_unref(FctVmInfo *info)
{
    if (!info || !g_atomic_int_dec_and_test(&info->refs))
        return;
    g_free(info->id);
    g_free(info->name);
    json_decref(info->parts);
    json_decref(info->disks);
    json_decref(info->drives);
    json_decref(info->nics);
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
    spec->os = g_strdup("linux");
    char **texts[] = {&spec->nvram,      &spec->loader, &spec->loader_type, &spec->nvram_template,
                      &spec->tpm_secret, &spec->title,  &spec->text,        &spec->metadata};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup("");
    spec->boot = g_new0(char *, 1);
    spec->disks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_disk_free);
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
    g_free(spec->os);
    char *texts[] = {spec->nvram,      spec->loader, spec->loader_type, spec->nvram_template,
                     spec->tpm_secret, spec->title,  spec->text,        spec->metadata};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_strfreev(spec->boot);
    g_ptr_array_unref(spec->disks);
    g_ptr_array_unref(spec->nics);
    g_ptr_array_unref(spec->devices);
    g_free(spec);
}

FctRelease *fct_release_new(void)
{
    FctRelease *release = g_new0(FctRelease, 1);
    release->why = g_strdup("");
    release->lost = g_ptr_array_new_with_free_func(g_free);
    return release;
}

void fct_release_free(FctRelease *release)
{
    if (!release)
        return;
    g_free(release->why);
    g_ptr_array_unref(release->lost);
    g_free(release);
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

FctAdoption *fct_adoption_new(void)
{
    FctAdoption *adoption = g_new0(FctAdoption, 1);
    adoption->spec = fct_vm_spec_new();
    adoption->xml = g_strdup("");
    adoption->kept = g_ptr_array_new_with_free_func(g_free);
    adoption->lost = g_ptr_array_new_with_free_func(g_free);
    adoption->verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    return adoption;
}

void fct_adoption_free(FctAdoption *adoption)
{
    if (!adoption)
        return;
    fct_vm_spec_free(adoption->spec);
    g_free(adoption->xml);
    g_ptr_array_unref(adoption->kept);
    g_ptr_array_unref(adoption->lost);
    g_ptr_array_unref(adoption->verdicts);
    g_free(adoption);
}
