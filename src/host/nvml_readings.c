/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings of one moment. Cost is counted in NVML calls, each of which is an ioctl on a real card: five for a card
 * (seven with the error counters, which move slowly and are read every sixteenth time), three for an instance.
 */
#include "host/nvml_card.h"

#include "base/text.h"

#define ECC_EVERY 16

static FctReading reading_known(double value)
{
    return (FctReading){TRUE, value};
}

/*
 * Utilization between the previous call and this one, from the card's own counters. @instance NULL-id means the card.
 * Unknown at the first call.
 */
static FctReading gpm_percent(FctNvml *nvml, FctCard *card, FctCardInstance *instance)
{
    static NvGpmMetricsGet get; /* 13 KiB; this process has one thread */
    FctReading unknown = {FALSE, 0};
    if ((!instance->previous && fct_nvml(nvml, gpm_alloc, &instance->previous) != NV_SUCCESS) ||
        (!instance->current && fct_nvml(nvml, gpm_alloc, &instance->current) != NV_SUCCESS))
        return unknown;
    NvReturn code = instance->gi_id < 0
                        ? fct_nvml(nvml, gpm_sample, card->device, instance->current)
                        : fct_nvml(nvml, gpm_mig_sample, card->device, (guint32)instance->gi_id, instance->current);
    if (code != NV_SUCCESS)
        return unknown;
    gboolean comparable = instance->sampled;
    get.version = NV_GPM_VERSION;
    get.count = 1;
    get.first = instance->previous;
    get.second = instance->current;
    get.metrics[0] = (NvGpmMetric){.metric = NV_GPM_GRAPHICS_UTIL};
    FctReading reading = unknown;
    if (comparable && fct_nvml(nvml, gpm_metrics, &get) == NV_SUCCESS && get.metrics[0].status == NV_SUCCESS)
        reading = reading_known(CLAMP(get.metrics[0].value, 0, 100));
    NvGpmSample swap = instance->previous;
    instance->previous = instance->current;
    instance->current = swap;
    instance->sampled = TRUE;
    return reading;
}

static const char *why_no_utilization(const FctCard *card, gboolean first)
{
    if (!card->mig)
        return "The driver gives no utilization for this card.";
    if (!card->gpm)
        return "The driver gives no utilization while MIG is on (Ampere).";
    return first ? "Utilization is measured between two samples; this is the first." : "The card gave no sample.";
}

static void read_utilization(FctNvml *nvml, FctCard *card, FctGpuReadings *readings)
{
    NvUtilization utilization;
    gboolean first = FALSE;
    if (!card->mig) {
        if (fct_nvml(nvml, utilization, card->device, &utilization) == NV_SUCCESS)
            readings->gpu_percent = reading_known(utilization.gpu);
    } else if (card->gpm) {
        if (!card->whole) {
            card->whole = g_new0(FctCardInstance, 1);
            card->whole->gi_id = -1;
        }
        first = !card->whole->sampled;
        readings->gpu_percent = gpm_percent(nvml, card, card->whole);
    }
    fct_text_set(&readings->why_not, readings->gpu_percent.have ? "" : why_no_utilization(card, first));
}

static void readings_read_memory(FctNvml *nvml, FctCard *card, FctGpuReadings *readings)
{
    NvMemoryV2 v2 = {.version = NV_VERSION(NvMemoryV2, 2)};
    NvMemory v1;
    if (fct_nvml(nvml, memory_v2, card->device, &v2) == NV_SUCCESS) {
        readings->memory_used_mib = reading_known((double)(v2.used >> 20));
        readings->memory_total_mib = reading_known((double)(v2.total >> 20));
    } else if (fct_nvml(nvml, memory, card->device, &v1) == NV_SUCCESS) {
        readings->memory_used_mib = reading_known((double)(v1.used >> 20));
        readings->memory_total_mib = reading_known((double)(v1.total >> 20));
    }
}

/* What moves slowly. */
static void read_slow(FctNvml *nvml, FctCard *card)
{
    guint32 milliwatt;
    guint64 errors;
    FctReading unknown = {FALSE, 0};
    card->power_limit_w = fct_nvml(nvml, power_limit, card->device, &milliwatt) == NV_SUCCESS
                              ? reading_known(milliwatt / 1000.0)
                              : unknown;
    card->ecc_corrected =
        fct_nvml(nvml, ecc_errors, card->device, NV_ECC_CORRECTED, NV_ECC_VOLATILE, &errors) == NV_SUCCESS
            ? reading_known((double)errors)
            : unknown;
    card->ecc_uncorrected =
        fct_nvml(nvml, ecc_errors, card->device, NV_ECC_UNCORRECTED, NV_ECC_VOLATILE, &errors) == NV_SUCCESS
            ? reading_known((double)errors)
            : unknown;
}

static json_t *read_instance(FctNvml *nvml, FctCard *card, FctCardInstance *instance)
{
    NvMemory memory;
    FctReading used = {FALSE, 0}, total = {FALSE, 0}, percent = {FALSE, 0};
    gboolean first = !instance->sampled;
    NvReturn code = instance->device ? fct_nvml(nvml, memory, instance->device, &memory) : NV_NOT_FOUND;
    if (code != NV_SUCCESS && instance->device) {
        /* The compute instance in this place was made anew since the last reading: another handle. */
        instance->device = fct_card_mig_device(nvml, card, instance->gi_id);
        code = instance->device ? fct_nvml(nvml, memory, instance->device, &memory) : NV_NOT_FOUND;
    }
    if (code == NV_SUCCESS) {
        used = reading_known((double)(memory.used >> 20));
        total = reading_known((double)(memory.total >> 20));
    }
    if (card->gpm)
        percent = gpm_percent(nvml, card, instance);
    return json_pack("{s:i, s:o, s:o, s:o, s:s}", "start", instance->start, "gpu_percent", fct_reading_to_json(percent),
                     "memory_used_mib", fct_reading_to_json(used), "memory_total_mib", fct_reading_to_json(total),
                     "why_not", percent.have ? "" : why_no_utilization(card, first));
}

void fct_card_read(FctNvml *nvml, FctCard *card, FctGpuReadings *readings, json_t *instances)
{
    guint32 number;
    if (card->samples++ % ECC_EVERY == 0)
        read_slow(nvml, card);
    fct_text_set(&readings->source, "host");
    read_utilization(nvml, card, readings);
    readings_read_memory(nvml, card, readings);
    if (fct_nvml(nvml, power, card->device, &number) == NV_SUCCESS)
        readings->power_w = reading_known(number / 1000.0);
    if (fct_nvml(nvml, temperature, card->device, NV_TEMPERATURE_GPU, &number) == NV_SUCCESS)
        readings->temperature_c = reading_known(number);
    if (fct_nvml(nvml, clock, card->device, NV_CLOCK_SM, &number) == NV_SUCCESS)
        readings->sm_clock_mhz = reading_known(number);
    readings->power_limit_w = card->power_limit_w;
    readings->ecc_corrected = card->ecc_corrected;
    readings->ecc_uncorrected = card->ecc_uncorrected;
    for (guint i = 0; instances && i < card->instances->len; i++)
        json_array_append_new(instances, read_instance(nvml, card, card->instances->pdata[i]));
}
