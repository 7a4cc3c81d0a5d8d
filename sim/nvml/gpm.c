/* SPDX-License-Identifier: Apache-2.0 */
/* GPM: metrics between two samples; from Hopper on the only utilisation that MIG instances have. */
#include "nvml/internal.h"

#include <stdlib.h>
#include <string.h>

struct nvmlGpmSample_st {
    struct nvmlGpmSample_st *next;
    int64_t at; /* 0: never taken */
    unsigned gpu;
    uint32_t gi;      /* or FSIM_NO_INSTANCE */
    double load;      /* utilisation 0 to 1 at that instant */
    FsimReading card; /* of the whole card */
};

static struct nvmlGpmSample_st *samples;

static struct nvmlGpmSample_st *find_sample(nvmlGpmSample_t sample)
{
    for (struct nvmlGpmSample_st *s = samples; s; s = s->next)
        if (s == sample)
            return s;
    return NULL;
}

NVML_FN(nvmlGpmSampleAlloc, (nvmlGpmSample_t * out), (out))
{
    NEED(out);
    struct nvmlGpmSample_st *s = calloc(1, sizeof *s);
    if (!s)
        return NVML_ERROR_MEMORY;
    s->next = samples;
    samples = s;
    *out = s;
    return NVML_SUCCESS;
}

NVML_FN(nvmlGpmSampleFree, (nvmlGpmSample_t sample), (sample))
{
    for (struct nvmlGpmSample_st **at = &samples; *at; at = &(*at)->next)
        if (*at == sample) {
            *at = sample->next;
            free(sample);
            return NVML_SUCCESS;
        }
    return NVML_ERROR_INVALID_ARGUMENT;
}

NVML_GPU(nvmlGpmQueryDeviceSupport, (nvmlDevice_t device, nvmlGpmSupport_t *support), (device, support))
{
    NEED(support);
    if (support->version != 1)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    support->isSupportedDevice = d->card->arch >= FSIM_ARCH_HOPPER;
    return NVML_SUCCESS;
}

static nvmlReturn_t take_sample(const Dev *d, const FsimGi *gi, nvmlGpmSample_t sample)
{
    struct nvmlGpmSample_st *s = find_sample(sample);
    NEED(s);
    if (d->card->arch < FSIM_ARCH_HOPPER)
        return NVML_ERROR_NOT_SUPPORTED;
    s->at = fsim_now();
    s->gpu = d->gpu;
    s->gi = gi ? gi->id : FSIM_NO_INSTANCE;
    fsim_load_read(d->fixed, d->state, fsim_gpu_busy(d->state), s->at, &s->card);
    s->load =
        gi ? fsim_load_instance(d->fixed, gi, fsim_gi_busy(d->state, gi->id), s->at) : s->card.gpu_percent / 100.0;
    return NVML_SUCCESS;
}

NVML_GPU(nvmlGpmSampleGet, (nvmlDevice_t device, nvmlGpmSample_t sample), (device, sample))
{
    return take_sample(d, NULL, sample);
}

NVML_GPU(nvmlGpmMigSampleGet, (nvmlDevice_t device, unsigned gi_id, nvmlGpmSample_t sample), (device, gi_id, sample))
{
    if (!d->state->mig_current)
        return NVML_ERROR_NOT_SUPPORTED;
    int slot = fsim_mig_gi_slot(d->state, gi_id);
    return slot < 0 ? NVML_ERROR_NOT_FOUND : take_sample(d, &d->state->gis[slot], sample);
}

typedef struct Metric {
    unsigned id;
    const char *short_name, *long_name, *unit;
    double share; /* of the utilisation, for the percentages */
} Metric;

static const Metric metrics[] = {
    {1, "graphics_util", "Graphics utilization", "%", 1},
    {2, "sm_util", "SM utilization", "%", 0.92},
    {3, "sm_occupancy", "SM occupancy", "%", 0.44},
    {4, "integer_util", "Integer utilization", "%", 0.21},
    {5, "any_tensor_util", "Any tensor utilization", "%", 0.37},
    {6, "dfma_tensor_util", "DFMA tensor utilization", "%", 0},
    {7, "hmma_tensor_util", "HMMA tensor utilization", "%", 0.36},
    {9, "imma_tensor_util", "IMMA tensor utilization", "%", 0.01},
    {10, "dram_bw_util", "DRAM bandwidth utilization", "%", 0.55},
    {11, "fp64_util", "FP64 utilization", "%", 0},
    {12, "fp32_util", "FP32 utilization", "%", 0.18},
    {13, "fp16_util", "FP16 utilization", "%", 0.07},
    {20, "pcie_tx_per_sec", "PCIe traffic from the GPU", "MiB/s", 0},
    {21, "pcie_rx_per_sec", "PCIe traffic to the GPU", "MiB/s", 0},
};

static void fill_metric(nvmlGpmMetric_t *out, const struct nvmlGpmSample_st *a, const struct nvmlGpmSample_st *b)
{
    out->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
    out->value = 0;
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        const Metric *m = &metrics[i];
        if (m->id != out->metricId)
            continue;
        out->metricInfo.shortName = m->short_name;
        out->metricInfo.longName = m->long_name;
        out->metricInfo.unit = m->unit;
        /* Traffic is a matter of the whole card. */
        if (m->id >= 20 && a->gi != FSIM_NO_INSTANCE)
            return;
        double mean = (a->load + b->load) / 2;
        out->value = m->id == 20   ? (a->card.pcie_tx_kbs + b->card.pcie_tx_kbs) / 2048.0
                     : m->id == 21 ? (a->card.pcie_rx_kbs + b->card.pcie_rx_kbs) / 2048.0
                                   : 100 * mean * m->share;
        out->nvmlReturn = NVML_SUCCESS;
    }
}

NVML_FN(nvmlGpmMetricsGet, (nvmlGpmMetricsGet_t * get), (get))
{
    NEED(get);
    if (get->version != 1)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    const struct nvmlGpmSample_st *a = find_sample(get->sample1), *b = find_sample(get->sample2);
    NEED(a && b);
    if (!a->at || !b->at || a->gpu != b->gpu || a->gi != b->gi || b->at <= a->at || get->numMetrics > 333)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < get->numMetrics; i++)
        fill_metric(&get->metrics[i], a, b);
    return NVML_SUCCESS;
}
