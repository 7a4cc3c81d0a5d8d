/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups in an inventory, by every name that people use, and the digests of cards. */
#include "model/inventory.h"

#include <string.h>

FctGpu *fct_inventory_gpu(const FctInventory *inventory, const char *id)
{
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        if (strcmp(gpu->id, id) == 0)
            return gpu;
    }
    return NULL;
}

/* sysfs writes 0000:41:00.0, NVML 00000000:41:00.0, people 41:00.0 or 41:00: FALSE when it is no PCI address. */
static gboolean pci_parse_address(const char *text, unsigned int parts[4])
{
    int used = 0;
    parts[0] = parts[3] = 0;
    if (sscanf(text, "%8x:%2x:%2x.%1x%n", &parts[0], &parts[1], &parts[2], &parts[3], &used) == 4 && !text[used])
        return TRUE;
    parts[0] = 0;
    if (sscanf(text, "%2x:%2x.%1x%n", &parts[1], &parts[2], &parts[3], &used) == 3 && !text[used])
        return TRUE;
    parts[3] = 0;
    return sscanf(text, "%2x:%2x%n", &parts[1], &parts[2], &used) == 2 && !text[used];
}

static gboolean same_address(const char *a, const char *b)
{
    unsigned int left[4], right[4];
    return pci_parse_address(a, left) && pci_parse_address(b, right) && memcmp(left, right, sizeof left) == 0;
}

static gboolean is_index(const char *text, int index)
{
    char *end;
    if (g_ascii_strncasecmp(text, "gpu", 3) == 0) {
        text += 3;
        while (*text == ' ')
            text++;
    }
    if (!g_ascii_isdigit(*text))
        return FALSE;
    guint64 value = g_ascii_strtoull(text, &end, 10);
    return !*end && index >= 0 && value == (guint64)index;
}

FctGpu *fct_inventory_find_gpu(const FctInventory *inventory, const char *text)
{
    g_autofree char *wanted = g_strstrip(g_strdup(text));
    if (!*wanted)
        return NULL;
    FctGpu *by_serial = NULL;
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        if (g_ascii_strcasecmp(gpu->id, wanted) == 0 || g_ascii_strcasecmp(gpu->uuid, wanted) == 0 ||
            same_address(gpu->address, wanted) || is_index(wanted, gpu->index))
            return gpu;
        if (g_ascii_strcasecmp(gpu->serial, wanted) == 0)
            by_serial = gpu; /* a serial of digits only must not hide an index */
    }
    return by_serial;
}

FctMigProfile *fct_mig_profile(const FctMig *mig, int profile_id)
{
    for (guint i = 0; i < mig->profiles->len; i++) {
        FctMigProfile *profile = mig->profiles->pdata[i];
        if (profile->id == profile_id)
            return profile;
    }
    return NULL;
}

FctMigProfile *fct_mig_profile_by_name(const FctMig *mig, const char *name)
{
    for (guint i = 0; i < mig->profiles->len; i++) {
        FctMigProfile *profile = mig->profiles->pdata[i];
        if (g_ascii_strcasecmp(profile->name, name) == 0)
            return profile;
    }
    return NULL;
}

FctGpuInstance *fct_mig_instance_at(const FctMig *mig, int start)
{
    for (guint i = 0; i < mig->instances->len; i++) {
        FctGpuInstance *instance = mig->instances->pdata[i];
        if (instance->start == start)
            return instance;
    }
    return NULL;
}

gboolean fct_gpu_instance_has_process(const FctGpuInstance *instance)
{
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        if (compute->processes->len > 0)
            return TRUE;
    }
    return FALSE;
}

const FctCiProfile *fct_mig_ci_profile(const FctMigProfile *profile, int id)
{
    for (guint i = 0; profile && i < profile->ci_profiles->len; i++) {
        const FctCiProfile *ci = profile->ci_profiles->pdata[i];
        if (ci->id == id)
            return ci;
    }
    return NULL;
}

gboolean fct_gpu_instance_is_whole(const FctMig *mig, const FctGpuInstance *instance)
{
    const FctMigProfile *profile = fct_mig_profile(mig, instance->profile_id);
    if (instance->compute->len != 1)
        return FALSE;
    const FctComputeInstance *only = instance->compute->pdata[0];
    const FctCiProfile *ci = fct_mig_ci_profile(profile, only->profile_id);
    return ci ? ci->whole : !profile || only->slices >= profile->compute_slices;
}

static void drop_process_memory(json_t *holder)
{
    gsize i;
    json_t *process;
    json_array_foreach (json_object_get(holder, "processes"), i, process)
        json_object_del(process, "memory_mib");
}

char *fct_gpu_digest(const FctGpu *gpu)
{
    g_autoptr(json_t) json = fct_gpu_to_json(gpu);
    gsize i, k;
    json_t *instance, *compute;
    json_object_del(json, "readings");
    json_object_del(json, "index"); /* changes when another card is added */
    drop_process_memory(json);
    json_array_foreach (json_object_get(json_object_get(json, "mig"), "instances"), i, instance) {
        json_object_del(instance, "memory_used_mib");
        json_object_del(instance, "memory_total_mib");
        json_array_foreach (json_object_get(instance, "compute"), k, compute)
            drop_process_memory(compute);
    }
    g_autofree char *text = fct_json_text(json);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}
