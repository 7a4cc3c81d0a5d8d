/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, utilisation, processes. */
#include "nvml/internal.h"

#include <string.h>

#define MIB (1024ull * 1024)

FsimReading read_device(const Dev *d)
{
    FsimReading r;
    fsim_load_read(d->fixed, d->state, fsim_gpu_busy(d->state), fsim_now(), &r);
    return r;
}

static bool of_device(const Dev *d, const FsimProc *p)
{
    return p->pid && (!d->gi || (p->gi == d->gi->id && p->ci == d->ci->id)) && fsim_proc_alive(p->pid, p->started);
}

MemoryUse memory_use(const Dev *d)
{
    MemoryUse m = {.total = d->card->memory_mib * MIB, .reserved = d->card->reserved_mib * MIB};
    if (d->gi) {
        m.total = d->profile->memory_mib * MIB;
        m.reserved = 14 * MIB * d->profile->slices;
    }
    /* A program that the load knob stands for has memory as well. */
    if (!d->gi && d->state->load.mode != FSIM_LOAD_AUTO && d->state->load.percent)
        m.used = m.total / 100 * (20 + d->state->load.percent / 2);
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++)
        if (of_device(d, &d->state->procs[i]))
            m.used += d->state->procs[i].memory;
    if (m.used > m.total - m.reserved)
        m.used = m.total - m.reserved;
    return m;
}

/* With MIG on, what the whole card holds is for the privileged. */
static nvmlReturn_t may_see_all(const Dev *d)
{
    return !d->gi && d->state->mig_current && !privileged() ? NVML_ERROR_NO_PERMISSION : NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetMemoryInfo, (nvmlDevice_t device, nvmlMemory_t *memory), (device, memory))
{
    NEED(memory);
    MemoryUse m = memory_use(d);
    /* The first version has no "reserved": it counts as used. */
    memory->total = m.total;
    memory->used = m.used + m.reserved;
    memory->free = m.total - memory->used;
    return may_see_all(d);
}

NVML_ANY(nvmlDeviceGetMemoryInfo_v2, (nvmlDevice_t device, nvmlMemory_v2_t *memory), (device, memory))
{
    NEED(memory);
    if (memory->version != NVML_VERSION_WORD(*memory, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    MemoryUse m = memory_use(d);
    memory->total = m.total;
    memory->reserved = m.reserved;
    memory->used = m.used;
    memory->free = m.total - m.used - m.reserved;
    return may_see_all(d);
}

NVML_ANY(nvmlDeviceGetBAR1MemoryInfo, (nvmlDevice_t device, nvmlBAR1Memory_t *bar1), (device, bar1))
{
    NEED(bar1);
    /* The BAR through which the memory is seen is the largest one. */
    uint64_t size = 0;
    for (unsigned i = 0; i < d->card->n_bars; i++)
        if (d->card->bars[i].size > size)
            size = d->card->bars[i].size;
    /* A slice has its share, less one MiB: 65535, 32767, 16383 on a card with 128 GiB of it. */
    if (d->gi)
        size = size * d->gi->size / d->card->mig.units - MIB;
    bar1->bar1Total = size;
    bar1->bar1Used = d->gi ? 0 : 3 * MIB;
    bar1->bar1Free = size - bar1->bar1Used;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetMemoryBusWidth, (nvmlDevice_t device, unsigned *bits), (device, bits))
{
    NEED(bits);
    *bits = d->card->memory_bus_bits;
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetUtilizationRates, (nvmlDevice_t device, nvmlUtilization_t *rates), (device, rates))
{
    NEED(rates);
    if (d->gi || d->state->mig_current)
        return NVML_ERROR_NOT_SUPPORTED;
    FsimReading r = read_device(d);
    rates->gpu = r.gpu_percent;
    rates->memory = r.memory_percent;
    return NVML_SUCCESS;
}

typedef enum Engine { ENGINE_ENCODER, ENGINE_DECODER, ENGINE_JPEG, ENGINE_OFA } Engine;

static nvmlReturn_t engine_utilisation(const Dev *d, Engine engine, unsigned *percent, unsigned *period)
{
    NEED(percent && period);
    bool compute_only = d->card->arch != FSIM_ARCH_ADA && !d->card->fans && engine == ENGINE_ENCODER;
    if (d->gi || d->state->mig_current || (engine >= ENGINE_JPEG && d->card->arch < FSIM_ARCH_AMPERE))
        return NVML_ERROR_NOT_SUPPORTED;
    FsimReading r = read_device(d);
    *percent = engine == ENGINE_ENCODER && !compute_only ? r.encoder_percent
               : engine == ENGINE_DECODER                ? r.decoder_percent
                                                         : 0;
    *period = 167000;
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetEncoderUtilization, (nvmlDevice_t device, unsigned *percent, unsigned *period),
         (device, percent, period))
{
    return engine_utilisation(d, ENGINE_ENCODER, percent, period);
}

NVML_ANY(nvmlDeviceGetDecoderUtilization, (nvmlDevice_t device, unsigned *percent, unsigned *period),
         (device, percent, period))
{
    return engine_utilisation(d, ENGINE_DECODER, percent, period);
}

NVML_ANY(nvmlDeviceGetJpgUtilization, (nvmlDevice_t device, unsigned *percent, unsigned *period),
         (device, percent, period))
{
    return engine_utilisation(d, ENGINE_JPEG, percent, period);
}

NVML_ANY(nvmlDeviceGetOfaUtilization, (nvmlDevice_t device, unsigned *percent, unsigned *period),
         (device, percent, period))
{
    return engine_utilisation(d, ENGINE_OFA, percent, period);
}

/* One sample of now: enough for tools that take the newest of the ring. */
NVML_GPU(nvmlDeviceGetSamples,
         (nvmlDevice_t device, unsigned type, unsigned long long since, unsigned *value_type, unsigned *count,
          nvmlSample_t *samples),
         (device, type, since, value_type, count, samples))
{
    NEED(value_type && count);
    if (type > 6)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (d->state->mig_current && type >= 1 && type <= 4)
        return NVML_ERROR_NOT_SUPPORTED;
    FsimReading r = read_device(d);
    const unsigned values[] = {r.power_mw,        r.gpu_percent, r.memory_percent, r.encoder_percent,
                               r.decoder_percent, r.clock_sm,    r.clock_memory};
    *value_type = NVML_VALUE_TYPE_UNSIGNED_INT;
    if (samples && *count < 1)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    *count = 1;
    if (samples)
        samples[0] = (nvmlSample_t){.timeStamp = (unsigned long long)fsim_now(), .sampleValue.uiVal = values[type]};
    return NVML_SUCCESS;
}

/* ---- processes ---- */

typedef enum ProcKind { PROC_COMPUTE, PROC_GRAPHICS, PROC_MPS } ProcKind;

/* The records differ in size by version of the call; `fill` writes one. */
static nvmlReturn_t list_processes(const Dev *d, ProcKind kind, unsigned *count, void *infos,
                                   void (*fill)(void *infos, unsigned at, const FsimProc *p))
{
    NEED(count);
    nvmlReturn_t allowed = may_see_all(d);
    if (allowed != NVML_SUCCESS)
        return allowed;
    unsigned room = infos ? *count : 0, n = 0;
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++) {
        const FsimProc *p = &d->state->procs[i];
        if (kind == PROC_MPS || (p->graphics != 0) != (kind == PROC_GRAPHICS) || !of_device(d, p))
            continue;
        if (n < room)
            fill(infos, n, p);
        n++;
    }
    *count = n;
    return n > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

static void fill_v1(void *infos, unsigned at, const FsimProc *p)
{
    ((nvmlProcessInfo_v1_t *)infos)[at] = (nvmlProcessInfo_v1_t){.pid = (unsigned)p->pid, .usedGpuMemory = p->memory};
}

static void fill_v2(void *infos, unsigned at, const FsimProc *p)
{
    ((nvmlProcessInfo_t *)infos)[at] = (nvmlProcessInfo_t){
        .pid = (unsigned)p->pid, .usedGpuMemory = p->memory, .gpuInstanceId = p->gi, .computeInstanceId = p->ci};
}

NVML_ANY(nvmlDeviceGetComputeRunningProcesses, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_v1_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_COMPUTE, count, infos, fill_v1);
}

NVML_ANY(nvmlDeviceGetComputeRunningProcesses_v2, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_COMPUTE, count, infos, fill_v2);
}

NVML_ANY(nvmlDeviceGetComputeRunningProcesses_v3, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_COMPUTE, count, infos, fill_v2);
}

NVML_ANY(nvmlDeviceGetGraphicsRunningProcesses, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_v1_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_GRAPHICS, count, infos, fill_v1);
}

NVML_ANY(nvmlDeviceGetGraphicsRunningProcesses_v2, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_GRAPHICS, count, infos, fill_v2);
}

NVML_ANY(nvmlDeviceGetGraphicsRunningProcesses_v3, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_GRAPHICS, count, infos, fill_v2);
}

NVML_ANY(nvmlDeviceGetMPSComputeRunningProcesses, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_v1_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_MPS, count, infos, fill_v1);
}

NVML_ANY(nvmlDeviceGetMPSComputeRunningProcesses_v2, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_MPS, count, infos, fill_v2);
}

NVML_ANY(nvmlDeviceGetMPSComputeRunningProcesses_v3, (nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *infos),
         (device, count, infos))
{
    return list_processes(d, PROC_MPS, count, infos, fill_v2);
}

NVML_ANY(nvmlDeviceGetRunningProcessDetailList, (nvmlDevice_t device, nvmlProcessDetailList_v1_t *list), (device, list))
{
    NEED(list);
    if (list->version != NVML_VERSION_WORD(*list, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlProcessInfo_t infos[FSIM_MAX_PROCS];
    unsigned n = FSIM_MAX_PROCS, room = list->procArray ? list->numProcArrayEntries : 0;
    nvmlReturn_t result = list_processes(d, list->mode == 1 ? PROC_GRAPHICS : PROC_COMPUTE, &n, infos, fill_v2);
    if (result != NVML_SUCCESS)
        return result;
    list->numProcArrayEntries = n;
    if (n > room)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < n; i++)
        list->procArray[i] = (nvmlProcessDetail_v1_t){.pid = infos[i].pid,
                                                      .usedGpuMemory = infos[i].usedGpuMemory,
                                                      .gpuInstanceId = infos[i].gpuInstanceId,
                                                      .computeInstanceId = infos[i].computeInstanceId};
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetProcessUtilization,
         (nvmlDevice_t device, nvmlProcessUtilizationSample_t *samples, unsigned *count, unsigned long long since),
         (device, samples, count, since))
{
    NEED(count);
    if (d->gi || d->state->mig_current)
        return NVML_ERROR_NOT_SUPPORTED;
    unsigned room = samples ? *count : 0, n = 0;
    FsimReading r = read_device(d);
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++)
        if (of_device(d, &d->state->procs[i]) && n++ < room)
            samples[n - 1] = (nvmlProcessUtilizationSample_t){.pid = (unsigned)d->state->procs[i].pid,
                                                              .timeStamp = (unsigned long long)fsim_now(),
                                                              .smUtil = r.gpu_percent,
                                                              .memUtil = r.memory_percent};
    *count = n;
    return n == 0 ? NVML_ERROR_NOT_FOUND : n > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

bool instance_in_use(const FsimGpu *gpu, uint32_t gi, uint32_t ci)
{
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++) {
        const FsimProc *p = &gpu->procs[i];
        if (p->pid && p->gi == gi && (ci == FSIM_NO_INSTANCE || p->ci == ci) && fsim_proc_alive(p->pid, p->started))
            return true;
    }
    return false;
}
