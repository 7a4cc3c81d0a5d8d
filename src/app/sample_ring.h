/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The samples of the last half hour, bounded in time and in the number of VMs' readings that they hold: the readings of
 * VMs in older samples are forgotten first, those of host and gpus are few and stay. No locking; zeroed it is empty.
 */
#pragma once
#include "base/json.h"

/* Half an hour of 100 VMs, three minutes of 1,000, at one sample in two seconds. */
#define FCT_SAMPLE_RING_VMS 90000
#define FCT_SAMPLE_RING_MS (30 * 60 * 1000LL)

typedef struct {
    GQueue samples;  /* json_t*, oldest first; never changed once in here, since they may be on their way to somebody */
    GList *with_vms; /* the oldest link that still has its readings of VMs; NULL: the ring is empty */
    gsize of_vms;    /* how many readings of VMs all samples have */
} FctSampleRing;

/* @sample: {"time_ms", "vms": {id: {…}}, …}, not older than those before it; taken over. */
void fct_sample_ring_keep(FctSampleRing *ring, json_t *sample);
/* Those since @oldest_ms, oldest first. New reference. */
json_t *fct_sample_ring_list(const FctSampleRing *ring, gint64 oldest_ms);
void fct_sample_ring_clear(FctSampleRing *ring);
