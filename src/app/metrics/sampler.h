/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings of host, gpus and VMs every two seconds: kept for half an hour in memory and sent to whoever looks on; those
 * of VMs for a shorter time when there are more than 500, so that memory and answers stay bounded. Two threads: libvirt
 * may be slow, the gpus' readings must not wait for it.
 */
#pragma once
#include "app/metrics/sample_ring.h"
#include "app/shared/context.h"

FctSampler *fct_sampler_new(FctApp *app);
void fct_sampler_start(FctSampler *sampler);
void fct_sampler_stop(FctSampler *sampler); /* waits for the threads */
void fct_sampler_free(FctSampler *sampler);
/* What is asked for of the samples, oldest first. New reference. Any thread, never waits for hardware or libvirt. */
json_t *fct_sampler_list(FctSampler *sampler, const FctSampleWish *wish);
