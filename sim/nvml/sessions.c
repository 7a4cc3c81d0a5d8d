/* SPDX-License-Identifier: Apache-2.0 */
/* Video encoder and frame buffer capture sessions: nobody makes any here. */
#include "nvml/call.h"

NVML_GPU(nvmlDeviceGetEncoderStats, (nvmlDevice_t device, unsigned *sessions, unsigned *fps, unsigned *latency),
         (device, sessions, fps, latency))
{
    NEED(sessions && fps && latency);
    *sessions = *fps = *latency = 0;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetEncoderSessions, (nvmlDevice_t device, unsigned *count, void *sessions),
         (device, count, sessions))
{
    NEED(count);
    *count = 0;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetFBCStats, (nvmlDevice_t device, nvmlFBCStats_t *stats), (device, stats))
{
    NEED(stats);
    *stats = (nvmlFBCStats_t){0};
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetFBCSessions, (nvmlDevice_t device, unsigned *count, void *sessions), (device, count, sessions))
{
    NEED(count);
    *count = 0;
    return NVML_SUCCESS;
}
