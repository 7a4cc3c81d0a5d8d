/* SPDX-License-Identifier: Apache-2.0 */
/* A small card for the tests of src/model: A100-like, three profiles, MIG on, one 3g.40gb at slot 4. */
#pragma once
#include "model/inventory.h"

static inline void set_text(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

static inline FctMigProfile *card_profile(FctGpu *gpu, int id, const char *name, int slices, int size,
                                          const int *starts)
{
    FctMigProfile *profile = fct_mig_profile_new();
    FctCiProfile *one = fct_ci_profile_new(), *whole = fct_ci_profile_new();
    profile->id = id;
    set_text(&profile->name, name);
    profile->compute_slices = slices;
    profile->size = size;
    for (; *starts >= 0; starts++)
        g_array_append_val(profile->starts, *starts);
    one->id = 0;
    one->slices = 1;
    one->name = (g_free(one->name), g_strdup_printf("1c.%s", name));
    whole->id = slices - 1;
    whole->slices = slices;
    whole->whole = TRUE;
    set_text(&whole->name, name);
    if (slices > 1)
        g_ptr_array_add(profile->ci_profiles, one);
    g_ptr_array_add(profile->ci_profiles, whole);
    if (slices == 1) {
        g_free(one->name);
        g_free(one);
    }
    g_ptr_array_add(gpu->mig.profiles, profile);
    return profile;
}

static inline FctComputeInstance *card_compute(FctGpuInstance *instance, int id, int profile_id, int slices)
{
    FctComputeInstance *compute = fct_compute_instance_new();
    compute->id = id;
    compute->profile_id = profile_id;
    compute->slices = slices;
    compute->start = 0;
    g_ptr_array_add(instance->compute, compute);
    return compute;
}

static inline FctGpuInstance *card_instance(FctGpu *gpu, int profile_id, int start)
{
    FctMigProfile *profile = fct_mig_profile(&gpu->mig, profile_id);
    FctGpuInstance *instance = fct_gpu_instance_new();
    instance->id = 2;
    instance->profile_id = profile_id;
    set_text(&instance->profile, profile->name);
    instance->start = start;
    instance->size = profile->size;
    g_ptr_array_add(gpu->mig.instances, instance);
    return instance;
}

static inline FctInventory *card_inventory(void)
{
    static const int starts_1g[] = {0, 1, 2, 3, 4, 5, 6, -1}, starts_3g[] = {0, 4, -1}, starts_4g[] = {0, -1};
    FctInventory *inventory = fct_inventory_new();
    FctGpu *gpu = fct_gpu_new();
    set_text(&gpu->id, "gpu-0000-41-00-0");
    set_text(&gpu->address, "0000:41:00.0");
    set_text(&gpu->uuid, "GPU-11111111-2222-5333-8444-555555555555");
    set_text(&gpu->serial, "1234567890");
    gpu->index = 0;
    gpu->mig.capable = gpu->mig.current = gpu->mig.pending = TRUE;
    gpu->mig.units = 8;
    card_profile(gpu, 19, "1g.10gb", 1, 1, starts_1g);
    card_profile(gpu, 9, "3g.40gb", 3, 4, starts_3g);
    card_profile(gpu, 5, "4g.40gb", 4, 4, starts_4g);
    card_instance(gpu, 9, 4);
    g_ptr_array_add(inventory->gpus, gpu);
    return inventory;
}

static inline FctProcess *card_process(GPtrArray *processes, int pid, const char *name)
{
    FctProcess *process = fct_process_new();
    process->pid = pid;
    set_text(&process->name, name);
    g_ptr_array_add(processes, process);
    return process;
}
