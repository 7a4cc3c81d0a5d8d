/* SPDX-License-Identifier: Apache-2.0 */
#include "core/nearest.h"

#include <string.h>

typedef struct {
    const FctMigPlanner *planner;
    const FctMigGrid *grid;
    const FctMigState *state;
    FctMigWant want;
    gboolean keep_busy;
    GArray *found; /* FctMigNearest */
    guint offset;  /* edits that were made before this search */
    guint tries;   /* plans that may still be made */
} Hunt;

/* Without a table every plan is a search of its own, so fewer wishes are tried. */
#define DEPTH_TABLE 2
#define DEPTH_SEARCH 1
#define TRIES_SEARCH 100

static gboolean profile_is_smaller(const FctGridProfile *a, const FctGridProfile *b)
{
    gboolean no_more = a->size <= b->size && a->need[FCT_MIG_COMPUTE] <= b->need[FCT_MIG_COMPUTE];
    gboolean less = a->size < b->size || a->need[FCT_MIG_COMPUTE] < b->need[FCT_MIG_COMPUTE];
    int engines_a = 0, engines_b = 0;
    for (int r = FCT_MIG_COMPUTE + 1; r < FCT_MIG_N_RESOURCES; r++) {
        engines_a += a->need[r];
        engines_b += b->need[r];
    }
    return no_more && (less || engines_a < engines_b);
}

static void counts_totals(const FctMigGrid *grid, const FctMigCounts *counts, int *ret_compute, int *ret_units)
{
    *ret_compute = *ret_units = 0;
    for (int p = 0; p < grid->n_profiles; p++) {
        *ret_compute += counts->n[p] * MAX(grid->profiles[p].need[FCT_MIG_COMPUTE], 0);
        *ret_units += counts->n[p] * grid->profiles[p].size;
    }
}

static void hunt_consider(Hunt *hunt, const FctMigCounts *counts, guint edits)
{
    FctMigWant want = hunt->want;
    FctMigChoice choice;
    want.counts = *counts;
    for (guint i = 0; i < hunt->found->len; i++)
        if (fct_mig_counts_equal(&g_array_index(hunt->found, FctMigNearest, i).counts, counts))
            return;
    if (hunt->tries == 0)
        return;
    hunt->tries--;
    if (!fct_mig_plan(hunt->planner, hunt->state, &want, &choice) || (hunt->keep_busy && choice.busy_lost))
        return;
    int compute, units, compute_then, units_then;
    counts_totals(hunt->grid, &hunt->want.counts, &compute, &units);
    counts_totals(hunt->grid, counts, &compute_then, &units_then);
    FctMigNearest near = {*counts, edits + hunt->offset, compute - compute_then, units - units_then};
    g_array_append_val(hunt->found, near);
}

/* All wishes that are exactly @depth edits away from @counts. Edits begin at profile @from, so that pairs come once. */
static void hunt_edit(Hunt *hunt, FctMigCounts counts, int from, guint depth, guint edits)
{
    if (depth == 0) {
        hunt_consider(hunt, &counts, edits);
        return;
    }
    for (int p = from; p < hunt->grid->n_profiles; p++) {
        if (counts.n[p] == 0)
            continue;
        counts.n[p]--;
        hunt_edit(hunt, counts, p, depth - 1, edits + 1);
        for (int q = 0; q < hunt->grid->n_profiles; q++)
            if (q != p && profile_is_smaller(&hunt->grid->profiles[q], &hunt->grid->profiles[p])) {
                counts.n[q]++;
                hunt_edit(hunt, counts, p, depth - 1, edits + 1);
                counts.n[q]--;
            }
        counts.n[p]++;
    }
}

static int nearest_order(gconstpointer left, gconstpointer right)
{
    const FctMigNearest *a = left, *b = right;
    if (a->edits != b->edits)
        return a->edits < b->edits ? -1 : 1;
    if (a->compute_lost != b->compute_lost)
        return a->compute_lost - b->compute_lost;
    if (a->units_lost != b->units_lost)
        return a->units_lost - b->units_lost;
    return -memcmp(&a->counts, &b->counts, sizeof a->counts);
}

static int largest_wanted(const FctMigGrid *grid, const FctMigCounts *counts)
{
    int largest = -1;
    for (int p = 0; p < grid->n_profiles; p++)
        if (counts->n[p] && (largest < 0 || grid->profiles[p].size > grid->profiles[largest].size))
            largest = p;
    return largest;
}

guint fct_mig_nearest(const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                      gboolean keep_busy, FctMigNearest *ret, guint max)
{
    gboolean table = fct_mig_planner_n_layouts(planner) > 0;
    Hunt hunt = {planner, fct_mig_planner_grid(planner), state, *want, keep_busy, NULL, 0, G_MAXUINT};
    FctMigCounts base = want->counts;
    guint depth_max = table ? DEPTH_TABLE : DEPTH_SEARCH;
    hunt.found = g_array_new(FALSE, FALSE, sizeof(FctMigNearest));
    for (;;) {
        hunt.tries = table ? G_MAXUINT : TRIES_SEARCH;
        for (guint depth = 1; depth <= depth_max && hunt.found->len < max; depth++)
            hunt_edit(&hunt, base, 0, depth, 0);
        int largest = largest_wanted(hunt.grid, &base);
        if (hunt.found->len || largest < 0)
            break;
        /* Nothing close fits: gives up the largest instance and searches again around the rest. */
        base.n[largest]--;
        hunt.offset++;
    }
    g_array_sort(hunt.found, nearest_order);
    guint n = MIN(max, hunt.found->len);
    if (n)
        memcpy(ret, hunt.found->data, n * sizeof *ret);
    g_array_free(hunt.found, TRUE);
    return n;
}
