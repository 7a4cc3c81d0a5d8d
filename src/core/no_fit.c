/* SPDX-License-Identifier: Apache-2.0 */
#include "core/no_fit.h"

#include "core/card.h"

#define SHOWN 3

static const char *profile_name_of(const FctGpu *gpu, const FctMigGrid *grid, int p)
{
    return fct_mig_profile(&gpu->mig, (int)grid->profiles[p].id)->name;
}

static char *starts_text(const FctMigGrid *grid, int p)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int u = 0; u < grid->n_units; u++)
        if (grid->profiles[p].starts >> u & 1)
            g_string_append_printf(text, "%s%d", text->len ? ", " : "", u);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static int needed_units(const FctMigGrid *grid, const FctMigCounts *counts)
{
    int units = 0;
    for (int p = 0; p < grid->n_profiles; p++)
        units += counts->n[p] * grid->profiles[p].size;
    return units;
}

static int units_needed(const FctMigGrid *grid, const FctMigCounts *counts, int resource)
{
    int sum = 0;
    for (int p = 0; p < grid->n_profiles; p++)
        sum += counts->n[p] * grid->profiles[p].need[resource];
    return sum;
}

/* All numbers are within the card's limits, but no arrangement is: say where each wanted profile may begin. */
static void places_reason(const FctGpu *gpu, const FctMigPlanner *planner, const FctMigState *state,
                          const FctMigWant *want, json_t *reasons)
{
    const FctMigGrid *grid = fct_mig_planner_grid(planner);
    FctMigWant anywhere = *want;
    FctMigChoice choice;
    anywhere.pin = (FctMigLayout){0};
    if (fct_mig_plan(planner, state, &anywhere, &choice)) {
        json_array_append_new(reasons,
                              json_string("They do not fit at the slots that were asked for; elsewhere they do."));
        return;
    }
    json_array_append_new(reasons, json_string("There is room enough, but not at slots where they may begin."));
    for (int p = 0; p < grid->n_profiles; p++) {
        if (!want->counts.n[p])
            continue;
        g_autofree char *starts = starts_text(grid, p);
        g_autofree char *text =
            g_strdup_printf("%s takes %d slot%s and begins only at %s.", profile_name_of(gpu, grid, p),
                            grid->profiles[p].size, grid->profiles[p].size == 1 ? "" : "s", starts);
        json_array_append_new(reasons, json_string(text));
    }
}

static json_t *reasons_of(const FctGpu *gpu, const FctMigPlanner *planner, const FctMigState *state,
                          const FctMigWant *want)
{
    const FctMigGrid *grid = fct_mig_planner_grid(planner);
    json_t *reasons = json_array();
    g_autofree char *text = NULL;
    int which;
    switch (fct_mig_check_limits(grid, &want->counts, &which)) {
    case FCT_MIG_WITHIN:
        places_reason(gpu, planner, state, want, reasons);
        return reasons;
    case FCT_MIG_OVER_COUNT:
        text = g_strdup_printf("The card takes at most %d × %s; %d were asked for.", grid->profiles[which].max_count,
                               profile_name_of(gpu, grid, which), want->counts.n[which]);
        break;
    case FCT_MIG_OVER_UNITS:
        text = g_strdup_printf("Together they need %d memory slots; the card has %d.",
                               needed_units(grid, &want->counts), grid->n_units);
        break;
    case FCT_MIG_OVER_RESOURCE:
        text = g_strdup_printf("Together they need %d %s; the card has %d.", units_needed(grid, &want->counts, which),
                               fct_mig_resource_name((FctMigResource)which), grid->total[which]);
        break;
    }
    json_array_append_new(reasons, json_string(text));
    return reasons;
}

/* "Without one 1g.10gb", "2g.20gb instead of 3g.40gb", else the whole list; then the list. */
static char *near_text(const FctGpu *gpu, const FctMigGrid *grid, const FctMigCounts *from, const FctMigNearest *near)
{
    g_autofree char *all = fct_card_counts_text(gpu, grid, &near->counts);
    int less = -1, more = -1;
    for (int p = 0; p < grid->n_profiles; p++) {
        if (near->counts.n[p] < from->n[p])
            less = p;
        if (near->counts.n[p] > from->n[p])
            more = p;
    }
    if (near->edits == 1 && more >= 0)
        return g_strdup_printf("%s instead of one %s: %s", profile_name_of(gpu, grid, more),
                               profile_name_of(gpu, grid, less), all);
    if (near->edits == 1)
        return g_strdup_printf("Without one %s: %s", profile_name_of(gpu, grid, less), all);
    return g_steal_pointer(&all);
}

static json_t *profiles_json(const FctGpu *gpu, const FctMigGrid *grid, const FctMigCounts *counts)
{
    json_t *json = json_object();
    for (int p = 0; p < grid->n_profiles; p++)
        if (counts->n[p])
            json_object_set_new(json, profile_name_of(gpu, grid, p), json_integer(counts->n[p]));
    return json;
}

void fct_no_fit_error(const FctGpu *gpu, const FctMigPlanner *planner, const FctMigState *state, const FctMigWant *want,
                      GError **error)
{
    const FctMigGrid *grid = fct_mig_planner_grid(planner);
    FctMigNearest near[SHOWN];
    json_t *texts = json_array(), *profiles = json_array();
    g_autofree char *all = fct_card_counts_text(gpu, grid, &want->counts);
    g_autofree char *next = NULL;
    guint n = fct_mig_nearest(planner, state, want, TRUE, near, SHOWN);
    if (n == 0)
        n = fct_mig_nearest(planner, state, want, FALSE, near, SHOWN);
    for (guint i = 0; i < n; i++) {
        g_autofree char *text = near_text(gpu, grid, &want->counts, &near[i]);
        json_array_append_new(texts, json_string(text));
        json_array_append_new(profiles, profiles_json(gpu, grid, &near[i].counts));
        if (i == 0)
            next = g_strdup_printf("This fits: %s.", text);
    }
    fct_set_error_full(error, FCT_ERROR_NO_FIT, next,
                       json_pack("{s:o, s:o, s:o}", "reasons", reasons_of(gpu, planner, state, want), "alternatives",
                                 texts, "alternative_profiles", profiles),
                       "%s cannot be on GPU %d together.", all, gpu->index);
}

void fct_no_fit_beside_busy(const FctGpu *gpu, const FctMigPlanner *planner, const FctMigState *state,
                            const FctMigWant *want, GPtrArray *alternatives)
{
    const FctMigGrid *grid = fct_mig_planner_grid(planner);
    FctMigNearest near[SHOWN];
    g_ptr_array_add(alternatives, g_strdup("No placement of these keeps everything that is in use."));
    guint n = fct_mig_nearest(planner, state, want, TRUE, near, SHOWN);
    for (guint i = 0; i < n; i++) {
        g_autofree char *text = near_text(gpu, grid, &want->counts, &near[i]);
        g_ptr_array_add(alternatives, g_strdup_printf("This interrupts nothing: %s.", text));
    }
}
