/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One card seen through NVML: its handle and unchanging facts are kept, the rest is read when asked for. In the
 * helper's children; one thread.
 */
#pragma once
#include "host/nvml.h"
#include "model/inventory.h"

/* An instance, in the form that the sampler needs. */
typedef struct {
    int gi_id;
    int start;
    NvDevice device; /* its MIG device; NULL when it has no compute instance */
    NvGpmSample previous, current;
    gboolean sampled; /* previous holds a sample */
} FctCardInstance;

typedef struct {
    char *address;
    NvDevice device; /* NULL: not seen */
    char *uuid, *name, *serial, *architecture;
    int minor;
    guint64 memory_mib;
    gboolean host_vgpu;
    gboolean needs_reset;   /* a change of MIG mode resets the card */
    gboolean gpm;           /* Hopper and later: utilization in MIG mode too */
    GPtrArray *profiles;    /* FctMigProfile*; NULL until read */
    gboolean mig;           /* mode at the last observation */
    GPtrArray *instances;   /* FctCardInstance* */
    FctCardInstance *whole; /* for GPM of the card itself */
    FctReading power_limit_w, ecc_corrected, ecc_uncorrected;
    guint samples;
} FctCard;

FctCard *fct_card_new(const char *address);
void fct_card_free(FctNvml *nvml, FctCard *card);

/*
 * Adds to @gpu (made from sysfs) identity, modes, MIG and processes. A card that NVML does not see or has lost gets
 * that state and a reason. @root: where names of processes are read. @readings FALSE leaves readings out. Returns the
 * code of the first call to the card.
 */
NvReturn fct_card_observe(FctNvml *nvml, FctCard *card, const char *root, gboolean readings, FctGpu *gpu);
/* TRUE when the code means that NVML must be opened again (driver unloaded, host restarted). */
gboolean fct_card_nvml_is_gone(NvReturn code);

/* Readings of the card, and of each instance as {"start", "gpu_percent", …}; the array may be NULL. */
void fct_card_read(FctNvml *nvml, FctCard *card, FctGpuReadings *readings, json_t *instances);
/* The MIG device of that GPU instance; NULL: none. */
NvDevice fct_card_mig_device(FctNvml *nvml, FctCard *card, int gi_id);
