/* SPDX-License-Identifier: Apache-2.0 */
/* Work under way on networks, as the store has it: at most one piece of work on each network. */
#include "app/networks/cache.h"
#include "app/networks/task.h"
#include "app/news/records.h"

#include <string.h>

#define PREFIX "network-act/"

char *fct_network_change_key(const char *name)
{
    return g_strconcat(PREFIX, name, NULL);
}

static gboolean network_set_busy(const char *name, GError **error)
{
    return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Wait until that has ended.", NULL,
                              "Network %s is being changed.", name);
}

gboolean fct_network_change_refused(const char *name, GError *fault, GError **error)
{
    if (fault->code != FCT_ERROR_REVISION) {
        g_propagate_error(error, fault);
        return FALSE;
    }
    g_error_free(fault);
    return network_set_busy(name, error);
}

gboolean fct_network_change_idle(FctApp *app, const char *name, GError **error)
{
    g_autofree char *key = fct_network_change_key(name);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, &fault);
    if (doc)
        return network_set_busy(name, error);
    if (fault->code == FCT_ERROR_NOT_FOUND)
        return TRUE;
    return fct_error_pass(error, &fault);
}

gboolean fct_network_change_stays(FctApp *app, const char *name, FctWrites *writes, GError **error)
{
    g_autofree char *key = fct_network_change_key(name);
    g_autoptr(GError) fault = NULL;
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, &fault);
    if (!doc && fault->code != FCT_ERROR_NOT_FOUND)
        return fct_error_pass(error, &fault);
    if (doc && strcmp(fct_json_str(doc->value, "act", ""), "delete") == 0)
        return fct_set_error_full(error, FCT_ERROR_CONFLICT, "Choose another network.", NULL,
                                  "Network %s is being deleted.", name);
    if (writes) /* @writes demand that the note is still as it is now: none, or that of a change */
        fct_writes_add(writes, g_steal_pointer(&key), doc ? json_incref(doc->value) : NULL,
                       doc ? doc->revision : FCT_REV_NONE);
    return TRUE;
}

void fct_network_place_add(json_t *places, const FctNetwork *network)
{
    g_autofree char *subnet = fct_network_subnet(network);
    if (*network->device)
        json_array_append_new(places, json_pack("{s:s, s:s, s:s, s:i}", "name", network->name, "kind", "direct",
                                                "interface", network->interface, "vlan", network->vlan));
    else if (*subnet)
        json_array_append_new(places, json_pack("{s:s, s:s, s:s}", "name", network->name, "kind",
                                                fct_network_kind_name(network->kind), "subnet", subnet));
}

gboolean fct_network_change_begin(FctApp *app, const FctNetwork *wanted, GError **error)
{
    const char *name = wanted->name;
    g_autofree char *key = fct_network_change_key(name);
    json_t *places = json_array();
    fct_network_place_add(places, wanted);
    g_autoptr(json_t) doc =
        json_pack("{s:s, s:s, s:o, s:s}", "act", "create", "name", name, "places", places, "device", wanted->device);
    const FctWrite write = {key, doc, FCT_REV_NONE};
    GError *fault = NULL;
    if (!app->store->ops->commit(app->store, &write, 1, NULL, &fault))
        return fct_network_change_refused(name, fault, error);
    fct_network_cache_set_making(app->networks, name, TRUE);
    return TRUE;
}

void fct_network_change_end(FctApp *app, const char *name)
{
    g_autofree char *key = fct_network_change_key(name);
    g_autoptr(GError) fault = NULL;
    const FctWrite drop = {key, NULL, FCT_REV_ANY};
    if (!app->store->ops->commit(app->store, &drop, 1, NULL, &fault))
        g_warning("What was done to network %s stays noted: %s", name, fault->message);
    fct_network_cache_set_making(app->networks, name, FALSE);
}

GPtrArray *fct_network_changes_coming(FctApp *app, const char *own, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, PREFIX, error);
    GPtrArray *coming = docs ? g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free) : NULL;
    for (guint i = 0; docs && i < docs->len; i++) {
        const json_t *doc = ((FctDoc *)docs->pdata[i])->value, *places = json_object_get(doc, "places");
        for (size_t k = 0; g_strcmp0(fct_json_str(doc, "name", NULL), own) != 0 && k < json_array_size(places); k++) {
            FctNetwork *network = fct_network_from_input(json_array_get(places, k), NULL);
            if (network)
                g_ptr_array_add(coming, network);
        }
    }
    return coming;
}

/* ---- after a crash ---- */

static const FctNetwork *networks_find(const GPtrArray *networks, const char *name)
{
    for (guint i = 0; i < networks->len; i++)
        if (strcmp(((FctNetwork *)networks->pdata[i])->name, name) == 0)
            return networks->pdata[i];
    return NULL;
}

gboolean fct_network_has_vms(FctApp *app, const char *name)
{
    g_autoptr(GPtrArray) vms = fct_vm_load_all(app->store, NULL);
    for (guint i = 0; vms && i < vms->len; i++)
        for (guint k = 0; k < ((FctVm *)vms->pdata[i])->nics->len; k++)
            if (strcmp(((FctVmNic *)((FctVm *)vms->pdata[i])->nics->pdata[k])->network, name) == 0)
                return TRUE;
    return !vms;
}

gboolean fct_network_device_drop(FctApp *app, const char *name, const char *device, char **ret_kept, GError **error)
{
    *ret_kept = NULL;
    if (!*device)
        return TRUE;
    g_autoptr(GPtrArray) networks = fct_network_cache_read(app->networks, 0, error);
    const FctNetwork *other = networks ? fct_network_on_device(networks, device, name) : NULL;
    if (other)
        *ret_kept = g_strdup_printf("The interface %s stays: the network %s is on it too.", device, other->name);
    return other || (networks && app->hw->ops->vlan_take(app->hw, device, ret_kept, error));
}

/* Deletes the VLAN's interface of a network that was not made. FALSE: the note stays until the next start. */
static gboolean drop_device(FctApp *app, const char *name, const char *device)
{
    g_autoptr(GError) fault = NULL;
    g_autofree char *kept = NULL;
    if (fct_network_device_drop(app, name, device, &kept, &fault))
        return TRUE;
    g_warning("%s", fault->message);
    return FALSE;
}

static void network_settle(FctApp *app, const json_t *doc, const FctNetwork *network)
{
    const char *name = fct_json_str(doc, "name", "");
    gboolean create = strcmp(fct_json_str(doc, "act", ""), "create") == 0;
    g_autoptr(GError) fault = NULL;
    /* A network that runs was made completely, or its deletion had not begun. */
    gboolean half = network && network->ours && !network->active && !fct_network_has_vms(app, name);
    if (half && !app->vmm->ops->network_delete(app->vmm, name, &fault)) {
        g_warning("%s", fault->message);
        return; /* the note stays until the next start */
    }
    if ((half || !network) && !drop_device(app, name, fct_json_str(doc, "device", "")))
        return;
    if (half)
        fct_event(app, "network", "warning", "network", name, name,
                  create ? "Facet was restarted while network %s was made; nothing is left of it."
                         : "Facet was restarted while network %s was deleted; it is gone now.",
                  name);
    fct_network_change_end(app, name);
}

void fct_network_changes_settle(FctApp *app)
{
    g_autoptr(GError) fault = NULL;
    fct_network_cache_lock(app->networks);
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, PREFIX, &fault);
    g_autoptr(GPtrArray) networks = docs && docs->len ? fct_network_cache_read(app->networks, 0, &fault) : NULL;
    if (fault)
        g_warning("What was under way on networks could not be looked at: %s", fault->message);
    for (guint i = 0; networks && i < docs->len; i++) {
        const json_t *doc = ((FctDoc *)docs->pdata[i])->value;
        const char *name = fct_json_str(doc, "name", ""), *kind = fct_json_str(doc, "act", "");
        /*
         * Notes with a task are left to that task, and notes of creations that this process is doing now are not
         * leftovers.
         */
        if (strcmp(kind, "change") != 0 && !fct_json_bool(doc, "task", FALSE) &&
            !fct_network_cache_is_making(app->networks, name))
            network_settle(app, doc, networks_find(networks, name));
    }
    fct_network_cache_unlock(app->networks);
}
