/* SPDX-License-Identifier: Apache-2.0 */
#include "core/unused.h"

#include "core/card.h"

typedef struct {
    FctMigCounts counts;
    int compute;  /* that it uses */
    guint larger; /* wished instances that have a larger size in this layout */
    guint more;   /* instances that were not wished */
    int units;
} Layout;

static int layout_compute(const FctMigGrid *grid, const FctMigCounts *counts)
{
    int sum = 0;
    for (int p = 0; p < grid->n_profiles; p++)
        sum += counts->n[p] * grid->profiles[p].need[FCT_MIG_COMPUTE];
    return sum;
}

static const char *attributes_of(const FctGpu *gpu, const FctMigGrid *grid, int p)
{
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, (int)grid->profiles[p].id);
    return profile ? profile->attributes : "";
}

/* Whether an instance of @b can replace one of @a: the same kind, and in no way smaller. */
static gboolean layout_covers(const FctGpu *gpu, const FctMigGrid *grid, int b, int a)
{
    const FctGridProfile *large = &grid->profiles[b], *small = &grid->profiles[a];
    return large->size >= small->size && large->need[FCT_MIG_COMPUTE] >= small->need[FCT_MIG_COMPUTE] &&
           g_str_equal(attributes_of(gpu, grid, b), attributes_of(gpu, grid, a));
}

/* Gives each of @left (which have no equal) one of @over that can replace it; these are taken from @over. */
static gboolean layout_match(const FctGpu *gpu, const FctMigGrid *grid, FctMigCounts *left, FctMigCounts *over)
{
    int a = 0;
    while (a < grid->n_profiles && !left->n[a])
        a++;
    if (a == grid->n_profiles)
        return TRUE;
    left->n[a]--;
    for (int b = 0; b < grid->n_profiles; b++) {
        if (!over->n[b] || !layout_covers(gpu, grid, b, a))
            continue;
        over->n[b]--;
        if (layout_match(gpu, grid, left, over))
            return TRUE;
        over->n[b]++;
    }
    left->n[a]++;
    return FALSE;
}

/* FALSE when @to lacks something that @from has, or adds what only some people want (media engines, graphics). */
static gboolean layout_grows(const FctGpu *gpu, const FctMigGrid *grid, const FctMigCounts *from, Layout *to)
{
    FctMigCounts left = {0}, over = {0};
    for (int p = 0; p < grid->n_profiles; p++) {
        guint8 both = MIN(from->n[p], to->counts.n[p]);
        left.n[p] = (guint8)(from->n[p] - both);
        over.n[p] = (guint8)(to->counts.n[p] - both);
        to->larger += left.n[p];
        to->units += to->counts.n[p] * grid->profiles[p].size;
    }
    if (!layout_match(gpu, grid, &left, &over))
        return FALSE;
    for (int p = 0; p < grid->n_profiles; p++) {
        if (over.n[p] && *attributes_of(gpu, grid, p))
            return FALSE;
        to->more += over.n[p];
    }
    return TRUE;
}

static gboolean layout_is_better(const Layout *a, const Layout *b)
{
    if (a->compute != b->compute)
        return a->compute > b->compute;
    if (a->larger != b->larger)
        return a->larger < b->larger;
    return a->more != b->more ? a->more < b->more : a->units > b->units;
}

/* Whether the card can take it without interrupting more than the wish itself does. */
static gboolean layout_is_possible(const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                                   const FctMigCounts *counts, guint interrupted)
{
    FctMigWant larger = {.counts = *counts, .cis = want->cis};
    FctMigChoice choice;
    return fct_mig_plan(planner, state, &larger, &choice) && (guint)__builtin_popcount(choice.busy_lost) <= interrupted;
}

void fct_unused_compute(const FctGpu *gpu, const FctMigPlanner *planner, const FctMigState *state,
                        const FctMigWant *want, GPtrArray *alternatives)
{
    const FctMigGrid *grid = fct_mig_planner_grid(planner);
    Layout best = {.compute = layout_compute(grid, &want->counts)};
    int total = grid->total[FCT_MIG_COMPUTE], unused = total - best.compute;
    gboolean found = FALSE;
    FctMigChoice choice;
    if (total == FCT_MIG_UNKNOWN || best.compute == 0 || unused <= 0 || !fct_mig_plan(planner, state, want, &choice))
        return;
    guint interrupted = (guint)__builtin_popcount(choice.busy_lost);
    for (guint i = 0; i < fct_mig_planner_n_multisets(planner); i++) {
        Layout layout = {.counts = *fct_mig_planner_multiset(planner, i)};
        layout.compute = layout_compute(grid, &layout.counts);
        if (layout.compute < best.compute || (layout.compute == best.compute && !found) ||
            !layout_grows(gpu, grid, &want->counts, &layout))
            continue;
        if ((found && !layout_is_better(&layout, &best)) ||
            !layout_is_possible(planner, state, want, &layout.counts, interrupted))
            continue;
        best = layout;
        found = TRUE;
    }
    if (!found)
        return;
    g_autofree char *text = fct_card_counts_text(gpu, grid, &best.counts);
    g_ptr_array_add(alternatives, g_strdup_printf("%d of %d compute slices stay unused. This would use %s: %s", unused,
                                                  total, best.compute == total ? "them" : "more of them", text));
}
