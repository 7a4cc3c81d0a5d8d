/* SPDX-License-Identifier: Apache-2.0 */
#include "app/network_cache.h"

#include "app/hub.h"
#include "app/network_task.h"
#include "app/vm_service.h"

#include <string.h>

#define LOOK_US (2 * G_USEC_PER_SEC)
#define REST_US (300 * 1000)
#define RETRY_US (5 * G_USEC_PER_SEC)
#define FIRST_MS 10000

struct FctNetworkCache {
    FctApp *app;
    GThread *thread;
    GMutex changing; /* see fct_network_cache_lock */

    GMutex lock;        /* guards everything below */
    GHashTable *making; /* names of networks that are being made by this process */
    GCond cond;
    gboolean quit, due;
    GPtrArray *networks; /* immutable; NULL: never read */
    json_t *addresses;   /* immutable */
    gint64 read_us;
    guint64 begun, kept; /* readings, counted: an older one never replaces a newer */
    GError *fault;       /* of the last reading; NULL: it worked */
    GHashTable *shown;   /* name → text of what was published; the thread's own */
    gboolean settled;    /* what facetd ended in was seen to */
    gboolean first_done; /* so was the first network */
};

/* ---- reading ---- */

static json_t *addresses_of(const GPtrArray *networks)
{
    json_t *by_mac = json_object();
    for (guint i = 0; i < networks->len; i++) {
        const GPtrArray *leases = ((FctNetwork *)networks->pdata[i])->leases;
        for (guint k = 0; k < leases->len; k++) {
            const FctLease *lease = g_ptr_array_index(leases, k);
            json_t *list = json_object_get(by_mac, lease->mac);
            if (!list)
                json_object_set_new(by_mac, lease->mac, list = json_array());
            json_array_append_new(list, json_string(lease->address));
        }
    }
    return by_mac;
}

/* Whether a VM could start in the same ones. @a NULL: never read. */
static gboolean same_to_starts(const GPtrArray *a, const GPtrArray *b)
{
    gboolean same = a && a->len == b->len;
    for (guint i = 0; same && i < a->len; i++) {
        const FctNetwork *x = a->pdata[i], *y = b->pdata[i];
        same = strcmp(x->name, y->name) == 0 && x->active == y->active && strcmp(x->bridge, y->bridge) == 0;
    }
    return same;
}

GPtrArray *fct_network_cache_read(FctNetworkCache *cache, int max_age_ms, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_mutex_lock(&cache->lock);
    gint64 age = g_get_monotonic_time() - cache->read_us;
    gboolean fresh = cache->networks && !cache->fault && age < max_age_ms * (gint64)1000;
    GPtrArray *present = fresh ? g_ptr_array_ref(cache->networks) : NULL;
    guint64 mine = fresh ? 0 : ++cache->begun;
    g_mutex_unlock(&cache->lock);
    if (present)
        return present;
    GPtrArray *networks = cache->app->vmm->ops->networks(cache->app->vmm, &fault);
    g_autoptr(json_t) addresses = networks ? addresses_of(networks) : NULL;
    g_mutex_lock(&cache->lock);
    gboolean newest = mine > cache->kept, news = newest && networks && !same_to_starts(cache->networks, networks);
    if (newest) {
        g_clear_error(&cache->fault);
        cache->read_us = g_get_monotonic_time();
        cache->kept = mine;
    }
    if (newest && networks) {
        g_clear_pointer(&cache->networks, g_ptr_array_unref);
        cache->networks = g_ptr_array_ref(networks);
        json_decref(cache->addresses);
        cache->addresses = g_steal_pointer(&addresses);
    } else if (newest) {
        cache->fault = g_error_copy(fault);
    }
    g_cond_broadcast(&cache->cond);
    g_mutex_unlock(&cache->lock);
    if (news && cache->app->vms)
        fct_vm_news_host_changed(cache->app->vm_news);
    if (fault)
        g_propagate_error(error, g_steal_pointer(&fault));
    return networks;
}

GPtrArray *fct_network_cache_get(FctNetworkCache *cache, GError **error)
{
    gint64 until = g_get_monotonic_time() + FIRST_MS * (gint64)1000;
    GPtrArray *networks = NULL;
    g_mutex_lock(&cache->lock);
    while (!cache->networks && !cache->fault && !cache->quit && g_cond_wait_until(&cache->cond, &cache->lock, until))
        ;
    if (cache->fault)
        g_propagate_error(error, g_error_copy(cache->fault));
    else if (cache->networks)
        networks = g_ptr_array_ref(cache->networks);
    else
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt has not told of its networks yet.");
    g_mutex_unlock(&cache->lock);
    return networks;
}

GPtrArray *fct_network_cache_seen(FctNetworkCache *cache)
{
    g_mutex_lock(&cache->lock);
    GPtrArray *networks = cache->networks && !cache->fault ? g_ptr_array_ref(cache->networks) : NULL;
    g_mutex_unlock(&cache->lock);
    return networks;
}

json_t *fct_network_cache_addresses(FctNetworkCache *cache)
{
    g_mutex_lock(&cache->lock);
    json_t *addresses = cache->addresses ? json_deep_copy(cache->addresses) : json_object();
    g_mutex_unlock(&cache->lock);
    return addresses;
}

void fct_network_cache_look(FctNetworkCache *cache)
{
    g_mutex_lock(&cache->lock);
    cache->due = TRUE;
    g_cond_broadcast(&cache->cond);
    g_mutex_unlock(&cache->lock);
}

void fct_network_cache_lock(FctNetworkCache *cache)
{
    g_mutex_lock(&cache->changing);
}

void fct_network_cache_unlock(FctNetworkCache *cache)
{
    g_mutex_unlock(&cache->changing);
}

void fct_network_cache_set_making(FctNetworkCache *cache, const char *name, gboolean on)
{
    g_mutex_lock(&cache->lock);
    if (on)
        g_hash_table_add(cache->making, g_strdup(name));
    else
        g_hash_table_remove(cache->making, name);
    g_mutex_unlock(&cache->lock);
}

gboolean fct_network_cache_is_making(FctNetworkCache *cache, const char *name)
{
    g_mutex_lock(&cache->lock);
    gboolean is = g_hash_table_contains(cache->making, name);
    g_mutex_unlock(&cache->lock);
    return is;
}

/* ---- telling ---- */

static void publish_one(FctNetworkCache *cache, json_t *view, GHashTable *gone)
{
    const char *name = fct_json_str(view, "name", "");
    g_autofree char *text = fct_json_text(view);
    g_hash_table_remove(gone, name);
    if (g_strcmp0(g_hash_table_lookup(cache->shown, name), text) == 0)
        return;
    g_hash_table_replace(cache->shown, g_strdup(name), g_strdup(text));
    fct_hub_publish(cache->app->hub, "network", name, json_incref(view));
}

/* Those that differ from what was told last. */
static void publish(FctNetworkCache *cache)
{
    g_autoptr(json_t) views = fct_networks_list(cache->app, NULL);
    g_autoptr(GHashTable) gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iter;
    gpointer name;
    size_t i;
    json_t *view;
    if (!views)
        return;
    g_hash_table_iter_init(&iter, cache->shown);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_hash_table_add(gone, g_strdup(name));
    json_array_foreach (views, i, view)
        publish_one(cache, view, gone);
    g_hash_table_iter_init(&iter, gone);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        fct_hub_publish_deleted(cache->app->hub, "network", name);
        g_hash_table_remove(cache->shown, name);
    }
}

/* VMs with a NIC whose addresses are others than before. */
static void publish_vms(FctNetworkCache *cache, const json_t *before, const json_t *after)
{
    FctApp *app = cache->app;
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

/* ---- the thread ---- */

static void look(FctNetworkCache *cache)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(json_t) before = fct_network_cache_addresses(cache);
    g_autoptr(GPtrArray) networks = fct_network_cache_read(cache, 0, &fault);
    if (!networks) {
        if (fault && fault->code != FCT_ERROR_LIBVIRT_DOWN)
            g_warning("%s", fault->message);
        return;
    }
    if (!cache->settled)
        fct_network_acts_settle(cache->app);
    cache->settled = TRUE;
    if (!cache->first_done)
        cache->first_done = fct_networks_make_first(cache->app, networks);
    g_autoptr(json_t) after = fct_network_cache_addresses(cache);
    publish(cache);
    publish_vms(cache, before, after);
}

/* How long until the next look, when nothing calls for one. */
static gint64 next_look(const FctNetworkCache *cache)
{
    if (fct_hub_watched(cache->app->hub))
        return LOOK_US;
    return cache->fault ? RETRY_US : G_MAXINT64;
}

static gpointer run(gpointer data)
{
    FctNetworkCache *cache = data;
    g_mutex_lock(&cache->lock);
    while (!cache->quit) {
        gint64 pause = next_look(cache);
        /* Nobody looks: only the hub knows when that ends, so ask it now and then. */
        gint64 until = g_get_monotonic_time() + MIN(pause, LOOK_US);
        while (!cache->quit && !cache->due && g_cond_wait_until(&cache->cond, &cache->lock, until))
            ;
        if (cache->quit || (!cache->due && next_look(cache) == G_MAXINT64))
            continue;
        cache->due = FALSE;
        g_mutex_unlock(&cache->lock);
        look(cache);
        g_mutex_lock(&cache->lock);
        /* Many VMs may come and go at once. */
        until = g_get_monotonic_time() + REST_US;
        while (!cache->quit && g_cond_wait_until(&cache->cond, &cache->lock, until))
            ;
    }
    g_mutex_unlock(&cache->lock);
    return NULL;
}

static void on_networks(gpointer data)
{
    fct_network_cache_look(data);
}

FctNetworkCache *fct_network_cache_new(FctApp *app)
{
    FctNetworkCache *cache = g_new0(FctNetworkCache, 1);
    cache->app = app;
    g_mutex_init(&cache->changing);
    g_mutex_init(&cache->lock);
    g_cond_init(&cache->cond);
    cache->making = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    cache->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return cache;
}

void fct_network_cache_start(FctNetworkCache *cache)
{
    cache->thread = g_thread_new("networks", run, cache);
    cache->app->vmm->ops->watch_networks(cache->app->vmm, on_networks, cache);
}

void fct_network_cache_stop(FctNetworkCache *cache)
{
    if (!cache || !cache->thread)
        return;
    cache->app->vmm->ops->watch_networks(cache->app->vmm, NULL, NULL);
    g_mutex_lock(&cache->lock);
    cache->quit = TRUE;
    g_cond_broadcast(&cache->cond);
    g_mutex_unlock(&cache->lock);
    g_thread_join(cache->thread);
    cache->thread = NULL;
}

void fct_network_cache_free(FctNetworkCache *cache)
{
    if (!cache)
        return;
    g_clear_pointer(&cache->networks, g_ptr_array_unref);
    json_decref(cache->addresses);
    g_clear_error(&cache->fault);
    g_hash_table_unref(cache->shown);
    g_hash_table_unref(cache->making);
    g_mutex_clear(&cache->changing);
    g_mutex_clear(&cache->lock);
    g_cond_clear(&cache->cond);
    g_free(cache);
}
