/* SPDX-License-Identifier: Apache-2.0 */
#include "app/networks/watch.h"

#include "app/domains/vm_doc.h"
#include "app/domains/vm_news.h"
#include "app/networks/cache.h"
#include "app/networks/task.h"
#include "app/news/hub.h"

#define POLL_US (2 * G_USEC_PER_SEC)
#define REST_US (300 * 1000)
#define RETRY_US (5 * G_USEC_PER_SEC)

struct FctNetworkWatch {
    FctApp *app;
    FctNetworkCache *cache; /* the context's */
    GThread *thread;
    /* The thread's own: */
    GHashTable *shown;   /* name → text that was last published */
    gboolean settled;    /* leftovers of an earlier facetd were settled */
    gboolean first_done; /* the first network was made, or is not needed */
};

static void network_watch_publish_one(FctNetworkWatch *watch, json_t *view, GHashTable *gone)
{
    const char *name = fct_json_str(view, "name", "");
    g_autofree char *text = fct_json_text(view);
    g_hash_table_remove(gone, name);
    if (g_strcmp0(g_hash_table_lookup(watch->shown, name), text) == 0)
        return;
    g_hash_table_replace(watch->shown, g_strdup(name), g_strdup(text));
    fct_hub_publish(watch->app->hub, "network", name, json_incref(view));
}

/* Publishes the networks that differ from what was last published. */
static void network_watch_publish(FctNetworkWatch *watch)
{
    g_autoptr(json_t) views = fct_networks_list(watch->app, NULL);
    g_autoptr(GHashTable) gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iter;
    gpointer name;
    size_t i;
    json_t *view;
    if (!views)
        return;
    g_hash_table_iter_init(&iter, watch->shown);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_hash_table_add(gone, g_strdup(name));
    json_array_foreach (views, i, view)
        network_watch_publish_one(watch, view, gone);
    g_hash_table_iter_init(&iter, gone);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        fct_hub_publish_deleted(watch->app->hub, "network", name);
        g_hash_table_remove(watch->shown, name);
    }
}

/* Publishes VMs with a NIC whose addresses have changed. */
static void publish_vms(FctNetworkWatch *watch, const json_t *before, const json_t *after)
{
    FctApp *app = watch->app;
    if (json_equal(before, after))
        return;
    g_autoptr(GPtrArray) vms = fct_vm_load_all(app->store, NULL);
    for (guint i = 0; vms && i < vms->len; i++) {
        const FctVm *vm = g_ptr_array_index(vms, i);
        for (guint k = 0; k < vm->nics->len; k++) {
            const char *mac = ((FctVmNic *)vm->nics->pdata[k])->mac;
            const json_t *old = json_object_get(before, mac), *new = json_object_get(after, mac);
            if (old != new && !json_equal(old, new)) {
                fct_vm_news_add(app->vm_news, vm->id);
                break;
            }
        }
    }
}

static void network_watch_refresh(FctNetworkWatch *watch)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(json_t) before = fct_network_cache_addresses(watch->cache);
    g_autoptr(GPtrArray) networks = fct_network_cache_read(watch->cache, 0, &fault);
    if (!networks) {
        if (fault && fault->code != FCT_ERROR_LIBVIRT_DOWN)
            g_warning("%s", fault->message);
        return;
    }
    if (!watch->settled)
        fct_network_changes_settle(watch->app);
    watch->settled = TRUE;
    if (!watch->first_done)
        watch->first_done = fct_networks_make_first(watch->app, networks);
    g_autoptr(json_t) after = fct_network_cache_addresses(watch->cache);
    network_watch_publish(watch);
    publish_vms(watch, before, after);
}

/* How long to wait until the next reading when nothing asks for one. */
static gint64 network_watch_next(const FctNetworkWatch *watch)
{
    if (fct_hub_watched(watch->app->hub))
        return POLL_US;
    return fct_network_cache_has_failed(watch->cache) ? RETRY_US : G_MAXINT64;
}

static gpointer network_watch_run(gpointer data)
{
    FctNetworkWatch *watch = data;
    gboolean due, goes_on = TRUE;
    while (goes_on) {
        /* No page is open: only the hub knows when one opens, so ask it now and then. */
        gint64 until = g_get_monotonic_time() + MIN(network_watch_next(watch), POLL_US);
        goes_on = fct_network_cache_await_refresh(watch->cache, until, &due);
        if (!goes_on || (!due && network_watch_next(watch) == G_MAXINT64))
            continue;
        network_watch_refresh(watch);
        /* pause: many VMs may come and go at once */
        goes_on = fct_network_cache_rest(watch->cache, g_get_monotonic_time() + REST_US);
    }
    return NULL;
}

static void on_networks(gpointer cache)
{
    fct_network_cache_refresh(cache);
}

FctNetworkWatch *fct_network_watch_new(FctApp *app)
{
    FctNetworkWatch *watch = g_new0(FctNetworkWatch, 1);
    watch->app = app;
    watch->cache = app->networks;
    watch->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return watch;
}

void fct_network_watch_start(FctNetworkWatch *watch)
{
    watch->thread = g_thread_new("networks", network_watch_run, watch);
    watch->app->vmm->ops->watch_networks(watch->app->vmm, on_networks, watch->cache);
}

void fct_network_watch_stop(FctNetworkWatch *watch)
{
    if (!watch || !watch->thread)
        return;
    watch->app->vmm->ops->watch_networks(watch->app->vmm, NULL, NULL);
    fct_network_cache_quit(watch->cache);
    g_thread_join(watch->thread);
    watch->thread = NULL;
}

void fct_network_watch_free(FctNetworkWatch *watch)
{
    if (!watch)
        return;
    g_hash_table_unref(watch->shown);
    g_free(watch);
}
