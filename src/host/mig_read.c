/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mig_read.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

/* Enums end where the driver says INVALID_ARGUMENT; this only bounds a driver that never does. */
#define MAX_PROFILE_ENUM 64
/* Compute-instance enums: 1, 2, 3, 4, 7, 8, 6 slices and variants. */
#define MAX_CI_ENUM 16

/* Suffix that the driver prints for a profile enum; old drivers give no names. */
static const char *enum_attributes(int enum_value)
{
    static const char *const suffix[] = {[7] = "+me",  [8] = "+me",  [10] = "+gfx",    [11] = "+gfx",    [12] = "+gfx",
                                         [13] = "-me", [14] = "-me", [15] = "+me.all", [16] = "+me.all", [17] = "+gfx"};
    const char *text = enum_value >= 0 && enum_value < (int)G_N_ELEMENTS(suffix) ? suffix[enum_value] : NULL;
    return text ? text : "";
}

/*
 * The number of a profile's name is not its memory: it is the instance's share of the card in eighths, rounded up, of
 * the card's nominal size (so that 39.25 GiB of an 80 GB card are "40gb"). NVIDIA's own libraries compose it that way.
 */
char *fct_mig_compose_name(int enum_value, int slices, guint64 memory_mib, guint64 card_memory_mib)
{
    double card_gib = ceil((double)card_memory_mib / 1024);
    double share = card_memory_mib ? ceil((double)memory_mib / (double)card_memory_mib * 8) / 8 : 0;
    double gb = card_memory_mib ? round(share * card_gib) : ceil((double)memory_mib / 1024);
    return g_strdup_printf("%dg.%.0fgb%s", slices, gb, enum_attributes(enum_value));
}

static const char *mig_plain_name(const char *name)
{
    return g_str_has_prefix(name, "MIG ") ? name + 4 : name;
}

static void profile_set_name(FctMigProfile *profile, const char *name)
{
    fct_text_set(&profile->name, mig_plain_name(name));
    const char *unit = strstr(profile->name, "gb");
    fct_text_set(&profile->attributes, unit ? unit + 2 : enum_attributes(profile->enum_value));
}

#define FILL(profile, info)                                                                                            \
    do {                                                                                                               \
        (profile)->id = (int)(info).id;                                                                                \
        (profile)->compute_slices = (int)(info).slices;                                                                \
        (profile)->max_count = (int)(info).instances;                                                                  \
        (profile)->sm_count = (int)(info).multiprocessors;                                                             \
        (profile)->memory_mib = (int)(info).memory_mib;                                                                \
        (profile)->copy_engines = (int)(info).copy_engines;                                                            \
        (profile)->decoders = (int)(info).decoders;                                                                    \
        (profile)->encoders = (int)(info).encoders;                                                                    \
        (profile)->jpeg = (int)(info).jpeg;                                                                            \
        (profile)->ofa = (int)(info).ofa;                                                                              \
    } while (0)

/* Newest struct first: v3 and v2 give the name. The answer of the oldest, which every driver has, decides. */
static NvReturn mig_read_profile(FctNvml *nvml, NvDevice device, guint64 card_mib, FctMigProfile *profile)
{
    guint32 value = (guint32)profile->enum_value;
    NvGiProfileV3 v3 = {.version = NV_VERSION(NvGiProfileV3, 3)};
    if (fct_nvml(nvml, gi_profile_v, device, value, &v3) == NV_SUCCESS) {
        FILL(profile, v3);
        v3.name[sizeof v3.name - 1] = '\0';
        profile_set_name(profile, v3.name);
        return NV_SUCCESS;
    }
    NvGiProfileV2 v2 = {.version = NV_VERSION(NvGiProfileV2, 2)};
    NvReturn code = fct_nvml(nvml, gi_profile_v, device, value, &v2);
    if (code == NV_SUCCESS) {
        FILL(profile, v2);
        v2.name[sizeof v2.name - 1] = '\0';
        profile_set_name(profile, v2.name);
        return NV_SUCCESS;
    }
    NvGiProfile v1 = {0};
    NvReturn plain = fct_nvml(nvml, gi_profile, device, value, &v1);
    if (plain == NV_FUNCTION_NOT_FOUND)
        return code;
    if (plain == NV_SUCCESS) {
        FILL(profile, v1);
        g_autofree char *name =
            fct_mig_compose_name(profile->enum_value, profile->compute_slices, v1.memory_mib, card_mib);
        profile_set_name(profile, name);
    }
    return plain;
}

static int compare_ints(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

static void read_placements(FctNvml *nvml, NvDevice device, FctMigProfile *profile)
{
    guint32 count = 0;
    NvReturn code = fct_nvml(nvml, gi_placements, device, (guint32)profile->id, NULL, &count);
    if ((code != NV_SUCCESS && code != NV_INSUFFICIENT_SIZE) || count == 0 || count > 256)
        return;
    g_autofree NvPlacement *places = g_new0(NvPlacement, count);
    if (fct_nvml(nvml, gi_placements, device, (guint32)profile->id, places, &count) != NV_SUCCESS)
        return;
    for (guint32 i = 0; i < count; i++) {
        int start = (int)places[i].start;
        g_array_append_val(profile->starts, start);
        profile->size = (int)places[i].size;
    }
    g_array_sort(profile->starts, compare_ints);
}

static void add_ci_profile(FctMigProfile *profile, int id, int slices, int max_count, const char *name)
{
    FctCiProfile *ci = fct_ci_profile_new();
    ci->id = id;
    ci->slices = slices;
    ci->max_count = max_count;
    ci->whole = slices == profile->compute_slices;
    g_free(ci->name);
    if (name && *name)
        ci->name = g_strdup(mig_plain_name(name));
    else if (ci->whole)
        ci->name = g_strdup(profile->name);
    else
        ci->name = g_strdup_printf("%dc.%s", slices, profile->name);
    g_ptr_array_add(profile->ci_profiles, ci);
}

/*
 * The card tells compute-instance profiles only of a GPU instance that exists. Before one does, this is what every
 * public listing shows: 1, 2, 3, 4, 7 slices have the ids 0 to 4, as far as they divide the instance. A 4g takes no 3c.
 * A step reads the card's own list before it creates one.
 */
static void foresee_ci_profiles(FctMigProfile *profile)
{
    static const int slices[] = {1, 2, 3, 4, 7};
    for (int id = 0; id < (int)G_N_ELEMENTS(slices) && slices[id] <= profile->compute_slices; id++)
        if (!(profile->compute_slices == 4 && slices[id] == 3))
            add_ci_profile(profile, id, slices[id], profile->compute_slices / slices[id], NULL);
}

GPtrArray *fct_mig_read_profiles(FctNvml *nvml, NvDevice device, guint64 card_memory_mib)
{
    GPtrArray *profiles = g_ptr_array_new_with_free_func((GDestroyNotify)fct_mig_profile_free);
    for (int value = 0; value < MAX_PROFILE_ENUM; value++) {
        g_autoptr(FctMigProfile) profile = fct_mig_profile_new();
        profile->enum_value = value;
        NvReturn code = mig_read_profile(nvml, device, card_memory_mib, profile);
        if (code == NV_SUCCESS) {
            read_placements(nvml, device, profile);
            foresee_ci_profiles(profile);
            g_ptr_array_add(profiles, g_steal_pointer(&profile));
        } else if (code != NV_NOT_SUPPORTED) {
            break;
        }
    }
    return profiles;
}

/* Replaces what was foreseen by what the card says of an instance that exists. */
static void read_ci_profiles(FctNvml *nvml, NvGpuInstance instance, FctMigProfile *profile)
{
    guint foreseen = profile->ci_profiles->len;
    for (guint32 value = 0; value < MAX_CI_ENUM; value++) {
        NvCiProfileV2 v2 = {.version = NV_VERSION(NvCiProfileV2, 2)};
        if (fct_nvml(nvml, ci_profile_v, instance, value, NV_CI_ENGINE_SHARED, &v2) == NV_SUCCESS) {
            v2.name[sizeof v2.name - 1] = '\0';
            add_ci_profile(profile, (int)v2.id, (int)v2.slices, (int)v2.instances, v2.name);
            continue;
        }
        NvCiProfile v1 = {0};
        NvReturn code = fct_nvml(nvml, ci_profile, instance, value, NV_CI_ENGINE_SHARED, &v1);
        if (code == NV_SUCCESS)
            add_ci_profile(profile, (int)v1.id, (int)v1.slices, (int)v1.instances, NULL);
        else if (code != NV_NOT_SUPPORTED)
            break;
    }
    if (profile->ci_profiles->len > foreseen)
        g_ptr_array_remove_range(profile->ci_profiles, 0, foreseen);
}

static void read_compute(FctNvml *nvml, NvGpuInstance handle, const FctMigProfile *profile, FctGpuInstance *instance)
{
    for (guint p = 0; p < profile->ci_profiles->len; p++) {
        const FctCiProfile *ci_profile = profile->ci_profiles->pdata[p];
        NvComputeInstance found[FCT_MIG_MAX];
        guint32 count = FCT_MIG_MAX;
        if (fct_nvml(nvml, ci_list, handle, (guint32)ci_profile->id, found, &count) != NV_SUCCESS)
            continue;
        for (guint32 i = 0; i < count && i < FCT_MIG_MAX; i++) {
            NvComputeInstanceInfo info = {0};
            if (fct_nvml(nvml, ci_info, found[i], &info) != NV_SUCCESS)
                continue;
            FctComputeInstance *compute = fct_compute_instance_new();
            compute->id = (int)info.id;
            compute->profile_id = (int)info.profile_id;
            fct_text_set(&compute->profile, ci_profile->name);
            compute->slices = ci_profile->slices;
            compute->start = (int)info.placement.start;
            g_ptr_array_add(instance->compute, compute);
        }
    }
}

static int compare_compute(gconstpointer a, gconstpointer b)
{
    const FctComputeInstance *left = *(FctComputeInstance *const *)a, *right = *(FctComputeInstance *const *)b;
    return left->id - right->id;
}

static int compare_instances(gconstpointer a, gconstpointer b)
{
    const FctGpuInstance *left = *(FctGpuInstance *const *)a, *right = *(FctGpuInstance *const *)b;
    return left->start - right->start;
}

static NvReturn read_instances_of(FctNvml *nvml, NvDevice device, FctMigProfile *profile, FctMig *mig)
{
    NvGpuInstance found[FCT_MIG_MAX];
    guint32 count = FCT_MIG_MAX;
    NvReturn code = fct_nvml(nvml, gi_list, device, (guint32)profile->id, found, &count);
    if (code != NV_SUCCESS)
        return code;
    for (guint32 i = 0; i < count && i < FCT_MIG_MAX; i++) {
        NvGpuInstanceInfo info = {0};
        if (fct_nvml(nvml, gi_info, found[i], &info) != NV_SUCCESS)
            continue;
        FctGpuInstance *instance = fct_gpu_instance_new();
        instance->id = (int)info.id;
        instance->profile_id = (int)info.profile_id;
        fct_text_set(&instance->profile, profile->name);
        instance->start = (int)info.placement.start;
        instance->size = (int)info.placement.size;
        if (i == 0)
            read_ci_profiles(nvml, found[i], profile);
        read_compute(nvml, found[i], profile, instance);
        g_ptr_array_sort(instance->compute, compare_compute);
        g_ptr_array_add(mig->instances, instance);
    }
    return NV_SUCCESS;
}

/* One MIG device a compute instance; empty indices answer NOT_FOUND. */
static void mig_read_devices(FctNvml *nvml, NvDevice device, FctMig *mig)
{
    guint32 count = 0;
    if (fct_nvml(nvml, mig_count, device, &count) != NV_SUCCESS)
        return;
    for (guint32 i = 0; i < MIN(count, FCT_MIG_MAX); i++) {
        NvDevice handle;
        guint32 gi_id, ci_id;
        char uuid[96];
        NvMemory memory;
        if (fct_nvml(nvml, mig_handle, device, i, &handle) != NV_SUCCESS ||
            fct_nvml(nvml, mig_gi_id, handle, &gi_id) != NV_SUCCESS ||
            fct_nvml(nvml, mig_ci_id, handle, &ci_id) != NV_SUCCESS)
            continue;
        gboolean named = fct_nvml(nvml, uuid, handle, uuid, sizeof uuid) == NV_SUCCESS;
        gboolean sized = fct_nvml(nvml, memory, handle, &memory) == NV_SUCCESS;
        for (guint g = 0; g < mig->instances->len; g++) {
            FctGpuInstance *instance = mig->instances->pdata[g];
            if (instance->id != (int)gi_id)
                continue;
            if (sized) {
                instance->memory_used_mib = (FctReading){TRUE, (double)(memory.used >> 20)};
                instance->memory_total_mib = (FctReading){TRUE, (double)(memory.total >> 20)};
            }
            for (guint c = 0; named && c < instance->compute->len; c++) {
                FctComputeInstance *compute = instance->compute->pdata[c];
                if (compute->id == (int)ci_id)
                    fct_text_set(&compute->uuid, uuid);
            }
        }
    }
}

NvReturn fct_mig_read(FctNvml *nvml, NvDevice device, GPtrArray *profiles, FctMig *mig)
{
    gboolean denied = FALSE;
    for (guint i = 0; i < profiles->len; i++) {
        FctMigProfile *profile = fct_mig_profile_copy(profiles->pdata[i]);
        guint32 remaining = 0;
        NvReturn code = fct_nvml(nvml, gi_capacity, device, (guint32)profile->id, &remaining);
        if (code == NV_SUCCESS)
            profile->remaining = (int)remaining;
        denied |= code == NV_NO_PERMISSION;
        g_ptr_array_add(mig->profiles, profile);
        for (guint s = 0; s < profile->starts->len; s++)
            mig->units = MAX(mig->units, g_array_index(profile->starts, int, s) + profile->size);
        if (mig->current)
            denied |= read_instances_of(nvml, device, profile, mig) == NV_NO_PERMISSION;
    }
    g_ptr_array_sort(mig->instances, compare_instances);
    if (mig->current)
        mig_read_devices(nvml, device, mig);
    return denied ? NV_NO_PERMISSION : NV_SUCCESS;
}

NvReturn fct_mig_find_gi(FctNvml *nvml, NvDevice device, int profile_id, int start, NvGpuInstance *ret)
{
    NvGpuInstance found[FCT_MIG_MAX];
    guint32 count = FCT_MIG_MAX;
    NvReturn code = fct_nvml(nvml, gi_list, device, (guint32)profile_id, found, &count);
    if (code != NV_SUCCESS)
        return code;
    for (guint32 i = 0; i < count && i < FCT_MIG_MAX; i++) {
        NvGpuInstanceInfo info = {0};
        if (fct_nvml(nvml, gi_info, found[i], &info) == NV_SUCCESS && (int)info.placement.start == start) {
            *ret = found[i];
            return NV_SUCCESS;
        }
    }
    return NV_NOT_FOUND;
}

NvReturn fct_mig_find_ci(FctNvml *nvml, NvGpuInstance instance, int ci_id, NvComputeInstance *ret)
{
    for (guint32 value = 0; value < MAX_CI_ENUM; value++) {
        NvCiProfile profile = {0};
        NvComputeInstance found[FCT_MIG_MAX];
        guint32 count = FCT_MIG_MAX;
        NvReturn code = fct_nvml(nvml, ci_profile, instance, value, NV_CI_ENGINE_SHARED, &profile);
        if (code == NV_NOT_SUPPORTED)
            continue;
        if (code != NV_SUCCESS)
            break;
        if (fct_nvml(nvml, ci_list, instance, profile.id, found, &count) != NV_SUCCESS)
            continue;
        for (guint32 i = 0; i < count && i < FCT_MIG_MAX; i++) {
            NvComputeInstanceInfo info = {0};
            if (fct_nvml(nvml, ci_info, found[i], &info) == NV_SUCCESS && (int)info.id == ci_id) {
                *ret = found[i];
                return NV_SUCCESS;
            }
        }
    }
    return NV_NOT_FOUND;
}
