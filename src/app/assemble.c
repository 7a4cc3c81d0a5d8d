/* SPDX-License-Identifier: Apache-2.0 */
#include "app/app.h"

#include "app/api/visits.h"
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/guests.h"
#include "app/domains/vm_docs.h"
#include "app/domains/vm_news.h"
#include "app/gpus/executor.h"
#include "app/gpus/gpu_publish.h"
#include "app/gpus/holds.h"
#include "app/gpus/observer.h"
#include "app/gpus/reconcile.h"
#include "app/library/file_probe.h"
#include "app/library/files.h"
#include "app/metrics/sampler.h"
#include "app/networks/cache.h"
#include "app/networks/task.h"
#include "app/networks/watch.h"
#include "app/news/aside.h"
#include "app/news/hub.h"
#include "app/news/records.h"
#include "app/nodes/node_view.h"
#include "app/people/auth.h"
#include "app/people/opened.h"
#include "app/people/signins.h"
#include "app/routes.h"
#include "app/server/server.h"
#include "app/storage/storage.h"
#include "app/storage/storage_watch.h"
#include "app/storage/volume_records.h"
#include "app/storage/volumes.h"
#include "app/vms/autostart.h"
#include "app/vms/console/console.h"
#include "app/vms/publish.h"
#include "app/vms/state/facts.h"
#include "app/vms/stuck.h"
#include "app/vms/vms.h"
#include "app/work/task.h"

#include <sodium.h>

#define DAY_MS (24 * 3600 * 1000LL)

static const FctKeep keep_events = {
    .rows = 2000, .bytes = 16 * 1024 * 1024, .at_hand = 2000, .at_hand_bytes = 4 * 1024 * 1024};
/* The audit trail is kept long enough for a yearly report, and bounded so that it cannot fill a small disk. */
static const FctKeep keep_audit = {.rows = 100000,
                                   .age_ms = 400 * DAY_MS,
                                   .bytes = 64 * 1024 * 1024,
                                   .at_hand = 1000,
                                   .at_hand_bytes = 2 * 1024 * 1024};

static FctConfig config_copy(const FctConfig *config)
{
    return (FctConfig){.state_dir = g_strdup(config->state_dir),
                       .ui_dir = g_strdup(config->ui_dir),
                       .bind = g_strdup(config->bind),
                       .port = config->port,
                       .images_dir = g_strdup(config->images_dir),
                       .pool_roots = g_strdupv(config->pool_roots),
                       .disks_dir = g_strdup(config->disks_dir),
                       .part_device = g_strdup(config->part_device),
                       .node = g_strdup(config->node),
                       .names = g_strdupv(config->names),
                       .proxies = g_strdupv(config->proxies),
                       .connections = config->connections,
                       .connections_by_address = config->connections_by_address,
                       .patience_ms = config->patience_ms};
}

static void on_logins_ended(gpointer opened)
{
    fct_opened_check(opened);
}

/*
 * Called before storage reads a volume that a VM has: only the VM service can judge whether the VM's document still
 * tells the truth about it.
 */
static gboolean on_volume_read(FctApp *app, const FctVm *vm, GError **error)
{
    return fct_vm_facts_check_outside(app, vm, "does not have this volume as it is", error);
}

FctApp *fct_app_new(const FctConfig *config, const FctPorts *ports, GError **error)
{
    g_autoptr(FctApp) app = g_new0(FctApp, 1);
    g_rw_lock_init(&app->choosing);
    app->config = config_copy(config);
    app->hw = ports->hw;
    app->store = ports->store;
    app->vmm = ports->vmm;
    app->media = ports->media;
    app->routes = fct_routes();
    if (sodium_init() < 0) {
        fct_set_error(error, FCT_ERROR_INTERNAL, "The system gives no random numbers.");
        return NULL;
    }
    app->hub = fct_hub_new();
    app->events = fct_records_new(app->store, "event", &keep_events, error);
    if (!app->events)
        return NULL;
    app->audit = fct_records_new(app->store, "audit", &keep_audit, error);
    if (!app->audit)
        return NULL;
    app->signins = fct_signins_new(app, error);
    if (!app->signins)
        return NULL;
    app->auth = fct_auth_new(app, error);
    if (!app->auth)
        return NULL;
    app->opened = fct_opened_new(app, fct_visit_cut);
    fct_auth_on_end(app->auth, on_logins_ended, app->opened);
    app->observer = fct_observer_new(app, error);
    if (!app->observer)
        return NULL;
    app->files = fct_files_new(app);
    app->tasks = fct_tasks_new(app);
    app->executor = fct_executor_new(app);
    app->reconciler = fct_reconciler_new(app);
    if (app->vmm) {
        app->domains = fct_domains_new(app);
        app->acts = fct_acts_new();
        app->vm_news = fct_vm_news_new();
        app->guests = fct_guests_new(app);
        if (!(app->vm_docs = fct_vm_docs_new(app, error)))
            return NULL;
        app->probe = fct_file_probe_new();
        app->consoles = fct_consoles_new(app);
        app->vm_facts = fct_vm_facts_new(app);
        app->stuck_vms = fct_stuck_new(app);
        app->vm_publisher = fct_vm_publisher_new(app);
        app->vms = fct_vms_new(app);
        app->storage = fct_storage_new();
        fct_storage_on_read(app->storage, on_volume_read);
        app->storage_watch = fct_storage_watch_new(app);
        fct_files_on_delete(app->files, fct_volume_file_users);
        app->networks = fct_network_cache_new(app);
        app->network_watch = fct_network_watch_new(app);
        app->autostarter = fct_autostarter_new(app);
    }
    app->sampler = fct_sampler_new(app);
    return g_steal_pointer(&app);
}

static void on_cards_changed(FctApp *app, const FctObserverNews *news, gpointer data)
{
    if (app->vm_news)
        fct_vm_news_parts_changed(app->vm_news);
}

static void on_helper(FctApp *app, gpointer data)
{
    fct_node_publish(app);
}

static gboolean reads_group(const json_t *value, GError **error)
{
    g_autoptr(FctGroup) group = fct_group_from_json(value, error);
    return group != NULL;
}

static gboolean reads_plan(const json_t *value, GError **error)
{
    g_autoptr(FctPlan) plan = fct_plan_from_json(value, error);
    return plan != NULL;
}

/* Reports documents that cannot be read, for nouns whose readers skip them. VMs report theirs in domains/vm_docs.c. */
static void tell_unreadable(FctApp *app)
{
    fct_aside_tell_unreadable(app, "group/", reads_group);
    fct_aside_tell_unreadable(app, "plan/", reads_plan);
    fct_records_tell_unreadable(app);
}

gboolean fct_app_start(FctApp *app, GError **error)
{
    if (!fct_holds_set_aside(app, error))
        return FALSE;
    /* Listeners are made first, then the parts that call them. */
    fct_observer_on_change(app->observer, fct_gpu_publish_news, NULL);
    fct_observer_on_change(app->observer, on_cards_changed, NULL);
    fct_observer_on_helper(app->observer, on_helper, NULL);
    fct_reconciler_start(app->reconciler);
    if (app->vms) {
        fct_autostarter_start(app->autostarter);
        fct_vms_start(app->vms);
    }
    if (app->storage) {
        fct_tasks_on_recover(app->tasks, "volume.", fct_volumes_recover, app);
        fct_storage_watch_start(app->storage_watch);
    }
    if (app->networks) {
        fct_tasks_on_recover(app->tasks, "network.", fct_networks_recover, app);
        fct_network_watch_start(app->network_watch);
    }
    if (!fct_executor_recover(app->executor, error) || !fct_tasks_recover(app->tasks, error))
        return FALSE;
    tell_unreadable(app);
    fct_aside_tell(app);
    fct_observer_start(app->observer);
    fct_sampler_start(app->sampler);
    app->server = fct_server_new(app, error);
    return app->server != NULL;
}

void fct_app_free(FctApp *app)
{
    if (!app)
        return;
    fct_server_free(app->server); /* takes no more requests, and waits for the handlers that run */
    if (app->sampler) {           /* the sampler is made last: when it exists, everything may be running */
        fct_autostarter_stop(app->autostarter);
        fct_reconciler_stop(app->reconciler);
        fct_tasks_stop(app->tasks);
        fct_sampler_stop(app->sampler);
        fct_network_watch_stop(app->network_watch);
        fct_storage_watch_stop(app->storage_watch);
        fct_vms_stop(app->vms);
        fct_observer_stop(app->observer);
    }
    fct_network_watch_free(app->network_watch);
    fct_network_cache_free(app->networks);
    fct_storage_watch_free(app->storage_watch);
    fct_storage_free(app->storage);
    fct_autostarter_free(app->autostarter);
    fct_vms_free(app->vms);
    fct_vm_publisher_free(app->vm_publisher);
    fct_stuck_free(app->stuck_vms);
    fct_vm_facts_free(app->vm_facts);
    fct_consoles_free(app->consoles); /* on the main thread, as it must be */
    fct_file_probe_free(app->probe);
    fct_guests_free(app->guests);
    fct_vm_docs_free(app->vm_docs);
    fct_vm_news_free(app->vm_news);
    fct_acts_free(app->acts);
    fct_domains_free(app->domains);
    fct_sampler_free(app->sampler);
    fct_reconciler_free(app->reconciler);
    fct_executor_free(app->executor);
    fct_tasks_free(app->tasks);
    fct_files_free(app->files);
    fct_observer_free(app->observer);
    fct_opened_free(app->opened);
    fct_auth_free(app->auth);
    fct_signins_free(app->signins);
    fct_records_free(app->audit);
    fct_records_free(app->events);
    fct_hub_free(app->hub);
    fct_vmm_free(app->vmm);
    fct_media_free(app->media);
    fct_hw_free(app->hw);
    fct_store_free(app->store);
    g_free(app->config.state_dir);
    g_free(app->config.ui_dir);
    g_free(app->config.bind);
    g_free(app->config.images_dir);
    g_strfreev(app->config.pool_roots);
    g_free(app->config.disks_dir);
    g_free(app->config.part_device);
    g_free(app->config.node);
    g_strfreev(app->config.names);
    g_strfreev(app->config.proxies);
    g_rw_lock_clear(&app->choosing);
    g_free(app);
}
