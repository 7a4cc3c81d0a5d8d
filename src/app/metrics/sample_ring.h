/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The samples of the last half hour, bounded in time and in the number of VMs' readings that they hold: the readings of
 * VMs in older samples are forgotten first, those of host and gpus are few and stay. Kept small: a reading of a VM
 * takes 24 bytes, one of a card is its text. No locking; zeroed it is empty.
 */
#pragma once
#include "base/json.h"

/* Half an hour of 500 VMs, a quarter of 1,000, at one sample in two seconds: at most 11 MB. */
#define FCT_SAMPLE_RING_VMS 450000
#define FCT_SAMPLE_RING_MS (30 * 60 * 1000LL)

typedef struct {
    GQueue samples;  /* oldest first */
    GList *with_vms; /* the oldest link that still has its readings of VMs; NULL: the ring is empty */
    gsize of_vms;    /* how many readings of VMs all samples have */
} FctSampleRing;

/* What of the samples is asked for; the host's readings are in each. */
typedef struct {
    gint64 oldest_ms;
    gint64 step_ms; /* of each such span of time the newest sample; 0: all of them */
    gboolean gpus;  /* all, whatever is in @subjects */
    GStrv subjects; /* "gpu/ID", "vm/ID"; NULL: none */
} FctSampleWish;

/* Keeps what is in @sample: {"time_ms", "host": {…}, "gpus": {id: {…}}, "vms": {id: {…}}}, not older than those before.
 */
void fct_sample_ring_keep(FctSampleRing *ring, const json_t *sample);
/* Oldest first, each as it was kept but for what is not asked for. New reference. */
json_t *fct_sample_ring_list(const FctSampleRing *ring, const FctSampleWish *wish);
void fct_sample_ring_clear(FctSampleRing *ring);
