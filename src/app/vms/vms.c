/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/vms.h"
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/guests.h"
#include "app/domains/vm_docs.h"
#include "app/domains/vm_edit.h"
#include "app/domains/vm_news.h"
#include "app/gpus/holds.h"
#include "app/vms/console/console.h"
#include "app/vms/first_boot/first_boot.h"
#include "app/vms/power/power.h"
#include "app/vms/publish.h"
#include "app/vms/state/facts.h"
#include "app/vms/stuck.h"

#include "app/gpus/gpu_publish.h"
#include "app/gpus/observer.h"
#include "app/networks/cache.h"
#include "app/news/records.h"
#include "app/nodes/node_view.h"

#include <string.h>

#define RETRY_US (2 * G_USEC_PER_SEC)
#define LISTS_AGAIN 6
#define LIST_AGAIN_US (10 * G_USEC_PER_SEC)

struct FctVms {
    FctApp *app;
    GThread *watcher;

    GMutex lock; /* guards everything below; nothing else is locked under it */
    GCond cond;
    gboolean quit;
    GHashTable *due;  /* set of VM ids to be looked at by the watcher */
    GHashTable *seen; /* VM id → FctVmInfo*, as it was when the watcher last looked */
    gboolean came_up, went_down;
    int lists_left;
    gint64 list_us;  /* when all is listed once more after libvirt came up; 0: not */
    gint64 retry_us; /* when a release that could not be finished is tried again; 0: none */
};

static void vms_check_soon(FctVms *vms, const char *id)
{
    g_hash_table_add(vms->due, g_strdup(id));
    g_cond_broadcast(&vms->cond);
}

/* ---- the page ---- */

static void publish_all(FctVms *vms)
{
    g_autoptr(GPtrArray) mine = fct_vm_docs_all(vms->app->vm_docs);
    g_autoptr(GPtrArray) infos = fct_domains_infos(vms->app->domains);
    for (guint i = 0; i < mine->len; i++)
        fct_vm_news_add(vms->app->vm_news, ((FctVmKnown *)mine->pdata[i])->vm->id);
    for (guint i = 0; i < infos->len; i++)
        fct_vm_news_add(vms->app->vm_news, ((FctVmInfo *)infos->pdata[i])->id);
}

/* ---- the watcher ---- */

static void retry_later(FctVms *vms)
{
    g_mutex_lock(&vms->lock);
    vms->retry_us = g_get_monotonic_time() + RETRY_US;
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
}

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

/* The VM started and ended since it was last read; @before is the state then. */
static gboolean has_run(const FctVmInfo *before, const FctVmInfo *info)
{
    return info && before && before->connection == info->connection && info->starts != before->starts &&
           !fct_vm_info_active(info) && !fct_vm_info_active(before);
}

static void vms_check(FctVms *vms, const char *id)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(vms->app->domains, id);
    gboolean others, acting = fct_acts_any(vms->app->acts, id, &others);
    g_mutex_lock(&vms->lock);
    const FctVmInfo *before = g_hash_table_lookup(vms->seen, id);
    gboolean was_active = fct_vm_info_active(before), ran = has_run(before, info);
    if (!others && info) /* what others do during such an act is told when the act is over */
        g_hash_table_replace(vms->seen, g_strdup(id), fct_vm_info_ref(info));
    else if (!others)
        g_hash_table_remove(vms->seen, id);
    g_mutex_unlock(&vms->lock);
    if (!acting) { /* skip: fct_acts_end queues another reading */
        if (info)
            tell_power(vms, info, was_active);
        if (ran && info->ours)
            fct_event(vms->app, "vm", "info", "vm", id, info->name, "VM %s was started and ended outside Facet.",
                      info->name);
        if (ran || (fct_vm_info_active(info) && !was_active)) /* by virsh; Facet notes its own starts itself */
            fct_vm_note_run(vms->app, id);
        if (!fct_vm_reconcile(vms->app, id))
            retry_later(vms);
        fct_vm_first_boot_expire(vms->app, id, FALSE);
    }
    fct_guests_note(vms->app->guests, id, info);
    fct_stuck_note(vms->app->stuck_vms, id, info);
    fct_vm_news_add(vms->app->vm_news, id);
    fct_network_cache_refresh(vms->app->networks);
}

/*
 * Works off what a list shows and no event has told: an agent that connected while nobody listened to libvirt sends no
 * event. The lock is not held.
 */
static void note_listed(FctVms *vms, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        const char *id = ((FctVmInfo *)list->pdata[i])->id;
        g_autoptr(FctVmInfo) info = fct_domains_info(vms->app->domains, id);
        fct_stuck_note(vms->app->stuck_vms, id, info);
        if (fct_guests_note(vms->app->guests, id, info))
            fct_vm_news_add(vms->app->vm_news, id);
    }
}

/* TRUE when the list is complete. */
static gboolean list_afresh(FctVms *vms)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) changed = NULL;
    g_autoptr(GPtrArray) list = fct_domains_read(vms->app->domains, &changed, &fault);
    if (!list) {
        g_warning("The VMs could not be listed: %s", fault->message);
        return FALSE;
    }
    g_mutex_lock(&vms->lock);
    for (guint i = 0; i < list->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(list, i);
        if (fct_vm_info_active(info) && info->ours) /* what ran before facetd started is no news */
            g_hash_table_replace(vms->seen, g_strdup(info->id), fct_vm_info_ref(info));
    }
    for (guint i = 0; i < changed->len; i++)
        vms_check_soon(vms, changed->pdata[i]);
    g_mutex_unlock(&vms->lock);
    note_listed(vms, list);
    return TRUE;
}

/* Queues every VM that holds parts, or runs with some. */
static void reconcile_all(FctVms *vms)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GPtrArray) holds = fct_holds_list(vms->app->store, NULL, &fault);
    g_autoptr(GPtrArray) infos = fct_domains_infos(vms->app->domains);
    g_mutex_lock(&vms->lock);
    for (guint i = 0; holds && i < holds->len; i++)
        vms_check_soon(vms, ((FctHold *)holds->pdata[i])->vm);
    for (guint i = 0; i < infos->len; i++) {
        const FctVmInfo *info = g_ptr_array_index(infos, i);
        if (info->ours && json_array_size(info->parts))
            vms_check_soon(vms, info->id);
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
    fct_vm_first_boot_expire_all(vms->app);
    publish_all(vms);
    g_mutex_lock(&vms->lock);
    vms->lists_left = LISTS_AGAIN;
    vms->list_us = g_get_monotonic_time() + LIST_AGAIN_US;
    g_mutex_unlock(&vms->lock);
}

/* A libvirtd that has just started finds its QEMUs one by one, and sends no event for those that it gives up. */
static void list_again(FctVms *vms)
{
    gboolean listed = list_afresh(vms);
    g_mutex_lock(&vms->lock);
    vms->came_up |= !listed && !vms->went_down; /* begins anew */
    vms->lists_left--;
    vms->list_us = vms->lists_left > 0 ? g_get_monotonic_time() + LIST_AGAIN_US : 0;
    g_mutex_unlock(&vms->lock);
}

/* The next work; the lock is held. */
static void vms_work(FctVms *vms)
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
        fct_vm_facts_refresh(vms->app); /* the node's view has waited for libvirt's slow first answer already */
        fct_vm_news_host_changed(vms->app->vm_news);
        g_mutex_lock(&vms->lock);
    } else if (g_hash_table_iter_next(&iter, &id, NULL)) {
        g_hash_table_iter_steal(&iter);
        g_mutex_unlock(&vms->lock);
        vms_check(vms, id);
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

static gpointer vms_watch(gpointer data)
{
    FctVms *vms = data;
    g_mutex_lock(&vms->lock);
    while (!vms->quit)
        vms_work(vms);
    g_mutex_unlock(&vms->lock);
    return NULL;
}

/* ---- what it is told ---- */

static void vms_on_changed(const char *id, gpointer data)
{
    FctVms *vms = data;
    g_mutex_lock(&vms->lock);
    vms_check_soon(vms, id);
    g_mutex_unlock(&vms->lock);
}

static void vms_on_connection(gboolean up, gpointer data)
{
    FctVms *vms = data;
    g_mutex_lock(&vms->lock);
    vms->came_up = up;
    vms->went_down = !up;
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
}

static void on_retry(gpointer data)
{
    retry_later(data);
}

/* The pages of a VM and of its networks show what its guest reports. */
static void on_guest_said(const char *id, gpointer data)
{
    FctVms *vms = data;
    fct_vm_news_add(vms->app->vm_news, id);
    fct_network_cache_refresh(vms->app->networks);
}

/* The guest has had its first-boot data. */
static void on_guest_answered(const char *id, gpointer data)
{
    const FctVms *vms = data;
    fct_vm_first_boot_expire(vms->app, id, TRUE);
}

/* ---- life ---- */

FctVms *fct_vms_new(FctApp *app)
{
    FctVms *vms = g_new0(FctVms, 1);
    vms->app = app;
    g_mutex_init(&vms->lock);
    g_cond_init(&vms->cond);
    vms->due = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    vms->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_vm_info_unref);
    return vms;
}

void fct_vms_start(FctVms *vms)
{
    static const FctDomainsNews told_by_libvirt = {vms_on_changed, vms_on_connection};
    static const FctGuestsNews told_by_guests = {on_guest_said, on_guest_answered};
    static const FctActsNews told_by_acts = {vms_on_changed, on_retry};
    fct_acts_tell(vms->app->acts, &told_by_acts, vms);
    fct_tasks_on_recover(vms->app->tasks, "vm.", fct_vm_recover, vms->app);
    vms->watcher = g_thread_new("vms", vms_watch, vms);
    fct_guests_start(vms->app->guests, &told_by_guests, vms);
    fct_stuck_start(vms->app->stuck_vms);
    fct_vm_publisher_start(vms->app->vm_publisher);
    fct_domains_start(vms->app->domains, &told_by_libvirt, vms);
}

void fct_vms_stop(FctVms *vms)
{
    if (!vms || !vms->watcher)
        return;
    fct_domains_stop(vms->app->domains);
    fct_guests_stop(vms->app->guests);
    fct_stuck_stop(vms->app->stuck_vms);
    g_mutex_lock(&vms->lock);
    vms->quit = TRUE;
    g_cond_broadcast(&vms->cond);
    g_mutex_unlock(&vms->lock);
    g_thread_join(vms->watcher);
    vms->watcher = NULL;
    fct_vm_publisher_stop(vms->app->vm_publisher);
}

void fct_vms_free(FctVms *vms)
{
    if (!vms)
        return;
    g_hash_table_unref(vms->due);
    g_hash_table_unref(vms->seen);
    g_mutex_clear(&vms->lock);
    g_cond_clear(&vms->cond);
    g_free(vms);
}
