/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting a network as a task, since dnsmasq and the firewall take their time. The deletion is noted before its first
 * effect: whoever finds the note continues, and counts what is gone already as done.
 */
#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/networks/cache.h"
#include "app/networks/task.h"
#include "app/news/records.h"

#define RETRY_MS 500
#define LATE_MAX 3 /* how many calls may pass their deadline */

typedef struct {
    FctApp *app;
    char *name, *key;
    char *device; /* the VLAN's interface that is deleted with the network; "" */
    char *kept;   /* why the interface stays; NULL or "": it does not */
} Removal;

static void removal_free(gpointer data)
{
    Removal *removal = data;
    g_free(removal->name);
    g_free(removal->key);
    g_free(removal->device);
    g_free(removal->kept);
    g_free(removal);
}

static Removal *removal_new(FctApp *app, const char *name, const char *device)
{
    Removal *removal = g_new0(Removal, 1);
    removal->app = app;
    removal->name = g_strdup(name);
    removal->key = fct_network_change_key(name);
    removal->device = g_strdup(device);
    return removal;
}

/* A VM may have got a NIC in the network after the deletion was judged. */
static gboolean remove_once(Removal *removal, GError **error)
{
    FctApp *app = removal->app;
    if (fct_network_has_vms(app, removal->name))
        return fct_set_error(error, FCT_ERROR_IN_USE, "A VM is attached to network %s now.", removal->name);
    if (!app->vmm->ops->network_delete(app->vmm, removal->name, error))
        return FALSE;
    g_clear_pointer(&removal->kept, g_free);
    return fct_network_device_drop(app, removal->name, removal->device, &removal->kept, error);
}

static gboolean is_away(const GError *fault)
{
    return fault->code == FCT_ERROR_LIBVIRT_DOWN || fault->code == FCT_ERROR_HELPER;
}

/*
 * Waits while libvirt or the helper is away. FALSE with @error: it cannot be deleted. FALSE without: facetd ends, and
 * the next one continues.
 */
static gboolean remove_it(Removal *removal, FctTask *task, GError **error)
{
    for (int late = 0;;) {
        g_autoptr(GError) fault = NULL;
        if (!fct_domains_await_up(removal->app->domains, task))
            return FALSE;
        if (remove_once(removal, &fault))
            return TRUE;
        if (!is_away(fault) && (fault->code != FCT_ERROR_TIMEOUT || ++late >= LATE_MAX))
            return fct_error_pass(error, &fault);
        fct_task_wait(task, RETRY_MS);
        if (fct_task_stopping(task))
            return FALSE;
    }
}

static void removal_run(FctTask *task, gpointer data)
{
    Removal *removal = data;
    FctNetworkCache *cache = removal->app->networks;
    const FctWrite drop = {removal->key, NULL, FCT_REV_ANY};
    g_autoptr(GError) fault = NULL;
    fct_task_step(task, 0, FCT_TASK_STEP_RUNNING, NULL);
    gboolean ok = remove_it(removal, task, &fault);
    if (!ok && !fault)
        return;
    fct_task_step(task, 0, ok ? FCT_TASK_STEP_DONE : FCT_TASK_STEP_FAILED, ok ? NULL : fault->message);
    /* Publishes the network before the end of the task, so that the page hears of them in this order. */
    g_autoptr(GPtrArray) networks G_GNUC_UNUSED = fct_network_cache_read(cache, 0, NULL);
    if (ok && removal->kept && *removal->kept)
        fct_task_log(task, "%s", removal->kept);
    if (ok)
        fct_task_end(task, FCT_TASK_DONE, NULL, &drop, 1, "Network %s is gone.", removal->name);
    else
        fct_task_end(task, FCT_TASK_FAILED, fault, &drop, 1, "Network %s was not deleted.", removal->name);
    fct_network_cache_refresh(cache);
}

FctTask *fct_network_delete_start(FctApp *app, const char *user, const FctNetwork *network, GError **error)
{
    g_autofree char *title = g_strdup_printf("Delete network %s", network->name);
    static const char *const steps[] = {"Stop and delete it", NULL};
    const FctTaskSpec spec = {.kind = "network.delete",
                              .title = title,
                              .user = user,
                              .subject_kind = "network",
                              .subject_id = network->name,
                              .subject_name = network->name,
                              .plan = "",
                              .steps = steps};
    json_t *places = json_array();
    if (*network->device) /* while it is being deleted no VM may be attached to it */
        fct_network_place_add(places, network);
    g_autoptr(json_t) doc = json_pack("{s:s, s:s, s:b, s:s, s:o}", "act", "delete", "name", network->name, "task", TRUE,
                                      "device", network->device, "places", places);
    GError *fault = NULL;
    FctTask *task = fct_task_new(app, &spec);
    Removal *removal = removal_new(app, network->name, network->device);
    const FctWrite write = {removal->key, doc, FCT_REV_NONE};
    if (fct_task_commit(task, &write, 1, &fault)) {
        fct_task_start(task, removal_run, removal, removal_free);
        return task;
    }
    fct_task_forget(task);
    fct_task_unref(task);
    removal_free(removal);
    fct_network_change_refused(network->name, fault, error);
    return NULL;
}

void fct_network_delete_recover(FctTask *task, FctApp *app, const json_t *doc)
{
    Removal *removal = removal_new(app, fct_json_str(doc, "name", ""), fct_json_str(doc, "device", ""));
    fct_task_log(task, "Facet was restarted; going on from what is so now.");
    fct_task_start(task, removal_run, removal, removal_free);
}
