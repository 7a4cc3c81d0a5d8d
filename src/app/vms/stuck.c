/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/stuck.h"
#include "app/domains/acts.h"
#include "app/domains/domains.h"
#include "app/domains/vm_doc.h"
#include "app/domains/vm_news.h"

#include "app/news/records.h"
#include "base/text.h"
#include "core/storage_rules.h"

#include <string.h>
#include <sys/statvfs.h>

#define POLL_US (5 * G_USEC_PER_SEC)
#define REST_FIRST_US (5 * G_USEC_PER_SEC)
#define REST_MAX_US (10 * 60 * G_USEC_PER_SEC)
#define SOON_US (5 * 60 * G_USEC_PER_SEC) /* a VM that is stuck again within this time is left alone for longer */

typedef struct {
    gboolean here;     /* it is paused by an error now */
    gboolean asked;    /* the members below are known */
    gboolean full;     /* there was no room on the disk */
    char *disk, *path; /* the first disk in trouble; "" */
    gint64 rest_us, due_us, went_on_us;
} Stuck;

struct FctStuck {
    FctApp *app;
    GThread *thread;
    GMutex lock; /* guards the rest */
    GCond cond;
    gboolean quit;
    GHashTable *known; /* VM id → Stuck* */
};

static void stuck_free(gpointer data)
{
    Stuck *one = data;
    g_free(one->disk);
    g_free(one->path);
    g_free(one);
}

FctStuck *fct_stuck_new(FctApp *app)
{
    FctStuck *stuck = g_new0(FctStuck, 1);
    stuck->app = app;
    g_mutex_init(&stuck->lock);
    g_cond_init(&stuck->cond);
    stuck->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, stuck_free);
    return stuck;
}

void fct_stuck_free(FctStuck *stuck)
{
    if (!stuck)
        return;
    g_hash_table_unref(stuck->known);
    g_mutex_clear(&stuck->lock);
    g_cond_clear(&stuck->cond);
    g_free(stuck);
}

/* ---- noting ---- */

static void stuck_begin(FctStuck *stuck, const char *id)
{
    gint64 now = g_get_monotonic_time();
    Stuck *one = g_hash_table_lookup(stuck->known, id);
    if (!one) {
        one = g_new0(Stuck, 1);
        one->disk = g_strdup("");
        one->path = g_strdup("");
        g_hash_table_insert(stuck->known, g_strdup(id), one);
    }
    gboolean again = one->went_on_us && now - one->went_on_us < SOON_US;
    one->rest_us = again ? MIN(one->rest_us * 2, REST_MAX_US) : REST_FIRST_US;
    one->due_us = now + one->rest_us;
    one->here = TRUE;
    one->asked = FALSE;
    g_cond_broadcast(&stuck->cond);
}

void fct_stuck_note(FctStuck *stuck, const char *id, const FctVmInfo *info)
{
    gboolean here = info && info->ours && info->state == FCT_VM_PAUSED && info->pause == FCT_PAUSE_IO_ERROR;
    g_mutex_lock(&stuck->lock);
    Stuck *one = g_hash_table_lookup(stuck->known, id);
    if (here && (!one || !one->here)) {
        stuck_begin(stuck, id);
    } else if (!here && one) {
        if (one->here)
            one->went_on_us = g_get_monotonic_time(); /* let go on by us, or by somebody else */
        one->here = FALSE;
        if (!fct_vm_info_active(info))
            g_hash_table_remove(stuck->known, id);
    }
    g_mutex_unlock(&stuck->lock);
}

/* ---- what is wrong ---- */

static void stuck_set_errors(Stuck *one, const FctVm *vm, const json_t *errors)
{
    const char *target;
    json_t *what;
    one->full = FALSE;
    fct_text_set(&one->disk, "");
    fct_text_set(&one->path, "");
    json_object_foreach ((json_t *)errors, target, what) {
        gboolean full = g_strcmp0(json_string_value(what), "no-space") == 0;
        const FctVmDisk *disk = vm ? fct_vm_find_disk(vm, target) : NULL;
        if (*one->disk && (one->full || !full)) /* a lack of room is named first, since it can be mended */
            continue;
        one->full = full;
        fct_text_set(&one->disk, target);
        fct_text_set(&one->path, disk ? disk->path : "");
    }
    one->asked = TRUE;
}

static char *sentence_of(const Stuck *one)
{
    if (one->full && fct_path_is_device(one->path))
        return g_strdup_printf("There is no room left for disk %s (%s). Make room with the tools of its volume group, "
                               "then let the VM go on.",
                               one->disk, one->path);
    if (one->full)
        return g_strdup_printf("There is no room left for disk %s (%s). The VM goes on by itself when there is: free "
                               "some, or enlarge the storage pool.",
                               one->disk, *one->path ? one->path : "its file");
    if (*one->disk)
        return g_strdup_printf(
            "The host could not read or write disk %s (%s). Mend the storage, then let the VM go on.", one->disk,
            *one->path ? one->path : "its file");
    return g_strdup("The host could not read or write one of its disks. Mend the storage, then let the VM go on.");
}

/* The lock is held, but released for a while meanwhile. */
static void stuck_is_due(FctStuck *stuck, const char *id)
{
    FctApp *app = stuck->app;
    g_autofree char *text = NULL;
    g_mutex_unlock(&stuck->lock);
    g_autoptr(GError) fault = NULL;
    g_autoptr(json_t) errors = app->vmm->ops->disk_errors(app->vmm, id, &fault);
    g_autoptr(FctVm) vm = fct_vm_load(app->store, id, NULL);
    g_mutex_lock(&stuck->lock);
    Stuck *one = g_hash_table_lookup(stuck->known, id);
    if (!one || !one->here)
        return;
    if (!errors) { /* asked again the next time */
        one->due_us = g_get_monotonic_time() + POLL_US;
        return;
    }
    stuck_set_errors(one, vm, errors);
    text = sentence_of(one);
    g_mutex_unlock(&stuck->lock);
    if (vm)
        fct_event(app, "vm.paused", "error", "vm", id, vm->name, "VM %s is paused. %s", vm->name, text);
    fct_vm_news_add(app->vm_news, id);
    g_mutex_lock(&stuck->lock);
}

/* ---- going on ---- */

/* Only LVM's tools know how full a volume group is, and whether the guest's volume may grow. */
static gboolean file_has_room(const char *path)
{
    struct statvfs fs;
    g_autofree char *folder = g_path_get_dirname(path);
    if (!*path || fct_path_is_device(path) || statvfs(folder, &fs) < 0)
        return FALSE;
    return fct_room_to_go_on((gint64)((guint64)fs.f_blocks * fs.f_frsize),
                             (gint64)((guint64)fs.f_bavail * fs.f_frsize));
}

/* The lock is held, but released for a while meanwhile. */
static void try_to_go_on(FctStuck *stuck, const char *id, const char *path)
{
    FctApp *app = stuck->app;
    FctVmm *vmm = app->vmm;
    g_mutex_unlock(&stuck->lock);
    g_autoptr(GError) fault = NULL;
    if (file_has_room(path) && fct_acts_begin_beside(app->acts, id, "is going on", NULL)) {
        g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, id);
        gboolean still = info && info->state == FCT_VM_PAUSED && info->pause == FCT_PAUSE_IO_ERROR;
        if (still && vmm->ops->resume(vmm, id, &fault))
            fct_event(app, "vm.resumed", "info", "vm", id, info->name,
                      "VM %s goes on: there is room for its disk again.", info->name);
        else if (fault)
            g_warning("VM %s could not go on: %s", info->name, fault->message);
        fct_acts_end(app->acts, id);
    }
    g_mutex_lock(&stuck->lock);
}

/* A VM that is due; NULL: none. The lock is held. */
static char *take_due(FctStuck *stuck, gint64 now, gboolean *ret_ask, char **ret_path)
{
    GHashTableIter iter;
    gpointer id, value;
    g_hash_table_iter_init(&iter, stuck->known);
    while (g_hash_table_iter_next(&iter, &id, &value)) {
        Stuck *one = value;
        *ret_ask = one->here && !one->asked;
        if (!*ret_ask && (!one->here || !one->full || now < one->due_us))
            continue;
        if (*ret_ask && now < one->due_us - one->rest_us)
            continue;
        *ret_path = g_strdup(one->path);
        one->due_us = now + POLL_US + (*ret_ask ? one->rest_us : 0);
        return g_strdup(id);
    }
    return NULL;
}

static gpointer stuck_run(gpointer data)
{
    FctStuck *stuck = data;
    g_mutex_lock(&stuck->lock);
    while (!stuck->quit) {
        gboolean asks = FALSE;
        g_autofree char *path = NULL, *id = take_due(stuck, g_get_monotonic_time(), &asks, &path);
        if (id && asks)
            stuck_is_due(stuck, id);
        else if (id)
            try_to_go_on(stuck, id, path);
        else if (g_hash_table_size(stuck->known))
            g_cond_wait_until(&stuck->cond, &stuck->lock, g_get_monotonic_time() + G_USEC_PER_SEC);
        else
            g_cond_wait(&stuck->cond, &stuck->lock);
    }
    g_mutex_unlock(&stuck->lock);
    return NULL;
}

void fct_stuck_start(FctStuck *stuck)
{
    stuck->thread = g_thread_new("vms-stuck", stuck_run, stuck);
}

void fct_stuck_stop(FctStuck *stuck)
{
    if (!stuck->thread)
        return;
    g_mutex_lock(&stuck->lock);
    stuck->quit = TRUE;
    g_cond_broadcast(&stuck->cond);
    g_mutex_unlock(&stuck->lock);
    g_clear_pointer(&stuck->thread, g_thread_join);
}

char *fct_stuck_detail(FctStuck *stuck, const char *id, const FctVmInfo *info)
{
    if (!info || info->state != FCT_VM_PAUSED || info->pause != FCT_PAUSE_IO_ERROR)
        return g_strdup("");
    g_mutex_lock(&stuck->lock);
    const Stuck *one = g_hash_table_lookup(stuck->known, id);
    char *text = one && one->asked ? sentence_of(one)
                                   : g_strdup("QEMU has stopped the VM after an error of a disk; its cause is being "
                                              "looked for.");
    g_mutex_unlock(&stuck->lock);
    return text;
}
