/* SPDX-License-Identifier: Apache-2.0 */
#include "app/networks/cache.h"

#include "app/domains/vm_news.h"
#include "base/scope.h"

#include <string.h>

#define FIRST_MS 10000

struct FctNetworkCache {
    FctApp *app;
    GMutex changing; /* see fct_network_cache_lock */

    GMutex lock;        /* guards everything below */
    GHashTable *making; /* names of networks that this process is making */
    GCond cond;
    gboolean quit, due;
    GPtrArray *networks; /* immutable; NULL: never read */
    json_t *addresses;   /* immutable */
    gint64 read_us;
    guint64 begun, kept; /* numbers of readings: an older reading never replaces a newer one */
    GError *fault;       /* error of the last reading; NULL: it worked */
};

/* ---- reading ---- */

static json_t *networks_addresses_of(const GPtrArray *networks)
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

/* Whether a VM could start with the same networks in both lists. @a NULL: never read. */
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
    g_autoptr(json_t) addresses = networks ? networks_addresses_of(networks) : NULL;
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
    if (news)
        fct_vm_news_host_changed(cache->app->vm_news);
    fct_error_pass(error, &fault);
    return networks;
}

GPtrArray *fct_network_cache_get(FctNetworkCache *cache, GError **error)
{
    gint64 until = g_get_monotonic_time() + FIRST_MS * (gint64)1000;
    GPtrArray *networks = NULL;
    fct_autolock(&cache->lock);
    while (!cache->networks && !cache->fault && !cache->quit && g_cond_wait_until(&cache->cond, &cache->lock, until))
        ;
    if (cache->fault)
        g_propagate_error(error, g_error_copy(cache->fault));
    else if (cache->networks)
        networks = g_ptr_array_ref(cache->networks);
    else
        fct_set_error(error, FCT_ERROR_LIBVIRT_DOWN, "libvirt has not told of its networks yet.");
    return networks;
}

GPtrArray *fct_network_cache_seen(FctNetworkCache *cache)
{
    fct_autolock(&cache->lock);
    return cache->networks && !cache->fault ? g_ptr_array_ref(cache->networks) : NULL;
}

json_t *fct_network_cache_addresses(FctNetworkCache *cache)
{
    fct_autolock(&cache->lock);
    return cache->addresses ? json_deep_copy(cache->addresses) : json_object();
}

void fct_network_cache_refresh(FctNetworkCache *cache)
{
    fct_autolock(&cache->lock);
    cache->due = TRUE;
    g_cond_broadcast(&cache->cond);
}

gboolean fct_network_cache_await_refresh(FctNetworkCache *cache, gint64 until_us, gboolean *ret_due)
{
    fct_autolock(&cache->lock);
    while (!cache->quit && !cache->due && g_cond_wait_until(&cache->cond, &cache->lock, until_us))
        ;
    gboolean goes_on = !cache->quit;
    *ret_due = cache->due;
    cache->due = FALSE;
    return goes_on;
}

gboolean fct_network_cache_rest(FctNetworkCache *cache, gint64 until_us)
{
    fct_autolock(&cache->lock);
    while (!cache->quit && g_cond_wait_until(&cache->cond, &cache->lock, until_us))
        ;
    return !cache->quit;
}

void fct_network_cache_quit(FctNetworkCache *cache)
{
    fct_autolock(&cache->lock);
    cache->quit = TRUE;
    g_cond_broadcast(&cache->cond);
}

gboolean fct_network_cache_has_failed(FctNetworkCache *cache)
{
    fct_autolock(&cache->lock);
    return cache->fault != NULL;
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
    fct_autolock(&cache->lock);
    if (on)
        g_hash_table_add(cache->making, g_strdup(name));
    else
        g_hash_table_remove(cache->making, name);
}

gboolean fct_network_cache_is_making(FctNetworkCache *cache, const char *name)
{
    fct_autolock(&cache->lock);
    return g_hash_table_contains(cache->making, name);
}

FctNetworkCache *fct_network_cache_new(FctApp *app)
{
    FctNetworkCache *cache = g_new0(FctNetworkCache, 1);
    cache->app = app;
    g_mutex_init(&cache->changing);
    g_mutex_init(&cache->lock);
    g_cond_init(&cache->cond);
    cache->making = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return cache;
}

void fct_network_cache_free(FctNetworkCache *cache)
{
    if (!cache)
        return;
    g_clear_pointer(&cache->networks, g_ptr_array_unref);
    json_decref(cache->addresses);
    g_clear_error(&cache->fault);
    g_hash_table_unref(cache->making);
    g_mutex_clear(&cache->changing);
    g_mutex_clear(&cache->lock);
    g_cond_clear(&cache->cond);
    g_free(cache);
}
