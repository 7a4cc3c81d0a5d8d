/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The method of NVIDIA's mig-parted (reference performance.md §2), on a card in memory: equal multiset → nothing to do;
 * else, for each distinct order of the wanted profiles: destroy everything, create in that order without a placement;
 * on any failure try the next order. Destroying stops at the first busy instance; what was destroyed before it is lost.
 */
#pragma once
#include "core/place_mig.h"

typedef struct {
    gboolean success;
    int idle_destroyed; /* of the instances that were there at first */
    int calls;          /* successful or failed calls that change the card */
    FctMigLayout final;
} MigPartedResult;

MigPartedResult mig_parted_apply(const FctMigGrid *grid, const FctMigState *state, const FctMigCounts *wanted);
