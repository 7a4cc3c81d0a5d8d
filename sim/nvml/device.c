/* SPDX-License-Identifier: Apache-2.0 */
/* Finding cards, and what they are. */
#include "nvml/call.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned visible_count(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++)
        n += gpu_visible(i);
    return n;
}

static nvmlReturn_t give(unsigned gpu, nvmlDevice_t *device)
{
    if (nvml.body.gpus[gpu].lost)
        return NVML_ERROR_GPU_IS_LOST;
    *device = (nvmlDevice_t)handle_gpu(gpu);
    return NVML_SUCCESS;
}

static nvmlReturn_t by_index(unsigned index, nvmlDevice_t *device)
{
    NEED(device);
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++)
        if (gpu_visible(i) && index-- == 0)
            return give(i, device);
    return NVML_ERROR_INVALID_ARGUMENT;
}

NVML_FN(nvmlDeviceGetCount, (unsigned *count), (count))
{
    NEED(count);
    *count = visible_count();
    return NVML_SUCCESS;
}

NVML_FN(nvmlDeviceGetCount_v2, (unsigned *count), (count))
{
    NEED(count);
    *count = visible_count();
    return NVML_SUCCESS;
}

NVML_FN(nvmlDeviceGetHandleByIndex, (unsigned index, nvmlDevice_t *device), (index, device))
{
    return by_index(index, device);
}

NVML_FN(nvmlDeviceGetHandleByIndex_v2, (unsigned index, nvmlDevice_t *device), (index, device))
{
    return by_index(index, device);
}

NVML_FN(nvmlDeviceGetHandleBySerial, (const char *serial, nvmlDevice_t *device), (serial, device))
{
    NEED(serial && device);
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++)
        if (gpu_visible(i) && strcmp(serial, nvml.fixed->gpus[i].serial) == 0)
            return give(i, device);
    return NVML_ERROR_NOT_FOUND;
}

/* A MIG device by its UUID, or by the form of before R470: MIG-GPU-<uuid>/gi/ci. */
static nvmlReturn_t mig_by_uuid(const char *text, nvmlDevice_t *device)
{
    unsigned gi_id = 0, ci_id = 0;
    const char *slash = strchr(text, '/');
    bool old = strncmp(text, "MIG-GPU-", 8) == 0 && slash && sscanf(slash, "/%u/%u", &gi_id, &ci_id) == 2;
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++) {
        const FsimGpuFixed *f = &nvml.fixed->gpus[i];
        const FsimGpu *g = &nvml.body.gpus[i];
        if (!gpu_visible(i) || !g->mig_current ||
            (old &&
             (strlen(f->uuid) != (size_t)(slash - text) - 4 || strncasecmp(text + 4, f->uuid, strlen(f->uuid)) != 0)))
            continue;
        for (unsigned a = 0; a < FSIM_MAX_GIS; a++)
            for (unsigned b = 0; b < FSIM_MAX_CIS; b++) {
                const FsimGi *gi = &g->gis[a];
                char uuid[48];
                if (!gi->used || !gi->cis[b].used)
                    continue;
                fsim_mig_uuid(f, gi->id, gi->cis[b].start, uuid);
                if (old ? gi->id == gi_id && gi->cis[b].id == ci_id : strcasecmp(uuid, text) == 0) {
                    if (g->lost)
                        return NVML_ERROR_GPU_IS_LOST;
                    *device = (nvmlDevice_t)handle_ci(HANDLE_MIG, i, a, b);
                    return NVML_SUCCESS;
                }
            }
    }
    return NVML_ERROR_NOT_FOUND;
}

static nvmlReturn_t by_uuid(const char *uuid, nvmlDevice_t *device)
{
    NEED(uuid && device);
    if (strncmp(uuid, "MIG-", 4) == 0)
        return mig_by_uuid(uuid, device);
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++)
        if (gpu_visible(i) && strcasecmp(uuid, nvml.fixed->gpus[i].uuid) == 0)
            return give(i, device);
    return NVML_ERROR_NOT_FOUND;
}

NVML_FN(nvmlDeviceGetHandleByUUID, (const char *uuid, nvmlDevice_t *device), (uuid, device))
{
    return by_uuid(uuid, device);
}

NVML_FN(nvmlDeviceGetHandleByUUIDV, (const nvmlUUID_v1_t *uuid, nvmlDevice_t *device), (uuid, device))
{
    NEED(uuid);
    if (uuid->version != NVML_VERSION_WORD(*uuid, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    /* The union holds 41 bytes: the text may fill it without an end. */
    char text[sizeof uuid->value.str + 1] = "";
    memcpy(text, uuid->value.str, sizeof uuid->value.str);
    return uuid->type == 1 ? by_uuid(text, device) : NVML_ERROR_INVALID_ARGUMENT;
}

/* "0000:3B:00.0", "00000000:3b:00.0" and "3b:00.0" name the same card. */
static nvmlReturn_t by_bus_id(const char *text, nvmlDevice_t *device)
{
    NEED(text && device);
    unsigned domain = 0, bus, slot, function;
    int end = 0;
    if ((sscanf(text, "%x:%x:%x.%x%n", &domain, &bus, &slot, &function, &end) != 4 || text[end]) &&
        (domain = 0, end = 0, sscanf(text, "%x:%x.%x%n", &bus, &slot, &function, &end) != 3 || text[end]))
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++) {
        const FsimGpuFixed *f = &nvml.fixed->gpus[i];
        if (gpu_visible(i) && f->domain == domain && f->bus == bus && f->device == slot && function == 0)
            return give(i, device);
    }
    return NVML_ERROR_NOT_FOUND;
}

NVML_FN(nvmlDeviceGetHandleByPciBusId, (const char *id, nvmlDevice_t *device), (id, device))
{
    return by_bus_id(id, device);
}

NVML_FN(nvmlDeviceGetHandleByPciBusId_v2, (const char *id, nvmlDevice_t *device), (id, device))
{
    return by_bus_id(id, device);
}

NVML_ANY(nvmlDeviceGetName, (nvmlDevice_t device, char *name, unsigned length), (device, name, length))
{
    if (!d->gi)
        return put_string(name, length, d->card->name);
    const FsimCiProfile *ci = fsim_mig_ci_profile(d->profile, d->ci->profile);
    char text[160];
    snprintf(text, sizeof text, "%s MIG %s", d->card->name, ci ? ci->name : d->profile->name);
    return put_string(name, length, text);
}

NVML_ANY(nvmlDeviceGetUUID, (nvmlDevice_t device, char *uuid, unsigned length), (device, uuid, length))
{
    char text[48];
    if (!d->gi)
        return put_string(uuid, length, d->fixed->uuid);
    fsim_mig_uuid(d->fixed, d->gi->id, d->ci->start, text);
    return put_string(uuid, length, text);
}

NVML_ANY(nvmlDeviceGetBrand, (nvmlDevice_t device, unsigned *brand), (device, brand))
{
    NEED(brand);
    *brand = d->card->brand;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetSerial, (nvmlDevice_t device, char *serial, unsigned length), (device, serial, length))
{
    /* Consumer cards have none. */
    return d->card->ecc ? put_string(serial, length, d->fixed->serial) : NVML_ERROR_NOT_SUPPORTED;
}

NVML_GPU(nvmlDeviceGetMinorNumber, (nvmlDevice_t device, unsigned *minor), (device, minor))
{
    NEED(minor);
    *minor = d->state->minor;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetModuleId, (nvmlDevice_t device, unsigned *id), (device, id))
{
    NEED(id);
    *id = d->gpu;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetBoardId, (nvmlDevice_t device, unsigned *id), (device, id))
{
    NEED(id);
    *id = d->fixed->bus << 8;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetMultiGpuBoard, (nvmlDevice_t device, unsigned *multi), (device, multi))
{
    NEED(multi);
    *multi = 0;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetBoardPartNumber, (nvmlDevice_t device, char *part, unsigned length), (device, part, length))
{
    char text[32];
    snprintf(text, sizeof text, "900-2G%03X-%04X-000", d->card->device & 0xfff, d->card->subdevice);
    return put_string(part, length, text);
}

NVML_GPU(nvmlDeviceGetVbiosVersion, (nvmlDevice_t device, char *version, unsigned length), (device, version, length))
{
    char text[32];
    snprintf(text, sizeof text, "92.00.%02X.00.%02X", d->card->device & 0xff, d->card->subdevice & 0xff);
    return put_string(version, length, text);
}

NVML_GPU(nvmlDeviceGetInforomImageVersion, (nvmlDevice_t device, char *version, unsigned length),
         (device, version, length))
{
    return d->card->ecc ? put_string(version, length, "G001.0000.00.03") : NVML_ERROR_NOT_SUPPORTED;
}

NVML_GPU(nvmlDeviceGetInforomVersion, (nvmlDevice_t device, unsigned object, char *version, unsigned length),
         (device, object, version, length))
{
    static const char *const versions[] = {"2.0", "6.16", "1.0"};
    if (object >= sizeof versions / sizeof *versions)
        return NVML_ERROR_INVALID_ARGUMENT;
    return d->card->ecc ? put_string(version, length, versions[object]) : NVML_ERROR_NOT_SUPPORTED;
}

NVML_GPU(nvmlDeviceGetGspFirmwareVersion, (nvmlDevice_t device, char *version), (device, version))
{
    return put_string(version, 64, nvml.fixed->driver_version);
}

NVML_GPU(nvmlDeviceGetGspFirmwareMode, (nvmlDevice_t device, unsigned *enabled, unsigned *by_default),
         (device, enabled, by_default))
{
    NEED(enabled && by_default);
    *enabled = *by_default = 1;
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetIndex, (nvmlDevice_t device, unsigned *index), (device, index))
{
    NEED(index);
    *index = 0;
    if (d->gi) {
        /* Inside its parent: the place among the compute instances by GPU instance id, then compute instance id. */
        for (unsigned a = 0; a < FSIM_MAX_GIS; a++)
            for (unsigned b = 0; b < FSIM_MAX_CIS; b++) {
                const FsimGi *gi = &d->state->gis[a];
                if (gi->used && gi->cis[b].used &&
                    (gi->id < d->gi->id || (gi->id == d->gi->id && gi->cis[b].id < d->ci->id)))
                    ++*index;
            }
        return NVML_SUCCESS;
    }
    for (unsigned i = 0; i < d->gpu; i++)
        *index += gpu_visible(i);
    return NVML_SUCCESS;
}

static unsigned pci_id(unsigned vendor, unsigned device)
{
    return device << 16 | vendor;
}

static nvmlReturn_t old_pci_info(const Dev *d, nvmlPciInfoOld_t *pci, bool subsystem)
{
    NEED(pci);
    memcpy(pci->busId, d->fixed->bus_id, sizeof pci->busId);
    pci->domain = d->fixed->domain;
    pci->bus = d->fixed->bus;
    pci->device = d->fixed->device;
    pci->pciDeviceId = pci_id(d->card->vendor, d->card->device);
    if (subsystem)
        pci->pciSubSystemId = pci_id(d->card->subvendor, d->card->subdevice);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPciInfo, (nvmlDevice_t device, nvmlPciInfoOld_t *pci), (device, pci))
{
    return old_pci_info(d, pci, false);
}

NVML_GPU(nvmlDeviceGetPciInfo_v2, (nvmlDevice_t device, nvmlPciInfoOld_t *pci), (device, pci))
{
    return old_pci_info(d, pci, true);
}

static void long_bus_id(const Dev *d, char out[32])
{
    snprintf(out, 32, "%08X:%02X:%02X.0", d->fixed->domain, d->fixed->bus, d->fixed->device);
}

/* The one version that a MIG device answers too: as its card. */
NVML_ANY(nvmlDeviceGetPciInfo_v3, (nvmlDevice_t device, nvmlPciInfo_t *pci), (device, pci))
{
    NEED(pci);
    memset(pci, 0, sizeof *pci);
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%04X:%02X:%02X.0", d->fixed->domain & 0xffff,
             d->fixed->bus & 0xff, d->fixed->device & 0x1f);
    long_bus_id(d, pci->busId);
    pci->domain = d->fixed->domain;
    pci->bus = d->fixed->bus;
    pci->device = d->fixed->device;
    pci->pciDeviceId = pci_id(d->card->vendor, d->card->device);
    pci->pciSubSystemId = pci_id(d->card->subvendor, d->card->subdevice);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPciInfoExt, (nvmlDevice_t device, nvmlPciInfoExt_v1_t *pci), (device, pci))
{
    NEED(pci);
    if (pci->version != NVML_VERSION_WORD(*pci, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    pci->domain = d->fixed->domain;
    pci->bus = d->fixed->bus;
    pci->device = d->fixed->device;
    pci->pciDeviceId = pci_id(d->card->vendor, d->card->device);
    pci->pciSubSystemId = pci_id(d->card->subvendor, d->card->subdevice);
    pci->baseClass = d->card->pci_class >> 16;
    pci->subClass = d->card->pci_class >> 8 & 0xff;
    long_bus_id(d, pci->busId);
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetCudaComputeCapability, (nvmlDevice_t device, int *major, int *minor), (device, major, minor))
{
    NEED(major && minor);
    *major = (int)d->card->cc_major;
    *minor = (int)d->card->cc_minor;
    return NVML_SUCCESS;
}

NVML_ANY(nvmlDeviceGetArchitecture, (nvmlDevice_t device, unsigned *arch), (device, arch))
{
    NEED(arch);
    *arch = d->card->arch;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetNumGpuCores, (nvmlDevice_t device, unsigned *cores), (device, cores))
{
    NEED(cores);
    if (d->state->mig_current)
        return NVML_ERROR_NOT_SUPPORTED;
    *cores = d->card->cores;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetBusType, (nvmlDevice_t device, unsigned *type), (device, type))
{
    NEED(type);
    *type = 2; /* PCIe */
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetIrqNum, (nvmlDevice_t device, unsigned *irq), (device, irq))
{
    NEED(irq);
    *irq = 120 + d->gpu;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetVirtualizationMode, (nvmlDevice_t device, unsigned *mode), (device, mode))
{
    NEED(mode);
    *mode = 0;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetDisplayActive, (nvmlDevice_t device, unsigned *active), (device, active))
{
    NEED(active);
    *active = d->fixed->boot_vga;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetDisplayMode, (nvmlDevice_t device, unsigned *mode), (device, mode))
{
    NEED(mode);
    *mode = d->fixed->boot_vga;
    return NVML_SUCCESS;
}
