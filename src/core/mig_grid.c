/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mig_grid.h"

#include "base/error.h"

#include <string.h>

static gboolean check_profile(const FctMigGrid *grid, int index, GError **error)
{
    const FctGridProfile *profile = &grid->profiles[index];
    gboolean sane = profile->size > 0 && profile->size <= grid->n_units && profile->starts != 0;
    for (int u = 0; sane && u < FCT_MIG_UNITS_MAX; u++)
        if ((profile->starts >> u & 1) && u + profile->size > grid->n_units)
            sane = FALSE;
    for (int i = 0; sane && i < index; i++)
        sane = grid->profiles[i].id != profile->id;
    if (!sane)
        fct_set_error(error, FCT_ERROR_BAD_REQUEST, "The card describes profile %u in a way that cannot be.",
                      profile->id);
    return sane;
}

gboolean fct_mig_grid_finish(FctMigGrid *grid, GError **error)
{
    if (grid->n_units == 0 || grid->n_units > FCT_MIG_UNITS_MAX || grid->n_profiles > FCT_MIG_PROFILES_MAX)
        return fct_set_error(error, FCT_ERROR_BAD_REQUEST,
                             "The card has %d memory units and %d profiles: at most %d and %d.", grid->n_units,
                             grid->n_profiles, FCT_MIG_UNITS_MAX, FCT_MIG_PROFILES_MAX);
    for (int p = 0; p < grid->n_profiles; p++)
        if (!check_profile(grid, p, error))
            return FALSE;
    for (int r = 0; r < FCT_MIG_N_RESOURCES; r++) {
        grid->total[r] = 0;
        for (int p = 0; p < grid->n_profiles && grid->total[r] != FCT_MIG_UNKNOWN; p++) {
            gint16 need = grid->profiles[p].need[r];
            grid->total[r] = need < 0 ? FCT_MIG_UNKNOWN : MAX(grid->total[r], need);
        }
    }
    return TRUE;
}

int fct_mig_grid_index(const FctMigGrid *grid, guint32 id)
{
    for (int p = 0; p < grid->n_profiles; p++)
        if (grid->profiles[p].id == id)
            return p;
    return -1;
}

const char *fct_mig_resource_name(FctMigResource resource)
{
    static const char *const names[FCT_MIG_N_RESOURCES] = {"compute slices", "decoders", "encoders", "JPEG engines",
                                                           "optical-flow engines"};
    return names[resource];
}

guint32 fct_mig_range(const FctMigGrid *grid, int profile, int start)
{
    return ((1u << grid->profiles[profile].size) - 1) << start;
}

guint32 fct_mig_covered(const FctMigGrid *grid, const FctMigLayout *layout)
{
    guint32 covered = 0;
    for (int u = 0; u < grid->n_units; u++)
        if (layout->at[u] == FCT_MIG_FOREIGN)
            covered |= 1u << u;
        else if (layout->at[u])
            covered |= fct_mig_range(grid, layout->at[u] - 1, u);
    return covered;
}

int fct_mig_holder(const FctMigGrid *grid, const FctMigLayout *layout, int unit)
{
    for (int u = 0; u <= unit; u++) {
        guint8 what = layout->at[u];
        if (what == FCT_MIG_FOREIGN ? u == unit : what && (fct_mig_range(grid, what - 1, u) >> unit & 1))
            return u;
    }
    return -1;
}

FctMigCounts fct_mig_count(const FctMigGrid *grid, const FctMigLayout *layout)
{
    FctMigCounts counts = {0};
    for (int u = 0; u < grid->n_units; u++)
        if (layout->at[u] && layout->at[u] != FCT_MIG_FOREIGN)
            counts.n[layout->at[u] - 1]++;
    return counts;
}

gboolean fct_mig_counts_equal(const FctMigCounts *a, const FctMigCounts *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

FctMigLimit fct_mig_check_limits(const FctMigGrid *grid, const FctMigCounts *counts, int *ret_which)
{
    int units = 0, need[FCT_MIG_N_RESOURCES] = {0};
    *ret_which = -1;
    for (int p = 0; p < grid->n_profiles; p++) {
        const FctGridProfile *profile = &grid->profiles[p];
        if (counts->n[p] > profile->max_count) {
            *ret_which = p;
            return FCT_MIG_OVER_COUNT;
        }
        units += counts->n[p] * profile->size;
        for (int r = 0; r < FCT_MIG_N_RESOURCES; r++)
            need[r] += counts->n[p] * profile->need[r];
    }
    if (units > grid->n_units)
        return FCT_MIG_OVER_UNITS;
    for (int r = 0; r < FCT_MIG_N_RESOURCES; r++)
        if (grid->total[r] != FCT_MIG_UNKNOWN && need[r] > grid->total[r]) {
            *ret_which = r;
            return FCT_MIG_OVER_RESOURCE;
        }
    return FCT_MIG_WITHIN;
}

gboolean fct_mig_layout_legal(const FctMigGrid *grid, const FctMigLayout *layout)
{
    guint32 covered = 0;
    int which;
    for (int u = 0; u < FCT_MIG_UNITS_MAX; u++) {
        guint8 what = layout->at[u];
        if (!what)
            continue;
        if (what > grid->n_profiles || !(grid->profiles[what - 1].starts >> u & 1))
            return FALSE;
        guint32 range = fct_mig_range(grid, what - 1, u);
        if (covered & range)
            return FALSE;
        covered |= range;
    }
    FctMigCounts counts = fct_mig_count(grid, layout);
    return fct_mig_check_limits(grid, &counts, &which) == FCT_MIG_WITHIN;
}

guint16 fct_mig_room(const FctMigGrid *grid, const FctMigLayout *layout)
{
    guint32 covered = fct_mig_covered(grid, layout);
    FctMigCounts counts = fct_mig_count(grid, layout);
    int largest = 0, places = 0, which;
    for (int p = 0; p < grid->n_profiles; p++) {
        counts.n[p]++;
        gboolean within = fct_mig_check_limits(grid, &counts, &which) == FCT_MIG_WITHIN;
        counts.n[p]--;
        for (int u = 0; within && u < grid->n_units; u++)
            if ((grid->profiles[p].starts >> u & 1) && !(covered & fct_mig_range(grid, p, u))) {
                largest = MAX(largest, grid->profiles[p].size);
                places++;
            }
    }
    return (guint16)(largest << 8 | MIN(places, 255));
}
