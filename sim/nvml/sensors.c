/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, temperature, power, fans. */
#include "nvml/internal.h"

#include <string.h>

enum { CLOCK_GRAPHICS, CLOCK_SM, CLOCK_MEM, CLOCK_VIDEO, CLOCK_COUNT };

static nvmlReturn_t put_clock(unsigned type, unsigned graphics, unsigned memory, unsigned video, unsigned *out)
{
    NEED(out);
    if (type >= CLOCK_COUNT)
        return NVML_ERROR_INVALID_ARGUMENT;
    *out = type == CLOCK_MEM ? memory : type == CLOCK_VIDEO ? video : graphics;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetClockInfo, (nvmlDevice_t device, unsigned type, unsigned *mhz), (device, type, mhz))
{
    FsimReading r = read_device(d);
    return put_clock(type, r.clock_sm, r.clock_memory, r.clock_video, mhz);
}

NVML_GPU(nvmlDeviceGetMaxClockInfo, (nvmlDevice_t device, unsigned type, unsigned *mhz), (device, type, mhz))
{
    return put_clock(type, d->card->clock_max, d->card->clock_memory, d->card->clock_video, mhz);
}

NVML_GPU(nvmlDeviceGetMaxCustomerBoostClock, (nvmlDevice_t device, unsigned type, unsigned *mhz), (device, type, mhz))
{
    return put_clock(type, d->card->clock_max, d->card->clock_memory, d->card->clock_video, mhz);
}

NVML_GPU(nvmlDeviceGetApplicationsClock, (nvmlDevice_t device, unsigned type, unsigned *mhz), (device, type, mhz))
{
    return put_clock(type, d->card->clock_base, d->card->clock_memory, d->card->clock_video, mhz);
}

NVML_GPU(nvmlDeviceGetDefaultApplicationsClock, (nvmlDevice_t device, unsigned type, unsigned *mhz),
         (device, type, mhz))
{
    return put_clock(type, d->card->clock_base, d->card->clock_memory, d->card->clock_video, mhz);
}

NVML_GPU(nvmlDeviceGetClock, (nvmlDevice_t device, unsigned type, unsigned id, unsigned *mhz), (device, type, id, mhz))
{
    FsimReading r = read_device(d);
    switch (id) {
    case 0:
        return put_clock(type, r.clock_sm, r.clock_memory, r.clock_video, mhz);
    case 1:
    case 2:
        return put_clock(type, d->card->clock_base, d->card->clock_memory, d->card->clock_video, mhz);
    case 3:
        return put_clock(type, d->card->clock_max, d->card->clock_memory, d->card->clock_video, mhz);
    default:
        return NVML_ERROR_INVALID_ARGUMENT;
    }
}

static nvmlReturn_t put_list(const unsigned *from, unsigned n, unsigned *count, unsigned *out)
{
    NEED(count);
    unsigned room = *count;
    *count = n;
    if (!out || room < n)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    memcpy(out, from, n * sizeof *from);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetSupportedMemoryClocks, (nvmlDevice_t device, unsigned *count, unsigned *mhz),
         (device, count, mhz))
{
    const unsigned all[] = {d->card->clock_memory, d->card->clock_memory_idle};
    return put_list(all, all[0] == all[1] ? 1 : 2, count, mhz);
}

NVML_GPU(nvmlDeviceGetSupportedGraphicsClocks,
         (nvmlDevice_t device, unsigned memory_mhz, unsigned *count, unsigned *mhz), (device, memory_mhz, count, mhz))
{
    unsigned all[256], n = 0;
    if (memory_mhz != d->card->clock_memory && memory_mhz != d->card->clock_memory_idle)
        return NVML_ERROR_NOT_FOUND;
    for (unsigned clock = d->card->clock_max; clock >= d->card->clock_idle && n < 256; clock -= 15)
        all[n++] = clock;
    return put_list(all, n, count, mhz);
}

NVML_GPU(nvmlDeviceSetGpuLockedClocks, (nvmlDevice_t device, unsigned min, unsigned max), (device, min, max))
{
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    if (min > max || max > d->card->clock_max)
        return NVML_ERROR_INVALID_ARGUMENT;
    FsimTxn txn;
    nvmlReturn_t result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    txn.body->gpus[d->gpu].clock_lock_min = min;
    txn.body->gpus[d->gpu].clock_lock_max = max;
    change_commit(&txn);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceResetGpuLockedClocks, (nvmlDevice_t device), (device))
{
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    FsimTxn txn;
    nvmlReturn_t result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    txn.body->gpus[d->gpu].clock_lock_min = txn.body->gpus[d->gpu].clock_lock_max = 0;
    change_commit(&txn);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetTemperature, (nvmlDevice_t device, unsigned sensor, unsigned *celsius), (device, sensor, celsius))
{
    NEED(celsius);
    if (sensor != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    *celsius = read_device(d).temperature;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetTemperatureV, (nvmlDevice_t device, nvmlTemperature_v1_t *t), (device, t))
{
    NEED(t);
    if (t->version != NVML_VERSION_WORD(*t, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (t->sensorType != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    t->temperature = (int)read_device(d).temperature;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetMarginTemperature, (nvmlDevice_t device, nvmlMarginTemperature_v1_t *t), (device, t))
{
    NEED(t);
    if (t->version != NVML_VERSION_WORD(*t, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    t->marginTemperature = (int)d->card->temp_slowdown - (int)read_device(d).temperature;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetTemperatureThreshold, (nvmlDevice_t device, unsigned type, unsigned *celsius),
         (device, type, celsius))
{
    NEED(celsius);
    const FsimCard *c = d->card;
    const unsigned thresholds[] = {c->temp_shutdown, c->temp_slowdown, c->temp_memory_max, c->temp_max};
    if (type > 7)
        return NVML_ERROR_INVALID_ARGUMENT;
    /* The acoustic ones are for cards that make noise, and even there few answer. */
    if (type > 3)
        return NVML_ERROR_NOT_SUPPORTED;
    *celsius = thresholds[type];
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPowerUsage, (nvmlDevice_t device, unsigned *mw), (device, mw))
{
    NEED(mw);
    *mw = read_device(d).power_mw;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetTotalEnergyConsumption, (nvmlDevice_t device, unsigned long long *mj), (device, mj))
{
    NEED(mj);
    *mj = fsim_load_energy(d->fixed, d->state, fsim_gpu_busy(d->state), fsim_now());
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPowerManagementLimit, (nvmlDevice_t device, unsigned *mw), (device, mw))
{
    NEED(mw);
    *mw = d->state->power_limit;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetEnforcedPowerLimit, (nvmlDevice_t device, unsigned *mw), (device, mw))
{
    NEED(mw);
    *mw = d->state->power_limit;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPowerManagementDefaultLimit, (nvmlDevice_t device, unsigned *mw), (device, mw))
{
    NEED(mw);
    *mw = d->card->power_default;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPowerManagementLimitConstraints, (nvmlDevice_t device, unsigned *min, unsigned *max),
         (device, min, max))
{
    NEED(min && max);
    *min = d->card->power_min;
    *max = d->card->power_max;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPowerManagementMode, (nvmlDevice_t device, unsigned *mode), (device, mode))
{
    NEED(mode);
    *mode = 1;
    return NVML_SUCCESS;
}

static nvmlReturn_t set_power_limit(const Dev *d, unsigned mw)
{
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    if (mw < d->card->power_min || mw > d->card->power_max)
        return NVML_ERROR_INVALID_ARGUMENT;
    FsimTxn txn;
    nvmlReturn_t result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    txn.body->gpus[d->gpu].power_limit = mw;
    change_commit(&txn);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceSetPowerManagementLimit, (nvmlDevice_t device, unsigned mw), (device, mw))
{
    return set_power_limit(d, mw);
}

NVML_GPU(nvmlDeviceSetPowerManagementLimit_v2, (nvmlDevice_t device, const nvmlPowerValue_v2_t *value), (device, value))
{
    NEED(value);
    if (value->version != NVML_VERSION_WORD(*value, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    /* The limit of a whole module, with its CPU, is for modules that have one. */
    return value->powerScope == 0 ? set_power_limit(d, value->powerValueMw) : NVML_ERROR_NOT_SUPPORTED;
}

NVML_GPU(nvmlDeviceGetPowerSource, (nvmlDevice_t device, unsigned *source), (device, source))
{
    NEED(source);
    *source = 0; /* mains */
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPerformanceState, (nvmlDevice_t device, unsigned *state), (device, state))
{
    NEED(state);
    *state = read_device(d).pstate;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPowerState, (nvmlDevice_t device, unsigned *state), (device, state))
{
    NEED(state);
    *state = read_device(d).pstate;
    return NVML_SUCCESS;
}

enum { REASON_IDLE = 0x1, REASON_POWER_CAP = 0x4, REASONS_ALL = 0x1ff };

static nvmlReturn_t clock_reasons(const Dev *d, unsigned long long *reasons)
{
    NEED(reasons);
    FsimReading r = read_device(d);
    *reasons = r.idle ? REASON_IDLE : d->state->power_limit < d->card->power_default ? REASON_POWER_CAP : 0;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetCurrentClocksEventReasons, (nvmlDevice_t device, unsigned long long *reasons), (device, reasons))
{
    return clock_reasons(d, reasons);
}

NVML_GPU(nvmlDeviceGetCurrentClocksThrottleReasons, (nvmlDevice_t device, unsigned long long *reasons),
         (device, reasons))
{
    return clock_reasons(d, reasons);
}

NVML_GPU(nvmlDeviceGetSupportedClocksEventReasons, (nvmlDevice_t device, unsigned long long *reasons),
         (device, reasons))
{
    NEED(reasons);
    *reasons = REASONS_ALL;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetSupportedClocksThrottleReasons, (nvmlDevice_t device, unsigned long long *reasons),
         (device, reasons))
{
    NEED(reasons);
    *reasons = REASONS_ALL;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetViolationStatus, (nvmlDevice_t device, unsigned policy, nvmlViolationTime_t *time),
         (device, policy, time))
{
    NEED(time);
    if (policy > 11)
        return NVML_ERROR_INVALID_ARGUMENT;
    *time = (nvmlViolationTime_t){.referenceTime = (unsigned long long)fsim_now()};
    return NVML_SUCCESS;
}

static nvmlReturn_t fan_speed(const Dev *d, unsigned fan, unsigned *percent)
{
    NEED(percent);
    if (d->card->fans == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    if (fan >= d->card->fans)
        return NVML_ERROR_INVALID_ARGUMENT;
    *percent = read_device(d).fan_percent;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetFanSpeed, (nvmlDevice_t device, unsigned *percent), (device, percent))
{
    return fan_speed(d, 0, percent);
}

NVML_GPU(nvmlDeviceGetFanSpeed_v2, (nvmlDevice_t device, unsigned fan, unsigned *percent), (device, fan, percent))
{
    return fan_speed(d, fan, percent);
}

NVML_GPU(nvmlDeviceGetTargetFanSpeed, (nvmlDevice_t device, unsigned fan, unsigned *percent), (device, fan, percent))
{
    return fan_speed(d, fan, percent);
}

NVML_GPU(nvmlDeviceGetMinMaxFanSpeed, (nvmlDevice_t device, unsigned *min, unsigned *max), (device, min, max))
{
    NEED(min && max);
    if (d->card->fans == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    *min = 30;
    *max = 100;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetNumFans, (nvmlDevice_t device, unsigned *fans), (device, fans))
{
    NEED(fans);
    *fans = d->card->fans;
    return NVML_SUCCESS;
}
