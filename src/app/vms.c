/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vm_facts.h"
#include "app/vm_first_boot.h"
#include "app/vm_guest.h"
#include "app/vm_stuck.h"

#include "app/gpu_publish.h"
#include "app/network_cache.h"
#include "app/node_view.h"
#include "app/records.h"
#include "app/world.h"

#include <string.h>

#define RETRY_US (2 * G_USEC_PER_SEC)
#define LISTS_AGAIN 6
#define LOOKS 3
#define LIST_AGAIN_US (10 * G_USEC_PER_SEC)
#define CANCEL_US (200 * 1000) /* how soon a wait notices that its task is cancelled */

/* ---- acts ---- */

gboolean fct_vms_begin(FctVms *vms, const char *id, const char *what, GError **error)
{
    g_mutex_lock(&vms->lock);
    const char *present = g_hash_table_lookup(vms->acts, id);
    if (present)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Wait for its task to end.", NULL, "The VM %s.", present);
    else
        g_hash_table_insert(vms->acts, g_strdup(id), g_strdup(what));
    g_mutex_unlock(&vms->lock);
    return !present;
}

static void look_at(FctVms *vms, const char *id)
{
    g_hash_table_add(vms->due, g_strdup(id));
    g_cond_broadcast(&vms->cond);
}

void fct_vms_end(FctVms *vms, const char *id)
{
    g_mutex_lock(&vms->lock);
    g_hash_table_remove(vms->acts, id);
    look_at(vms, id);
    g_mutex_unlock(&vms->lock);
}

void fct_vms_retry_later(FctVms *vms)
{
    g_mutex_lock(&vms->lock);
    vms->retry_us = g_get_monotonic_time() + RETRY_US;
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
}

/* ---- what libvirt says ---- */

gboolean fct_vms_is_up(FctVms *vms)
{
    g_mutex_lock(&vms->lock);
    gboolean up = vms->up;
    g_mutex_unlock(&vms->lock);
    return up;
}

gboolean fct_vm_info_active(const FctVmInfo *info)
{
    return info && info->state != FCT_VM_OFF && info->state != FCT_VM_CRASHED;
}

FctVmInfo *fct_vms_info(FctVms *vms, const char *id)
{
    g_mutex_lock(&vms->lock);
    const FctVmInfo *info = g_hash_table_lookup(vms->infos, id);
    FctVmInfo *copy = info ? fct_vm_info_ref(info) : NULL;
    g_mutex_unlock(&vms->lock);
    return copy;
}

GPtrArray *fct_vms_infos(FctVms *vms)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_info_unref);
    GHashTableIter iter;
    gpointer info;
    g_mutex_lock(&vms->lock);
    g_hash_table_iter_init(&iter, vms->infos);
    while (g_hash_table_iter_next(&iter, NULL, &info))
        g_ptr_array_add(all, fct_vm_info_ref(info));
    g_mutex_unlock(&vms->lock);
    return all;
}

/* Under the lock. */
static void note_info(FctVms *vms, const char *id, const FctVmInfo *info)
{
    vms->heard++;
    if (info)
        g_hash_table_replace(vms->infos, g_strdup(id), fct_vm_info_ref(info));
    else
        g_hash_table_remove(vms->infos, id);
    if (vms->fresh)
        g_hash_table_add(vms->fresh, g_strdup(id));
    look_at(vms, id);
}

/* On libvirt's thread: notes only. */
static void on_changed(const char *id, const FctVmInfo *info, gpointer data)
{
    FctVms *vms = data;
    g_mutex_lock(&vms->lock);
    note_info(vms, id, info);
    g_mutex_unlock(&vms->lock);
}

static gboolean is_news(const FctVmInfo *known, const FctVmInfo *info)
{
    return !known || known->state != info->state || known->saved != info->saved || known->ours != info->ours ||
           known->starts != info->starts || known->connection != info->connection ||
           !json_equal(known->drives, info->drives);
}

/* What was heard while libvirt was asked may be newer than its answer: then it is asked again. */
void fct_vms_look(FctVms *vms, const char *id)
{
    gboolean settled = FALSE;
    for (int try = 0; try < LOOKS && !settled; try++) {
        g_mutex_lock(&vms->lock);
        guint heard = vms->heard;
        g_mutex_unlock(&vms->lock);
        g_autoptr(FctVmInfo) info = vms->app->vmm->ops->info(vms->app->vmm, id, NULL);
        g_mutex_lock(&vms->lock);
        settled = !info || heard == vms->heard;
        if (info && settled && is_news(g_hash_table_lookup(vms->infos, id), info))
            note_info(vms, id, info);
        g_mutex_unlock(&vms->lock);
    }
}

static void on_connection(gboolean up, gpointer data)
{
    FctVms *vms = data;
    g_mutex_lock(&vms->lock);
    vms->came_up = up;
    vms->went_down = !up;
    if (!up)
        vms->up = FALSE;
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
}

gboolean fct_vms_await_that(FctVms *vms, FctTask *task, const char *id, FctVmsThat that, gpointer data, gint64 ms)
{
    gint64 until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
    gboolean as_wanted = FALSE;
    g_mutex_lock(&vms->lock);
    while (TRUE) {
        gint64 now = g_get_monotonic_time();
        const FctVmInfo *info = g_hash_table_lookup(vms->infos, id);
        as_wanted = vms->up && info && that(info, data);
        if (as_wanted || now >= until || (task && (fct_task_cancelled(task) || fct_task_stopping(task))))
            break;
        g_cond_wait_until(&vms->cond, &vms->lock, MIN(until, now + CANCEL_US));
    }
    g_mutex_unlock(&vms->lock);
    return as_wanted;
}

gboolean fct_vms_await(FctVms *vms, FctTask *task, const char *id, gboolean active, gint64 ms)
{
    gint64 until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
    gboolean as_wanted = FALSE;
    g_mutex_lock(&vms->lock);
    while (TRUE) {
        gint64 now = g_get_monotonic_time();
        as_wanted = vms->up && fct_vm_info_active(g_hash_table_lookup(vms->infos, id)) == active;
        if (as_wanted || now >= until || fct_task_cancelled(task) || fct_task_stopping(task))
            break;
        g_cond_wait_until(&vms->cond, &vms->lock, MIN(until, now + CANCEL_US));
    }
    g_mutex_unlock(&vms->lock);
    return as_wanted;
}

gboolean fct_vms_await_up(FctVms *vms, FctTask *task)
{
    while (!fct_vms_is_up(vms) && !fct_task_stopping(task))
        fct_task_wait(task, 200);
    return !fct_task_stopping(task);
}

/* ---- the page ---- */

void fct_vms_publish(FctVms *vms, const char *id)
{
    g_mutex_lock(&vms->lock);
    g_hash_table_add(vms->to_publish, g_strdup(id));
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
}

void fct_vms_parts_changed(FctVms *vms)
{
    g_mutex_lock(&vms->lock);
    vms->recheck = TRUE;
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
}

void fct_vms_host_changed(FctVms *vms)
{
    g_mutex_lock(&vms->lock);
    vms->recheck_all = TRUE;
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
}

static void publish_all(FctVms *vms)
{
    g_autoptr(GPtrArray) mine = fct_vms_known(vms);
    GHashTableIter iter;
    gpointer id;
    g_mutex_lock(&vms->lock);
    for (guint i = 0; i < mine->len; i++)
        g_hash_table_add(vms->to_publish, g_strdup(((FctVmKnown *)mine->pdata[i])->vm->id));
    g_hash_table_iter_init(&iter, vms->infos);
    while (g_hash_table_iter_next(&iter, &id, NULL))
        g_hash_table_add(vms->to_publish, g_strdup(id));
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
}

void fct_vms_publish_holds(FctVms *vms, const GPtrArray *holds)
{
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < holds->len; i++) {
        const char *gpu = fct_json_str(((FctHold *)holds->pdata[i])->what, "gpu", "");
        if (g_hash_table_add(done, (gpointer)gpu))
            fct_gpu_publish(vms->app, gpu);
    }
    if (holds->len)
        fct_vms_parts_changed(vms);
}

/* ---- the watcher ---- */

static void tell_power(FctVms *vms, const FctVmInfo *info, gboolean was_active)
{
    gboolean active = fct_vm_info_active(info);
    if (active == was_active || !info->ours)
        return;
    if (active)
        fct_event(vms->app, "vm", "info", "vm", info->id, info->name, "VM %s was started outside Facet.", info->name);
    else if (info->state == FCT_VM_CRASHED)
        fct_event(vms->app, "vm", "error", "vm", info->id, info->name, "VM %s ended unexpectedly: QEMU crashed.",
                  info->name);
    else
        fct_event(vms->app, "vm", "info", "vm", info->id, info->name, "VM %s was shut down from inside.", info->name);
}

static void look(FctVms *vms, const char *id)
{
    g_autoptr(FctVmInfo) info = fct_vms_info(vms, id);
    g_mutex_lock(&vms->lock);
    gboolean acting = g_hash_table_contains(vms->acts, id);
    gboolean was_active = g_hash_table_contains(vms->active, id);
    if (fct_vm_info_active(info))
        g_hash_table_add(vms->active, g_strdup(id));
    else
        g_hash_table_remove(vms->active, id);
    g_mutex_unlock(&vms->lock);
    if (!acting) { /* an act ends with a look of its own */
        if (info)
            tell_power(vms, info, was_active);
        if (fct_vm_info_active(info) && !was_active) /* by virsh; what Facet starts it notes itself */
            fct_vm_note_run(vms, id);
        if (!fct_vm_reconcile(vms, id))
            fct_vms_retry_later(vms);
        fct_vm_first_boot_look(vms, id, FALSE);
    }
    fct_guests_note(vms->guests, id, info);
    fct_stuck_note(vms->stuck, id, info);
    fct_vms_publish(vms, id);
    fct_network_cache_look(vms->app->networks);
}

/*
 * What a list shows and no event has told. An agent that connected while nobody listened to libvirt tells of it by no
 * event: the list is where that is seen. The lock is not held.
 */
static void note_listed(FctVms *vms, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        const char *id = ((FctVmInfo *)list->pdata[i])->id;
        g_autoptr(FctVmInfo) info = fct_vms_info(vms, id);
        fct_stuck_note(vms->stuck, id, info);
        if (fct_guests_note(vms->guests, id, info))
            fct_vms_publish(vms, id);
    }
}

/* TRUE when the list is complete; what was heard meanwhile is newer than the list. */
static gboolean list_afresh(FctVms *vms)
{
    g_autoptr(GError) fault = NULL;
    g_mutex_lock(&vms->lock);
    vms->fresh = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_mutex_unlock(&vms->lock);
    g_autoptr(GPtrArray) list = vms->app->vmm->ops->list(vms->app->vmm, &fault);
    g_mutex_lock(&vms->lock);
    g_autoptr(GHashTable) fresh = g_steal_pointer(&vms->fresh);
    GHashTableIter iter;
    gpointer id, value;
    g_hash_table_iter_init(&iter, vms->infos);
    g_autoptr(GHashTable) old = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    while (list && g_hash_table_iter_next(&iter, &id, &value))
        if (!g_hash_table_contains(fresh, id)) {
            g_hash_table_insert(old, g_strdup(id), GINT_TO_POINTER(((FctVmInfo *)value)->state + 1));
            g_hash_table_iter_remove(&iter);
        }
    for (guint i = 0; list && i < list->len; i++) {
        FctVmInfo *info = g_ptr_array_index(list, i);
        if (!g_hash_table_contains(fresh, info->id))
            g_hash_table_replace(vms->infos, g_strdup(info->id), fct_vm_info_ref(info));
        if (GPOINTER_TO_INT(g_hash_table_lookup(old, info->id)) == (int)info->state + 1)
            g_hash_table_remove(old, info->id);
        if (fct_vm_info_active(info) && info->ours) /* what ran before us is no news */
            g_hash_table_add(vms->active, g_strdup(info->id));
    }
    g_hash_table_iter_init(&iter, old); /* gone, or in another state than before */
    while (list && g_hash_table_iter_next(&iter, &id, NULL))
        look_at(vms, id);
    vms->up = list != NULL && !vms->went_down;
    g_mutex_unlock(&vms->lock);
    if (list)
        note_listed(vms, list);
    if (fault)
        g_warning("The VMs could not be listed: %s", fault->message);
    return list != NULL;
}

/* Every VM that holds parts, or runs with some. */
static void reconcile_all(FctVms *vms)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) holds = fct_holds_list(vms->app->store, NULL, &fault);
    g_autoptr(GPtrArray) infos = fct_vms_infos(vms);
    g_mutex_lock(&vms->lock);
    for (guint i = 0; holds && i < holds->len; i++)
        look_at(vms, ((FctHold *)holds->pdata[i])->vm);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        if (info->ours && json_array_size(info->parts))
            look_at(vms, info->id);
    }
    g_mutex_unlock(&vms->lock);
}

static void handle_up(FctVms *vms)
{
    if (!list_afresh(vms)) {
        g_mutex_lock(&vms->lock);
        vms->came_up = !vms->went_down; /* still up: list again, after a pause */
        if (vms->came_up)
            g_cond_wait_until(&vms->cond, &vms->lock, g_get_monotonic_time() + RETRY_US);
        g_mutex_unlock(&vms->lock);
        return;
    }
    reconcile_all(vms);
    fct_vm_first_boot_look_at_all(vms);
    publish_all(vms);
    g_mutex_lock(&vms->lock);
    vms->lists_left = LISTS_AGAIN;
    vms->list_us = g_get_monotonic_time() + LIST_AGAIN_US;
    g_mutex_unlock(&vms->lock);
}

/* A libvirtd that has just started finds its QEMUs one by one, and tells nobody of those that it gives up. */
static void list_again(FctVms *vms)
{
    gboolean listed = list_afresh(vms);
    g_mutex_lock(&vms->lock);
    vms->came_up |= !listed && !vms->went_down; /* begins anew */
    vms->lists_left--;
    vms->list_us = vms->lists_left > 0 ? g_get_monotonic_time() + LIST_AGAIN_US : 0;
    g_mutex_unlock(&vms->lock);
}

/* The next piece of work; the lock is held. */
static void work(FctVms *vms)
{
    GHashTableIter iter;
    gpointer id;
    gint64 now = g_get_monotonic_time();
    gboolean retry = vms->retry_us && now >= vms->retry_us;
    gint64 next = vms->retry_us && vms->list_us ? MIN(vms->retry_us, vms->list_us) : MAX(vms->retry_us, vms->list_us);
    g_hash_table_iter_init(&iter, vms->due);
    if (vms->went_down || vms->came_up) {
        gboolean up = vms->came_up;
        vms->went_down = vms->came_up = FALSE;
        g_mutex_unlock(&vms->lock);
        if (up)
            handle_up(vms);
        else
            publish_all(vms);
        fct_node_publish(vms->app);
        fct_vm_facts_refresh(vms); /* the node's view has waited for libvirt's slow first answer already */
        fct_vms_host_changed(vms);
        g_mutex_lock(&vms->lock);
    } else if (g_hash_table_iter_next(&iter, &id, NULL)) {
        g_hash_table_iter_steal(&iter);
        g_mutex_unlock(&vms->lock);
        look(vms, id);
        g_free(id);
        g_mutex_lock(&vms->lock);
    } else if (retry) {
        vms->retry_us = 0;
        g_mutex_unlock(&vms->lock);
        reconcile_all(vms);
        g_mutex_lock(&vms->lock);
    } else if (vms->list_us && now >= vms->list_us) {
        g_mutex_unlock(&vms->lock);
        list_again(vms);
        g_mutex_lock(&vms->lock);
    } else if (next) {
        g_cond_wait_until(&vms->cond, &vms->lock, next);
    } else {
        g_cond_wait(&vms->cond, &vms->lock);
    }
}

static gpointer watch(gpointer data)
{
    FctVms *vms = data;
    g_mutex_lock(&vms->lock);
    while (!vms->quit)
        work(vms);
    g_mutex_unlock(&vms->lock);
    return NULL;
}

/* ---- others ---- */

void fct_vms_note_stats(FctVms *vms, const json_t *stats)
{
    g_mutex_lock(&vms->lock);
    json_decref(vms->stats);
    vms->stats = json_incref((json_t *)stats);
    g_mutex_unlock(&vms->lock);
}

json_t *fct_vms_stats(FctVms *vms)
{
    g_mutex_lock(&vms->lock);
    json_t *stats = json_incref(vms->stats);
    g_mutex_unlock(&vms->lock);
    return stats;
}

static GHashTable *set_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void value_free(gpointer value)
{
    json_decref(value);
}

FctVms *fct_vms_new(FctApp *app, GError **error)
{
    FctVms *vms = g_new0(FctVms, 1);
    vms->app = app;
    vms->consoles = fct_consoles_new(app);
    vms->guests = fct_guests_new(vms);
    vms->facts = fct_vm_facts_new(vms);
    vms->stuck = fct_stuck_new(vms);
    g_mutex_init(&vms->lock);
    g_cond_init(&vms->cond);
    vms->infos = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_vm_info_unref);
    vms->acts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    vms->copied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    vms->due = set_new();
    vms->active = set_new();
    vms->to_publish = set_new();
    vms->blocked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, value_free);
    g_mutex_init(&vms->known_lock);
    g_mutex_init(&vms->create_lock);
    vms->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_vm_known_unref);
    if (fct_vms_known_open(vms, error))
        return vms;
    fct_vms_free(vms);
    return NULL;
}

void fct_vms_start(FctVms *vms)
{
    fct_tasks_on_recover(vms->app->tasks, "vm.", fct_vm_recover, vms);
    vms->watcher = g_thread_new("vms", watch, vms);
    fct_guests_start(vms->guests);
    fct_stuck_start(vms->stuck);
    vms->publisher = g_thread_new("vms-publish", fct_vms_publisher, vms);
    vms->app->vmm->ops->watch(vms->app->vmm, on_changed, on_connection, vms);
}

void fct_vms_stop(FctVms *vms)
{
    if (!vms || !vms->watcher)
        return;
    vms->app->vmm->ops->watch(vms->app->vmm, NULL, NULL, NULL);
    fct_guests_stop(vms->guests);
    fct_stuck_stop(vms->stuck);
    g_mutex_lock(&vms->lock);
    vms->quit = TRUE;
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
    g_thread_join(vms->watcher);
    g_thread_join(vms->publisher);
    vms->watcher = vms->publisher = NULL;
}

void fct_vms_free(FctVms *vms)
{
    if (!vms)
        return;
    fct_consoles_free(vms->consoles);
    fct_guests_free(vms->guests);
    fct_vm_facts_free(vms->facts);
    fct_stuck_free(vms->stuck);
    g_hash_table_unref(vms->infos);
    g_hash_table_unref(vms->acts);
    g_hash_table_unref(vms->copied);
    g_hash_table_unref(vms->due);
    g_hash_table_unref(vms->active);
    g_hash_table_unref(vms->to_publish);
    g_hash_table_unref(vms->blocked);
    g_hash_table_unref(vms->known);
    json_decref(vms->stats);
    g_mutex_clear(&vms->known_lock);
    g_mutex_clear(&vms->create_lock);
    g_mutex_clear(&vms->lock);
    g_cond_clear(&vms->cond);
    g_free(vms);
}
