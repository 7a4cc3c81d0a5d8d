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

static void note(GPtrArray *drift, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(GPtrArray *drift, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_ptr_array_add(drift, g_strdup_vprintf(format, ap));
    va_end(ap);
}

/* Names of the compute instances that are wanted of the instance that begins there; NULL: it shall be whole. */
static const json_t *wanted_compute(const json_t *wanted, const FctGpuInstance *instance)
{
    gsize i;
    json_t *place;
    json_array_foreach (json_object_get(wanted, "placements"), i, place)
        if (fct_json_int(place, "start", -1) == instance->start &&
            strcmp(fct_json_str(place, "profile", ""), instance->profile) == 0)
            return json_object_get(place, "compute");
    return NULL;
}

static int count_of(const FctGpuInstance *instance, const char *ci_profile)
{
    int n = 0;
    for (guint i = 0; i < instance->compute->len; i++)
        n += strcmp(((const FctComputeInstance *)instance->compute->pdata[i])->profile, ci_profile) == 0;
    return n;
}

static gboolean holds_exactly(const FctGpuInstance *instance, const json_t *names)
{
    gsize i, k;
    json_t *name, *other;
    if (json_array_size(names) != instance->compute->len)
        return FALSE;
    json_array_foreach ((json_t *)names, i, name) {
        int want = 0;
        json_array_foreach ((json_t *)names, k, other)
            want += json_equal(name, other);
        if (want != count_of(instance, json_string_value(name) ? json_string_value(name) : ""))
            return FALSE;
    }
    return TRUE;
}

static void compute_drift(const FctGpu *gpu, const FctGpuInstance *instance, const json_t *wanted, GPtrArray *drift)
{
    const json_t *names = wanted_compute(wanted, instance);
    g_autofree char *has = fct_card_instance_not_whole(gpu, instance);
    if (names ? holds_exactly(instance, names) : !*has)
        return;
    if (instance->compute->len == 0)
        note(drift, "%s at slot %d has no compute instance.", instance->profile, instance->start);
    else if (!names)
        note(drift, "%s at slot %d is not whole: %s.", instance->profile, instance->start, has);
    else
        note(drift, "%s at slot %d is %s, but another split of its compute is wanted.", instance->profile,
             instance->start, *has ? has : "whole");
}

static void count_drift(const FctGpu *gpu, const json_t *wanted, GPtrArray *drift)
{
    const json_t *profiles = json_object_get(wanted, "profiles");
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)profiles, name, value) {
        int want = (int)json_integer_value(value), have = actual_count(gpu, name);
        if (want != have)
            note(drift, "%d × %s wanted, %d there.", want, name, have);
    }
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        if (!json_object_get(profiles, instance->profile))
            note(drift, "%s at slot %d is there, but nobody asked for it.", instance->profile, instance->start);
        compute_drift(gpu, instance, wanted, drift);
    }
}

static void find_drift(const FctGpu *gpu, const json_t *wanted, GPtrArray *drift)
{
    gboolean mig = fct_json_bool(wanted, "mig", FALSE);
    if (gpu->state == FCT_GPU_RELEASED)
        return; /* another program has it, on purpose: what it is like is seen when it is taken back */
    if (gpu->state == FCT_GPU_LOST || gpu->state == FCT_GPU_WEDGED) {
        note(drift, "The card does not answer, so its layout cannot be seen.");
        return;
    }
    if (mig != gpu->mig.current)
        note(drift, "MIG is %s, but wanted %s.", gpu->mig.current ? "on" : "off", mig ? "on" : "off");
    else if (gpu->mig.pending != mig)
        note(drift, "MIG is %s, but will be %s after the next reset of the card.", mig ? "on" : "off",
             mig ? "off" : "on");
    if (mig)
        count_drift(gpu, wanted, drift);
}

json_t *fct_wanted_compute(const json_t *wanted)
{
    json_t *compute = json_object(), *place;
    gsize i;
    json_array_foreach (json_object_get(wanted, "placements"), i, place)
        if (json_object_get(place, "compute"))
            json_object_set(compute, fct_json_str(place, "profile", ""), json_object_get(place, "compute"));
    return compute;
}

/* First at the recorded places; where that is impossible, anywhere. */
static gboolean repair(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, const json_t *wanted,
                       GError **error)
{
    if (!fct_json_bool(wanted, "mig", FALSE)) {
        fct_plan_mode(plan, gpu, reservations, FALSE);
        return TRUE;
    }
    g_autoptr(json_t) request = json_object();
    json_object_set(request, "profiles", json_object_get(wanted, "profiles"));
    if (json_object_get(wanted, "placements")) {
        json_object_set(request, "placements", json_object_get(wanted, "placements"));
        if (fct_plan_carve(plan, gpu, reservations, request, NULL) && plan->interrupts->len == 0)
            return TRUE;
        json_object_del(request, "placements");
        json_object_set_new(request, "compute", fct_wanted_compute(wanted));
    }
    return fct_plan_carve(plan, gpu, reservations, request, error);
}

/* What cannot be read is no wish, least of all the wish to have MIG off. */
static gboolean is_readable(const json_t *wanted)
{
    const json_t *places = json_object_get(wanted, "placements");
    return json_is_boolean(json_object_get(wanted, "mig")) &&
           (json_is_false(json_object_get(wanted, "mig")) || json_is_object(json_object_get(wanted, "profiles"))) &&
           (!places || json_is_array(places));
}

FctDrift fct_reconcile(const FctGpu *gpu, const GPtrArray *reservations, const json_t *wanted, GPtrArray *ret_drift,
                       FctPlan **ret_plan, char **ret_why)
{
    g_autoptr(FctPlan) plan = fct_plan_new();
    g_autoptr(GError) error = NULL;
    guint before = ret_drift->len;
    *ret_plan = NULL;
    *ret_why = g_strdup("");
    if (!is_readable(wanted)) {
        note(ret_drift, "The record of the wanted layout cannot be read.");
        g_free(*ret_why);
        *ret_why = g_strdup("Cut the card again, or restore a backup of the database.");
        return FCT_DRIFT_NEEDS_YOU;
    }
    find_drift(gpu, wanted, ret_drift);
    if (ret_drift->len == before)
        return FCT_DRIFT_NONE;
    gboolean planned = repair(plan, gpu, reservations, wanted, &error);
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

static json_t *names_json(const GPtrArray *names)
{
    json_t *json = json_array();
    for (guint i = 0; i < names->len; i++)
        json_array_append_new(json, json_string(names->pdata[i]));
    return json;
}

json_t *fct_wanted_of(const FctPlan *plan)
{
    json_t *profiles = json_object(), *placements = json_array();
    for (guint i = 0; i < plan->then->len; i++) {
        const FctLayoutItem *item = plan->then->pdata[i];
        json_object_set_new(profiles, item->profile, json_integer(fct_json_int(profiles, item->profile, 0) + 1));
        json_t *place = json_pack("{s:s, s:i}", "profile", item->profile, "start", item->start);
        if (*item->not_whole)
            json_object_set_new(place, "compute", names_json(item->compute));
        json_array_append_new(placements, place);
    }
    return json_pack("{s:b, s:o, s:o}", "mig", plan->mig_then, "profiles", profiles, "placements", placements);
}
