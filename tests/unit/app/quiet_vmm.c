/* SPDX-License-Identifier: Apache-2.0 */
#include "quiet_vmm.h"

#include "base/text.h"

json_t *quiet_facts(FctVmm *vmm, GError **error)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[]}", "libvirt", "9.0.0", "qemu", "7.2.0", "accel", "tcg",
                     "why_not_kvm", "", "part_device", "standin", "missing");
}

GPtrArray *quiet_networks(FctVmm *vmm, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    FctNetwork *network = fct_network_new();
    fct_text_set(&network->name, "lan");
    network->active = TRUE;
    g_ptr_array_add(list, network);
    return list;
}

GPtrArray *quiet_interfaces(FctVmm *vmm, char **ret_why, GError **error)
{
    *ret_why = g_strdup("The test has none.");
    return g_ptr_array_new();
}

json_t *quiet_stats(FctVmm *vmm, GError **error)
{
    return json_object();
}

void quiet_watch_storage(FctVmm *vmm, FctVmmStorageChanged changed, gpointer data)
{
}

void quiet_watch_networks(FctVmm *vmm, FctVmmNetworks changed, gpointer data)
{
}

FctDeviceUse quiet_device_use(FctVmm *vmm, const char *path, char **ret_where)
{
    return FCT_DEVICE_FREE;
}

void quiet_free(FctVmm *vmm)
{
}
