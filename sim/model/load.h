/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings that move by themselves: smooth pure functions of time and of the card's seed, so that every client sees
 * the same figure at the same instant and graphs live. A card idles until a process holds it, or until
 * `facet-sim load` says otherwise. Times are µs since the epoch.
 */
#pragma once

#include "model/state.h"

typedef struct FsimReading {
    unsigned gpu_percent, memory_percent; /* utilisation */
    unsigned encoder_percent, decoder_percent;
    unsigned power_mw;
    unsigned temperature, memory_temperature;
    unsigned clock_sm, clock_memory, clock_video; /* MHz */
    unsigned pcie_tx_kbs, pcie_rx_kbs;
    unsigned pstate;      /* 0 or 8 */
    unsigned idle;        /* nothing runs */
    unsigned fan_percent; /* 0 when cooled by the chassis */
} FsimReading;

/* `busy`: something runs on the card. */
void fsim_load_read(const FsimGpuFixed *fixed, const FsimGpu *gpu, bool busy, int64_t now, FsimReading *out);
/* Utilisation 0 to 1 of one GPU instance. */
double fsim_load_instance(const FsimGpuFixed *fixed, const FsimGi *gi, bool busy, int64_t now);
/* Energy in mJ since the last boot. */
uint64_t fsim_load_energy(const FsimGpuFixed *fixed, const FsimGpu *gpu, bool busy, int64_t now);
/* Whether anything runs on the card, or on one instance of it. */
bool fsim_gpu_busy(const FsimGpu *gpu);
bool fsim_gi_busy(const FsimGpu *gpu, uint32_t gi_id);
