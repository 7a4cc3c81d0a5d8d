/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mig_fit.h"

static FctMigFit judge_place(const FctMigGrid *grid, const FctMigLayout *layout, guint32 covered, int p, int u)
{
    FctMigFit fit = {.profile = (guint8)p, .start = (guint8)u, .why = FCT_MIG_FITS, .by = -1};
    FctMigCounts counts = fct_mig_count(grid, layout);
    guint32 clash = covered & fct_mig_range(grid, p, u);
    int which;
    if (clash) {
        fit.why = FCT_MIG_OCCUPIED;
        fit.by = fct_mig_holder(grid, layout, __builtin_ctz(clash));
        return fit;
    }
    counts.n[p]++;
    switch (fct_mig_check_limits(grid, &counts, &which)) {
    case FCT_MIG_WITHIN:
    case FCT_MIG_OVER_UNITS: /* impossible: its units are free */
        break;
    case FCT_MIG_OVER_COUNT:
        fit.why = FCT_MIG_COUNT_USED;
        break;
    case FCT_MIG_OVER_RESOURCE:
        fit.why = FCT_MIG_RESOURCE_USED;
        fit.resource = (FctMigResource)which;
        break;
    }
    return fit;
}

guint fct_mig_fits(const FctMigGrid *grid, const FctMigLayout *layout, FctMigFit fits[FCT_MIG_FITS_MAX])
{
    guint32 covered = fct_mig_covered(grid, layout);
    guint n = 0;
    for (int p = 0; p < grid->n_profiles; p++)
        for (int u = 0; u < grid->n_units; u++)
            if (grid->profiles[p].starts >> u & 1)
                fits[n++] = judge_place(grid, layout, covered, p, u);
    return n;
}

/*
 * All pieces have one length, so taking each as early as possible leaves the most for the rest: greedy is exact here.
 */
guint fct_mig_capacity(const FctMigGrid *grid, const FctMigLayout *layout, int profile)
{
    guint32 covered = fct_mig_covered(grid, layout);
    FctMigCounts counts = fct_mig_count(grid, layout);
    guint n = 0;
    int which;
    for (int u = 0; u < grid->n_units; u++) {
        if (!(grid->profiles[profile].starts >> u & 1) || (covered & fct_mig_range(grid, profile, u)))
            continue;
        counts.n[profile]++;
        if (fct_mig_check_limits(grid, &counts, &which) != FCT_MIG_WITHIN)
            break;
        covered |= fct_mig_range(grid, profile, u);
        n++;
    }
    return n;
}

/*
 * Picks the reason to show: a limit of the card says more than a neighbour; of equal kinds, the smaller profile's says
 * more.
 */
static gboolean better_reason(const FctMigGrid *grid, const FctMigFit *fit, const FctMigFit *than)
{
    gboolean limit = fit->why != FCT_MIG_OCCUPIED, than_limit = than->why != FCT_MIG_OCCUPIED;
    if (than->why == FCT_MIG_NO_PROFILE)
        return TRUE;
    if (limit != than_limit)
        return limit;
    return grid->profiles[fit->profile].size < grid->profiles[than->profile].size;
}

void fct_mig_stranded(const FctMigGrid *grid, const FctMigLayout *layout, FctMigStranded *ret_stranded)
{
    FctMigFit fits[FCT_MIG_FITS_MAX];
    guint n = fct_mig_fits(grid, layout, fits);
    guint32 usable = 0, covered = fct_mig_covered(grid, layout);
    *ret_stranded = (FctMigStranded){0};
    for (int u = 0; u < grid->n_units; u++)
        ret_stranded->reason[u] = (FctMigFit){.why = FCT_MIG_NO_PROFILE, .by = -1};
    for (guint i = 0; i < n; i++) {
        guint32 range = fct_mig_range(grid, fits[i].profile, fits[i].start);
        if (fits[i].why == FCT_MIG_FITS)
            usable |= range;
        for (int u = 0; u < grid->n_units; u++)
            if ((range >> u & 1) && better_reason(grid, &fits[i], &ret_stranded->reason[u]))
                ret_stranded->reason[u] = fits[i];
    }
    ret_stranded->units = (guint16)(((1u << grid->n_units) - 1) & ~covered & ~usable);
}
