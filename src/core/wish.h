/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A carve request (model/layout.h), checked against one card: how many of which profile, where (optional), with which
 * compute instances (optional). A profile may be named shortly where that is clear: "3g" for "3g.40gb", "1c" for
 * "1c.3g.40gb". Where nothing is said of its compute, an instance shall be whole. What a placement says of it goes
 * before what is said for its profile.
 */
#pragma once
#include "core/card.h"
#include "model/layout.h"

typedef struct {
    FctMigGrid grid;
    FctMigWant want;
    GArray *cis[FCT_MIG_PROFILES_MAX]; /* int: compute instance profiles of each instance of the profile */
    GArray *cis_at[FCT_MIG_UNITS_MAX]; /* the same for the pinned instance that begins there; NULL: as its profile */
} FctWish;

/* FCT_ERROR_BAD_REQUEST names the field and lists the profiles that exist. Clear with fct_wish_clear in any case. */
gboolean fct_wish_parse(FctWish *wish, const FctGpu *gpu, const FctCarveRequest *request, GError **error);
void fct_wish_clear(FctWish *wish);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctWish, fct_wish_clear)

/* Ids of the compute instance profiles of the instance of profile @p (an index) that begins at @start. Borrowed. */
const GArray *fct_wish_cis(const FctWish *wish, int p, int start);
/*
 * Whether an existing instance has other compute instances than are wished for it. FALSE for a profile that the grid
 * does not have.
 */
gboolean fct_wish_differs(const FctWish *wish, const FctGpuInstance *instance);

/*
 * The state of the card for this wish, with the number of calls that changing the compute instances of a kept instance
 * takes; busy ones are not changed.
 */
void fct_wish_state(const FctWish *wish, const FctGpu *gpu, const GPtrArray *reservations, FctMigState *ret_state);
