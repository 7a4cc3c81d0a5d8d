/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/groups.h"

#include "app/domains/snapshot_users.h"
#include "app/gpus/observer.h"
#include "app/gpus/parts.h"
#include "app/news/hub.h"
#include "base/read.h"
#include "core/chooser.h"

#include <string.h>

static char *group_key(const char *id)
{
    return g_strconcat("group/", id, NULL);
}

/* ---- views ---- */

/* The data from which every view of a group is made. */
typedef struct {
    FctApp *app;
    GPtrArray *parts;  /* FctPart* */
    GPtrArray *groups; /* FctGroup* */
    GPtrArray *docs;   /* FctDoc* of the stored ones */
    GPtrArray *vms;    /* FctDoc* "vm/…" */
} View;

static void view_clear(View *view)
{
    g_clear_pointer(&view->parts, g_ptr_array_unref);
    g_clear_pointer(&view->groups, g_ptr_array_unref);
    g_clear_pointer(&view->docs, g_ptr_array_unref);
    g_clear_pointer(&view->vms, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(View, view_clear)

GPtrArray *fct_groups_all(FctApp *app, const GPtrArray *parts, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "group/", error);
    if (!docs)
        return NULL;
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)fct_group_free);
    for (guint i = 0; i < docs->len; i++) {
        FctGroup *group = fct_group_from_json(((FctDoc *)docs->pdata[i])->value, NULL);
        if (group)
            g_ptr_array_add(all, group);
    }
    g_autoptr(GPtrArray) builtin = fct_groups_builtin(parts);
    for (guint i = 0; i < builtin->len; i++) {
        g_autoptr(json_t) json = fct_group_to_json(builtin->pdata[i]);
        FctGroup *copy = fct_group_from_json(json, NULL);
        if (copy)
            g_ptr_array_add(all, copy);
    }
    return all;
}

/* While the hardware of the node is not known, its groups have no parts. */
static gboolean view_open(View *view, FctApp *app, GError **error)
{
    g_autoptr(FctInventory) inventory = fct_observer_inventory(app->observer, NULL);
    g_autoptr(FctInventory) empty = inventory ? NULL : fct_inventory_new();
    g_autoptr(GPtrArray) reservations = fct_parts_reservations(app, error);
    if (!reservations)
        return FALSE;
    view->app = app;
    view->parts = fct_parts_list(inventory ? inventory : empty, reservations);
    view->groups = fct_groups_all(app, view->parts, error);
    view->docs = view->groups ? app->store->ops->list(app->store, "group/", error) : NULL;
    view->vms = view->docs ? app->store->ops->list(app->store, "vm/", error) : NULL;
    return view->vms != NULL;
}

static guint64 group_revision(const View *view, const char *id)
{
    for (guint i = 0; i < view->docs->len; i++) {
        const FctDoc *doc = view->docs->pdata[i];
        if (strcmp(doc->key + strlen("group/"), id) == 0)
            return doc->revision;
    }
    return 0; /* built-in ones never change */
}

/* Names of the VMs that have a device from this group. */
static json_t *group_vms(const View *view, const char *id)
{
    json_t *names = json_array();
    for (guint i = 0; i < view->vms->len; i++) {
        const json_t *vm = ((FctDoc *)view->vms->pdata[i])->value;
        gsize n;
        json_t *device;
        json_array_foreach (json_object_get(vm, "devices"), n, device) {
            if (strcmp(fct_json_str(device, "group", ""), id) != 0)
                continue;
            json_array_append_new(names, json_string(fct_json_str(vm, "name", "")));
            break;
        }
    }
    return names;
}

static json_t *group_json(const View *view, const FctGroup *group)
{
    json_t *json = fct_group_to_json(group);
    json_t *parts = json_array();
    int free_parts = 0;
    for (guint i = 0; i < view->parts->len; i++) {
        const FctPart *part = view->parts->pdata[i];
        if (!fct_group_takes(group, part))
            continue;
        free_parts += part->state == FCT_PART_FREE;
        json_array_append_new(parts, fct_part_to_json(part));
    }
    fct_app_stamp(view->app, json, group->id, group_revision(view, group->id));
    json_object_set_new(json, "total", json_integer((json_int_t)json_array_size(parts)));
    json_object_set_new(json, "free", json_integer(free_parts));
    json_object_set_new(json, "parts", parts);
    json_object_set_new(json, "vms", group_vms(view, group->id));
    return json;
}

json_t *fct_groups_list(FctApp *app, GError **error)
{
    g_auto(View) view = {0};
    if (!view_open(&view, app, error))
        return NULL;
    json_t *items = json_array();
    for (guint i = 0; i < view.groups->len; i++)
        json_array_append_new(items, group_json(&view, view.groups->pdata[i]));
    return items;
}

static const FctGroup *group_find(const View *view, const char *id, GError **error)
{
    for (guint i = 0; i < view->groups->len; i++)
        if (strcmp(((FctGroup *)view->groups->pdata[i])->id, id) == 0)
            return view->groups->pdata[i];
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no resource group “%s”.", id);
    return NULL;
}

json_t *fct_groups_get(FctApp *app, const char *id, GError **error)
{
    g_auto(View) view = {0};
    const FctGroup *group = view_open(&view, app, error) ? group_find(&view, id, error) : NULL;
    return group ? group_json(&view, group) : NULL;
}

void fct_groups_publish(FctApp *app)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) items = fct_groups_list(app, &error);
    gsize i;
    json_t *group;
    if (!items)
        g_warning("The resource groups are not published: %s", error->message);
    json_array_foreach (items, i, group)
        fct_hub_publish(app->hub, "group", fct_json_str(group, "id", ""), json_incref(group));
}

/* ---- changes ---- */

static gboolean check_rules(const json_t *rules, GError **error)
{
    static const char *const known[] = {"model", "profile", "mode", "gpu", NULL};
    const char *key;
    json_t *value;
    if (!json_is_object(rules))
        return fct_read_refuse(error, "rules", "The field “rules” must be an object.");
    json_object_foreach ((json_t *)rules, key, value)
        if (!g_strv_contains(known, key) || !json_is_string(value))
            return fct_read_refuse(error, "rules", "A rule is model, profile, mode or gpu, and a text.");
    if (json_object_get(rules, "mode") && strcmp(fct_json_str(rules, "mode", ""), "mig") != 0)
        return fct_read_refuse(error, "rules", "The mode can only be mig.");
    return TRUE;
}

static gboolean group_check_input(const json_t *input, GError **error)
{
    static const char *const known[] = {"name", "description", "rules", NULL};
    const char *key, *name;
    json_t *value;
    json_object_foreach ((json_t *)input, key, value)
        if (!g_strv_contains(known, key))
            return fct_read_refuse(error, key, "A resource group has a name, a description and rules.");
    if (!fct_read_str(input, "name", &name, error))
        return FALSE;
    if (!*name || g_utf8_strlen(name, -1) > 64)
        return fct_read_refuse(error, "name", "The name must have 1 to 64 characters.");
    value = json_object_get(input, "description");
    if (value && (!json_is_string(value) || g_utf8_strlen(json_string_value(value), -1) > 400))
        return fct_read_refuse(error, "description", "The description must be a text of at most 400 characters.");
    return check_rules(json_object_get(input, "rules"), error);
}

static gboolean group_name_is_free(const View *view, const char *id, const char *name, GError **error)
{
    for (guint i = 0; i < view->groups->len; i++) {
        const FctGroup *other = view->groups->pdata[i];
        if (strcmp(other->name, name) == 0 && g_strcmp0(other->id, id) != 0)
            return fct_set_error_full(error, FCT_ERROR_EXISTS, NULL, json_pack("{s:s}", "field", "name"),
                                      "There is a resource group “%s” already.", name);
    }
    return TRUE;
}

/* TRUE for a stored group: built-in ones cannot be changed. */
static gboolean group_may_change(const View *view, const char *id, GError **error)
{
    const FctGroup *group = group_find(view, id, error);
    if (group && group->builtin)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Make a group of your own with the rules you want.", NULL,
                           "“%s” is built in and follows the cards.", group->name);
    return group && !group->builtin;
}

/*
 * People may name a card in several ways; the group stores its id. A name that fits no card is refused, unless the
 * cards are not known yet.
 */
static gboolean resolve_card(FctApp *app, json_t *rules, GError **error)
{
    const char *named = fct_json_str(rules, "gpu", "");
    g_autoptr(FctInventory) inventory = *named ? fct_observer_inventory(app->observer, NULL) : NULL;
    const FctGpu *gpu = inventory ? fct_inventory_find_gpu(inventory, named) : NULL;
    if (gpu)
        json_object_set_new(rules, "gpu", json_string(gpu->id));
    else if (inventory)
        return fct_read_refuse(error, "rules", "The rules name a GPU that is not there. “facet gpu list” names them.");
    return TRUE;
}

json_t *fct_groups_put(FctApp *app, const char *id, const json_t *input, guint64 revision, GError **error)
{
    g_auto(View) view = {0};
    if (!group_check_input(input, error) || !view_open(&view, app, error) ||
        (id && !group_may_change(&view, id, error)) ||
        !group_name_is_free(&view, id, fct_json_str(input, "name", ""), error))
        return NULL;
    g_autofree char *new_id = id ? g_strdup(id) : fct_app_new_id("group");
    g_autofree char *key = group_key(new_id);
    g_autoptr(json_t) value = json_deep_copy(input);
    if (!resolve_card(app, json_object_get(value, "rules"), error))
        return NULL;
    json_object_set_new(value, "id", json_string(new_id));
    json_object_set_new(value, "builtin", json_false());
    if (!json_object_get(value, "description"))
        json_object_set_new(value, "description", json_string(""));
    FctWrite write = {key, value, id ? revision : FCT_REV_NONE};
    if (!app->store->ops->commit(app->store, &write, 1, NULL, error))
        return NULL;
    json_t *json = fct_groups_get(app, new_id, error);
    if (json)
        fct_hub_publish(app->hub, "group", new_id, json_incref(json));
    return json;
}

gboolean fct_groups_delete(FctApp *app, const char *id, guint64 revision, GError **error)
{
    g_auto(View) view = {0};
    if (!view_open(&view, app, error) || !group_may_change(&view, id, error))
        return FALSE;
    g_autoptr(json_t) vms = group_vms(&view, id);
    if (json_array_size(vms) > 0)
        return fct_set_error_full(error, FCT_ERROR_IN_USE, "Take the device out of these VMs first.",
                                  json_pack("{s:O}", "holders", vms), "VM %s has a device from this group.",
                                  json_string_value(json_array_get(vms, 0)));
    g_autoptr(GPtrArray) snapshots = fct_snapshot_users(app, "devices", "group", id, error);
    if (!snapshots)
        return FALSE;
    if (snapshots->len)
        return fct_set_error_full(error, FCT_ERROR_IN_USE, "Delete the snapshot first.",
                                  json_pack("{s:[s]}", "holders", (char *)snapshots->pdata[0]),
                                  "This group is needed by %s.", (char *)snapshots->pdata[0]);
    g_autofree char *key = group_key(id);
    FctWrite write = {key, NULL, revision};
    if (!app->store->ops->commit(app->store, &write, 1, NULL, error))
        return FALSE;
    fct_hub_publish_deleted(app->hub, "group", id);
    return TRUE;
}
