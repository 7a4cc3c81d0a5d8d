/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/vm_doc.h"
#include "base/text.h"

#include <string.h>

json_t *fct_vm_to_doc(const FctVm *vm)
{
    return fct_vm_to_json(vm);
}

FctVm *fct_vm_from_doc(const FctDoc *doc, GError **error)
{
    FctVm *vm = fct_vm_from_json(doc->value, error);
    if (!vm)
        return NULL;
    vm->revision = doc->revision;
    if (!json_object_get(doc->value, "nvram")) /* from when libvirt chose the file by its name */
        fct_text_take(&vm->nvram, g_strdup_printf(FCT_NVRAM, vm->name));
    return vm;
}

char *fct_vm_new_mac(void)
{
    guint32 r = g_random_int();
    return g_strdup_printf("52:54:00:%02x:%02x:%02x", r >> 16 & 255, r >> 8 & 255, r & 255); /* QEMU's own prefix */
}

void fct_vm_make_ids(FctVm *vm)
{
    if (!*vm->id) {
        fct_text_take(&vm->id, g_uuid_string_random());
        vm->created_ms = fct_app_now_ms();
    }
    for (guint i = 0; i < vm->nics->len; i++) {
        FctVmNic *nic = g_ptr_array_index(vm->nics, i);
        if (!*nic->mac)
            fct_text_take(&nic->mac, fct_vm_new_mac());
    }
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
        FctVm *vm = fct_vm_from_doc(g_ptr_array_index(docs, i), NULL);
        if (vm) /* vm_docs.c reports one that cannot be read */
            g_ptr_array_add(vms, vm);
    }
    return g_steal_pointer(&vms);
}
