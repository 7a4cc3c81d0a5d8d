/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions before and after a step, judged on an observation. This is the only place where they are written down. */
#include "model/plan.h"

#include <string.h>

/* The card, if it is the same one and answers. */
static const FctGpu *the_card(const FctStep *step, const FctInventory *seen, GError **error)
{
    const FctGpu *gpu = fct_inventory_gpu(seen, step->gpu);
    if (!gpu) {
        fct_set_error(error, FCT_ERROR_GPU_LOST, "There is no card in the slot of %s any more.", step->gpu);
        return NULL;
    }
    if (gpu->state == FCT_GPU_LOST || gpu->state == FCT_GPU_WEDGED) {
        fct_set_error(error, gpu->state == FCT_GPU_LOST ? FCT_ERROR_GPU_LOST : FCT_ERROR_GPU_WEDGED, "%s",
                      *gpu->state_reason ? gpu->state_reason : "The card does not answer.");
        return NULL;
    }
    if (gpu->state == FCT_GPU_UNMANAGED || gpu->state == FCT_GPU_RELEASED) {
        fct_set_error(error, FCT_ERROR_CONFLICT, "The card cannot be changed now: %s",
                      *gpu->state_reason ? gpu->state_reason : "no NVIDIA driver holds it.");
        return NULL;
    }
    if (*step->gpu_uuid && strcmp(step->gpu_uuid, gpu->uuid) != 0) {
        fct_set_error(error, FCT_ERROR_STALE, "Another card (%s) is in the slot of %s now.",
                      *gpu->uuid ? gpu->uuid : "unknown", step->gpu_uuid);
        return NULL;
    }
    return gpu;
}

static gboolean step_refuse(FctErrorCode code, GError **error, const char *sentence)
{
    return fct_set_error(error, code, "%s", sentence);
}

/* The GPU instance that the step names by place; NULL without an error when it is not there. */
static const FctGpuInstance *named_instance(const FctStep *step, const FctGpu *gpu)
{
    const FctGpuInstance *instance = fct_mig_instance_at(&gpu->mig, step->start);
    return instance && instance->profile_id == step->profile_id ? instance : NULL;
}

static gboolean not_there(const FctStep *step, const FctGpu *gpu, GError **error)
{
    const FctGpuInstance *other = fct_mig_instance_at(&gpu->mig, step->start);
    if (other)
        fct_set_error(error, FCT_ERROR_STALE, "At slot %d there is %s now.", step->start, other->profile);
    else
        fct_set_error(error, FCT_ERROR_STALE, "There is no instance at slot %d.", step->start);
    return FALSE;
}

static const FctComputeInstance *compute_by_id(const FctGpuInstance *instance, int id)
{
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        if (compute->id == id)
            return compute;
    }
    return NULL;
}

static gboolean in_use(const char *what, int start, const GPtrArray *processes, GError **error)
{
    const FctProcess *first = processes->pdata[0];
    return fct_set_error_full(error, FCT_ERROR_IN_USE, NULL,
                              json_pack("{s:i, s:s}", "pid", first->pid, "name", first->name),
                              "The %s at slot %d is used by process %d (%s).", what, start, first->pid,
                              *first->name ? first->name : "name unknown");
}

static gboolean before_mode(const FctStep *step, const FctGpu *gpu, GError **error)
{
    if (!gpu->mig.capable)
        return step_refuse(FCT_ERROR_UNSUPPORTED, error, "This card has no MIG.");
    if (gpu->mig.current == step->enabled && gpu->mig.pending == step->enabled)
        return step_refuse(FCT_ERROR_STALE, error, step->enabled ? "MIG is on already." : "MIG is off already.");
    if (!step->enabled && gpu->mig.current && gpu->mig.instances->len > 0)
        return step_refuse(FCT_ERROR_IN_USE, error, "MIG cannot be turned off while the card has instances.");
    return TRUE;
}

static gboolean before_ci_destroy(const FctStep *step, const FctGpu *gpu, GError **error)
{
    const FctGpuInstance *instance = named_instance(step, gpu);
    if (!instance)
        return not_there(step, gpu, error);
    const FctComputeInstance *compute = compute_by_id(instance, step->ci_id);
    if (!compute)
        return fct_set_error(error, FCT_ERROR_STALE, "%s at slot %d has no compute instance %d.", instance->profile,
                             step->start, step->ci_id);
    return compute->processes->len == 0 || in_use("compute instance", step->start, compute->processes, error);
}

static gboolean before_gi_destroy(const FctStep *step, const FctGpu *gpu, GError **error)
{
    const FctGpuInstance *instance = named_instance(step, gpu);
    if (!instance)
        return not_there(step, gpu, error);
    if (instance->compute->len > 0)
        return fct_set_error(error, FCT_ERROR_IN_USE, "%s at slot %d still has a compute instance.", instance->profile,
                             step->start);
    return TRUE;
}

static gboolean legal_start(const FctMigProfile *profile, int start)
{
    for (guint i = 0; i < profile->starts->len; i++)
        if (g_array_index(profile->starts, int, i) == start)
            return TRUE;
    return FALSE;
}

static gboolean before_gi_create(const FctStep *step, const FctGpu *gpu, GError **error)
{
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, step->profile_id);
    if (!gpu->mig.current)
        return step_refuse(FCT_ERROR_STALE, error, "MIG is off on this card.");
    if (!profile || profile->size != step->size || !legal_start(profile, step->start))
        return fct_set_error(error, FCT_ERROR_STALE, "The card has no profile %d of size %d at slot %d.",
                             step->profile_id, step->size, step->start);
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *other = gpu->mig.instances->pdata[i];
        if (other->start < step->start + step->size && step->start < other->start + other->size)
            return fct_set_error(error, FCT_ERROR_STALE, "Slot %d is taken by %s at slot %d.", step->start,
                                 other->profile, other->start);
    }
    return TRUE;
}

static gboolean before_ci_create(const FctStep *step, const FctGpu *gpu, GError **error)
{
    const FctGpuInstance *instance = named_instance(step, gpu);
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, step->profile_id);
    const FctCiProfile *ci = fct_mig_ci_profile(profile, step->ci_profile_id);
    int taken = 0;
    if (!instance)
        return not_there(step, gpu, error);
    if (!ci)
        return fct_set_error(error, FCT_ERROR_STALE, "%s has no compute instance profile %d.", instance->profile,
                             step->ci_profile_id);
    for (guint i = 0; i < instance->compute->len; i++)
        taken += ((const FctComputeInstance *)instance->compute->pdata[i])->slices;
    if (taken + ci->slices > profile->compute_slices)
        return fct_set_error(error, FCT_ERROR_STALE, "%s at slot %d has no room for another compute instance.",
                             instance->profile, step->start);
    return TRUE;
}

gboolean fct_step_before_holds(const FctStep *step, const FctInventory *seen, GError **error)
{
    const FctGpu *gpu = the_card(step, seen, error);
    if (!gpu)
        return FALSE;
    switch (step->kind) {
    case FCT_STEP_MIG_MODE:
        return before_mode(step, gpu, error);
    case FCT_STEP_CI_DESTROY:
        return before_ci_destroy(step, gpu, error);
    case FCT_STEP_GI_DESTROY:
        return before_gi_destroy(step, gpu, error);
    case FCT_STEP_GI_CREATE:
        return before_gi_create(step, gpu, error);
    case FCT_STEP_CI_CREATE:
        return before_ci_create(step, gpu, error);
    case FCT_N_STEP_KINDS:
        break;
    }
    g_assert_not_reached();
}

static gboolean after_mode(const FctStep *step, const FctGpu *gpu, GError **error)
{
    if (gpu->mig.current == step->enabled && gpu->mig.pending == step->enabled)
        return TRUE;
    if (gpu->mig.pending == step->enabled)
        return step_refuse(
            FCT_ERROR_IN_USE, error,
            "The card has accepted the change, but it waits for a reset of the card or a restart of the host.");
    return step_refuse(FCT_ERROR_HW, error, step->enabled ? "MIG is still off." : "MIG is still on.");
}

/* With a ci_id that very instance; without one, any instance of that profile. */
static gboolean after_ci_create(const FctStep *step, const FctGpu *gpu, GError **error)
{
    const FctGpuInstance *instance = named_instance(step, gpu);
    if (!instance)
        return not_there(step, gpu, error);
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        if (compute->profile_id == step->ci_profile_id && (step->ci_id < 0 || step->ci_id == compute->id))
            return TRUE;
    }
    return step_refuse(FCT_ERROR_HW, error, "The compute instance is not there.");
}

gboolean fct_step_after_holds(const FctStep *step, const FctInventory *seen, GError **error)
{
    const FctGpu *gpu = the_card(step, seen, error);
    if (!gpu)
        return FALSE;
    const FctGpuInstance *instance = named_instance(step, gpu);
    switch (step->kind) {
    case FCT_STEP_MIG_MODE:
        return after_mode(step, gpu, error);
    case FCT_STEP_CI_DESTROY:
        return !instance || !compute_by_id(instance, step->ci_id) ||
               step_refuse(FCT_ERROR_HW, error, "The compute instance is still there.");
    case FCT_STEP_GI_DESTROY:
        return !instance || step_refuse(FCT_ERROR_HW, error, "The instance is still there.");
    case FCT_STEP_GI_CREATE:
        return instance || not_there(step, gpu, error);
    case FCT_STEP_CI_CREATE:
        return after_ci_create(step, gpu, error);
    case FCT_N_STEP_KINDS:
        break;
    }
    g_assert_not_reached();
}
