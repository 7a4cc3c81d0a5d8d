/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exact MIG planner: where the wanted instances go so that the least is disturbed.
 *
 * Among all legal final layouts with the wanted numbers of each profile it takes the one that keeps most busy
 * instances, then most instances at all, then needs the fewest calls to the driver, then leaves the best free room
 * (largest further instance, then most places), then begins lowest. The answer is the same every time.
 *
 * It is exact because it looks at every candidate: fct_mig_planner_new() lists all legal layouts of the card once,
 * grouped by multiset (723 layouts in 78 groups on an A100 with six profiles), and a plan scans one group. A card with
 * more than FCT_MIG_TABLE_MAX layouts is searched instead, with a bound on the work; see FctMigChoice.exact.
 *
 * Calls counted: an instance that goes costs one call for each compute instance and one for itself; one that comes
 * costs one for itself and one for each compute instance; one that stays costs what mending its compute instances
 * needs.
 *
 * A planner is immutable after it was made and may be shared between threads. fct_mig_plan() allocates nothing.
 */
#pragma once
#include "core/mig_grid.h"

#define FCT_MIG_TABLE_MAX (1u << 18)

typedef struct _FctMigPlanner FctMigPlanner;

/* What the card holds now. busy[u], cis[u] and mend[u] speak of the instance that begins at unit u. */
typedef struct {
    FctMigLayout layout;
    guint8 busy[FCT_MIG_UNITS_MAX]; /* not 0: a VM, container or process uses it */
    guint8 cis[FCT_MIG_UNITS_MAX];  /* compute instances in it */
    guint8 mend[FCT_MIG_UNITS_MAX]; /* calls to give it the wanted compute instances if it stays: mostly 0 */
} FctMigState;

typedef struct {
    FctMigCounts counts;
    FctMigCounts cis; /* compute instances in each new instance (0 where a vGPU takes the whole instance) */
    FctMigLayout pin; /* at[u] not 0: an instance of that profile must begin at u; it is counted in counts too */
} FctMigWant;

typedef struct {
    gboolean feasible; /* a legal final layout exists; the rest is meaningful only then */
    gboolean exact;    /* every candidate was looked at: nothing better exists (and infeasible is proven) */
    FctMigLayout final;
    guint16 kept;      /* bits by unit: instances of the state that stay in place untouched */
    guint16 lost;      /* instances of the state that are removed */
    guint16 busy_lost; /* the busy ones among lost: not 0 means that no layout keeps all busy ones */
    guint16 made;      /* instances of final that are new */
    guint16 n_calls;
} FctMigChoice;

/* Copies @grid, which fct_mig_grid_finish() must have accepted. Never NULL. Free with fct_mig_planner_free (NULL ok).
 */
FctMigPlanner *fct_mig_planner_new(const FctMigGrid *grid);
void fct_mig_planner_free(FctMigPlanner *planner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctMigPlanner, fct_mig_planner_free)

const FctMigGrid *fct_mig_planner_grid(const FctMigPlanner *planner);
/* Sizes of the table; both 0 when the card is searched instead. */
guint fct_mig_planner_n_layouts(const FctMigPlanner *planner);
guint fct_mig_planner_n_multisets(const FctMigPlanner *planner);
/* The multisets, and the layouts in the order of the table, for tools and tests. */
const FctMigCounts *fct_mig_planner_multiset(const FctMigPlanner *planner, guint index);
FctMigLayout fct_mig_planner_layout(const FctMigPlanner *planner, guint index);

/* Fills *ret_choice and returns its `feasible`. */
gboolean fct_mig_plan(const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                      FctMigChoice *ret_choice);
