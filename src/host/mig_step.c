/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mig_step.h"

#include "host/mig_read.h"

static FctErrorCode error_of(NvReturn code)
{
    switch (code) {
    case NV_IN_USE:
        return FCT_ERROR_IN_USE;
    case NV_INSUFFICIENT_RESOURCES:
        return FCT_ERROR_NO_FIT;
    case NV_GPU_IS_LOST:
        return FCT_ERROR_GPU_LOST;
    case NV_NO_PERMISSION:
        return FCT_ERROR_NO_PERMISSION;
    case NV_NOT_FOUND:
        return FCT_ERROR_STALE;
    case NV_NOT_SUPPORTED:
    case NV_FUNCTION_NOT_FOUND:
        return FCT_ERROR_UNSUPPORTED;
    default:
        return FCT_ERROR_HW;
    }
}

static gboolean mig_refuse(const FctNvml *nvml, NvReturn code, const char *what, const char *next, GError **error)
{
    const char *words = fct_nvml_words(nvml, code);
    return fct_set_error_full(error, error_of(code), next, json_pack("{s:i, s:s}", "code", code, "words", words),
                              "%s: %sthe driver says “%s” (code %d).", what,
                              code == NV_NO_PERMISSION ? "permission denied; " : "", words, code);
}

static gboolean mig_set_mode(FctNvml *nvml, NvDevice device, const FctStep *step, GError **error)
{
    const char *what = step->enabled ? "MIG was not turned on" : "MIG was not turned off";
    NvReturn activation = NV_SUCCESS, ignored;
    guint32 current = 0, pending = 0;
    gboolean ours =
        fct_nvml(nvml, get_mig, device, &current, &pending) != NV_SUCCESS || (pending != 0) != (step->enabled != 0);
    NvReturn code = fct_nvml(nvml, set_mig, device, step->enabled ? 1 : 0, &activation);
    if (code != NV_SUCCESS)
        return mig_refuse(nvml, code, what, NULL, error);
    if (activation == NV_SUCCESS)
        return TRUE;
    if (activation == NV_IN_USE) {
        /*
         * Takes the request back, so that the mode does not change by surprise at the next reset of the card; but not a
         * change that another program had requested before.
         */
        if (ours)
            fct_nvml(nvml, set_mig, device, step->enabled ? 0 : 1, &ignored);
        return mig_refuse(nvml, activation, what, "Stop what uses the card, then try again.", error);
    }
    return mig_refuse(nvml, activation,
                      step->enabled ? "MIG will be on after a reset of the card"
                                    : "MIG will be off after a reset of the card",
                      "Restart the host, or reset the card when nothing uses it.", error);
}

static gboolean mig_create_gi(FctNvml *nvml, NvDevice device, const FctStep *step, GError **error)
{
    const NvPlacement place = {(uint32_t)step->start, (uint32_t)step->size};
    NvGpuInstance made;
    NvReturn code = fct_nvml(nvml, gi_create, device, (uint32_t)step->profile_id, &place, &made);
    return code == NV_SUCCESS || mig_refuse(nvml, code, "The GPU instance was not created", NULL, error);
}

static gboolean destroy_gi(FctNvml *nvml, NvDevice device, const FctStep *step, GError **error)
{
    NvGpuInstance instance;
    NvReturn code = fct_mig_find_gi(nvml, device, step->profile_id, step->start, &instance);
    if (code == NV_SUCCESS)
        code = fct_nvml(nvml, gi_destroy, instance);
    return code == NV_SUCCESS || mig_refuse(nvml, code, "The GPU instance was not removed", NULL, error);
}

static gboolean create_ci(FctNvml *nvml, NvDevice device, const FctStep *step, GError **error)
{
    NvGpuInstance instance;
    NvComputeInstance made;
    NvReturn code = fct_mig_find_gi(nvml, device, step->profile_id, step->start, &instance);
    if (code == NV_SUCCESS)
        code = fct_nvml(nvml, ci_create, instance, (uint32_t)step->ci_profile_id, &made);
    return code == NV_SUCCESS || mig_refuse(nvml, code, "The compute instance was not created", NULL, error);
}

static gboolean destroy_ci(FctNvml *nvml, NvDevice device, const FctStep *step, GError **error)
{
    NvGpuInstance instance;
    NvComputeInstance compute;
    NvReturn code = fct_mig_find_gi(nvml, device, step->profile_id, step->start, &instance);
    if (code == NV_SUCCESS)
        code = fct_mig_find_ci(nvml, instance, step->ci_id, &compute);
    if (code == NV_SUCCESS)
        code = fct_nvml(nvml, ci_destroy, compute);
    return code == NV_SUCCESS || mig_refuse(nvml, code, "The compute instance was not removed", NULL, error);
}

gboolean fct_mig_step_run(FctNvml *nvml, NvDevice device, const FctStep *step, GError **error)
{
    static gboolean (*const run[FCT_N_STEP_KINDS])(FctNvml *, NvDevice, const FctStep *, GError **) = {
        [FCT_STEP_MIG_MODE] = mig_set_mode, [FCT_STEP_GI_CREATE] = mig_create_gi, [FCT_STEP_GI_DESTROY] = destroy_gi,
        [FCT_STEP_CI_CREATE] = create_ci,   [FCT_STEP_CI_DESTROY] = destroy_ci,
    };
    return run[step->kind](nvml, device, step, error);
}
