/* SPDX-License-Identifier: Apache-2.0 */
#include "mig_parted.h"

typedef struct {
    const FctMigGrid *grid;
    FctMigState card;
    guint16 first_idle; /* instances of the first state that still stand, by start */
    MigPartedResult result;
} Run;

/* Lists by profile, then by place, as the tool does; a busy instance fails at its first compute instance. */
static gboolean clear_all(Run *run)
{
    for (int p = 0; p < run->grid->n_profiles; p++)
        for (int u = 0; u < run->grid->n_units; u++) {
            if (run->card.layout.at[u] != p + 1)
                continue;
            run->result.calls++;
            if (run->card.busy[u])
                return FALSE;
            run->result.calls++;
            run->card.layout.at[u] = 0;
            run->result.idle_destroyed += run->first_idle >> u & 1;
            run->first_idle &= (guint16) ~(1u << u);
        }
    return TRUE;
}

static int creatable_places(const FctMigGrid *grid, const FctMigLayout *layout)
{
    guint32 covered = fct_mig_covered(grid, layout);
    FctMigCounts counts = fct_mig_count(grid, layout);
    int places = 0, which;
    for (int p = 0; p < grid->n_profiles; p++) {
        counts.n[p]++;
        if (fct_mig_check_limits(grid, &counts, &which) == FCT_MIG_WITHIN)
            for (int u = 0; u < grid->n_units; u++)
                places += (grid->profiles[p].starts >> u & 1) && !(covered & fct_mig_range(grid, p, u));
        counts.n[p]--;
    }
    return places;
}

/* The driver's choice without a placement (mig-semantics §3): most (profile, start) remain creatable, then lowest. */
static gboolean create_anywhere(Run *run, int p)
{
    const FctMigGrid *grid = run->grid;
    FctMigLayout *layout = &run->card.layout;
    FctMigCounts counts = fct_mig_count(grid, layout);
    guint32 covered = fct_mig_covered(grid, layout);
    int best = -1, best_places = -1, which;
    counts.n[p]++;
    run->result.calls++;
    if (fct_mig_check_limits(grid, &counts, &which) != FCT_MIG_WITHIN)
        return FALSE;
    for (int u = 0; u < grid->n_units; u++) {
        if (!(grid->profiles[p].starts >> u & 1) || (covered & fct_mig_range(grid, p, u)))
            continue;
        layout->at[u] = (guint8)(p + 1);
        int places = creatable_places(grid, layout);
        layout->at[u] = 0;
        if (places > best_places) {
            best_places = places;
            best = u;
        }
    }
    if (best < 0)
        return FALSE;
    layout->at[best] = (guint8)(p + 1);
    run->card.busy[best] = 0;
    run->result.calls++; /* its compute instance */
    return TRUE;
}

static gboolean try_order(Run *run, const guint8 *order, int n)
{
    if (!clear_all(run))
        return FALSE;
    for (int i = 0; i < n; i++)
        if (!create_anywhere(run, order[i]))
            return FALSE;
    return TRUE;
}

static gboolean next_order(guint8 *order, int n)
{
    int i = n - 2, j = n - 1;
    while (i >= 0 && order[i] >= order[i + 1])
        i--;
    if (i < 0)
        return FALSE;
    while (order[j] <= order[i])
        j--;
    guint8 swap = order[i];
    order[i] = order[j];
    order[j] = swap;
    for (i++, j = n - 1; i < j; i++, j--) {
        swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    return TRUE;
}

MigPartedResult mig_parted_apply(const FctMigGrid *grid, const FctMigState *state, const FctMigCounts *wanted)
{
    Run run = {.grid = grid, .card = *state};
    FctMigCounts now = fct_mig_count(grid, &state->layout);
    guint8 order[FCT_MIG_UNITS_MAX];
    int n = 0;
    for (int u = 0; u < grid->n_units; u++)
        if (state->layout.at[u])
            run.first_idle |= (guint16)(1u << u);
    for (int p = 0; p < grid->n_profiles; p++)
        for (int i = 0; i < wanted->n[p] && n < FCT_MIG_UNITS_MAX; i++)
            order[n++] = (guint8)p;
    run.result.success = fct_mig_counts_equal(&now, wanted);
    if (!run.result.success) {
        do
            run.result.success = try_order(&run, order, n);
        while (!run.result.success && next_order(order, n));
        if (!run.result.success)
            clear_all(&run);
    }
    run.result.final = run.card.layout;
    return run.result;
}
