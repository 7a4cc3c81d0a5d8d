/* SPDX-License-Identifier: Apache-2.0 */
/* Shared between the files of the NVML stand-in. */
#pragma once

#include "nvml/call.h"

/* The card's readings now. */
FsimReading read_device(const Dev *d);

typedef struct MemoryUse {
    unsigned long long total, reserved, used; /* bytes; `used` without `reserved` */
} MemoryUse;
/* Of a card, or of a MIG device. */
MemoryUse memory_use(const Dev *d);

/* Whether a live process is on the GPU instance; on compute instance `ci` only, unless that is FSIM_NO_INSTANCE. */
bool instance_in_use(const FsimGpu *gpu, uint32_t gi, uint32_t ci);
