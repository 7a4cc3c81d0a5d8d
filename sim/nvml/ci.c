/* SPDX-License-Identifier: Apache-2.0 */
/* Compute instances, and the MIG devices that they are. */
#include "nvml/internal.h"

#include <string.h>

enum { CI_PROFILE_ENUMS = 8 };

static nvmlReturn_t ci_by_enum(const Dev *d, unsigned profile, unsigned engine, const FsimCiProfile **out)
{
    if (profile >= CI_PROFILE_ENUMS || engine != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    *out = fsim_mig_ci_profile(d->profile, profile);
    return *out ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlComputeInstanceProfileInfo_t ci_info(const Dev *d, const FsimCiProfile *c)
{
    const FsimEngines *e = &d->profile->engines;
    return (nvmlComputeInstanceProfileInfo_t){.id = c->id,
                                              .sliceCount = c->slices,
                                              .instanceCount = c->max,
                                              .multiprocessorCount = c->sms,
                                              .sharedCopyEngineCount = e->copy,
                                              .sharedDecoderCount = e->decoder,
                                              .sharedEncoderCount = e->encoder,
                                              .sharedJpegCount = e->jpeg,
                                              .sharedOfaCount = e->ofa};
}

NVML_GI(nvmlGpuInstanceGetComputeInstanceProfileInfo,
        (nvmlGpuInstance_t instance, unsigned profile, unsigned engine, nvmlComputeInstanceProfileInfo_t *info),
        (instance, profile, engine, info))
{
    NEED(info);
    const FsimCiProfile *c;
    nvmlReturn_t result = ci_by_enum(d, profile, engine, &c);
    if (result == NVML_SUCCESS)
        *info = ci_info(d, c);
    return result;
}

NVML_GI(nvmlGpuInstanceGetComputeInstanceProfileInfoV,
        (nvmlGpuInstance_t instance, unsigned profile, unsigned engine, nvmlComputeInstanceProfileInfo_v2_t *info),
        (instance, profile, engine, info))
{
    enum { CAPS_GRAPHICS = 1 };
    NEED(info);
    const FsimCiProfile *c;
    nvmlReturn_t result = ci_by_enum(d, profile, engine, &c);
    if (result != NVML_SUCCESS)
        return result;
    bool v3 = info->version == NVML_VERSION_WORD(nvmlComputeInstanceProfileInfo_v3_t, 3);
    if (!v3 && info->version != NVML_VERSION_WORD(*info, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlComputeInstanceProfileInfo_t plain = ci_info(d, c);
    memcpy(&info->id, &plain, sizeof plain);
    memset(info->name, 0, sizeof info->name);
    memcpy(info->name, c->name, sizeof c->name);
    if (v3)
        ((nvmlComputeInstanceProfileInfo_v3_t *)info)->capabilities = d->profile->graphics ? CAPS_GRAPHICS : 0;
    return NVML_SUCCESS;
}

static nvmlReturn_t ci_by_id(const Dev *d, unsigned id, const FsimCiProfile **out)
{
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    *out = fsim_mig_ci_profile(d->profile, id);
    return *out ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

NVML_GI(nvmlGpuInstanceGetComputeInstanceRemainingCapacity, (nvmlGpuInstance_t instance, unsigned id, unsigned *count),
        (instance, id, count))
{
    NEED(count);
    const FsimCiProfile *c;
    nvmlReturn_t result = ci_by_id(d, id, &c);
    if (result == NVML_SUCCESS)
        *count = fsim_mig_ci_capacity(d->profile, d->gi->cis, c);
    return result;
}

NVML_GI(nvmlGpuInstanceGetComputeInstancePossiblePlacements,
        (nvmlGpuInstance_t instance, unsigned id, nvmlComputeInstancePlacement_t *out, unsigned *count),
        (instance, id, out, count))
{
    NEED(count);
    const FsimCiProfile *c;
    nvmlReturn_t result = ci_by_id(d, id, &c);
    if (result != NVML_SUCCESS)
        return result;
    uint32_t starts[FSIM_MAX_CIS], n = fsim_mig_ci_starts(d->profile, c, starts), room = *count;
    *count = n;
    if (!out)
        return NVML_SUCCESS;
    if (room < n)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (uint32_t i = 0; i < n; i++)
        out[i] = (nvmlComputeInstancePlacement_t){.start = starts[i], .size = c->slices};
    return NVML_SUCCESS;
}

/* The lowest id that is free: ids count from 0 in each GPU instance. */
static uint32_t free_id(const FsimGi *gi)
{
    uint32_t id = 0;
    for (unsigned i = 0; i < FSIM_MAX_CIS; i++)
        if (gi->cis[i].used && gi->cis[i].id == id) {
            id++;
            i = (unsigned)-1; /* look through all again */
        }
    return id;
}

static nvmlReturn_t make(FsimBody *body, FsimGi *gi, const FsimGiProfile *p, const FsimCiProfile *c, int start,
                         unsigned *slot)
{
    if (start < 0)
        start = fsim_mig_ci_default_start(p, gi->cis, c);
    else if (!fsim_mig_ci_fits(p, gi->cis, c, (uint32_t)start))
        start = -1;
    for (*slot = 0; *slot < FSIM_MAX_CIS && gi->cis[*slot].used;)
        ++*slot;
    if (start < 0 || *slot == FSIM_MAX_CIS)
        return NVML_ERROR_INSUFFICIENT_RESOURCES;
    FsimCi *ci = &gi->cis[*slot];
    *ci = (FsimCi){
        .id = free_id(gi), .profile = c->id, .start = (uint32_t)start, .size = c->slices, .serial = ++body->serial};
    fsim_crash_point(&nvml.st, "half");
    ci->used = 1;
    return NVML_SUCCESS;
}

static nvmlReturn_t create(const Dev *d, unsigned id, int start, nvmlComputeInstance_t *out)
{
    NEED(out);
    const FsimCiProfile *c;
    nvmlReturn_t result = ci_by_id(d, id, &c);
    if (result != NVML_SUCCESS)
        return result;
    unsigned gpu = d->gpu, gi_slot = (unsigned)(d->gi - d->state->gis), slot;
    uint32_t serial = d->gi->serial;
    FsimTxn txn;
    result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    FsimGi *gi = &txn.body->gpus[gpu].gis[gi_slot];
    result = gi->used && gi->serial == serial ? make(txn.body, gi, d->profile, c, start, &slot)
                                              : NVML_ERROR_INVALID_ARGUMENT;
    if (result != NVML_SUCCESS) {
        fsim_txn_abort(&txn);
        return result;
    }
    change_commit(&txn);
    *out = (nvmlComputeInstance_t)handle_ci(HANDLE_CI, gpu, gi_slot, slot);
    return NVML_SUCCESS;
}

NVML_GI(nvmlGpuInstanceCreateComputeInstance, (nvmlGpuInstance_t instance, unsigned id, nvmlComputeInstance_t *out),
        (instance, id, out))
{
    return create(d, id, -1, out);
}

NVML_GI(nvmlGpuInstanceCreateComputeInstanceWithPlacement,
        (nvmlGpuInstance_t instance, unsigned id, const nvmlComputeInstancePlacement_t *placement,
         nvmlComputeInstance_t *out),
        (instance, id, placement, out))
{
    NEED(placement);
    const FsimCiProfile *c;
    nvmlReturn_t result = ci_by_id(d, id, &c);
    if (result != NVML_SUCCESS)
        return result;
    if (!fsim_mig_ci_legal(d->profile, c, placement->start, placement->size))
        return NVML_ERROR_INVALID_ARGUMENT;
    return create(d, id, (int)placement->start, out);
}

NVML_CI(nvmlComputeInstanceDestroy, (nvmlComputeInstance_t instance), (instance))
{
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    FsimTxn txn;
    nvmlReturn_t result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    FsimGpu *g = &txn.body->gpus[d->gpu];
    FsimGi *gi = &g->gis[d->gi - d->state->gis];
    FsimCi *ci = &gi->cis[d->ci - d->gi->cis];
    if (!gi->used || !ci->used || ci->serial != d->ci->serial)
        result = NVML_ERROR_INVALID_ARGUMENT;
    else if (instance_in_use(g, gi->id, ci->id))
        result = NVML_ERROR_IN_USE;
    if (result != NVML_SUCCESS) {
        fsim_txn_abort(&txn);
        return result;
    }
    ci->used = 0;
    fsim_crash_point(&nvml.st, "half");
    memset(ci, 0, sizeof *ci);
    change_commit(&txn);
    return NVML_SUCCESS;
}

NVML_GI(nvmlGpuInstanceGetComputeInstances,
        (nvmlGpuInstance_t instance, unsigned id, nvmlComputeInstance_t *out, unsigned *count),
        (instance, id, out, count))
{
    NEED(out && count);
    const FsimCiProfile *c;
    nvmlReturn_t result = ci_by_id(d, id, &c);
    if (result != NVML_SUCCESS)
        return result;
    *count = 0;
    for (uint32_t ci_id = 0; ci_id < FSIM_MAX_CIS; ci_id++)
        for (unsigned i = 0; i < FSIM_MAX_CIS; i++)
            if (d->gi->cis[i].used && d->gi->cis[i].id == ci_id && d->gi->cis[i].profile == id)
                out[(*count)++] =
                    (nvmlComputeInstance_t)handle_ci(HANDLE_CI, d->gpu, (unsigned)(d->gi - d->state->gis), i);
    return NVML_SUCCESS;
}

NVML_GI(nvmlGpuInstanceGetComputeInstanceById, (nvmlGpuInstance_t instance, unsigned id, nvmlComputeInstance_t *out),
        (instance, id, out))
{
    NEED(out);
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    for (unsigned i = 0; i < FSIM_MAX_CIS; i++)
        if (d->gi->cis[i].used && d->gi->cis[i].id == id) {
            *out = (nvmlComputeInstance_t)handle_ci(HANDLE_CI, d->gpu, (unsigned)(d->gi - d->state->gis), i);
            return NVML_SUCCESS;
        }
    return NVML_ERROR_NOT_FOUND;
}

NVML_CI(nvmlComputeInstanceGetInfo, (nvmlComputeInstance_t instance, nvmlComputeInstanceInfo_v1_t *info),
        (instance, info))
{
    NEED(info);
    *info = (nvmlComputeInstanceInfo_v1_t){.device = (nvmlDevice_t)handle_gpu(d->gpu),
                                           .gpuInstance =
                                               (nvmlGpuInstance_t)handle_gi(d->gpu, (unsigned)(d->gi - d->state->gis)),
                                           .id = d->ci->id,
                                           .profileId = d->ci->profile};
    return NVML_SUCCESS;
}

NVML_CI(nvmlComputeInstanceGetInfo_v2, (nvmlComputeInstance_t instance, nvmlComputeInstanceInfo_t *info),
        (instance, info))
{
    NEED(info);
    *info = (nvmlComputeInstanceInfo_t){.device = (nvmlDevice_t)handle_gpu(d->gpu),
                                        .gpuInstance =
                                            (nvmlGpuInstance_t)handle_gi(d->gpu, (unsigned)(d->gi - d->state->gis)),
                                        .id = d->ci->id,
                                        .profileId = d->ci->profile,
                                        .placement = {.start = d->ci->start, .size = d->ci->size}};
    return NVML_SUCCESS;
}

/* ---- MIG devices ---- */

typedef struct MigSlot {
    unsigned gi, ci;
} MigSlot;

/* The MIG devices of a card in the order of their index: by GPU instance id, then by compute instance id. */
static unsigned mig_devices(const FsimGpu *gpu, MigSlot slots[FSIM_MAX_GIS * FSIM_MAX_CIS])
{
    unsigned n = 0;
    for (uint32_t gi_id = 0; gi_id < 15; gi_id++) {
        int gi = fsim_mig_gi_slot(gpu, gi_id);
        for (uint32_t ci_id = 0; gi >= 0 && ci_id < FSIM_MAX_CIS; ci_id++)
            for (unsigned ci = 0; ci < FSIM_MAX_CIS; ci++)
                if (gpu->gis[gi].cis[ci].used && gpu->gis[gi].cis[ci].id == ci_id)
                    slots[n++] = (MigSlot){.gi = (unsigned)gi, .ci = ci};
    }
    return n;
}

NVML_GPU(nvmlDeviceGetMaxMigDeviceCount, (nvmlDevice_t device, unsigned *count), (device, count))
{
    NEED(count);
    *count = d->state->mig_current ? d->card->mig.max_devices : 0;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetMigDeviceHandleByIndex, (nvmlDevice_t device, unsigned index, nvmlDevice_t *out),
         (device, index, out))
{
    NEED(out);
    if (!d->card->mig.supported || !d->state->mig_current)
        return NVML_ERROR_NOT_SUPPORTED;
    MigSlot slots[FSIM_MAX_GIS * FSIM_MAX_CIS];
    if (index >= mig_devices(d->state, slots))
        return NVML_ERROR_NOT_FOUND;
    *out = (nvmlDevice_t)handle_ci(HANDLE_MIG, d->gpu, slots[index].gi, slots[index].ci);
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceIsMigDeviceHandle, (nvmlDevice_t device, unsigned *is_mig), (device, is_mig))
{
    NEED(is_mig);
    *is_mig = d->gi != NULL;
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetGpuInstanceId, (nvmlDevice_t device, unsigned *id), (device, id))
{
    NEED(id);
    if (!d->gi)
        return NVML_ERROR_NOT_SUPPORTED;
    *id = d->gi->id;
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetComputeInstanceId, (nvmlDevice_t device, unsigned *id), (device, id))
{
    NEED(id);
    if (!d->gi)
        return NVML_ERROR_NOT_SUPPORTED;
    *id = d->ci->id;
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetDeviceHandleFromMigDeviceHandle, (nvmlDevice_t device, nvmlDevice_t *parent), (device, parent))
{
    NEED(parent);
    if (!d->gi)
        return NVML_ERROR_NOT_SUPPORTED;
    *parent = (nvmlDevice_t)handle_gpu(d->gpu);
    return NVML_SUCCESS;
}

static nvmlReturn_t attributes(const Dev *d, nvmlDeviceAttributes_t *out)
{
    NEED(out);
    const FsimCiProfile *c = d->gi ? fsim_mig_ci_profile(d->profile, d->ci->profile) : NULL;
    if (!c)
        return NVML_ERROR_NOT_SUPPORTED;
    const FsimEngines *e = &d->profile->engines;
    *out = (nvmlDeviceAttributes_t){.multiprocessorCount = c->sms,
                                    .sharedCopyEngineCount = e->copy,
                                    .sharedDecoderCount = e->decoder,
                                    .sharedEncoderCount = e->encoder,
                                    .sharedJpegCount = e->jpeg,
                                    .sharedOfaCount = e->ofa,
                                    .gpuInstanceSliceCount = d->profile->slices,
                                    .computeInstanceSliceCount = c->slices,
                                    .memorySizeMB = d->profile->memory_mib};
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetAttributes, (nvmlDevice_t device, nvmlDeviceAttributes_t *out), (device, out))
{
    return attributes(d, out);
}

NVML_ANY(nvmlDeviceGetAttributes_v2, (nvmlDevice_t device, nvmlDeviceAttributes_t *out), (device, out))
{
    return attributes(d, out);
}
