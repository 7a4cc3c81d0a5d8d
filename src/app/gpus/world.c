/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/world.h"

#include "app/news/records.h"

#include <string.h>

#define REFRESH_S 10 /* without any sign of change */

typedef struct {
    FctWorldChanged changed;
    gpointer data;
} Listener;

struct FctWorld {
    FctApp *app;
    GMutex lock; /* all below */
    GCond wake;
    FctInventory *inventory; /* NULL before the first */
    GHashTable *digests;     /* gpu id → digest of what was published last */
    GHashTable *marks;       /* gpu id → {"boot_id","reason"} */
    gboolean helper_up, said_down, kicked, stopping;
    GMutex publishing;       /* one publication at a time, so that they are in the order of observation */
    guint64 observed, shown; /* number of the newest observation begun, and of the newest one published */
    GArray *listeners;       /* Listener; fixed once started */
    FctWorldHelper on_helper;
    gpointer helper_data;
    GThread *thread;
};

static char *mark_key(const char *gpu)
{
    return g_strconcat("mark/", gpu, NULL);
}

FctWorld *fct_world_new(FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) docs = app->store->ops->list(app->store, "mark/", error);
    if (!docs)
        return NULL;
    FctWorld *world = g_new0(FctWorld, 1);
    world->app = app;
    g_mutex_init(&world->lock);
    g_mutex_init(&world->publishing);
    g_cond_init(&world->wake);
    world->digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    world->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
    world->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        g_hash_table_insert(world->marks, g_strdup(doc->key + strlen("mark/")), json_incref(doc->value));
    }
    return world;
}

void fct_world_free(FctWorld *world)
{
    if (!world)
        return;
    g_clear_pointer(&world->inventory, fct_inventory_unref);
    g_hash_table_unref(world->digests);
    g_hash_table_unref(world->marks);
    g_array_unref(world->listeners);
    g_mutex_clear(&world->lock);
    g_mutex_clear(&world->publishing);
    g_cond_clear(&world->wake);
    g_free(world);
}

void fct_world_on_change(FctWorld *world, FctWorldChanged changed, gpointer data)
{
    Listener listener = {changed, data};
    g_array_append_val(world->listeners, listener);
}

void fct_world_on_helper(FctWorld *world, FctWorldHelper told, gpointer data)
{
    world->on_helper = told;
    world->helper_data = data;
}

/* ---- observing ---- */

/* A gpu that hung in this boot stays wedged. Called on an inventory that nobody else sees yet. */
static void apply_marks(FctWorld *world, FctInventory *inventory)
{
    g_mutex_lock(&world->lock);
    for (guint i = 0; i < inventory->gpus->len; i++) {
        FctGpu *gpu = inventory->gpus->pdata[i];
        const json_t *mark = g_hash_table_lookup(world->marks, gpu->id);
        if (!mark || strcmp(fct_json_str(mark, "boot_id", ""), inventory->boot_id) != 0)
            continue;
        gpu->state = FCT_GPU_WEDGED;
        g_free(gpu->state_reason);
        gpu->state_reason = g_strdup(fct_json_str(mark, "reason", ""));
    }
    g_mutex_unlock(&world->lock);
}

/* The ids of those that are new or differ from what was told last; what is gone is forgotten. */
static GPtrArray *what_changed(FctWorld *world, FctInventory *before, FctInventory *now)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    g_mutex_lock(&world->lock);
    for (guint i = 0; i < now->gpus->len; i++) {
        const FctGpu *gpu = now->gpus->pdata[i];
        g_autofree char *digest = fct_gpu_digest(gpu);
        if (g_strcmp0(g_hash_table_lookup(world->digests, gpu->id), digest) == 0)
            continue;
        g_hash_table_insert(world->digests, g_strdup(gpu->id), g_steal_pointer(&digest));
        g_ptr_array_add(ids, g_strdup(gpu->id));
    }
    for (guint i = 0; before && i < before->gpus->len; i++) {
        const FctGpu *gpu = before->gpus->pdata[i];
        if (!fct_inventory_gpu(now, gpu->id))
            g_hash_table_remove(world->digests, gpu->id);
    }
    g_mutex_unlock(&world->lock);
    return ids;
}

static gboolean lost_any(FctInventory *before, FctInventory *now)
{
    for (guint i = 0; before && i < before->gpus->len; i++)
        if (!fct_inventory_gpu(now, ((FctGpu *)before->gpus->pdata[i])->id))
            return TRUE;
    return FALSE;
}

static void tell(FctWorld *world, FctInventory *before, FctInventory *now)
{
    g_autoptr(GPtrArray) gpus = what_changed(world, before, now);
    const FctWorldNews news = {before, now, gpus};
    if (before && !gpus->len && !lost_any(before, now))
        return;
    for (guint i = 0; i < world->listeners->len; i++) {
        const Listener *listener = &g_array_index(world->listeners, Listener, i);
        listener->changed(world->app, &news, listener->data);
    }
}

static void tell_helper(FctWorld *world, gboolean up, const char *why)
{
    FctApp *app = world->app;
    g_mutex_lock(&world->lock);
    gboolean news = up ? world->said_down : !world->said_down;
    world->said_down = !up;
    g_mutex_unlock(&world->lock);
    if (!news)
        return;
    if (up)
        fct_event(app, "helper", "info", "node", app->config.node, app->config.node,
                  "The hardware helper answers again.");
    else
        fct_event(app, "helper", "error", "node", app->config.node, app->config.node,
                  "The hardware helper does not answer: %s", why);
    if (world->on_helper)
        world->on_helper(app, world->helper_data);
}

/* An observation that began before one that is published already is old: it is not shown. */
static void publish(FctWorld *world, FctInventory *inventory, guint64 number)
{
    g_mutex_lock(&world->publishing);
    g_mutex_lock(&world->lock);
    if (number < world->shown) {
        g_mutex_unlock(&world->lock);
        g_mutex_unlock(&world->publishing);
        return;
    }
    world->shown = number;
    g_autoptr(FctInventory) before = g_steal_pointer(&world->inventory);
    world->inventory = fct_inventory_ref(inventory);
    world->helper_up = TRUE;
    g_mutex_unlock(&world->lock);
    tell(world, before, inventory);
    tell_helper(world, TRUE, "");
    g_mutex_unlock(&world->publishing);
}

FctInventory *fct_world_refresh(FctWorld *world, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_mutex_lock(&world->lock);
    guint64 number = ++world->observed;
    g_mutex_unlock(&world->lock);
    FctInventory *inventory = world->app->hw->ops->inventory(world->app->hw, &fault);
    if (inventory) {
        apply_marks(world, inventory);
        publish(world, inventory, number);
        return inventory;
    }
    if (fct_error_code(fault) == FCT_ERROR_HELPER) {
        g_mutex_lock(&world->lock);
        world->helper_up = FALSE;
        g_mutex_unlock(&world->lock);
        tell_helper(world, FALSE, fault->message);
    }
    g_propagate_error(error, g_steal_pointer(&fault));
    return NULL;
}

FctInventory *fct_world_inventory(FctWorld *world, GError **error)
{
    g_mutex_lock(&world->lock);
    FctInventory *inventory = world->inventory ? fct_inventory_ref(world->inventory) : NULL;
    g_mutex_unlock(&world->lock);
    if (!inventory)
        fct_set_error(error, FCT_ERROR_HELPER,
                      "Nothing is known of this host yet: the hardware helper has not answered.");
    return inventory;
}

gboolean fct_world_helper_up(FctWorld *world)
{
    g_mutex_lock(&world->lock);
    gboolean up = world->helper_up;
    g_mutex_unlock(&world->lock);
    return up;
}

/* Asks the thread to refresh soon. */
static void kick(FctWorld *world)
{
    g_mutex_lock(&world->lock);
    world->kicked = TRUE;
    g_cond_signal(&world->wake);
    g_mutex_unlock(&world->lock);
}

void fct_world_mark_wedged(FctWorld *world, const char *gpu, const char *reason)
{
    FctApp *app = world->app;
    g_autoptr(GError) error = NULL;
    g_autofree char *key = mark_key(gpu);
    g_mutex_lock(&world->lock);
    json_t *mark =
        json_pack("{s:s, s:s}", "boot_id", world->inventory ? world->inventory->boot_id : "", "reason", reason);
    g_hash_table_insert(world->marks, g_strdup(gpu), json_incref(mark));
    g_mutex_unlock(&world->lock);
    FctWrite write = {key, mark, FCT_REV_ANY};
    if (!app->store->ops->commit(app->store, &write, 1, NULL, &error))
        g_warning("That %s hung is kept in memory alone: %s", gpu, error->message);
    json_decref(mark);
    kick(world);
}

/* ---- the thread ---- */

static void on_hw_changed(gpointer data)
{
    kick(data);
}

static gpointer watch(gpointer data)
{
    FctWorld *world = data;
    gboolean stopping = FALSE;
    while (!stopping) {
        g_autoptr(GError) error = NULL;
        g_autoptr(FctInventory) inventory = fct_world_refresh(world, &error);
        if (!inventory && fct_error_code(error) != FCT_ERROR_HELPER)
            g_warning("The hardware could not be observed: %s", error->message);
        gint64 until = g_get_monotonic_time() + (inventory ? REFRESH_S : 1) * G_TIME_SPAN_SECOND;
        g_mutex_lock(&world->lock);
        while (!world->kicked && !world->stopping && g_cond_wait_until(&world->wake, &world->lock, until))
            ;
        world->kicked = FALSE;
        stopping = world->stopping;
        g_mutex_unlock(&world->lock);
    }
    return NULL;
}

void fct_world_start(FctWorld *world)
{
    world->app->hw->ops->watch(world->app->hw, on_hw_changed, world);
    world->thread = g_thread_new("world", watch, world);
}

void fct_world_stop(FctWorld *world)
{
    g_mutex_lock(&world->lock);
    world->stopping = TRUE;
    g_cond_signal(&world->wake);
    g_mutex_unlock(&world->lock);
    g_clear_pointer(&world->thread, g_thread_join);
}
