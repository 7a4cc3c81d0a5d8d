/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MIG of one card, read through NVML: mode, profiles with their legal places, instances, MIG devices. Ids and places
 * are read, never computed from each other (two wirings exist in the field).
 */
#pragma once
#include "host/nvml.h"
#include "model/inventory.h"

/* Most instances one card can have, with room to spare (7 now; 12-unit cards: 4). */
#define FCT_MIG_MAX 64

/*
 * Profiles do not change while the driver runs: read once for each card and kept by the caller. GPtrArray of
 * FctMigProfile.
 */
GPtrArray *fct_mig_read_profiles(FctNvml *nvml, NvDevice device, guint64 card_memory_mib);

/*
 * Copies @profiles into @mig and reads what changes: remaining capacity, instances, compute instances, MIG devices.
 * NV_NO_PERMISSION when the driver does not show everything: what seems to be missing may exist then.
 */
NvReturn fct_mig_read(FctNvml *nvml, NvDevice device, GPtrArray *profiles, FctMig *mig);

/* Handle of the instance of that profile at that place; NV_NOT_FOUND. */
NvReturn fct_mig_find_gi(FctNvml *nvml, NvDevice device, int profile_id, int start, NvGpuInstance *ret);
/* Handle of the compute instance with that id. */
NvReturn fct_mig_find_ci(FctNvml *nvml, NvGpuInstance instance, int ci_id, NvComputeInstance *ret);

/* "MIG 1g.10gb+me" → "1g.10gb+me". Public for its test: the name of a profile when the driver gives none. */
char *fct_mig_compose_name(int enum_value, int slices, guint64 memory_mib, guint64 card_memory_mib);
