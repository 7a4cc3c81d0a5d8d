/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world.h"

#include "app/gpu_view.h"
#include "app/groups.h"
#include "app/hub.h"
#include "app/records.h"

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

static void tell_states(FctApp *app, const FctGpu *before, const FctGpu *now)
{
    if (before && before->state == now->state)
        return;
    if (now->state == FCT_GPU_LOST || now->state == FCT_GPU_WEDGED)
        fct_event(app, "gpu.state", "error", "gpu", now->id, now->name, "GPU %d (%s) is %s: %s", now->index, now->name,
                  fct_gpu_state_name(now->state), now->state_reason);
    else if (before && (before->state == FCT_GPU_LOST || before->state == FCT_GPU_WEDGED))
        fct_event(app, "gpu.state", "info", "gpu", now->id, now->name, "GPU %d (%s) answers again.", now->index,
                  now->name);
}

/* What changed between the two, to the page; TRUE when anything did that a plan could depend on. */
static gboolean publish_changes(FctWorld *world, FctInventory *before, FctInventory *now)
{
    FctApp *app = world->app;
    gboolean changed = !before;
    for (guint i = 0; i < now->gpus->len; i++) {
        const FctGpu *gpu = now->gpus->pdata[i];
        const FctGpu *old = before ? fct_inventory_gpu(before, gpu->id) : NULL;
        char *digest = fct_gpu_digest(gpu);
        g_mutex_lock(&world->lock);
        gboolean same = g_strcmp0(g_hash_table_lookup(world->digests, gpu->id), digest) == 0;
        g_hash_table_insert(world->digests, g_strdup(gpu->id), digest);
        g_mutex_unlock(&world->lock);
        if (same)
            continue;
        changed = TRUE;
        fct_gpu_view_publish(app, now, gpu);
        tell_states(app, old, gpu);
        if (before && !old)
            fct_event(app, "gpu.added", "info", "gpu", gpu->id, gpu->name, "GPU %d (%s) is there now.", gpu->index,
                      gpu->name);
    }
    for (guint i = 0; before && i < before->gpus->len; i++) {
        const FctGpu *gpu = before->gpus->pdata[i];
        if (fct_inventory_gpu(now, gpu->id))
            continue;
        changed = TRUE;
        g_mutex_lock(&world->lock);
        g_hash_table_remove(world->digests, gpu->id);
        g_mutex_unlock(&world->lock);
        fct_hub_publish_deleted(app->hub, "gpu", gpu->id);
        fct_event(app, "gpu.removed", "error", "gpu", gpu->id, gpu->name, "GPU %d (%s) is gone.", gpu->index,
                  gpu->name);
    }
    return changed;
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
    fct_gpu_view_publish_node(app);
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
    gboolean changed = publish_changes(world, before, inventory);
    tell_helper(world, TRUE, "");
    for (guint i = 0; changed && i < world->listeners->len; i++) {
        const Listener *listener = &g_array_index(world->listeners, Listener, i);
        listener->changed(world->app, inventory, listener->data);
    }
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

void fct_world_publish_gpu(FctWorld *world, const char *id)
{
    g_autoptr(FctInventory) inventory = fct_world_inventory(world, NULL);
    const FctGpu *gpu = inventory ? fct_inventory_gpu(inventory, id) : NULL;
    if (!gpu)
        return;
    fct_gpu_view_publish(world->app, inventory, gpu);
    fct_groups_publish(world->app);
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
