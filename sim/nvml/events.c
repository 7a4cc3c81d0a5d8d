/* SPDX-License-Identifier: Apache-2.0 */
/* XID and other events. A set is a numbered object of this process, so that a freed one is caught. */
#include "nvml/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS_SUPPORTED = 0x8 | 0x100, POLL_MS = 10 };

struct nvmlEventSet_st {
    struct nvmlEventSet_st *next;
    uint64_t seen; /* number of the last event looked at */
    uint64_t types[FSIM_MAX_GPUS];
};

static struct nvmlEventSet_st *sets;

static struct nvmlEventSet_st *find_set(nvmlEventSet_t set)
{
    for (struct nvmlEventSet_st *s = sets; s; s = s->next)
        if (s == set)
            return s;
    return NULL;
}

NVML_FN(nvmlEventSetCreate, (nvmlEventSet_t * out), (out))
{
    NEED(out);
    struct nvmlEventSet_st *s = calloc(1, sizeof *s);
    if (!s)
        return NVML_ERROR_MEMORY;
    s->seen = nvml.body.events;
    s->next = sets;
    sets = s;
    *out = s;
    return NVML_SUCCESS;
}

NVML_FN(nvmlEventSetFree, (nvmlEventSet_t set), (set))
{
    for (struct nvmlEventSet_st **at = &sets; *at; at = &(*at)->next)
        if (*at == set) {
            *at = set->next;
            free(set);
            return NVML_SUCCESS;
        }
    return NVML_ERROR_INVALID_ARGUMENT;
}

NVML_GPU(nvmlDeviceGetSupportedEventTypes, (nvmlDevice_t device, unsigned long long *types), (device, types))
{
    NEED(types);
    *types = EVENTS_SUPPORTED;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceRegisterEvents, (nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set),
         (device, types, set))
{
    struct nvmlEventSet_st *s = find_set(set);
    NEED(s);
    if (types & ~(unsigned long long)EVENTS_SUPPORTED)
        return NVML_ERROR_NOT_SUPPORTED;
    s->types[d->gpu] |= types;
    return NVML_SUCCESS;
}

/* The next event that the set asks for; false when there is none yet. */
static bool next_event(struct nvmlEventSet_st *s, nvmlEventData_t *data)
{
    while (s->seen < nvml.body.events) {
        /* Those that fell out of the ring are lost, as with a client that does not listen. */
        if (nvml.body.events - s->seen > FSIM_MAX_EVENTS)
            s->seen = nvml.body.events - FSIM_MAX_EVENTS;
        const FsimEvent *e = &nvml.body.event[s->seen++ % FSIM_MAX_EVENTS];
        if (e->gpu >= FSIM_MAX_GPUS || !(s->types[e->gpu] & e->type))
            continue;
        *data = (nvmlEventData_t){.device = (nvmlDevice_t)handle_gpu(e->gpu),
                                  .eventType = e->type,
                                  .eventData = e->data,
                                  .gpuInstanceId = e->gi,
                                  .computeInstanceId = e->ci};
        return true;
    }
    return false;
}

static nvmlReturn_t wait_event(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms)
{
    NEED(data);
    int64_t until = call_clock() + (int64_t)timeout_ms * 1000000;
    for (;;) {
        struct nvmlEventSet_st *s = find_set(set);
        if (!s)
            return NVML_ERROR_INVALID_ARGUMENT;
        if (next_event(s, data))
            return NVML_SUCCESS;
        for (unsigned i = 0; i < nvml.fixed->n_gpus; i++)
            if (s->types[i] && nvml.body.gpus[i].lost)
                return NVML_ERROR_GPU_IS_LOST;
        if (call_clock() >= until)
            return NVML_ERROR_TIMEOUT;
        const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
        call_pause();
        nanosleep(&pause, NULL);
        call_resume();
    }
}

NVML_FN(nvmlEventSetWait, (nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms), (set, data, timeout_ms))
{
    return wait_event(set, data, timeout_ms);
}

NVML_FN(nvmlEventSetWait_v2, (nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms), (set, data, timeout_ms))
{
    return wait_event(set, data, timeout_ms);
}
