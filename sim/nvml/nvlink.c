/* SPDX-License-Identifier: Apache-2.0 */
/* NVLinks, what lies at their other end, and the fabric. */
#include "nvml/call.h"

#include <string.h>

/* NVLinks are wired where the host has NVSwitches; the bridges of PCIe cards are not simulated. */
static bool linked(const Dev *d)
{
    return d->card->nvlinks && nvml.fixed->n_nvswitches;
}

static nvmlReturn_t check_link(const Dev *d, unsigned link)
{
    if (!d->card->nvlinks)
        return NVML_ERROR_NOT_SUPPORTED;
    return link < d->card->nvlinks ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

NVML_GPU(nvmlDeviceGetP2PStatus, (nvmlDevice_t device, nvmlDevice_t other, unsigned index, unsigned *status),
         (device, other, index, status))
{
    enum { P2P_NVLINK = 2, P2P_UNKNOWN = 5, OK = 0, NOT_SUPPORTED = 5 };
    NEED(status);
    if (index >= P2P_UNKNOWN)
        return NVML_ERROR_INVALID_ARGUMENT;
    Dev o;
    nvmlReturn_t result = resolve_device((uintptr_t)other, WANT_GPU, &o);
    if (result != NVML_SUCCESS)
        return result;
    bool nvlink = linked(d) && linked(&o), mig = d->state->mig_current || o.state->mig_current;
    *status = mig ? NOT_SUPPORTED : index == P2P_NVLINK ? (nvlink ? OK : NOT_SUPPORTED) : OK;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetNvLinkState, (nvmlDevice_t device, unsigned link, unsigned *active), (device, link, active))
{
    NEED(active);
    nvmlReturn_t result = check_link(d, link);
    if (result == NVML_SUCCESS)
        *active = linked(d);
    return result;
}

NVML_GPU(nvmlDeviceGetNvLinkVersion, (nvmlDevice_t device, unsigned link, unsigned *version), (device, link, version))
{
    NEED(version);
    nvmlReturn_t result = check_link(d, link);
    if (result == NVML_SUCCESS)
        *version = d->card->nvlink_version;
    return result;
}

NVML_GPU(nvmlDeviceGetNvLinkCapability, (nvmlDevice_t device, unsigned link, unsigned capability, unsigned *out),
         (device, link, capability, out))
{
    NEED(out);
    nvmlReturn_t result = check_link(d, link);
    if (result == NVML_SUCCESS)
        *out = capability < 4;
    return result;
}

NVML_GPU(nvmlDeviceGetNvLinkErrorCounter,
         (nvmlDevice_t device, unsigned link, unsigned counter, unsigned long long *value),
         (device, link, counter, value))
{
    NEED(value);
    nvmlReturn_t result = check_link(d, link);
    if (result == NVML_SUCCESS)
        *value = 0;
    return result;
}

NVML_GPU(nvmlDeviceGetNvLinkRemoteDeviceType, (nvmlDevice_t device, unsigned link, unsigned *type),
         (device, link, type))
{
    NEED(type);
    nvmlReturn_t result = check_link(d, link);
    if (result == NVML_SUCCESS)
        *type = linked(d) ? 2 : 255; /* a switch; unknown */
    return result;
}

static nvmlReturn_t remote_pci(const Dev *d, unsigned link, char bus_id[16], unsigned *bus)
{
    nvmlReturn_t result = check_link(d, link);
    if (result != NVML_SUCCESS)
        return result;
    if (!linked(d))
        return NVML_ERROR_NOT_SUPPORTED;
    *bus = nvml.fixed->nvswitch_bus[link % nvml.fixed->n_nvswitches];
    static const char digits[] = "0123456789ABCDEF";
    memcpy(bus_id, "0000:00:00.0\0\0\0", 16);
    bus_id[5] = digits[*bus >> 4 & 15];
    bus_id[6] = digits[*bus & 15];
    return NVML_SUCCESS;
}

enum { NVSWITCH_PCI_ID = 0x22a310de };

NVML_GPU(nvmlDeviceGetNvLinkRemotePciInfo, (nvmlDevice_t device, unsigned link, nvmlPciInfoOld_t *pci),
         (device, link, pci))
{
    NEED(pci);
    nvmlReturn_t result = remote_pci(d, link, pci->busId, &pci->bus);
    if (result == NVML_SUCCESS) {
        pci->domain = pci->device = 0;
        pci->pciDeviceId = NVSWITCH_PCI_ID;
    }
    return result;
}

NVML_GPU(nvmlDeviceGetNvLinkRemotePciInfo_v2, (nvmlDevice_t device, unsigned link, nvmlPciInfo_t *pci),
         (device, link, pci))
{
    NEED(pci);
    memset(pci, 0, sizeof *pci);
    nvmlReturn_t result = remote_pci(d, link, pci->busIdLegacy, &pci->bus);
    if (result == NVML_SUCCESS) {
        memcpy(pci->busId, "0000", 4);
        memcpy(pci->busId + 4, pci->busIdLegacy, sizeof pci->busIdLegacy);
        pci->pciDeviceId = NVSWITCH_PCI_ID;
    }
    return result;
}

/* ---- fabric ---- */

enum { FABRIC_NOT_SUPPORTED = 0, FABRIC_COMPLETED = 3 };

/* From Hopper on a card behind NVSwitches registers with the Fabric Manager, which is taken to have done its work. */
static unsigned char fabric_state(const Dev *d)
{
    return linked(d) && d->card->arch >= FSIM_ARCH_HOPPER ? FABRIC_COMPLETED : FABRIC_NOT_SUPPORTED;
}

NVML_GPU(nvmlDeviceGetGpuFabricInfo, (nvmlDevice_t device, nvmlGpuFabricInfo_t *info), (device, info))
{
    NEED(info);
    memset(info, 0, sizeof *info);
    info->state = fabric_state(d);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetGpuFabricInfoV, (nvmlDevice_t device, nvmlGpuFabricInfo_v3_t *info), (device, info))
{
    NEED(info);
    unsigned version = info->version;
    bool v3 = version == NVML_VERSION_WORD(*info, 3);
    if (!v3 && version != NVML_VERSION_WORD(nvmlGpuFabricInfo_v2_t, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    memset(info, 0, v3 ? sizeof *info : sizeof(nvmlGpuFabricInfo_v2_t));
    info->v2.version = version;
    info->v2.state = fabric_state(d);
    return NVML_SUCCESS;
}
