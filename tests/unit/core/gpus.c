/* SPDX-License-Identifier: Apache-2.0 */
#include "gpus.h"

#include "model/plan.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    int id, enum_value, slices, size, memory, sm, max, dec, jpeg, ofa;
    const char *name, *attributes, *starts, *cis; /* cis: "id:slices …", the last one takes the whole */
} profiles[] = {
    {19, 0, 1, 1, 9728, 14, 7, 0, 0, 0, "1g.10gb", "", "0123456", "0:1"},
    {20, 7, 1, 1, 9728, 14, 1, 1, 1, 1, "1g.10gb+me", "+me", "0123456", "0:1"},
    {15, 9, 1, 2, 19968, 14, 4, 1, 0, 0, "1g.20gb", "", "0246", "0:1"},
    {14, 1, 2, 2, 19968, 28, 3, 1, 0, 0, "2g.20gb", "", "024", "0:1 1:2"},
    {9, 2, 3, 4, 40192, 42, 2, 2, 0, 0, "3g.40gb", "", "04", "0:1 1:2 2:3"},
    {5, 3, 4, 4, 40192, 56, 1, 2, 0, 0, "4g.40gb", "", "0", "0:1 1:2 3:4"},
    {0, 4, 7, 8, 80896, 98, 1, 5, 1, 1, "7g.80gb", "", "0", "0:1 1:2 2:3 3:4 4:7"},
};

static void set(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

static void add_ci_profiles(FctMigProfile *profile, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        FctCiProfile *ci = fct_ci_profile_new();
        ci->id = atoi(*word);
        ci->slices = atoi(strchr(*word, ':') + 1);
        ci->max_count = profile->compute_slices / ci->slices;
        ci->whole = ci->slices == profile->compute_slices;
        g_free(ci->name);
        ci->name = ci->whole ? g_strdup(profile->name) : g_strdup_printf("%dc.%s", ci->slices, profile->name);
        g_ptr_array_add(profile->ci_profiles, ci);
    }
}

static void add_profiles(FctGpu *gpu)
{
    for (guint i = 0; i < G_N_ELEMENTS(profiles); i++) {
        FctMigProfile *profile = fct_mig_profile_new();
        profile->id = profiles[i].id;
        profile->enum_value = profiles[i].enum_value;
        profile->compute_slices = profiles[i].slices;
        profile->size = profiles[i].size;
        profile->memory_mib = profiles[i].memory;
        profile->sm_count = profiles[i].sm;
        profile->max_count = profiles[i].max;
        profile->decoders = profiles[i].dec;
        profile->encoders = 0;
        profile->jpeg = profiles[i].jpeg;
        profile->ofa = profiles[i].ofa;
        set(&profile->name, profiles[i].name);
        set(&profile->attributes, profiles[i].attributes);
        for (const char *c = profiles[i].starts; *c; c++) {
            int start = *c - '0';
            g_array_append_val(profile->starts, start);
        }
        add_ci_profiles(profile, profiles[i].cis);
        g_ptr_array_add(gpu->mig.profiles, profile);
    }
}

static void add_compute(FctGpuInstance *instance, const FctCiProfile *profile)
{
    FctComputeInstance *compute = fct_compute_instance_new();
    compute->id = (int)instance->compute->len;
    compute->profile_id = profile->id;
    compute->slices = profile->slices;
    set(&compute->profile, profile->name);
    g_ptr_array_add(instance->compute, compute);
}

static void add_instance(FctGpu *gpu, const char *word)
{
    char *end;
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, (int)strtol(word, &end, 10));
    FctGpuInstance *instance = fct_gpu_instance_new();
    instance->start = (int)strtol(end + 1, &end, 10);
    instance->profile_id = profile->id;
    instance->size = profile->size;
    instance->id = 100 + instance->start; /* nothing may follow from it */
    set(&instance->profile, profile->name);
    g_ptr_array_add(gpu->mig.instances, instance);
    if (*end == '!')
        return;
    if (*end != '/')
        add_compute(instance, profile->ci_profiles->pdata[profile->ci_profiles->len - 1]);
    for (; *end == '/'; end += 2)
        for (guint i = 0; i < profile->ci_profiles->len; i++)
            if (((FctCiProfile *)profile->ci_profiles->pdata[i])->slices == end[1] - '0')
                add_compute(instance, profile->ci_profiles->pdata[i]);
    FctComputeInstance *compute = instance->compute->pdata[0];
    if (*end == '*') {
        FctProcess *process = fct_process_new();
        process->pid = 4711;
        set(&process->name, "python3");
        g_ptr_array_add(compute->processes, process);
    }
}

FctGpu *test_gpu_a100(FctInventory *inventory, const char *instances)
{
    g_auto(GStrv) words = g_strsplit(instances, " ", -1);
    FctGpu *gpu = fct_gpu_new();
    gpu->index = (int)inventory->gpus->len;
    g_free(gpu->id);
    gpu->id = g_strdup_printf("gpu-0000-4%d-00-0", gpu->index);
    g_free(gpu->uuid);
    gpu->uuid = g_strdup_printf("GPU-%d", gpu->index);
    set(&gpu->name, "NVIDIA A100 80GB PCIe");
    set(&gpu->architecture, "ampere");
    set(&gpu->driver, "nvidia");
    gpu->state = FCT_GPU_OK;
    gpu->mode = FCT_MODE_MIG;
    gpu->mig.capable = gpu->mig.current = gpu->mig.pending = TRUE;
    gpu->mig.mode_survives_boot = gpu->mig.mode_needs_reset = TRUE;
    gpu->mig.units = 8;
    add_profiles(gpu);
    for (char **word = words; *word; word++)
        if (**word)
            add_instance(gpu, *word);
    g_ptr_array_add(inventory->gpus, gpu);
    return gpu;
}

FctReservation *test_reserve(const FctGpu *gpu, int start, const char *vm, FctReservationState state)
{
    const FctGpuInstance *instance = fct_mig_instance_at(&gpu->mig, start);
    g_autofree char *part = fct_part_id(gpu->id, start, instance->profile_id);
    return fct_reservation_new(part, vm, vm, state);
}

GPtrArray *test_reservations(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)fct_reservation_free);
}

char *test_items_text(const GPtrArray *items)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < items->len; i++) {
        const FctLayoutItem *item = items->pdata[i];
        g_string_append_printf(text, "%s%s@%d%s", i ? " " : "", item->profile, item->start, item->kept ? "=" : "");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *test_steps_text(const GPtrArray *steps)
{
    static const char *const names[] = {[FCT_STEP_CI_DESTROY] = "-ci",
                                        [FCT_STEP_GI_DESTROY] = "-gi",
                                        [FCT_STEP_GI_CREATE] = "+gi",
                                        [FCT_STEP_CI_CREATE] = "+ci"};
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < steps->len; i++) {
        const FctStep *step = steps->pdata[i];
        g_string_append(text, i ? ", " : "");
        if (step->kind == FCT_STEP_MIG_MODE)
            g_string_append(text, step->enabled ? "mig on" : "mig off");
        else
            g_string_append_printf(text, "%s %d@%d", names[step->kind], step->profile_id, step->start);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *test_verdicts_text(const GPtrArray *verdicts)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < verdicts->len; i++) {
        const FctVerdict *verdict = verdicts->pdata[i];
        g_string_append_printf(text, "%s%s %s", i ? ", " : "", fct_severity_name(verdict->severity), verdict->code);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
