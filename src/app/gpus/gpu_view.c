/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/gpu_view.h"

#include "app/gpus/parts.h"
#include "core/card.h"
#include "core/reconcile.h"

#include <string.h>

static json_t *holder_json(const FctGpuInstance *instance, const FctReservation *reservation)
{
    static const char *const states[] = {"reserved", "in-use", "releasing"};
    if (reservation)
        return json_pack("{s:s, s:s, s:s, s:s}", "kind", "vm", "id", reservation->vm_id, "name", reservation->vm_name,
                         "state", states[reservation->state]);
    for (guint i = 0; i < instance->compute->len; i++) {
        const FctComputeInstance *compute = instance->compute->pdata[i];
        if (compute->processes->len == 0)
            continue;
        const FctProcess *process = compute->processes->pdata[0];
        g_autofree char *pid = g_strdup_printf("%d", process->pid);
        return json_pack("{s:s, s:s, s:s, s:s}", "kind", "process", "id", pid, "name", process->name, "state",
                         "in-use");
    }
    return json_null();
}

static void gpu_view_add_holders(json_t *mig, const FctGpu *gpu, const GPtrArray *reservations)
{
    json_t *instances = json_object_get(mig, "instances");
    for (guint i = 0; i < gpu->mig.instances->len; i++) {
        const FctGpuInstance *instance = gpu->mig.instances->pdata[i];
        json_t *json = json_array_get(instances, i);
        g_autofree char *part = fct_part_id(gpu->id, instance->start, instance->profile_id);
        g_autofree char *not_whole = fct_card_instance_not_whole(gpu, instance);
        json_object_set_new(json, "part", json_string(part));
        json_object_set_new(json, "not_whole", json_string(not_whole));
        json_object_set_new(json, "holder", holder_json(instance, fct_card_reservation(gpu, instance, reservations)));
    }
}

/* While a plan runs, the difference between wanted and actual is being worked off and is no drift. */
static gboolean plan_runs(FctApp *app, const char *gpu)
{
    g_autofree char *key = fct_journal_key(gpu);
    g_autoptr(FctDoc) journal = app->store->ops->get(app->store, key, NULL);
    return journal != NULL;
}

static json_t *wanted_json(const FctWantedLayout *wanted)
{
    if (!wanted)
        return json_null();
    g_autoptr(GPtrArray) compute = fct_wanted_layout_compute(wanted);
    return json_pack("{s:b, s:o, s:o}", "mig", wanted->mig, "profiles", fct_profile_counts_to_json(wanted->profiles),
                     "compute", fct_profile_compute_to_json(compute));
}

static void gpu_view_add_wanted(FctApp *app, json_t *json, const FctGpu *gpu, const GPtrArray *reservations)
{
    g_autofree char *key = g_strconcat("wanted/", gpu->id, NULL);
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, NULL);
    g_autoptr(FctWantedLayout) wanted = doc ? fct_wanted_layout_from_json(doc->value, NULL) : NULL;
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FctPlan) plan = NULL;
    g_autofree char *why = NULL;
    json_t *texts = json_array();
    json_object_set_new(json, "wanted", wanted_json(wanted));
    if (doc && !plan_runs(app, gpu->id))
        fct_reconcile(gpu, reservations, wanted, drift, &plan, &why);
    for (guint i = 0; i < drift->len; i++)
        json_array_append_new(texts, json_string(drift->pdata[i]));
    json_object_set_new(json, "drift", texts);
}

json_t *fct_gpu_view(FctApp *app, const FctInventory *inventory, const FctGpu *gpu, gboolean detail, GError **error)
{
    g_autoptr(GPtrArray) reservations = fct_parts_reservations(app, error);
    if (!reservations)
        return NULL;
    json_t *json = fct_gpu_to_json(gpu);
    json_t *mig = json_object_get(json, "mig");
    fct_app_stamp(app, json, gpu->id, inventory->revision);
    gpu_view_add_holders(mig, gpu, reservations);
    gpu_view_add_wanted(app, json, gpu, reservations);
    if (detail) {
        json_object_set_new(mig, "fits", fct_card_fits_json(gpu));
        json_object_set_new(mig, "stranded", fct_card_stranded_json(gpu));
    }
    return json;
}
