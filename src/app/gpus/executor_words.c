/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/executor_run.h"
#include "app/gpus/observer.h"
#include "app/gpus/plans.h"
#include "core/layout_diff.h"

#include <string.h>

/* The layouts that a run can end with; NULL: unknown. */
typedef struct {
    GPtrArray *now, *before, *then; /* FctLayoutItem* */
    gboolean mig_now, mig_before, mig_then;
} Layouts;

static void layouts_clear(Layouts *layouts)
{
    g_clear_pointer(&layouts->now, g_ptr_array_unref);
    g_clear_pointer(&layouts->before, g_ptr_array_unref);
    g_clear_pointer(&layouts->then, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layouts, layouts_clear)

static GPtrArray *layout_in(const FctInventory *inventory, const char *id, gboolean *ret_mig)
{
    const FctGpu *gpu = inventory ? fct_inventory_gpu(inventory, id) : NULL;
    *ret_mig = gpu && gpu->mig.current;
    return gpu ? fct_layout_now(gpu, NULL) : NULL;
}

static void read_layouts(const FctRun *run, Layouts *layouts)
{
    const FctJournal *journal = run->journal;
    g_autoptr(FctInventory) seen = fct_observer_inventory(run->app->observer, NULL);
    /* A run that is found complete right after facetd starts has not observed the card yet. */
    if (!seen)
        seen = fct_observer_refresh(run->app->observer, NULL);
    g_autoptr(FctInventory) before = fct_plans_before(run->app, journal->plan, NULL);
    g_autoptr(FctPlan) plan = fct_plans_get(run->app, journal->plan, NULL, NULL);
    layouts->now = layout_in(seen, journal->gpu, &layouts->mig_now);
    layouts->before = layout_in(before, journal->gpu, &layouts->mig_before);
    layouts->then = plan ? g_ptr_array_ref(plan->then) : NULL;
    layouts->mig_then = plan && plan->mig_then;
}

static char *now_text(const Layouts *layouts)
{
    if (!layouts->now)
        return g_strdup("not known");
    return layouts->mig_now ? fct_layout_text(layouts->now) : g_strdup("MIG off");
}

char *fct_run_layout(const FctRun *run)
{
    g_auto(Layouts) layouts = {0};
    read_layouts(run, &layouts);
    return now_text(&layouts);
}

/* "1g.10gb at slot 2, 1g.10gb at slot 3"; NULL when other programs made nothing. */
static char *strangers_text(const Layouts *layouts)
{
    if (!layouts->now || !layouts->before || !layouts->then)
        return NULL;
    g_autoptr(GPtrArray) strangers = fct_layout_strangers(layouts->now, layouts->before, layouts->then);
    if (strangers->len == 0)
        return NULL;
    g_ptr_array_add(strangers, NULL);
    return g_strjoinv(", ", (char **)strangers->pdata);
}

char *fct_run_outcome(const FctRun *run, gboolean wanted)
{
    g_auto(Layouts) layouts = {0};
    read_layouts(run, &layouts);
    const char *label = run->journal->label;
    if (!layouts.now)
        return g_strdup_printf("%s; the layout of %s could not be seen.",
                               wanted ? "Every step was done" : "What was done is taken back", label);
    const GPtrArray *meant = wanted ? layouts.then : layouts.before;
    gboolean mig = wanted ? layouts.mig_then : layouts.mig_before;
    if (meant && layouts.mig_now == mig && fct_layout_same(layouts.now, meant))
        return g_strdup_printf("%s has %s layout.", label, wanted ? "the wanted" : "its previous");
    g_autofree char *now = now_text(&layouts), *strangers = strangers_text(&layouts);
    return g_strdup_printf("%s, but %s has not %s layout. It has now: %s.%s%s%s",
                           wanted ? "Every step was done" : "What was done is taken back", label,
                           wanted ? "the wanted" : "its previous", now, strangers ? " Another program made " : "",
                           strangers ? strangers : "", strangers ? "." : "");
}

GError *fct_run_name_strangers(const FctRun *run, GError *error)
{
    g_auto(Layouts) layouts = {0};
    read_layouts(run, &layouts);
    g_autofree char *strangers = strangers_text(&layouts);
    if (!strangers)
        return error;
    g_autoptr(json_t) json = fct_error_to_json(error);
    g_autofree char *message =
        g_strdup_printf("%s Another program came in the way: it made %s meanwhile.", error->message, strangers);
    json_object_set_new(json, "message", json_string(message));
    g_error_free(error);
    return fct_error_from_json(json);
}
