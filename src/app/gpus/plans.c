/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/plans.h"

#include "app/gpus/observer.h"
#include "app/gpus/parts.h"
#include "app/news/hub.h"
#include "app/work/task.h"
#include "base/read.h"
#include "base/text.h"
#include "core/carve.h"

#include <string.h>

#define PLANS_KEPT 200
#define PRUNE_EVERY 32 /* plans made */

/* ---- documents ---- */

/* The inventory with this one gpu alone, as JSON. */
static json_t *before_json(const FctInventory *seen, const FctGpu *gpu)
{
    json_t *json = fct_inventory_to_json(seen);
    json_t *gpus = json_array();
    json_array_append_new(gpus, fct_gpu_to_json(gpu));
    json_object_set_new(json, "gpus", gpus);
    return json;
}

FctInventory *fct_plans_before(FctApp *app, const char *id, GError **error)
{
    g_autofree char *key = g_strconcat("before/", id, NULL);
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, error);
    return doc ? fct_inventory_from_json(doc->value, error) : NULL;
}

json_t *fct_plans_present(const FctApp *app, const FctPlan *plan, guint64 revision)
{
    json_t *json = fct_plan_to_json(plan);
    fct_app_stamp(app, json, plan->id, revision);
    return json;
}

/* Removes the oldest plans now and then. Plans of running tasks are too young for that. */
static void plans_prune(FctApp *app)
{
    static gint made = 0;
    if (g_atomic_int_add(&made, 1) % PRUNE_EVERY != 0)
        return;
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "plan/", NULL);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) drops = g_array_new(FALSE, FALSE, sizeof(FctWrite));
    for (guint i = 0; docs && i + PLANS_KEPT < docs->len; i++) {
        const char *key = ((FctDoc *)docs->pdata[i])->key;
        char *before = g_strconcat("before/", key + strlen("plan/"), NULL);
        const FctWrite both[] = {{key, NULL, FCT_REV_ANY}, {before, NULL, FCT_REV_ANY}};
        g_ptr_array_add(keys, before);
        g_array_append_vals(drops, both, G_N_ELEMENTS(both));
    }
    if (drops->len && !app->store->ops->commit(app->store, (FctWrite *)drops->data, drops->len, NULL, NULL))
        g_debug("old plans stay");
}

gboolean fct_plans_store(FctApp *app, FctPlan *plan, const FctInventory *seen, const json_t *request, GError **error)
{
    fct_text_take(&plan->id, fct_app_new_id("plan"));
    fct_text_take(&plan->node, g_strdup(app->config.node));
    fct_text_take(&plan->project, g_strdup(FCT_PROJECT));
    json_decref(plan->request);
    plan->request = json_deep_copy(request);
    plan->created_ms = fct_app_now_ms();
    g_autofree char *key = g_strconcat("plan/", plan->id, NULL);
    g_autofree char *before_key = g_strconcat("before/", plan->id, NULL);
    g_autoptr(json_t) value = fct_plan_to_json(plan);
    g_autoptr(json_t) before = before_json(seen, fct_inventory_gpu(seen, plan->gpu));
    const FctWrite writes[] = {{key, value, FCT_REV_NONE}, {before_key, before, FCT_REV_NONE}};
    if (!app->store->ops->commit(app->store, writes, G_N_ELEMENTS(writes), &plan->revision, error))
        return FALSE;
    plans_prune(app);
    return TRUE;
}

FctPlan *fct_plans_get(FctApp *app, const char *id, FctDoc **ret_doc, GError **error)
{
    g_autofree char *key = g_strconcat("plan/", id, NULL);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, &fault);
    if (!doc && fct_error_code(fault) == FCT_ERROR_NOT_FOUND) {
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no plan “%s”.", id);
        return NULL;
    }
    if (!doc) {
        fct_error_pass(error, &fault);
        return NULL;
    }
    FctPlan *plan = fct_plan_from_json(doc->value, error);
    if (plan)
        plan->revision = doc->revision;
    if (plan && ret_doc)
        *ret_doc = g_steal_pointer(&doc);
    return plan;
}

json_t *fct_plans_list(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "plan/", error);
    if (!docs)
        return NULL;
    json_t *items = json_array();
    for (guint i = docs->len; i-- > 0;) {
        const FctDoc *doc = docs->pdata[i];
        g_autoptr(FctPlan) plan = fct_plan_from_json(doc->value, NULL);
        if (plan)
            json_array_append_new(items, fct_plans_present(app, plan, doc->revision));
    }
    return items;
}

/* ---- making ---- */

/* The plan that a finished task carried out. */
static FctPlan *plan_to_undo(FctApp *app, const json_t *request, GError **error)
{
    const char *id;
    if (!fct_read_str(request, "task", &id, error))
        return NULL;
    g_autoptr(json_t) task = fct_tasks_get(app->tasks, id, error);
    if (!task)
        return NULL;
    if (!fct_json_bool(task, "can_undo", FALSE)) {
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Make a plan for the layout you want.", NULL,
                           "The task “%s” cannot be undone.", fct_json_str(task, "title", id));
        return NULL;
    }
    return fct_plans_get(app, fct_json_str(task, "plan", ""), NULL, error);
}

static gboolean make_undo(FctApp *app, FctPlan *plan, const FctInventory *seen, const GPtrArray *reservations,
                          const json_t *request, GError **error)
{
    g_autoptr(FctPlan) done = plan_to_undo(app, request, error);
    g_autoptr(FctInventory) before = done ? fct_plans_before(app, done->id, error) : NULL;
    if (!before)
        return FALSE;
    const FctGpu *gpu = fct_inventory_gpu(seen, done->gpu);
    if (!gpu)
        return fct_set_error(error, FCT_ERROR_GPU_LOST, "The card of that task is not there any more.");
    return fct_plan_undo(plan, gpu, reservations, fct_inventory_gpu(before, done->gpu), done->steps, error);
}

static gboolean make_carve(FctPlan *plan, const FctGpu *gpu, const GPtrArray *reservations, const json_t *request,
                           GError **error)
{
    g_autoptr(FctCarveRequest) wish = fct_carve_request_from_json(request, error);
    return wish && fct_plan_carve(plan, gpu, reservations, wish, error);
}

static gboolean make_for_gpu(FctPlan *plan, const char *kind, const FctInventory *seen, const GPtrArray *reservations,
                             const json_t *request, GError **error)
{
    const char *name;
    if (!fct_read_str(request, "gpu", &name, error))
        return FALSE;
    const FctGpu *gpu = fct_inventory_find_gpu(seen, name);
    if (!gpu)
        return fct_set_error_full(error, FCT_ERROR_NOT_FOUND, NULL, json_pack("{s:s}", "field", "gpu"),
                                  "This host has no GPU “%s”.", name);
    if (strcmp(kind, "carve") == 0)
        return make_carve(plan, gpu, reservations, request, error);
    if (!json_is_boolean(json_object_get(request, "enabled")))
        return fct_read_refuse(error, "enabled", "The field “enabled” must be true or false.");
    fct_plan_mode(plan, gpu, reservations, json_is_true(json_object_get(request, "enabled")));
    return TRUE;
}

/* The members that this kind of plan takes; any other is refused, since it must be a mistake. */
static gboolean check_members(const json_t *request, const char *kind, GError **error)
{
    static const struct {
        const char *kind;
        const char *members[8];
    } kinds[] = {
        {"carve", {"kind", "gpu", "profiles", "placements", "compute", NULL}},
        {"mig-mode", {"kind", "gpu", "enabled", NULL}},
        {"undo", {"kind", "task", NULL}},
    };
    const char *key;
    json_t *value;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        json_object_foreach ((json_t *)request, key, value) {
            if (g_strv_contains(kinds[i].members, key))
                continue;
            return fct_read_refuse(error, key, "A plan of kind %s takes no field “%s”.", kind, key);
        }
        return TRUE;
    }
    return fct_read_refuse(error, "kind", "The kind must be carve, mig-mode or undo.");
}

json_t *fct_plans_make(FctApp *app, const json_t *request, GError **error)
{
    const char *kind;
    if (!fct_read_str(request, "kind", &kind, error) || !check_members(request, kind, error))
        return NULL;
    g_autoptr(FctInventory) seen = fct_observer_refresh(app->observer, error);
    g_autoptr(GPtrArray) reservations = seen ? fct_parts_reservations(app, error) : NULL;
    g_autoptr(FctPlan) plan = fct_plan_new();
    if (!reservations)
        return NULL;
    gboolean ok = strcmp(kind, "undo") == 0 ? make_undo(app, plan, seen, reservations, request, error)
                                            : make_for_gpu(plan, kind, seen, reservations, request, error);
    if (!ok || !fct_plans_store(app, plan, seen, request, error))
        return NULL;
    json_t *json = fct_plans_present(app, plan, plan->revision);
    fct_hub_publish(app->hub, "plan", plan->id, json_incref(json));
    return json;
}
