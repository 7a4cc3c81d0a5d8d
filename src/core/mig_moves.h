/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a change of GPU instances: each creation comes after the destructions that free its units, its count and
 * its engines, so that the card could hold every intermediate layout. Idle instances go first and busy ones as late as
 * possible, so that a fault on the way interrupts the least. Pure, without allocation.
 */
#pragma once
#include "core/place_mig.h"

typedef struct {
    gboolean create;
    guint8 start;
    guint8 what; /* byte of the layout: 1 + profile index, or FCT_MIG_FOREIGN (only destroyed) */
} FctMigMove;

#define FCT_MIG_MOVES_MAX (2 * FCT_MIG_UNITS_MAX)

/* From @state to @choice (feasible). Returns how many of @moves were filled. */
guint fct_mig_order(const FctMigGrid *grid, const FctMigState *state, const FctMigChoice *choice,
                    FctMigMove moves[FCT_MIG_MOVES_MAX]);
/* The layout after @n moves. */
FctMigLayout fct_mig_after(const FctMigLayout *layout, const FctMigMove *moves, guint n);
