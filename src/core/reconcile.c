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

static void count_drift(const FctGpu *gpu, const json_t *profiles, GPtrArray *drift)
{
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
        if (instance->compute->len == 0)
            note(drift, "%s at slot %d has no compute instance.", instance->profile, instance->start);
    }
}

static void find_drift(const FctGpu *gpu, const json_t *wanted, GPtrArray *drift)
{
    gboolean mig = fct_json_bool(wanted, "mig", FALSE);
    if (gpu->state == FCT_GPU_LOST || gpu->state == FCT_GPU_WEDGED) {
        note(drift, "The card does not answer, so its layout cannot be seen.");
        return;
    }
    if (mig != gpu->mig.current)
        note(drift, "MIG is %s, but wanted %s.", gpu->mig.current ? "on" : "off", mig ? "on" : "off");
    if (mig)
        count_drift(gpu, json_object_get(wanted, "profiles"), drift);
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
    }
    return fct_plan_carve(plan, gpu, reservations, request, error);
}

FctDrift fct_reconcile(const FctGpu *gpu, const GPtrArray *reservations, const json_t *wanted, GPtrArray *ret_drift,
                       FctPlan **ret_plan, char **ret_why)
{
    g_autoptr(FctPlan) plan = fct_plan_new();
    g_autoptr(GError) error = NULL;
    guint before = ret_drift->len;
    *ret_plan = NULL;
    *ret_why = g_strdup("");
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

json_t *fct_wanted_of(const FctPlan *plan)
{
    json_t *profiles = json_object(), *placements = json_array();
    for (guint i = 0; i < plan->then->len; i++) {
        const FctLayoutItem *item = plan->then->pdata[i];
        json_object_set_new(profiles, item->profile, json_integer(fct_json_int(profiles, item->profile, 0) + 1));
        json_array_append_new(placements, json_pack("{s:s, s:i}", "profile", item->profile, "start", item->start));
    }
    return json_pack("{s:b, s:o, s:o}", "mig", plan->mig_then, "profiles", profiles, "placements", placements);
}
