/* SPDX-License-Identifier: Apache-2.0 */
/* The link of a card, where it sits, and its neighbours. */
#include "nvml/call.h"

#include <string.h>

static FsimReading reading(const Dev *d)
{
    FsimReading r;
    fsim_load_read(d->fixed, d->state, fsim_gpu_busy(d->state), fsim_now(), &r);
    return r;
}

/* A link that idles goes down on cards with a fan; servers' cards keep it up. */
static unsigned generation_now(const Dev *d)
{
    return d->card->fans && reading(d).pstate > 0 ? 1 : d->card->pcie_gen;
}

/* Megatransfers a second of one lane, by generation. */
static unsigned lane_speed(unsigned generation)
{
    static const unsigned mts[] = {0, 2500, 5000, 8000, 16000, 32000, 64000};
    return mts[generation < 7 ? generation : 6];
}

NVML_GPU(nvmlDeviceGetMaxPcieLinkGeneration, (nvmlDevice_t device, unsigned *generation), (device, generation))
{
    NEED(generation);
    *generation = d->card->pcie_gen;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetGpuMaxPcieLinkGeneration, (nvmlDevice_t device, unsigned *generation), (device, generation))
{
    NEED(generation);
    *generation = d->card->pcie_gen;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetCurrPcieLinkGeneration, (nvmlDevice_t device, unsigned *generation), (device, generation))
{
    NEED(generation);
    *generation = generation_now(d);
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetMaxPcieLinkWidth, (nvmlDevice_t device, unsigned *width), (device, width))
{
    NEED(width);
    *width = d->card->pcie_width;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetCurrPcieLinkWidth, (nvmlDevice_t device, unsigned *width), (device, width))
{
    NEED(width);
    *width = d->card->pcie_width;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPcieSpeed, (nvmlDevice_t device, unsigned *speed), (device, speed))
{
    NEED(speed);
    *speed = lane_speed(generation_now(d));
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPcieLinkMaxSpeed, (nvmlDevice_t device, unsigned *speed), (device, speed))
{
    NEED(speed);
    *speed = d->card->pcie_gen; /* NVML_PCIE_LINK_MAX_SPEED_2500MBPS is 1, and so on by generation */
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPcieThroughput, (nvmlDevice_t device, unsigned counter, unsigned *value),
         (device, counter, value))
{
    NEED(value);
    if (counter > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    FsimReading r = reading(d);
    *value = counter == 0 ? r.pcie_tx_kbs : r.pcie_rx_kbs;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetPcieReplayCounter, (nvmlDevice_t device, unsigned *value), (device, value))
{
    NEED(value);
    *value = 0;
    return NVML_SUCCESS;
}

static nvmlReturn_t affinity(const Dev *d, unsigned words, unsigned long *set, bool nodes)
{
    NEED(set && words);
    memset(set, 0, words * sizeof *set);
    int numa = d->fixed->numa;
    if (nodes) {
        if (numa >= 0)
            set[0] = 1ul << numa;
        return NVML_SUCCESS;
    }
    for (unsigned i = 0; i < FSIM_MAX_CPUS / 64 && i < words; i++)
        for (unsigned n = 0; n < nvml.fixed->n_numa; n++)
            if (numa < 0 || n == (unsigned)numa)
                set[i] |= (unsigned long)nvml.fixed->numa_cpus[n][i];
    return NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetCpuAffinity, (nvmlDevice_t device, unsigned size, unsigned long *set), (device, size, set))
{
    return affinity(d, size, set, false);
}

NVML_GPU(nvmlDeviceGetCpuAffinityWithinScope, (nvmlDevice_t device, unsigned size, unsigned long *set, unsigned scope),
         (device, size, set, scope))
{
    return scope > 1 ? NVML_ERROR_INVALID_ARGUMENT : affinity(d, size, set, false);
}

NVML_GPU(nvmlDeviceGetMemoryAffinity, (nvmlDevice_t device, unsigned size, unsigned long *set, unsigned scope),
         (device, size, set, scope))
{
    return scope > 1 ? NVML_ERROR_INVALID_ARGUMENT : affinity(d, size, set, true);
}

NVML_GPU(nvmlDeviceGetNumaNodeId, (nvmlDevice_t device, unsigned *node), (device, node))
{
    /* This is the node of the card's own memory, which only coherent platforms have. */
    return NVML_ERROR_NOT_SUPPORTED;
}

enum { TOPOLOGY_INTERNAL = 0, TOPOLOGY_SINGLE = 10, TOPOLOGY_NODE = 40, TOPOLOGY_SYSTEM = 50 };

static unsigned topology(unsigned a, unsigned b)
{
    const FsimGpuFixed *x = &nvml.fixed->gpus[a], *y = &nvml.fixed->gpus[b];
    if (a == b)
        return TOPOLOGY_INTERNAL;
    if (*x->port && strcmp(x->port, y->port) == 0)
        return TOPOLOGY_SINGLE;
    return x->numa == y->numa ? TOPOLOGY_NODE : TOPOLOGY_SYSTEM;
}

NVML_GPU(nvmlDeviceGetTopologyCommonAncestor, (nvmlDevice_t device, nvmlDevice_t other, unsigned *level),
         (device, other, level))
{
    NEED(level);
    Dev o;
    nvmlReturn_t result = resolve_device((uintptr_t)other, WANT_GPU, &o);
    if (result == NVML_SUCCESS)
        *level = topology(d->gpu, o.gpu);
    return result;
}

/* Fills an array of handles with the GPUs of a bit set, by the rule of lists. */
static nvmlReturn_t give_set(unsigned set, unsigned *count, nvmlDevice_t *devices)
{
    unsigned n = (unsigned)__builtin_popcount(set), room = *count;
    *count = n;
    if (!devices || room == 0)
        return n ? (devices ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS) : NVML_SUCCESS;
    unsigned at = 0;
    for (unsigned i = 0; i < nvml.fixed->n_gpus && at < room; i++)
        if (set & 1u << i)
            devices[at++] = (nvmlDevice_t)handle_gpu(i);
    return at < n ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

NVML_GPU(nvmlDeviceGetTopologyNearestGpus,
         (nvmlDevice_t device, unsigned level, unsigned *count, nvmlDevice_t *devices), (device, level, count, devices))
{
    NEED(count);
    unsigned set = 0;
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++)
        if (i != d->gpu && gpu_visible(i) && topology(d->gpu, i) == level)
            set |= 1u << i;
    return give_set(set, count, devices);
}

NVML_FN(nvmlSystemGetTopologyGpuSet, (unsigned cpu, unsigned *count, nvmlDevice_t *devices), (cpu, count, devices))
{
    NEED(count);
    unsigned set = 0;
    if (cpu >= nvml.fixed->n_cpus)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < nvml.fixed->n_gpus; i++) {
        int numa = nvml.fixed->gpus[i].numa;
        if (gpu_visible(i) && (numa < 0 || nvml.fixed->numa_cpus[numa][cpu / 64] >> cpu % 64 & 1))
            set |= 1u << i;
    }
    return give_set(set, count, devices);
}
