/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/reconcile.h"

#include "app/gpus/executor.h"
#include "app/gpus/observer.h"
#include "app/gpus/parts.h"
#include "app/gpus/plans.h"
#include "app/news/records.h"
#include "base/scope.h"
#include "core/reconcile.h"

#include <string.h>

#define CHECK_S 30      /* how often all cards are checked when nothing calls for it */
#define ATTEMPTS_MAX 3  /* tries to restore one gpu in one boot */
#define CARDS_COME_S 60 /* after our start; then a missing card counts as gone (its driver may be loading) */

struct FctReconciler {
    FctApp *app;
    GThread *thread;
    GMutex lock; /* kicked, stopping, settled */
    GCond wake;
    gboolean kicked, stopping;
    char *settled; /* the boot whose layouts were all restored as far as possible; "" while there is work */
    gint64 began_us;
    GHashTable *told;     /* gpu id → text of the last event about it; only the thread uses this and the next */
    GHashTable *attempts; /* "gpu boot_id" → how often restoring was tried */
};

FctReconciler *fct_reconciler_new(FctApp *app)
{
    FctReconciler *reconciler = g_new0(FctReconciler, 1);
    reconciler->app = app;
    g_mutex_init(&reconciler->lock);
    g_cond_init(&reconciler->wake);
    reconciler->settled = g_strdup("");
    reconciler->began_us = g_get_monotonic_time();
    reconciler->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    reconciler->attempts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return reconciler;
}

void fct_reconciler_free(FctReconciler *reconciler)
{
    if (!reconciler)
        return;
    g_free(reconciler->settled);
    g_hash_table_unref(reconciler->told);
    g_hash_table_unref(reconciler->attempts);
    g_mutex_clear(&reconciler->lock);
    g_cond_clear(&reconciler->wake);
    g_free(reconciler);
}

/* Sends an event, unless the same text was sent for this card last. */
static void reconciler_tell(FctReconciler *reconciler, const FctGpu *gpu, const char *severity, const char *text)
{
    if (g_strcmp0(g_hash_table_lookup(reconciler->told, gpu->id), text) == 0)
        return;
    g_hash_table_insert(reconciler->told, g_strdup(gpu->id), g_strdup(text));
    if (*text)
        fct_event(reconciler->app, "gpu.drift", severity, "gpu", gpu->id, gpu->name, "GPU %d: %s", gpu->index, text);
}

/* Notes that the card had its wanted layout in this boot: a later difference is somebody's doing. */
static void note_boot(FctApp *app, const FctDoc *wanted, const char *boot_id)
{
    g_autoptr(json_t) value = json_deep_copy(wanted->value);
    json_object_set_new(value, "boot_id", json_string(boot_id));
    FctWrite write = {wanted->key, value, wanted->revision};
    if (!app->store->ops->commit(app->store, &write, 1, NULL, NULL))
        g_debug("%s was changed meanwhile", wanted->key);
}

static gboolean may_try(FctReconciler *reconciler, const char *gpu, const char *boot_id)
{
    char *key = g_strdup_printf("%s %s", gpu, boot_id);
    int count = GPOINTER_TO_INT(g_hash_table_lookup(reconciler->attempts, key)) + 1;
    g_hash_table_insert(reconciler->attempts, key, GINT_TO_POINTER(count));
    return count <= ATTEMPTS_MAX;
}

/* FALSE when restoring was tried ATTEMPTS_MAX times. */
static gboolean reconciler_restore(FctReconciler *reconciler, const FctInventory *seen, const FctGpu *gpu,
                                   const FctWantedLayout *wanted, FctPlan *plan)
{
    FctApp *app = reconciler->app;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) request = wanted->mig
                                    ? json_pack("{s:s, s:s, s:o}", "kind", "carve", "gpu", gpu->id, "profiles",
                                                fct_profile_counts_to_json(wanted->profiles))
                                    : json_pack("{s:s, s:s, s:b}", "kind", "mig-mode", "gpu", gpu->id, "enabled", 0);
    if (!may_try(reconciler, gpu->id, seen->boot_id)) {
        reconciler_tell(reconciler, gpu, "error",
                        "The wanted layout could not be restored after the restart of the host.");
        return FALSE;
    }
    g_free(plan->title);
    plan->title = g_strdup_printf("Restore the layout of GPU %d", gpu->index);
    g_autoptr(json_t) task = fct_plans_store(app, plan, seen, request, &error)
                                 ? fct_executor_apply(app->executor, plan->id, FALSE, "facet", &error)
                                 : NULL;
    if (task)
        reconciler_tell(reconciler, gpu, "info", "The host was restarted; its wanted layout is being restored.");
    else
        g_warning("GPU %d is not restored: %s", gpu->index, error->message);
    return TRUE;
}

static char *texts_join(const GPtrArray *texts)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < texts->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "", (char *)texts->pdata[i]);
    return g_strdup(text->str);
}

static gboolean is_of_another(const FctWantedLayout *wanted, const FctGpu *gpu)
{
    return wanted && wanted->gpu_uuid && *gpu->uuid && strcmp(wanted->gpu_uuid, gpu->uuid) != 0;
}

/* FALSE while the gpu is being changed, or restoring it will be tried again. */
static gboolean reconciler_check_card(FctReconciler *reconciler, const FctInventory *seen, const FctGpu *gpu,
                                      const GPtrArray *reservations)
{
    FctApp *app = reconciler->app;
    g_autofree char *wanted_key = g_strconcat("wanted/", gpu->id, NULL);
    g_autofree char *journal_key = fct_journal_key(gpu->id);
    g_autoptr(FctDoc) journal = app->store->ops->get(app->store, journal_key, NULL);
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, wanted_key, NULL);
    g_autoptr(FctWantedLayout) wanted = doc ? fct_wanted_layout_from_json(doc->value, NULL) : NULL;
    g_autoptr(GPtrArray) drift = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FctPlan) plan = NULL;
    g_autofree char *why = NULL;
    if (!doc || journal)
        return !journal;
    if (is_of_another(wanted, gpu)) {
        reconciler_tell(reconciler, gpu, "warning",
                        "Another card is in this slot now; what was wanted of the old one is not done.");
        return TRUE;
    }
    gboolean rebooted = wanted && strcmp(wanted->boot_id, seen->boot_id) != 0;
    FctDrift kind = fct_reconcile(gpu, reservations, wanted, drift, &plan, &why);
    if (kind == FCT_DRIFT_NONE) {
        reconciler_tell(reconciler, gpu, "info", "");
        if (rebooted)
            note_boot(app, doc, seen->boot_id);
        return TRUE;
    }
    if (kind == FCT_DRIFT_REPAIRABLE && rebooted)
        return !reconciler_restore(reconciler, seen, gpu, wanted, plan);
    g_autofree char *text = texts_join(drift);
    g_autofree char *all = *why ? g_strconcat(text, " It is not repaired: ", why, NULL) : g_strdup(text);
    reconciler_tell(reconciler, gpu, "warning", all);
    return TRUE;
}

/* TRUE while a card with a wanted layout is missing and its driver may still be loading. */
static gboolean awaits_cards(FctReconciler *reconciler, const FctInventory *seen)
{
    FctStore *store = reconciler->app->store;
    if (g_get_monotonic_time() - reconciler->began_us > CARDS_COME_S * G_TIME_SPAN_SECOND)
        return FALSE;
    g_autoptr(GPtrArray) wanted = store->ops->list(store, "wanted/", NULL);
    for (guint i = 0; wanted && i < wanted->len; i++)
        if (!fct_inventory_gpu(seen, ((FctDoc *)wanted->pdata[i])->key + strlen("wanted/")))
            return TRUE;
    return !wanted;
}

static void reconciler_check_all(FctReconciler *reconciler)
{
    FctApp *app = reconciler->app;
    g_autoptr(FctInventory) seen = fct_observer_inventory(app->observer, NULL);
    g_autoptr(GPtrArray) reservations = seen ? fct_parts_reservations(app, NULL) : NULL;
    if (!reservations)
        return;
    gboolean settled = !awaits_cards(reconciler, seen);
    for (guint i = 0; i < seen->gpus->len; i++)
        settled = reconciler_check_card(reconciler, seen, seen->gpus->pdata[i], reservations) && settled;
    fct_autolock(&reconciler->lock);
    g_free(reconciler->settled);
    reconciler->settled = g_strdup(settled ? seen->boot_id : "");
}

gboolean fct_reconciler_settled(FctReconciler *reconciler, const char *boot_id)
{
    fct_autolock(&reconciler->lock);
    return *boot_id && strcmp(reconciler->settled, boot_id) == 0;
}

static gpointer reconciler_run(gpointer data)
{
    FctReconciler *reconciler = data;
    for (;;) {
        gint64 until = g_get_monotonic_time() + CHECK_S * G_TIME_SPAN_SECOND;
        g_mutex_lock(&reconciler->lock);
        while (!reconciler->kicked && !reconciler->stopping &&
               g_cond_wait_until(&reconciler->wake, &reconciler->lock, until))
            ;
        reconciler->kicked = FALSE;
        gboolean stopping = reconciler->stopping;
        g_mutex_unlock(&reconciler->lock);
        if (stopping)
            return NULL;
        reconciler_check_all(reconciler);
    }
}

static void reconciler_on_inventory(FctApp *app, const FctObserverNews *news, gpointer data)
{
    fct_reconciler_kick(data);
}

static void on_plan_ended(gpointer data)
{
    fct_reconciler_kick(data);
}

void fct_reconciler_start(FctReconciler *reconciler)
{
    fct_observer_on_change(reconciler->app->observer, reconciler_on_inventory, reconciler);
    fct_executor_on_end(reconciler->app->executor, on_plan_ended, reconciler);
    reconciler->thread = g_thread_new("reconcile", reconciler_run, reconciler);
}

void fct_reconciler_kick(FctReconciler *reconciler)
{
    fct_autolock(&reconciler->lock);
    reconciler->kicked = TRUE;
    g_cond_signal(&reconciler->wake);
}

void fct_reconciler_stop(FctReconciler *reconciler)
{
    g_mutex_lock(&reconciler->lock);
    reconciler->stopping = TRUE;
    g_cond_signal(&reconciler->wake);
    g_mutex_unlock(&reconciler->lock);
    g_clear_pointer(&reconciler->thread, g_thread_join);
}
