/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A carve request, checked against one card: how many of which profile, where (optional), with which compute instances
 * (optional). From the API:
 *   {"profiles": {"3g.40gb": 1, "1g.10gb": 2}, "placements": [{"profile","start"}…], "compute": {"3g.40gb":
 * ["1c.3g.40gb"…]}} A profile may be named shortly where that is clear: "3g" for "3g.40gb".
 */
#pragma once
#include "core/card.h"

typedef struct {
    FctMigGrid grid;
    FctMigWant want;
    gboolean split[FCT_MIG_PROFILES_MAX]; /* compute instances were asked for explicitly */
    GArray *cis[FCT_MIG_PROFILES_MAX];    /* int: compute instance profile ids that one instance of the profile gets */
} FctWish;

/* FCT_ERROR_BAD_REQUEST names the field and lists the profiles there are. Clear with fct_wish_clear in any case. */
gboolean fct_wish_parse(FctWish *wish, const FctGpu *gpu, const json_t *request, GError **error);
void fct_wish_clear(FctWish *wish);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctWish, fct_wish_clear)

/* The state of the card for this wish: with the calls that mending a kept instance takes. */
void fct_wish_state(const FctWish *wish, const FctGpu *gpu, const GPtrArray *reservations, FctMigState *ret_state);
