/* SPDX-License-Identifier: Apache-2.0 */
#include "core/reconcile.h"

#include <string.h>

static int actual_count(const FctGpu *gpu, const char *profile)
{
    int n = 0;
    for (guint i = 0; i < gpu->mig.instances->len; i++)
        n += strcmp(((const FctGpuInstance *)gpu->mig.instances->pdata[i])->profile, profile) == 0;
    return n;
}

static void drift_note(GPtrArray *drift, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void drift_note(GPtrArray *drift, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_ptr_array_add(drift, g_strdup_vprintf(format, ap));
    va_end(ap);
}

/* Names of the compute instances that are wanted in the instance that begins there; NULL: it is to be whole. */
static const GPtrArray *wanted_compute(const FctWantedLayout *wanted, const FctGpuInstance *instance)
{
    for (guint i = 0; i < wanted->placements->len; i++) {
        const FctPlacement *place = wanted->placements->pdata[i];
        if (place->start == instance->start && strcmp(place->profile, instance->profile) == 0)
            return place->compute;
    }
    return NULL;
}

static int compute_profile_count(const FctGpuInstance *instance, const char *ci_profile)
{
    int n = 0;
    for (guint i = 0; i < instance->compute->len; i++)
        n += strcmp(((const FctComputeInstance *)instance->compute->pdata[i])->profile, ci_profile) == 0;
    return n;
}

static int named(const GPtrArray *names, const char *name)
{
    int n = 0;
    for (guint i = 0; i < names->len; i++)
        n += strcmp(names->pdata[i], name) == 0;
    return n;
}

static gboolean holds_exactly(const FctGpuInstance *instance, const GPtrArray *names)
{
    if (names->len != instance->compute->len)
        return FALSE;
    for (guint i = 0; i < names->len; i++)
        if (named(names, names->pdata[i]) != compute_profile_count(instance, names->pdata[i]))
            return FALSE;
    return TRUE;
}

static void compute_drift(const FctGpu *gpu, const FctGpuInstance *instance, const FctWantedLayout *wanted,
                          GPtrArray *drift)
{
    const GPtrArray *names = wanted_compute(wanted, instance);
    g_autofree char *has = fct_card_instance_not_whole(gpu, instance);
    if (names ? holds_exactly(instance, names) : !*has)
        return;
    if (instance->compute->len == 0)
        drift_note(drift, "%s at slot %d has no compute instance.", instance->profile, instance->start);
    else if (!names)
        drift_note(drift, "%s at slot %d is not whole: %s.", instance->profile, instance->start, has);
    else
        drift_note(drift, "%s at slot %d is %s, but another split of its compute is wanted.", instance->profile,
                   instance->start, *has ? has : "whole");
}

static gboolean is_wanted(const FctWantedLayout *wanted, const char *profile)
{
    for (guint i = 0; i < wanted->profiles->len; i++)
        if (strcmp(((const FctProfileCount *)wanted->profiles->pdata[i])->profile, profile) == 0)
            return TRUE;
    return FALSE;
}

static void count_drift(const FctGpu *gpu, const FctWantedLayout *wanted, GPtrArray *drift)
{
    for (guint i = 0; i < wanted->profiles->len; i++) {
        const FctProfileCount *want = wanted->profiles->pdata[i];
        int have = actual_count(gpu, want->profile);
        if (want->count != have)
            drift_note(drift, "%d × %s wanted, %d there.", want->count, want->profile, have);
    }
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        if (!is_wanted(wanted, instance->profile))
            drift_note(drift, "%s at slot %d is there, but nobody asked for it.", instance->profile, instance->start);
        compute_drift(gpu, instance, wanted, drift);
    }
}

static void find_drift(const FctGpu *gpu, const FctWantedLayout *wanted, GPtrArray *drift)
{
    gboolean mig = wanted->mig;
    if (gpu->state == FCT_GPU_RELEASED)
        return; /* another program has the card, on purpose: it is compared when it is taken back */
    if (gpu->state == FCT_GPU_LOST || gpu->state == FCT_GPU_WEDGED) {
        drift_note(drift, "The card does not answer, so its layout cannot be seen.");
        return;
    }
    if (mig != gpu->mig.current)
        drift_note(drift, "MIG is %s, but wanted %s.", gpu->mig.current ? "on" : "off", mig ? "on" : "off");
    else if (gpu->mig.pending != mig)
        drift_note(drift, "MIG is %s, but will be %s after the next reset of the card.", mig ? "on" : "off",
                   mig ? "off" : "on");
    if (mig)
        count_drift(gpu, wanted, drift);
}

/* Again the recorded places. */
static FctCarveRequest *request_in_place(const FctWantedLayout *wanted)
{
    FctCarveRequest *request = fct_carve_request_new();
    fct_profile_counts_copy(request->profiles, wanted->profiles);
    for (guint i = 0; i < wanted->placements->len; i++) {
        const FctPlacement *place = wanted->placements->pdata[i];
        fct_placements_add(request->placements, place->profile, place->start, place->compute);
    }
    return request;
}

/* As many of each, wherever they come to be. */
static FctCarveRequest *request_anywhere(const FctWantedLayout *wanted)
{
    FctCarveRequest *request = fct_carve_request_new();
    fct_profile_counts_copy(request->profiles, wanted->profiles);
    g_ptr_array_unref(request->compute);
    request->compute = fct_wanted_layout_compute(wanted);
    return request;
}

/* First at the recorded places; if that is impossible, anywhere. */
static gboolean reconcile_repair(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations,
                                 const FctWantedLayout *wanted, GError **error)
{
    if (!wanted->mig) {
        fct_plan_mode(plan, gpu, reservations, FALSE);
        return TRUE;
    }
    g_autoptr(FctCarveRequest) in_place = request_in_place(wanted), anywhere = request_anywhere(wanted);
    if (in_place->placements->len && fct_plan_carve(plan, gpu, reservations, in_place, NULL) &&
        plan->interrupts->len == 0)
        return TRUE;
    return fct_plan_carve(plan, gpu, reservations, anywhere, error);
}

FctDrift fct_reconcile(const FctGpu *gpu, const GPtrArray *reservations, const FctWantedLayout *wanted,
                       GPtrArray *ret_drift, FctPlan **ret_plan, char **ret_why)
{
    g_autoptr(FctPlan) plan = fct_plan_new();
    g_autoptr(GError) error = NULL;
    guint before = ret_drift->len;
    *ret_plan = NULL;
    *ret_why = g_strdup("");
    if (!wanted) { /* no wish, least of all the wish to have MIG off */
        drift_note(ret_drift, "The record of the wanted layout cannot be read.");
        g_free(*ret_why);
        *ret_why = g_strdup("Cut the card again, or restore a backup of the database.");
        return FCT_DRIFT_NEEDS_YOU;
    }
    find_drift(gpu, wanted, ret_drift);
    if (ret_drift->len == before)
        return FCT_DRIFT_NONE;
    gboolean planned = reconcile_repair(plan, gpu, reservations, wanted, &error);
    g_autoptr(GError) refusal = planned ? fct_preflight_error(plan->verdicts, FALSE) : NULL;
    const GError *against = planned ? refusal : error;
    if (planned)
        *ret_plan = g_steal_pointer(&plan);
    if (!against)
        return FCT_DRIFT_REPAIRABLE;
    g_free(*ret_why);
    *ret_why = g_strdup(against->message);
    return FCT_DRIFT_NEEDS_YOU;
}

FctWantedLayout *fct_wanted_of(const FctPlan *plan)
{
    FctWantedLayout *wanted = fct_wanted_layout_new();
    wanted->mig = plan->mig_then;
    for (guint i = 0; i < plan->then->len; i++) {
        const FctLayoutItem *item = plan->then->pdata[i];
        fct_profile_counts_add(wanted->profiles, item->profile);
        fct_placements_add(wanted->placements, item->profile, item->start, *item->not_whole ? item->compute : NULL);
    }
    return wanted;
}
