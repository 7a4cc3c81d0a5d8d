/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/domains.h"
#include "base/scope.h"

#include <string.h>

#define TRIES 3
#define CANCEL_US (200 * 1000) /* how soon a wait notices that its task is cancelled */

/* A reading of one VM that is under way; it lives on the stack of the thread that asked. */
typedef struct {
    const char *id;
    gboolean heard; /* libvirt sent an event about the VM meanwhile */
} Reading;

struct FctDomains {
    FctApp *app;
    FctDomainsNews news; /* set before libvirt is listened to */
    gpointer news_data;

    GMutex lock; /* guards the rest; nothing else is locked under it */
    GCond cond;
    gboolean connected;  /* whether the connection to libvirt stands, as libvirt last said */
    gboolean up;         /* libvirt answers and `infos` is complete */
    GHashTable *infos;   /* VM id → FctVmInfo*, as libvirt last told */
    GPtrArray *readings; /* Reading*: under way */
    GHashTable *fresh;   /* set of VM ids that sent an event since the listing began; NULL: no listing is under way */
    json_t *stats;       /* shared with readers: replaced, never changed */
};

gboolean fct_domains_is_up(FctDomains *domains)
{
    fct_autolock(&domains->lock);
    return domains->up;
}

FctVmInfo *fct_domains_info(FctDomains *domains, const char *id)
{
    fct_autolock(&domains->lock);
    const FctVmInfo *info = g_hash_table_lookup(domains->infos, id);
    return info ? fct_vm_info_ref(info) : NULL;
}

GPtrArray *fct_domains_infos(FctDomains *domains)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_info_unref);
    GHashTableIter iter;
    gpointer info;
    fct_autolock(&domains->lock);
    g_hash_table_iter_init(&iter, domains->infos);
    while (g_hash_table_iter_next(&iter, NULL, &info))
        g_ptr_array_add(all, fct_vm_info_ref(info));
    return all;
}

/* Under the lock. */
static void note_info(FctDomains *domains, const char *id, const FctVmInfo *info)
{
    for (guint i = 0; i < domains->readings->len; i++) {
        Reading *reading = g_ptr_array_index(domains->readings, i);
        reading->heard |= strcmp(reading->id, id) == 0;
    }
    if (info)
        g_hash_table_replace(domains->infos, g_strdup(id), fct_vm_info_ref(info));
    else
        g_hash_table_remove(domains->infos, id);
    if (domains->fresh)
        g_hash_table_add(domains->fresh, g_strdup(id));
    g_cond_broadcast(&domains->cond);
}

/* On libvirt's thread. */
static void domains_on_changed(const char *id, const FctVmInfo *info, gpointer data)
{
    FctDomains *domains = data;
    g_mutex_lock(&domains->lock);
    note_info(domains, id, info);
    g_mutex_unlock(&domains->lock);
    domains->news.changed(id, domains->news_data);
}

static gboolean is_news(const FctVmInfo *known, const FctVmInfo *info)
{
    return !known || known->state != info->state || known->saved != info->saved || known->ours != info->ours ||
           known->starts != info->starts || known->connection != info->connection || known->unseen != info->unseen ||
           !json_equal(known->drives, info->drives) || !json_equal(known->disks, info->disks);
}

/* An event that came while libvirt was being asked may be newer than its answer: then libvirt is asked again. */
void fct_domains_refresh(FctDomains *domains, const char *id)
{
    gboolean settled = FALSE;
    for (int try = 0; try < TRIES && !settled; try++) {
        Reading reading = {id, FALSE};
        g_mutex_lock(&domains->lock);
        g_ptr_array_add(domains->readings, &reading);
        g_mutex_unlock(&domains->lock);
        g_autoptr(FctVmInfo) info = domains->app->vmm->ops->info(domains->app->vmm, id, NULL);
        g_mutex_lock(&domains->lock);
        g_ptr_array_remove_fast(domains->readings, &reading);
        settled = !info || !reading.heard;
        gboolean news = info && settled && is_news(g_hash_table_lookup(domains->infos, id), info);
        if (news)
            note_info(domains, id, info);
        g_mutex_unlock(&domains->lock);
        if (news)
            domains->news.changed(id, domains->news_data);
    }
}

static void domains_on_connection(gboolean up, gpointer data)
{
    FctDomains *domains = data;
    g_mutex_lock(&domains->lock);
    domains->connected = up;
    if (!up)
        domains->up = FALSE;
    g_cond_broadcast(&domains->cond);
    g_mutex_unlock(&domains->lock);
    domains->news.connection(up, domains->news_data);
}

/* @that gets NULL for a VM that libvirt does not know. */
static gboolean domains_await(FctDomains *domains, FctTask *task, const char *id, FctDomainsThat that, gpointer data,
                              gint64 ms)
{
    gint64 until = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
    gboolean as_wanted = FALSE;
    fct_autolock(&domains->lock);
    while (TRUE) {
        gint64 now = g_get_monotonic_time();
        as_wanted = domains->up && that(g_hash_table_lookup(domains->infos, id), data);
        if (as_wanted || now >= until || (task && (fct_task_cancelled(task) || fct_task_stopping(task))))
            break;
        g_cond_wait_until(&domains->cond, &domains->lock, MIN(until, now + CANCEL_US));
    }
    return as_wanted;
}

typedef struct {
    FctDomainsThat that;
    gpointer data;
} Known;

static gboolean is_known_and(const FctVmInfo *info, gpointer data)
{
    const Known *known = data;
    return info && known->that(info, known->data);
}

gboolean fct_domains_await_that(FctDomains *domains, FctTask *task, const char *id, FctDomainsThat that, gpointer data,
                                gint64 ms)
{
    Known known = {that, data};
    return domains_await(domains, task, id, is_known_and, &known, ms);
}

static gboolean is_active_as(const FctVmInfo *info, gpointer active)
{
    return fct_vm_info_active(info) == *(const gboolean *)active;
}

gboolean fct_domains_await(FctDomains *domains, FctTask *task, const char *id, gboolean active, gint64 ms)
{
    return domains_await(domains, task, id, is_active_as, &active, ms);
}

gboolean fct_domains_await_up(FctDomains *domains, FctTask *task)
{
    while (!fct_domains_is_up(domains) && !fct_task_stopping(task))
        fct_task_wait(task, 200);
    return !fct_task_stopping(task);
}

/* ---- all of them ---- */

static void copy_ids(GHashTable *set, GPtrArray *ids)
{
    GHashTableIter iter;
    gpointer id;
    g_hash_table_iter_init(&iter, set);
    while (g_hash_table_iter_next(&iter, &id, NULL))
        g_ptr_array_add(ids, g_strdup(id));
}

/*
 * Under the lock. Takes over what @list says, except for VMs in @fresh, whose events are newer. Returns the ids of VMs
 * that are gone or have another state than before.
 */
static GPtrArray *domains_take_list(FctDomains *domains, const GPtrArray *list, GHashTable *fresh)
{
    g_autoptr(GHashTable) old = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GPtrArray *changed = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer id, value;
    g_hash_table_iter_init(&iter, domains->infos);
    while (g_hash_table_iter_next(&iter, &id, &value))
        if (!g_hash_table_contains(fresh, id)) {
            g_hash_table_insert(old, g_strdup(id), GINT_TO_POINTER(((FctVmInfo *)value)->state + 1));
            g_hash_table_iter_remove(&iter);
        }
    for (guint i = 0; i < list->len; i++) {
        FctVmInfo *info = g_ptr_array_index(list, i);
        if (!g_hash_table_contains(fresh, info->id))
            g_hash_table_replace(domains->infos, g_strdup(info->id), fct_vm_info_ref(info));
        if (GPOINTER_TO_INT(g_hash_table_lookup(old, info->id)) == (int)info->state + 1)
            g_hash_table_remove(old, info->id);
    }
    copy_ids(old, changed);
    return changed;
}

GPtrArray *fct_domains_read(FctDomains *domains, GPtrArray **ret_changed, GError **error)
{
    g_mutex_lock(&domains->lock);
    domains->fresh = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_mutex_unlock(&domains->lock);
    GPtrArray *list = domains->app->vmm->ops->list(domains->app->vmm, error);
    g_mutex_lock(&domains->lock);
    g_autoptr(GHashTable) fresh = g_steal_pointer(&domains->fresh);
    *ret_changed = list ? domains_take_list(domains, list, fresh) : NULL;
    domains->up = list && domains->connected;
    g_cond_broadcast(&domains->cond);
    g_mutex_unlock(&domains->lock);
    return list;
}

/* ---- readings ---- */

void fct_domains_note_stats(FctDomains *domains, const json_t *stats)
{
    fct_autolock(&domains->lock);
    json_decref(domains->stats);
    domains->stats = json_incref((json_t *)stats);
}

json_t *fct_domains_stats(FctDomains *domains)
{
    fct_autolock(&domains->lock);
    return json_incref(domains->stats);
}

/* ---- life ---- */

static void domains_tell_nobody_of(const char *id, gpointer data)
{
}

static void domains_tell_nobody(gboolean up, gpointer data)
{
}

FctDomains *fct_domains_new(FctApp *app)
{
    FctDomains *domains = g_new0(FctDomains, 1);
    domains->app = app;
    domains->news = (FctDomainsNews){domains_tell_nobody_of, domains_tell_nobody};
    g_mutex_init(&domains->lock);
    g_cond_init(&domains->cond);
    domains->readings = g_ptr_array_new();
    domains->infos = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_vm_info_unref);
    return domains;
}

void fct_domains_start(FctDomains *domains, const FctDomainsNews *news, gpointer data)
{
    domains->news = *news;
    domains->news_data = data;
    domains->app->vmm->ops->watch(domains->app->vmm, domains_on_changed, domains_on_connection, domains);
}

void fct_domains_stop(FctDomains *domains)
{
    domains->app->vmm->ops->watch(domains->app->vmm, NULL, NULL, NULL);
}

void fct_domains_free(FctDomains *domains)
{
    if (!domains)
        return;
    g_hash_table_unref(domains->infos);
    g_ptr_array_unref(domains->readings);
    json_decref(domains->stats);
    g_mutex_clear(&domains->lock);
    g_cond_clear(&domains->cond);
    g_free(domains);
}

gboolean fct_domain_unseen(const FctVmInfo *info, GError **error)
{
    if (json_array_size(info->drives))
        return fct_set_error_full(
            error, FCT_ERROR_CONFLICT,
            "Start or define that pool (virsh pool-list --all), or name the disk by its path "
            "(virsh edit).",
            NULL,
            "VM %s has a volume of a storage pool that libvirt does not find, so nobody can know which "
            "files it has.",
            info->name);
    return fct_set_error_full(error, FCT_ERROR_TIMEOUT, "Force that VM off, or wait until it answers.", NULL,
                              "VM %s does not answer, so nobody can know which files it has.", info->name);
}
