/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings of host, gpus and VMs every two seconds, kept in memory for half an hour and sent to open pages. With more
 * than 500 VMs their readings are kept for less time, so that memory and answers stay bounded. Two threads, since
 * libvirt may be slow and the readings of gpus must not wait for it.
 */
#pragma once
#include "app/metrics/sample_ring.h"
#include "app/shared/context.h"

FctSampler *fct_sampler_new(FctApp *app);
void fct_sampler_start(FctSampler *sampler);
void fct_sampler_stop(FctSampler *sampler); /* waits for the threads */
void fct_sampler_free(FctSampler *sampler);
/* The samples that @wish asks for, oldest first. New reference. Any thread; never waits for hardware or libvirt. */
json_t *fct_sampler_list(FctSampler *sampler, const FctSampleWish *wish);
