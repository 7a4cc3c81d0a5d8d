/* SPDX-License-Identifier: Apache-2.0 */
/* The modes of a card, its ECC counters, and drain. */
#include "nvml/internal.h"

NVML_ANY(nvmlDeviceGetPersistenceMode, (nvmlDevice_t device, unsigned *mode), (device, mode))
{
    NEED(mode);
    *mode = d->state->persistence;
    return NVML_SUCCESS;
}

/* The modes that are just a word: written under the lock when the caller may and the value is one of 0 to `top`. */
static nvmlReturn_t set_mode(const Dev *d, size_t offset, unsigned value, unsigned top)
{
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    if (value > top)
        return NVML_ERROR_INVALID_ARGUMENT;
    FsimTxn txn;
    nvmlReturn_t result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    *(uint32_t *)((char *)&txn.body->gpus[d->gpu] + offset) = value;
    change_commit(&txn);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceSetPersistenceMode, (nvmlDevice_t device, unsigned mode), (device, mode))
{
    return set_mode(d, offsetof(FsimGpu, persistence), mode, 1);
}

NVML_ANY(nvmlDeviceGetComputeMode, (nvmlDevice_t device, unsigned *mode), (device, mode))
{
    NEED(mode);
    *mode = d->state->compute_mode;
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceSetComputeMode, (nvmlDevice_t device, unsigned mode), (device, mode))
{
    return set_mode(d, offsetof(FsimGpu, compute_mode), mode, 3);
}

NVML_GPU(nvmlDeviceGetAccountingMode, (nvmlDevice_t device, unsigned *mode), (device, mode))
{
    NEED(mode);
    *mode = d->state->mig_current ? 0 : d->state->accounting;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceSetAccountingMode, (nvmlDevice_t device, unsigned mode), (device, mode))
{
    return d->state->mig_current ? NVML_ERROR_NOT_SUPPORTED : set_mode(d, offsetof(FsimGpu, accounting), mode, 1);
}

NVML_GPU(nvmlDeviceGetAccountingBufferSize, (nvmlDevice_t device, unsigned *size), (device, size))
{
    NEED(size);
    *size = 4000;
    return NVML_SUCCESS;
}

/* ---- ECC ---- */

NVML_GPU(nvmlDeviceGetEccMode, (nvmlDevice_t device, unsigned *current, unsigned *pending), (device, current, pending))
{
    NEED(current && pending);
    if (!d->card->ecc)
        return NVML_ERROR_NOT_SUPPORTED;
    *current = d->state->ecc_current;
    *pending = d->state->ecc_pending;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetDefaultEccMode, (nvmlDevice_t device, unsigned *mode), (device, mode))
{
    NEED(mode);
    *mode = 1;
    return d->card->ecc ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

NVML_GPU(nvmlDeviceSetEccMode, (nvmlDevice_t device, unsigned mode), (device, mode))
{
    return d->card->ecc ? set_mode(d, offsetof(FsimGpu, ecc_pending), mode, 1) : NVML_ERROR_NOT_SUPPORTED;
}

/* Errors are injected as a total; all are taken to be in the device memory. */
static nvmlReturn_t ecc_count(const Dev *d, unsigned error, unsigned counter, unsigned long long *count)
{
    NEED(count);
    if (error > 1 || counter > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (!d->card->ecc || !d->state->ecc_current)
        return NVML_ERROR_NOT_SUPPORTED;
    *count = d->gi ? 0 : error ? d->state->ecc_uncorrected : d->state->ecc_corrected;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetTotalEccErrors,
         (nvmlDevice_t device, unsigned error, unsigned counter, unsigned long long *count),
         (device, error, counter, count))
{
    return ecc_count(d, error, counter, count);
}

NVML_ANY(nvmlDeviceGetMemoryErrorCounter,
         (nvmlDevice_t device, unsigned error, unsigned counter, unsigned location, unsigned long long *count),
         (device, error, counter, location, count))
{
    enum { LOCATION_DRAM = 2, LOCATION_COUNT = 8 };
    if (location >= LOCATION_COUNT)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = ecc_count(d, error, counter, count);
    if (result == NVML_SUCCESS && location != LOCATION_DRAM)
        *count = 0;
    return result;
}

NVML_GPU(nvmlDeviceGetDetailedEccErrors,
         (nvmlDevice_t device, unsigned error, unsigned counter, nvmlEccErrorCounts_t *counts),
         (device, error, counter, counts))
{
    NEED(counts);
    unsigned long long memory;
    nvmlReturn_t result = ecc_count(d, error, counter, &memory);
    if (result == NVML_SUCCESS)
        *counts = (nvmlEccErrorCounts_t){.deviceMemory = memory};
    return result;
}

NVML_GPU(nvmlDeviceGetSramEccErrorStatus, (nvmlDevice_t device, nvmlEccSramErrorStatus_v1_t *status), (device, status))
{
    NEED(status);
    if (status->version != NVML_VERSION_WORD(*status, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (!d->card->ecc || !d->state->ecc_current || d->card->arch < FSIM_ARCH_AMPERE)
        return NVML_ERROR_NOT_SUPPORTED;
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    *status = (nvmlEccSramErrorStatus_v1_t){.version = status->version};
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceClearEccErrorCounts, (nvmlDevice_t device, unsigned counter), (device, counter))
{
    if (!d->card->ecc)
        return NVML_ERROR_NOT_SUPPORTED;
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    FsimTxn txn;
    nvmlReturn_t result = change_begin(&txn);
    if (result != NVML_SUCCESS)
        return result;
    txn.body->gpus[d->gpu].ecc_corrected = txn.body->gpus[d->gpu].ecc_uncorrected = 0;
    change_commit(&txn);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetRemappedRows,
         (nvmlDevice_t device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed),
         (device, corrected, uncorrected, pending, failed))
{
    NEED(corrected && uncorrected && pending && failed);
    if (!d->card->ecc || d->state->mig_current || d->card->arch < FSIM_ARCH_AMPERE)
        return NVML_ERROR_NOT_SUPPORTED;
    *corrected = *uncorrected = *pending = *failed = 0;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetRowRemapperHistogram, (nvmlDevice_t device, nvmlRowRemapperHistogramValues_t *values),
         (device, values))
{
    NEED(values);
    if (!d->card->ecc || d->state->mig_current || d->card->arch < FSIM_ARCH_AMPERE)
        return NVML_ERROR_NOT_SUPPORTED;
    *values = (nvmlRowRemapperHistogramValues_t){.max = 640};
    return NVML_SUCCESS;
}

/* ---- drain: what is done before a card is taken away from the driver ---- */

static int by_pci(const nvmlPciInfo_t *pci)
{
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++) {
        const FsimGpuFixed *f = &nvml.fixed->gpus[i];
        if (gpu_visible(i) && f->domain == pci->domain && f->bus == pci->bus && f->device == pci->device)
            return (int)i;
    }
    return -1;
}

NVML_FN(nvmlDeviceModifyDrainState, (nvmlPciInfo_t * pci, unsigned state), (pci, state))
{
    NEED(pci && state <= 1);
    int gpu = by_pci(pci);
    if (gpu < 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (!privileged())
        return NVML_ERROR_NO_PERMISSION;
    /* Persistence mode has to be off first. */
    if (state && nvml.body.gpus[gpu].persistence)
        return NVML_ERROR_IN_USE;
    const Dev d = {.gpu = (unsigned)gpu};
    return set_mode(&d, offsetof(FsimGpu, draining), state, 1);
}

NVML_FN(nvmlDeviceQueryDrainState, (nvmlPciInfo_t * pci, unsigned *state), (pci, state))
{
    NEED(pci && state);
    int gpu = by_pci(pci);
    if (gpu < 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    *state = nvml.body.gpus[gpu].draining;
    return NVML_SUCCESS;
}
