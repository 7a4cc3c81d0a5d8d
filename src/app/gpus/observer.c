/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/observer.h"

#include "app/news/records.h"
#include "base/scope.h"

#include <string.h>

#define REFRESH_S 10 /* how often cards are observed when nothing calls for it */

typedef struct {
    FctObserverChanged changed;
    gpointer data;
} Listener;

struct FctObserver {
    FctApp *app;
    GMutex lock; /* all below */
    GCond wake;
    FctInventory *inventory; /* NULL before the first */
    GHashTable *digests;     /* gpu id → digest of what was last published */
    GHashTable *marks;       /* gpu id → {"boot_id","reason"} */
    gboolean helper_up, said_down, kicked, stopping;
    GMutex publishing;       /* one publication at a time, so that they come in the order of the observations */
    guint64 observed, shown; /* numbers of the newest observation begun, and of the newest one published */
    GArray *listeners;       /* Listener; not changed once the thread runs */
    FctObserverHelper on_helper;
    gpointer helper_data;
    GThread *thread;
};

static char *mark_key(const char *gpu)
{
    return g_strconcat("mark/", gpu, NULL);
}

FctObserver *fct_observer_new(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "mark/", error);
    if (!docs)
        return NULL;
    FctObserver *observer = g_new0(FctObserver, 1);
    observer->app = app;
    g_mutex_init(&observer->lock);
    g_mutex_init(&observer->publishing);
    g_cond_init(&observer->wake);
    observer->digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    observer->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
    observer->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        g_hash_table_insert(observer->marks, g_strdup(doc->key + strlen("mark/")), json_incref(doc->value));
    }
    return observer;
}

void fct_observer_free(FctObserver *observer)
{
    if (!observer)
        return;
    g_clear_pointer(&observer->inventory, fct_inventory_unref);
    g_hash_table_unref(observer->digests);
    g_hash_table_unref(observer->marks);
    g_array_unref(observer->listeners);
    g_mutex_clear(&observer->lock);
    g_mutex_clear(&observer->publishing);
    g_cond_clear(&observer->wake);
    g_free(observer);
}

void fct_observer_on_change(FctObserver *observer, FctObserverChanged changed, gpointer data)
{
    Listener listener = {changed, data};
    g_array_append_val(observer->listeners, listener);
}

void fct_observer_on_helper(FctObserver *observer, FctObserverHelper told, gpointer data)
{
    observer->on_helper = told;
    observer->helper_data = data;
}

/* ---- observing ---- */

/* A gpu that hung in this boot stays marked as wedged. Called on an inventory that nobody else sees yet. */
static void apply_marks(FctObserver *observer, FctInventory *inventory)
{
    fct_autolock(&observer->lock);
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        const json_t *mark = g_hash_table_lookup(observer->marks, gpu->id);
        if (!mark || strcmp(fct_json_str(mark, "boot_id", ""), inventory->boot_id) != 0)
            continue;
        gpu->state = FCT_GPU_WEDGED;
        g_free(gpu->state_reason);
        gpu->state_reason = g_strdup(fct_json_str(mark, "reason", ""));
    }
}

/* The ids of cards that are new or differ from what was last published; cards that are gone are forgotten. */
static GPtrArray *what_changed(FctObserver *observer, FctInventory *before, FctInventory *now)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    fct_autolock(&observer->lock);
    for (guint i = 0; i < now->gpus->len; i++) {
        const FctGpu *gpu = now->gpus->pdata[i];
        g_autofree char *digest = fct_gpu_digest(gpu);
        if (g_strcmp0(g_hash_table_lookup(observer->digests, gpu->id), digest) == 0)
            continue;
        g_hash_table_insert(observer->digests, g_strdup(gpu->id), g_steal_pointer(&digest));
        g_ptr_array_add(ids, g_strdup(gpu->id));
    }
    for (guint i = 0; before && i < before->gpus->len; i++) {
        const FctGpu *gpu = before->gpus->pdata[i];
        if (!fct_inventory_gpu(now, gpu->id))
            g_hash_table_remove(observer->digests, gpu->id);
    }
    return ids;
}

static gboolean lost_any(FctInventory *before, FctInventory *now)
{
    for (guint i = 0; before && i < before->gpus->len; i++)
        if (!fct_inventory_gpu(now, ((FctGpu *)before->gpus->pdata[i])->id))
            return TRUE;
    return FALSE;
}

static void observer_tell(FctObserver *observer, FctInventory *before, FctInventory *now)
{
    g_autoptr(GPtrArray) gpus = what_changed(observer, before, now);
    const FctObserverNews news = {before, now, gpus};
    if (before && !gpus->len && !lost_any(before, now))
        return;
    for (guint i = 0; i < observer->listeners->len; i++) {
        const Listener *listener = &g_array_index(observer->listeners, Listener, i);
        listener->changed(observer->app, &news, listener->data);
    }
}

static void tell_helper(FctObserver *observer, gboolean up, const char *why)
{
    FctApp *app = observer->app;
    g_mutex_lock(&observer->lock);
    gboolean news = up ? observer->said_down : !observer->said_down;
    observer->said_down = !up;
    g_mutex_unlock(&observer->lock);
    if (!news)
        return;
    if (up)
        fct_event(app, "helper", "info", "node", app->config.node, app->config.node,
                  "The hardware helper answers again.");
    else
        fct_event(app, "helper", "error", "node", app->config.node, app->config.node,
                  "The hardware helper does not answer: %s", why);
    if (observer->on_helper)
        observer->on_helper(app, observer->helper_data);
}

/* An observation that began before the published one is older than it: it is dropped. */
static void observer_publish(FctObserver *observer, FctInventory *inventory, guint64 number)
{
    g_mutex_lock(&observer->publishing);
    g_mutex_lock(&observer->lock);
    if (number < observer->shown) {
        g_mutex_unlock(&observer->lock);
        g_mutex_unlock(&observer->publishing);
        return;
    }
    observer->shown = number;
    g_autoptr(FctInventory) before = g_steal_pointer(&observer->inventory);
    observer->inventory = fct_inventory_ref(inventory);
    observer->helper_up = TRUE;
    g_mutex_unlock(&observer->lock);
    observer_tell(observer, before, inventory);
    tell_helper(observer, TRUE, "");
    g_mutex_unlock(&observer->publishing);
}

FctInventory *fct_observer_refresh(FctObserver *observer, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_mutex_lock(&observer->lock);
    guint64 number = ++observer->observed;
    g_mutex_unlock(&observer->lock);
    FctInventory *inventory = observer->app->hw->ops->inventory(observer->app->hw, &fault);
    if (inventory) {
        apply_marks(observer, inventory);
        observer_publish(observer, inventory, number);
        return inventory;
    }
    if (fct_error_code(fault) == FCT_ERROR_HELPER) {
        g_mutex_lock(&observer->lock);
        observer->helper_up = FALSE;
        g_mutex_unlock(&observer->lock);
        tell_helper(observer, FALSE, fault->message);
    }
    fct_error_pass(error, &fault);
    return NULL;
}

FctInventory *fct_observer_inventory(FctObserver *observer, GError **error)
{
    g_mutex_lock(&observer->lock);
    FctInventory *inventory = observer->inventory ? fct_inventory_ref(observer->inventory) : NULL;
    g_mutex_unlock(&observer->lock);
    if (!inventory)
        fct_set_error(error, FCT_ERROR_HELPER,
                      "Nothing is known of this host yet: the hardware helper has not answered.");
    return inventory;
}

gboolean fct_observer_helper_up(FctObserver *observer)
{
    fct_autolock(&observer->lock);
    return observer->helper_up;
}

/* Asks the thread to refresh soon. */
static void observer_kick(FctObserver *observer)
{
    fct_autolock(&observer->lock);
    observer->kicked = TRUE;
    g_cond_signal(&observer->wake);
}

void fct_observer_mark_wedged(FctObserver *observer, const char *gpu, const char *reason)
{
    FctApp *app = observer->app;
    g_autoptr(GError) error = NULL;
    g_autofree char *key = mark_key(gpu);
    g_mutex_lock(&observer->lock);
    json_t *mark =
        json_pack("{s:s, s:s}", "boot_id", observer->inventory ? observer->inventory->boot_id : "", "reason", reason);
    g_hash_table_insert(observer->marks, g_strdup(gpu), json_incref(mark));
    g_mutex_unlock(&observer->lock);
    FctWrite write = {key, mark, FCT_REV_ANY};
    if (!app->store->ops->commit(app->store, &write, 1, NULL, &error))
        g_warning("That %s hung is kept in memory alone: %s", gpu, error->message);
    json_decref(mark);
    observer_kick(observer);
}

/* ---- the thread ---- */

static void on_hw_changed(gpointer data)
{
    observer_kick(data);
}

static gpointer observer_watch(gpointer data)
{
    FctObserver *observer = data;
    gboolean stopping = FALSE;
    while (!stopping) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FctInventory) inventory = fct_observer_refresh(observer, &error);
        if (!inventory && fct_error_code(error) != FCT_ERROR_HELPER)
            g_warning("The hardware could not be observed: %s", error->message);
        gint64 until = g_get_monotonic_time() + (inventory ? REFRESH_S : 1) * G_TIME_SPAN_SECOND;
        g_mutex_lock(&observer->lock);
        while (!observer->kicked && !observer->stopping && g_cond_wait_until(&observer->wake, &observer->lock, until))
            ;
        observer->kicked = FALSE;
        stopping = observer->stopping;
        g_mutex_unlock(&observer->lock);
    }
    return NULL;
}

void fct_observer_start(FctObserver *observer)
{
    observer->app->hw->ops->watch(observer->app->hw, on_hw_changed, observer);
    observer->thread = g_thread_new("observer", observer_watch, observer);
}

void fct_observer_stop(FctObserver *observer)
{
    g_mutex_lock(&observer->lock);
    observer->stopping = TRUE;
    g_cond_signal(&observer->wake);
    g_mutex_unlock(&observer->lock);
    g_clear_pointer(&observer->thread, g_thread_join);
}
