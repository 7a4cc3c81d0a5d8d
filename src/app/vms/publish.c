/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes VMs to the page. Whoever changes a VM only notes it (vm_news.h); here all notes of a moment are worked off
 * together from one reading of parts and addresses, so that a thousand changes cost a thousand views and nothing more.
 */
#include "app/vms/publish.h"
#include "app/domains/domains.h"
#include "app/domains/vm_docs.h"
#include "app/domains/vm_news.h"
#include "app/gpus/holds.h"
#include "app/networks/networks.h"
#include "app/news/hub.h"
#include "app/vms/power/choose.h"
#include "app/vms/state/facts.h"
#include "app/vms/view.h"

#include <string.h>

#define AGAIN_US (5 * G_USEC_PER_SEC)
#define RETRY_US (2 * G_USEC_PER_SEC)

struct FctVmPublisher {
    FctApp *app;
    GThread *thread;
    GMutex lock;         /* guards the rest; nothing else is locked under it */
    GHashTable *blocked; /* VM id → json_t*: why it could not start when that was last worked out */
};

typedef struct {
    FctVmOffer *offer;
    GPtrArray *holds;
    json_t *addresses;
} Context;

static void context_clear(Context *context)
{
    fct_vm_offer_free(context->offer);
    g_clear_pointer(&context->holds, g_ptr_array_unref);
    json_decref(context->addresses);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Context, context_clear)

gboolean fct_vms_is_blocked(FctApp *app, const char *id)
{
    g_mutex_lock(&app->vm_publisher->lock);
    gboolean blocked = json_array_size(g_hash_table_lookup(app->vm_publisher->blocked, id)) > 0;
    g_mutex_unlock(&app->vm_publisher->lock);
    return blocked;
}

/* TRUE when it differs from what was known. */
static gboolean note_blocked(FctApp *app, const char *id, json_t *blocked)
{
    g_mutex_lock(&app->vm_publisher->lock);
    const json_t *known = g_hash_table_lookup(app->vm_publisher->blocked, id);
    gboolean news = !known || !json_equal(known, blocked);
    if (news)
        g_hash_table_replace(app->vm_publisher->blocked, g_strdup(id), json_incref(blocked));
    g_mutex_unlock(&app->vm_publisher->lock);
    return news;
}

static void forget_blocked(FctApp *app, const char *id)
{
    g_mutex_lock(&app->vm_publisher->lock);
    g_hash_table_remove(app->vm_publisher->blocked, id);
    g_mutex_unlock(&app->vm_publisher->lock);
}

gboolean fct_vms_note_view(FctApp *app, const char *id, const json_t *view)
{
    gboolean news = note_blocked(app, id, json_object_get(view, "blocked"));
    if (news)
        fct_vm_news_add(app->vm_news, id);
    return news;
}

static void vm_publish(FctApp *app, const Context *context, const char *id)
{
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, id);
    g_autoptr(FctVmKnown) known = fct_vm_docs_one(app->vm_docs, id);
    if (known) {
        json_t *view = fct_vm_view(app, context->offer, known->vm, info, context->holds, context->addresses);
        note_blocked(app, id, json_object_get(view, "blocked"));
        fct_hub_publish(app->hub, "vm", id, view);
        return;
    }
    forget_blocked(app, id);
    if (info)
        fct_hub_publish(app->hub, "vm", id, fct_vm_view_foreign(app, info));
    else
        fct_hub_publish_deleted(app->hub, "vm", id);
}

/* Which VMs that are off are checked once more. */
typedef enum { AGAIN_NONE, AGAIN_DEVICES, AGAIN_ALL, AGAIN_AFRESH } Again; /* AFRESH: libvirt is asked as well */

/* Publishes only those for which something has changed. */
static void publish_waiting(FctApp *app, const Context *context, Again again)
{
    g_autoptr(GPtrArray) mine = fct_vm_docs_all(app->vm_docs);
    for (guint i = 0; i < mine->len; i++) {
        const FctVm *vm = ((FctVmKnown *)mine->pdata[i])->vm;
        gboolean concerned = again != AGAIN_DEVICES || vm->devices->len;
        g_autoptr(FctVmInfo) info = concerned ? fct_domains_info(app->domains, vm->id) : NULL;
        if (!concerned || fct_vm_info_active(info))
            continue;
        g_autoptr(json_t) blocked = fct_vm_blocked(app, context->offer, vm);
        if (note_blocked(app, vm->id, blocked))
            vm_publish(app, context, vm->id);
    }
}

/* FALSE: nothing could be published, so the notes must be kept. */
static gboolean vms_publish(FctApp *app, GHashTable *ids, Again again)
{
    g_autoptr(GError) fault = NULL;
    g_auto(Context) context = {0};
    GHashTableIter iter;
    gpointer id;
    if (again == AGAIN_AFRESH)
        fct_vm_facts_refresh(app);
    context.offer = fct_vm_offer_new(app, FALSE, NULL);
    context.holds = fct_holds_list(app->store, NULL, &fault);
    context.addresses = fct_networks_addresses(app);
    if (!context.holds) {
        g_warning("The holds of parts could not be read: %s", fault->message);
        return FALSE;
    }
    g_hash_table_iter_init(&iter, ids);
    while (g_hash_table_iter_next(&iter, &id, NULL))
        vm_publish(app, &context, id);
    if (again != AGAIN_NONE)
        publish_waiting(app, &context, again);
    return TRUE;
}

/* While a page is open or a VM waits: what a VM needs, such as a file, may go or come back without an event. */
static gboolean anybody_cares(FctApp *app)
{
    GHashTableIter iter;
    gpointer blocked;
    gboolean any = fct_hub_watched(app->hub);
    g_mutex_lock(&app->vm_publisher->lock);
    g_hash_table_iter_init(&iter, app->vm_publisher->blocked);
    while (!any && g_hash_table_iter_next(&iter, NULL, &blocked))
        any = json_array_size(blocked) > 0;
    g_mutex_unlock(&app->vm_publisher->lock);
    return any;
}

static gpointer publisher_run(gpointer data)
{
    FctApp *app = data;
    for (;;) {
        g_auto(FctVmNotes) notes = {0};
        if (!fct_vm_news_await(app->vm_news, AGAIN_US, &notes))
            return NULL;
        gboolean news = fct_vm_notes_any(&notes);
        Again again = notes.host ? AGAIN_ALL : notes.parts ? AGAIN_DEVICES : news ? AGAIN_NONE : AGAIN_AFRESH;
        if ((news || anybody_cares(app)) && !vms_publish(app, notes.ids, again))
            fct_vm_news_put_back(app->vm_news, &notes, RETRY_US);
    }
}

static void blocked_free(gpointer value)
{
    json_decref(value);
}

FctVmPublisher *fct_vm_publisher_new(FctApp *app)
{
    FctVmPublisher *publisher = g_new0(FctVmPublisher, 1);
    publisher->app = app;
    publisher->blocked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, blocked_free);
    g_mutex_init(&publisher->lock);
    return publisher;
}

void fct_vm_publisher_start(FctVmPublisher *publisher)
{
    publisher->thread = g_thread_new("vms-publish", publisher_run, publisher->app);
}

void fct_vm_publisher_stop(FctVmPublisher *publisher)
{
    fct_vm_news_quit(publisher->app->vm_news);
    g_clear_pointer(&publisher->thread, g_thread_join);
}

void fct_vm_publisher_free(FctVmPublisher *publisher)
{
    if (!publisher)
        return;
    g_hash_table_unref(publisher->blocked);
    g_mutex_clear(&publisher->lock);
    g_free(publisher);
}
