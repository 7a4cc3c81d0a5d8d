/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card of the inventory as the planner sees it (grid, state, holders), and described in words for people. Pure.
 *
 * @reservations: array of FctReservation of this node; NULL: none. An instance is busy when a process runs on it, or a
 * VM has reserved it, uses it or has not released it yet.
 */
#pragma once
#include "core/mig_fit.h"
#include "core/place_mig.h"
#include "model/part.h"

/*
 * The grid of the card. Profiles without known places are left out, since nothing can be planned with them. Fails when
 * no grid results.
 */
gboolean fct_card_grid(const FctGpu *gpu, FctMigGrid *ret_grid, GError **error);
void fct_card_state(const FctGpu *gpu, const GPtrArray *reservations, const FctMigGrid *grid, FctMigState *ret_state);

/* Who holds the instance: "VM db-2", "process 4711 (python3)". Array of char *, free with g_ptr_array_unref. */
GPtrArray *fct_card_holders(const FctGpu *gpu, const FctGpuInstance *instance, const GPtrArray *reservations);
/* The reservation of that instance, or NULL. */
const FctReservation *fct_card_reservation(const FctGpu *gpu, const FctGpuInstance *instance,
                                           const GPtrArray *reservations);

/*
 * What an instance holds when that is not its whole compute: "1c.7g.80gb, 1 of 7 compute", "1c.3g.40gb + 2c.3g.40gb",
 * "no compute instance"; "" for a whole one. @profile NULL: the card does not name it. @cis: int, ids of compute
 * instance profiles.
 */
char *fct_card_not_whole(const FctMigProfile *profile, const GArray *cis);
/* The same for an instance of the inventory. */
char *fct_card_instance_not_whole(const FctGpu *gpu, const FctGpuInstance *instance);

/* Words. g_free each. */
char *fct_card_label(const FctGpu *gpu); /* "GPU 0" */
/* "1 × 3g.40gb, 2 × 1g.10gb", larger first; "nothing" when empty. */
char *fct_card_counts_text(const FctGpu *gpu, const FctMigGrid *grid, const FctMigCounts *counts);

/* Array of {"profile_id","profile","start","size","ok","why","leaves"}; empty when MIG is off or nothing is known. */
json_t *fct_card_fits_json(const FctGpu *gpu);
/* Array of {"start","size","why"}: runs of free units that nothing can use. */
json_t *fct_card_stranded_json(const FctGpu *gpu);
