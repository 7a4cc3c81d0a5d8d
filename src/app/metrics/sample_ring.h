/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The samples of the last half hour, bounded in time and in the number of VMs' readings: when there are too many, VMs'
 * readings are dropped from the oldest samples first; those of host and gpus are few and stay. A reading of a VM takes
 * 24 bytes, one of a card is its JSON text. No locking: the sampler guards it. A zeroed ring is empty.
 */
#pragma once
#include "base/json.h"

/* Half an hour of 500 VMs, or a quarter of 1,000, at one sample every two seconds: at most 11 MB. */
#define FCT_SAMPLE_RING_VMS 450000
#define FCT_SAMPLE_RING_MS (30 * 60 * 1000LL)

typedef struct {
    GQueue samples;  /* oldest first */
    GList *with_vms; /* the oldest sample that still has readings of VMs; NULL: the ring is empty */
    gsize of_vms;    /* number of VMs' readings in all samples */
} FctSampleRing;

/* Which part of the samples a request wants; the host's readings are always in it. */
typedef struct {
    gint64 oldest_ms;
    gint64 step_ms; /* keep the newest sample of each such span of time; 0: keep all */
    gboolean gpus;  /* everything, whatever is in @subjects */
    GStrv subjects; /* "gpu/ID", "vm/ID"; NULL: none */
} FctSampleWish;

/*
 * Adds a copy of @sample: {"time_ms", "host": {…}, "gpus": {id: {…}}, "vms": {id: {…}}}. It must not be older than the
 * last.
 */
void fct_sample_ring_keep(FctSampleRing *ring, const json_t *sample);
/* The samples, oldest first, reduced to what @wish asks for. New reference. */
json_t *fct_sample_ring_list(const FctSampleRing *ring, const FctSampleWish *wish);
void fct_sample_ring_clear(FctSampleRing *ring);
