/* SPDX-License-Identifier: Apache-2.0 */
#include "core/carve.h"

#include "core/mig_moves.h"
#include "core/no_fit.h"
#include "core/unused.h"
#include "core/wish.h"

#include <string.h>

static void set_text(char **field, char *text)
{
    g_free(*field);
    *field = text;
}

static FctStep *add_step(GPtrArray *steps, const FctGpu *gpu, FctStepKind kind, int start, int profile_id)
{
    FctStep *step = fct_step_new(kind, gpu);
    const FctMigProfile *profile = fct_mig_profile(&gpu->mig, profile_id);
    step->start = start;
    step->profile_id = profile_id;
    step->size = profile ? profile->size : 0;
    g_ptr_array_add(steps, step);
    return step;
}

static void mode_step(GPtrArray *steps, const FctGpu *gpu, gboolean enabled)
{
    FctStep *step = fct_step_new(FCT_STEP_MIG_MODE, gpu);
    step->enabled = enabled;
    fct_step_set_title(step, gpu);
    g_ptr_array_add(steps, step);
}

static void destroy_cis(GPtrArray *steps, const FctGpu *gpu, const FctGpuInstance *instance)
{
    /* The last instance first, so that undoing makes them with the ids that they had. */
    for (guint i = instance->compute->len; i-- > 0;) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        FctStep *step = add_step(steps, gpu, FCT_STEP_CI_DESTROY, instance->start, instance->profile_id);
        step->ci_id = compute->id;
        step->ci_profile_id = compute->profile_id;
        fct_step_set_title(step, gpu);
    }
}

static void destroy_instance(GPtrArray *steps, const FctGpu *gpu, const FctGpuInstance *instance)
{
    destroy_cis(steps, gpu, instance);
    FctStep *step = add_step(steps, gpu, FCT_STEP_GI_DESTROY, instance->start, instance->profile_id);
    step->size = instance->size;
    fct_step_set_title(step, gpu);
}

/* For an instance without compute instances: their ids count from 0 (mig-semantics §5). */
static void create_cis(GPtrArray *steps, const FctGpu *gpu, const GArray *cis, int start, int profile_id)
{
    for (guint i = 0; i < cis->len; i++) {
        FctStep *step = add_step(steps, gpu, FCT_STEP_CI_CREATE, start, profile_id);
        step->ci_profile_id = g_array_index(cis, int, i);
        step->ci_id = (int)i;
        fct_step_set_title(step, gpu);
    }
}

/* Instances that stay but have other compute instances than wished: none, a part of the compute, or another split. */
static void mend_kept(GPtrArray *steps, const FctGpu *gpu, const FctWish *wish, const FctMigState *state,
                      const FctMigChoice *choice)
{
    for (int u = 0; u < wish->grid.n_units; u++) {
        const FctGpuInstance *instance = fct_mig_instance_at(&gpu->mig, u);
        if (!(choice->kept >> u & 1) || !state->mend[u])
            continue;
        destroy_cis(steps, gpu, instance);
        create_cis(steps, gpu, fct_wish_cis(wish, state->layout.at[u] - 1, u), u, instance->profile_id);
    }
}

static void steps_for(GPtrArray *steps, const FctGpu *gpu, const FctWish *wish, const FctMigState *state,
                      const FctMigChoice *choice)
{
    FctMigMove moves[FCT_MIG_MOVES_MAX];
    guint n = fct_mig_order(&wish->grid, state, choice, moves);
    mend_kept(steps, gpu, wish, state, choice);
    for (guint i = 0; i < n; i++) {
        int start = moves[i].start;
        if (!moves[i].create) {
            destroy_instance(steps, gpu, fct_mig_instance_at(&gpu->mig, start));
            continue;
        }
        int profile_id = (int)wish->grid.profiles[moves[i].what - 1].id;
        fct_step_set_title(add_step(steps, gpu, FCT_STEP_GI_CREATE, start, profile_id), gpu);
        create_cis(steps, gpu, fct_wish_cis(wish, moves[i].what - 1, start), start, profile_id);
    }
}

/* Everybody on an instance that the steps remove, each once. */
static void note_interrupts(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations)
{
    g_ptr_array_set_size(plan->interrupts, 0);
    for (guint i = 0; i < plan->steps->len; i++) {
        const FctStep *step = plan->steps->pdata[i];
        const FctGpuInstance *instance = fct_mig_instance_at(&gpu->mig, step->start);
        if (step->kind != FCT_STEP_GI_DESTROY || !instance)
            continue;
        g_autoptr(GPtrArray) holders = fct_card_holders(gpu, instance, reservations);
        for (guint h = 0; h < holders->len; h++)
            if (!g_ptr_array_find_with_equal_func(plan->interrupts, holders->pdata[h], g_str_equal, NULL))
                g_ptr_array_add(plan->interrupts, g_strdup(holders->pdata[h]));
    }
}

static gboolean asks_already(const GPtrArray *verdicts)
{
    for (guint i = 0; i < verdicts->len; i++)
        if (strcmp(((FctVerdict *)verdicts->pdata[i])->code, "instances-go") == 0)
            return TRUE;
    return FALSE;
}

/*
 * Removing everything needs consent: nobody means it by leaving something out, or by undoing. Turning MIG off has asked
 * already.
 */
static void ask_before_emptying(FctPlan *plan, const FctGpu *gpu)
{
    guint n = gpu->mig.instances->len;
    if (n == 0 || plan->then->len > 0 || asks_already(plan->verdicts))
        return;
    g_autofree char *label = fct_card_label(gpu);
    g_ptr_array_add(plan->verdicts, fct_verdict_new(FCT_CONFIRM, "instances-go", label, "",
                                                    "%s %s of %s will be removed; nothing is made in %s place.",
                                                    n == 1 ? "The only" : "All", n == 1 ? "instance" : "instances",
                                                    label, n == 1 ? "its" : "their"));
}

/*
 * Fills in everything that follows from the steps. FALSE only when they do not fit the card (a bug of ours, or a stale
 * undo).
 */
static gboolean carve_finish(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, GError **error)
{
    gboolean mig = gpu->mig.current;
    GPtrArray *then = fct_foresee(gpu, plan->steps, &mig, error);
    if (!then)
        return FALSE;
    set_text(&plan->gpu, g_strdup(gpu->id));
    set_text(&plan->gpu_digest, fct_gpu_digest(gpu));
    plan->mig_now = gpu->mig.current;
    plan->mig_then = mig;
    plan->units = gpu->mig.units;
    g_ptr_array_unref(plan->now);
    g_ptr_array_unref(plan->then);
    g_ptr_array_unref(plan->verdicts);
    plan->now = fct_layout_now(gpu, reservations);
    plan->then = then;
    fct_layout_keep_holders(plan->then, plan->now);
    plan->verdicts = fct_preflight_plan(gpu, reservations, plan->steps);
    ask_before_emptying(plan, gpu);
    note_interrupts(plan, gpu, reservations);
    set_text(&plan->state, g_strdup(fct_verdicts_allow(plan->verdicts, TRUE) ? "open" : "refused"));
    return TRUE;
}

/* Busy instances keep their compute instances, whatever was wished; the plan says so. */
static void warn_of_kept(FctPlan *plan, const FctGpu *gpu, const FctWish *wish, const FctMigState *state,
                         const FctMigChoice *choice, const GPtrArray *reservations)
{
    g_autofree char *label = fct_card_label(gpu);
    for (int u = 0; u < wish->grid.n_units; u++) {
        const FctGpuInstance *instance = fct_mig_instance_at(&gpu->mig, u);
        if (!(choice->kept >> u & 1) || !state->busy[u] || !fct_wish_differs(wish, instance))
            continue;
        g_autoptr(GPtrArray) holders = fct_card_holders(gpu, instance, reservations);
        g_autofree char *has = fct_card_instance_not_whole(gpu, instance);
        g_autofree char *next = g_strdup_printf("Stop %s, then carve again.", (char *)holders->pdata[0]);
        g_ptr_array_add(plan->verdicts,
                        fct_verdict_new(FCT_WARN, "compute-stays", label, next,
                                        "%s at slot %d keeps its compute as it is (%s), since %s uses it.",
                                        instance->profile, u, *has ? has : "whole", (char *)holders->pdata[0]));
    }
}

gboolean fct_plan_carve(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, const FctCarveRequest *request,
                        GError **error)
{
    g_auto(FctWish) wish = {0};
    g_autoptr(GPtrArray) card = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    FctMigState state;
    FctMigChoice choice;
    set_text(&plan->kind, g_strdup("carve"));
    set_text(&plan->title, g_strdup_printf("%s GPU %d", gpu->mig.instances->len ? "Re-carve" : "Carve", gpu->index));
    g_ptr_array_set_size(plan->steps, 0);
    /* A card on which nothing can be planned gets a refused plan, which shows what is there and why. */
    if (!fct_preflight_card(gpu, card))
        return carve_finish(plan, gpu, reservations, error);
    if (!fct_wish_parse(&wish, gpu, request, error))
        return FALSE;
    fct_wish_state(&wish, gpu, reservations, &state);
    g_autoptr(FctMigPlanner) planner = fct_mig_planner_new(&wish.grid);
    if (!fct_mig_plan(planner, &state, &wish.want, &choice)) {
        fct_no_fit_error(gpu, planner, &state, &wish.want, error);
        return FALSE;
    }
    if (!gpu->mig.current || !gpu->mig.pending)
        mode_step(plan->steps, gpu, TRUE);
    steps_for(plan->steps, gpu, &wish, &state, &choice);
    g_ptr_array_set_size(plan->alternatives, 0);
    if (choice.busy_lost)
        fct_no_fit_beside_busy(gpu, planner, &state, &wish.want, plan->alternatives);
    else if (choice.lost && choice.exact)
        g_ptr_array_add(plan->alternatives,
                        g_strdup_printf("Every placement of these removes at least %d of the present instances; this "
                                        "one removes no more.",
                                        __builtin_popcount(choice.lost)));
    fct_unused_compute(gpu, planner, &state, &wish.want, plan->alternatives);
    if (!carve_finish(plan, gpu, reservations, error))
        return FALSE;
    warn_of_kept(plan, gpu, &wish, &state, &choice, reservations);
    return TRUE;
}

void fct_plan_mode(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, gboolean enabled)
{
    g_autoptr(GError) error = NULL;
    set_text(&plan->kind, g_strdup("mig-mode"));
    gboolean pending = gpu->mig.pending != gpu->mig.current;
    if (pending && gpu->mig.current == enabled)
        set_text(&plan->title, g_strdup_printf("Take back the pending MIG mode of GPU %d", gpu->index));
    else
        set_text(&plan->title, g_strdup_printf("Turn %s MIG on GPU %d", enabled ? "on" : "off", gpu->index));
    g_ptr_array_set_size(plan->steps, 0);
    if (gpu->mig.capable && (pending || gpu->mig.current != enabled)) {
        for (guint i = 0; !enabled && i < gpu->mig.instances->len; i++)
            destroy_instance(plan->steps, gpu, gpu->mig.instances->pdata[i]);
        mode_step(plan->steps, gpu, enabled);
    }
    if (!carve_finish(plan, gpu, reservations, &error))
        g_error("steps that were just made do not fit their card: %s", error->message);
}

gboolean fct_plan_undo(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, const FctGpu *before,
                       const GPtrArray *done, GError **error)
{
    set_text(&plan->kind, g_strdup("undo"));
    set_text(&plan->title, g_strdup_printf("Undo the change of GPU %d", gpu->index));
    g_ptr_array_unref(plan->steps);
    plan->steps = fct_undo_steps(before, done);
    if (strcmp(gpu->uuid, before->uuid) != 0)
        return fct_set_error(error, FCT_ERROR_STALE, "Another card is in that slot now.");
    return carve_finish(plan, gpu, reservations, error);
}
