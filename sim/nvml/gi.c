/* SPDX-License-Identifier: Apache-2.0 */
/* MIG mode, GPU instances. reference/nvidia/mig-semantics.md sections 1 to 6. */
#include "nvml/internal.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_MIG_CHANGE = 0x100 };

NVML_GPU(nvmlDeviceGetMigMode, (nvmlDevice_t device, unsigned *current, unsigned *pending), (device, current, pending))
{
    NEED(current && pending);
    if (!d->card->mig.supported)
        return NVML_ERROR_NOT_SUPPORTED;
    *current = d->state->mig_current;
    *pending = d->state->mig_pending;
    return NVML_SUCCESS;
}

static bool has_instances(const FsimGpu *g)
{
    for (unsigned i = 0; i < FSIM_MAX_GIS; i++)
        if (g->gis[i].used)
            return true;
    return false;
}

static bool has_processes(const FsimGpu *g)
{
    for (unsigned i = 0; i < FSIM_MAX_PROCS; i++)
        if (g->procs[i].pid && fsim_proc_alive(g->procs[i].pid, g->procs[i].started))
            return true;
    return false;
}

/* What keeps the change from being live at once. Ampere resets the card for it, and so needs it for itself alone:
 * another program that merely has NVML open is in the way. */
static bool held(const Dev *d, const FsimBody *body)
{
    return d->card->mig.needs_reset ? fsim_gpu_users(&nvml.st, body, d->gpu, getpid()) > 0
                                    : has_processes(&body->gpus[d->gpu]);
}

NVML_GPU(nvmlDeviceSetMigMode, (nvmlDevice_t device, unsigned mode, nvmlReturn_t *activation),
         (device, mode, activation))
{
    NEED(activation);
    if (mode > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (!d->card->mig.supported)
        return NVML_ERROR_NOT_SUPPORTED;
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    FsimTxn txn;
    nvmlReturn_t result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    FsimGpu *g = &txn.body->gpus[d->gpu];
    *activation = NVML_SUCCESS;
    bool in_use = held(d, txn.body);
    if (mode != g->mig_current && (g->num_vfs > 0 || (mode == 0 && (has_instances(g) || in_use)))) {
        fsim_txn_abort(&txn);
        *activation = NVML_ERROR_IN_USE;
        return NVML_ERROR_IN_USE;
    }
    g->mig_pending = mode;
    if (mode != g->mig_current && in_use) {
        *activation = NVML_ERROR_IN_USE;
    } else if (mode != g->mig_current) {
        fsim_body_reset_gpu(txn.body, nvml.fixed, d->gpu);
        fsim_event(txn.body, d->gpu, EVENT_MIG_CHANGE, mode, FSIM_NO_INSTANCE, FSIM_NO_INSTANCE);
    }
    change_commit(&txn);
    return NVML_SUCCESS;
}

/* ---- profiles ---- */

/* How many profile enums the branch knows: asking for a higher one is an invalid argument, a hole is not supported. */
static unsigned profile_enums(void)
{
    return nvml.fixed->driver_branch >= 580 ? 18 : 10;
}

static nvmlReturn_t profile_by_enum(const Dev *d, unsigned value, const FsimGiProfile **out)
{
    if (!d->card->mig.supported)
        return NVML_ERROR_NOT_SUPPORTED;
    if (value >= profile_enums())
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < d->card->mig.n_profiles; i++)
        if (d->card->mig.profiles[i].value == value) {
            *out = &d->card->mig.profiles[i];
            return NVML_SUCCESS;
        }
    return NVML_ERROR_NOT_SUPPORTED;
}

/* A profile by its id, of those that the driver branch knows. */
static nvmlReturn_t profile_by_id(const Dev *d, unsigned id, const FsimGiProfile **out)
{
    if (!d->card->mig.supported)
        return NVML_ERROR_NOT_SUPPORTED;
    *out = fsim_card_profile(d->card, id);
    return *out && (*out)->value < profile_enums() ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

NVML_GPU(nvmlDeviceGetGpuInstanceProfileInfo,
         (nvmlDevice_t device, unsigned profile, nvmlGpuInstanceProfileInfo_t *info), (device, profile, info))
{
    NEED(info);
    const FsimGiProfile *p;
    nvmlReturn_t result = profile_by_enum(d, profile, &p);
    if (result != NVML_SUCCESS)
        return result;
    *info = (nvmlGpuInstanceProfileInfo_t){.id = p->id,
                                           .sliceCount = p->slices,
                                           .instanceCount = p->max,
                                           .multiprocessorCount = p->sms,
                                           .copyEngineCount = p->engines.copy,
                                           .decoderCount = p->engines.decoder,
                                           .encoderCount = p->engines.encoder,
                                           .jpegCount = p->engines.jpeg,
                                           .ofaCount = p->engines.ofa,
                                           .memorySizeMB = p->memory_mib};
    return NVML_SUCCESS;
}

/* v2 and v3 have one size: only the version word tells them apart. */
static nvmlReturn_t put_versioned(const FsimGiProfile *p, void *info)
{
    enum { CAPS_GRAPHICS = 2 };
    unsigned version = *(unsigned *)info;
    if (version == NVML_VERSION_WORD(nvmlGpuInstanceProfileInfo_v2_t, 2)) {
        nvmlGpuInstanceProfileInfo_v2_t *v2 = info;
        *v2 = (nvmlGpuInstanceProfileInfo_v2_t){.version = version,
                                                .id = p->id,
                                                .sliceCount = p->slices,
                                                .instanceCount = p->max,
                                                .multiprocessorCount = p->sms,
                                                .copyEngineCount = p->engines.copy,
                                                .decoderCount = p->engines.decoder,
                                                .encoderCount = p->engines.encoder,
                                                .jpegCount = p->engines.jpeg,
                                                .ofaCount = p->engines.ofa,
                                                .memorySizeMB = p->memory_mib};
        memcpy(v2->name, p->name, sizeof p->name);
        return NVML_SUCCESS;
    }
    if (version == NVML_VERSION_WORD(nvmlGpuInstanceProfileInfo_v3_t, 3)) {
        nvmlGpuInstanceProfileInfo_v3_t *v3 = info;
        *v3 = (nvmlGpuInstanceProfileInfo_v3_t){.version = version,
                                                .id = p->id,
                                                .sliceCount = p->slices,
                                                .instanceCount = p->max,
                                                .multiprocessorCount = p->sms,
                                                .copyEngineCount = p->engines.copy,
                                                .decoderCount = p->engines.decoder,
                                                .encoderCount = p->engines.encoder,
                                                .jpegCount = p->engines.jpeg,
                                                .ofaCount = p->engines.ofa,
                                                .memorySizeMB = p->memory_mib,
                                                .capabilities = p->graphics ? CAPS_GRAPHICS : 0};
        memcpy(v3->name, p->name, sizeof p->name);
        return NVML_SUCCESS;
    }
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
}

NVML_GPU(nvmlDeviceGetGpuInstanceProfileInfoV, (nvmlDevice_t device, unsigned profile, void *info),
         (device, profile, info))
{
    NEED(info);
    const FsimGiProfile *p;
    nvmlReturn_t result = profile_by_enum(d, profile, &p);
    return result == NVML_SUCCESS ? put_versioned(p, info) : result;
}

NVML_GPU(nvmlDeviceGetGpuInstanceProfileInfoByIdV, (nvmlDevice_t device, unsigned id, void *info), (device, id, info))
{
    NEED(info);
    const FsimGiProfile *p;
    nvmlReturn_t result = profile_by_id(d, id, &p);
    return result == NVML_SUCCESS ? put_versioned(p, info) : result;
}

static nvmlReturn_t placements(const Dev *d, unsigned id, nvmlGpuInstancePlacement_t *out, unsigned *count, bool sized)
{
    NEED(count);
    const FsimGiProfile *p;
    nvmlReturn_t result = profile_by_id(d, id, &p);
    if (result != NVML_SUCCESS)
        return result;
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    unsigned room = *count;
    *count = p->n_starts;
    if (!out)
        return NVML_SUCCESS;
    /* The first version trusts the caller to have asked for the count before. */
    if (sized && room < p->n_starts)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < p->n_starts; i++)
        out[i] = (nvmlGpuInstancePlacement_t){.start = p->starts[i], .size = p->size};
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetGpuInstancePossiblePlacements,
         (nvmlDevice_t device, unsigned id, nvmlGpuInstancePlacement_t *out, unsigned *count), (device, id, out, count))
{
    return placements(d, id, out, count, false);
}

NVML_GPU(nvmlDeviceGetGpuInstancePossiblePlacements_v2,
         (nvmlDevice_t device, unsigned id, nvmlGpuInstancePlacement_t *out, unsigned *count), (device, id, out, count))
{
    return placements(d, id, out, count, true);
}

NVML_GPU(nvmlDeviceGetGpuInstanceRemainingCapacity, (nvmlDevice_t device, unsigned id, unsigned *count),
         (device, id, count))
{
    NEED(count);
    const FsimGiProfile *p;
    if (d->card->mig.supported && !d->state->mig_current && nvml.fixed->driver_branch < 550)
        return NVML_ERROR_NOT_SUPPORTED;
    nvmlReturn_t result = profile_by_id(d, id, &p);
    if (result != NVML_SUCCESS)
        return result;
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    *count = fsim_mig_capacity(&d->card->mig, d->state->gis, p);
    return NVML_SUCCESS;
}

/* ---- instances ---- */

static nvmlReturn_t need_mig(const Dev *d)
{
    if (!d->card->mig.supported || !d->state->mig_current)
        return NVML_ERROR_NOT_SUPPORTED;
    return privileged() ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
}

/* Real firmware takes its time over these. */
static void work(void)
{
    uint32_t ms = atomic_load_explicit(&nvml.st.file->live.create_ms, memory_order_relaxed);
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    if (!ms)
        return;
    call_pause();
    while (nanosleep(&left, &left) < 0) {
    }
    call_resume();
}

static nvmlReturn_t make(const FsimGpuFixed *fixed, FsimBody *body, unsigned gpu, const FsimGiProfile *p, int start,
                         unsigned *slot)
{
    FsimGpu *g = &body->gpus[gpu];
    const FsimMigCaps *mig = &fixed->card.mig;
    if (start < 0)
        start = fsim_mig_default_start(mig, g->gis, p);
    else if (!fsim_mig_fits(mig, g->gis, p, (uint32_t)start))
        start = -1;
    if (start < 0)
        return NVML_ERROR_INSUFFICIENT_RESOURCES;
    for (*slot = 0; *slot < FSIM_MAX_GIS && g->gis[*slot].used;)
        ++*slot;
    if (*slot == FSIM_MAX_GIS)
        return NVML_ERROR_INSUFFICIENT_RESOURCES;
    FsimGi *gi = &g->gis[*slot];
    memset(gi, 0, sizeof *gi);
    gi->start = (uint32_t)start;
    gi->size = p->size;
    gi->profile = p->id;
    gi->id = fsim_mig_gi_id(mig, fixed->wiring, gi->start, gi->size);
    gi->serial = ++body->serial;
    fsim_crash_point(&nvml.st, "half");
    gi->used = 1;
    return NVML_SUCCESS;
}

/* `start` -1: the driver chooses. */
static nvmlReturn_t create(const Dev *d, unsigned id, int start, nvmlGpuInstance_t *out)
{
    NEED(out);
    const FsimGiProfile *p;
    nvmlReturn_t result = need_mig(d);
    if (result == NVML_SUCCESS)
        result = profile_by_id(d, id, &p);
    if (result != NVML_SUCCESS)
        return result;
    unsigned gpu = d->gpu, slot;
    const FsimGpuFixed *fixed = d->fixed;
    uint32_t handles = d->state->handles;
    work();
    FsimTxn txn;
    result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    /* The card may have changed since the call began. */
    if (txn.body->gpus[gpu].handles != handles || txn.body->gpus[gpu].lost)
        result = txn.body->gpus[gpu].lost ? NVML_ERROR_GPU_IS_LOST : NVML_ERROR_INVALID_ARGUMENT;
    else
        result = make(fixed, txn.body, gpu, p, start, &slot);
    if (result != NVML_SUCCESS) {
        fsim_txn_abort(&txn);
        return result;
    }
    change_commit(&txn);
    *out = (nvmlGpuInstance_t)handle_gi(gpu, slot);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceCreateGpuInstance, (nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *out), (device, id, out))
{
    return create(d, id, -1, out);
}

NVML_GPU(nvmlDeviceCreateGpuInstanceWithPlacement,
         (nvmlDevice_t device, unsigned id, const nvmlGpuInstancePlacement_t *placement, nvmlGpuInstance_t *out),
         (device, id, placement, out))
{
    NEED(placement);
    const FsimGiProfile *p;
    nvmlReturn_t result = need_mig(d);
    if (result == NVML_SUCCESS)
        result = profile_by_id(d, id, &p);
    if (result != NVML_SUCCESS)
        return result;
    if (!fsim_mig_legal(p, placement->start, placement->size))
        return NVML_ERROR_INVALID_ARGUMENT;
    return create(d, id, (int)placement->start, out);
}

NVML_GI(nvmlGpuInstanceDestroy, (nvmlGpuInstance_t instance), (instance))
{
    nvmlReturn_t result = need_mig(d);
    if (result != NVML_SUCCESS)
        return result;
    unsigned gpu = d->gpu, slot = (unsigned)(d->gi - d->state->gis);
    uint32_t serial = d->gi->serial;
    work();
    FsimTxn txn;
    result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    FsimGi *gi = &txn.body->gpus[gpu].gis[slot];
    if (!gi->used || gi->serial != serial)
        result = NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < FSIM_MAX_CIS && result == NVML_SUCCESS; i++)
        if (gi->cis[i].used)
            result = NVML_ERROR_IN_USE;
    if (result == NVML_SUCCESS && instance_in_use(&txn.body->gpus[gpu], gi->id, FSIM_NO_INSTANCE))
        result = NVML_ERROR_IN_USE;
    if (result != NVML_SUCCESS) {
        fsim_txn_abort(&txn);
        return result;
    }
    gi->used = 0;
    fsim_crash_point(&nvml.st, "half");
    memset(gi, 0, sizeof *gi);
    change_commit(&txn);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetGpuInstances, (nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *out, unsigned *count),
         (device, id, out, count))
{
    NEED(out && count);
    const FsimGiProfile *p;
    nvmlReturn_t result = need_mig(d);
    if (result == NVML_SUCCESS)
        result = profile_by_id(d, id, &p);
    if (result != NVML_SUCCESS)
        return result;
    *count = 0;
    for (uint32_t gi_id = 0; gi_id < 15; gi_id++) {
        int slot = fsim_mig_gi_slot(d->state, gi_id);
        if (slot >= 0 && d->state->gis[slot].profile == id)
            out[(*count)++] = (nvmlGpuInstance_t)handle_gi(d->gpu, (unsigned)slot);
    }
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetGpuInstanceById, (nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *out), (device, id, out))
{
    NEED(out);
    nvmlReturn_t result = need_mig(d);
    if (result != NVML_SUCCESS)
        return result;
    int slot = fsim_mig_gi_slot(d->state, id);
    if (slot < 0)
        return NVML_ERROR_NOT_FOUND;
    *out = (nvmlGpuInstance_t)handle_gi(d->gpu, (unsigned)slot);
    return NVML_SUCCESS;
}

NVML_GI(nvmlGpuInstanceGetInfo, (nvmlGpuInstance_t instance, nvmlGpuInstanceInfo_t *info), (instance, info))
{
    NEED(info);
    *info = (nvmlGpuInstanceInfo_t){.device = (nvmlDevice_t)handle_gpu(d->gpu),
                                    .id = d->gi->id,
                                    .profileId = d->gi->profile,
                                    .placement = {.start = d->gi->start, .size = d->gi->size}};
    return NVML_SUCCESS;
}
