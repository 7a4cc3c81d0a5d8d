/* SPDX-License-Identifier: Apache-2.0 */
#include "app/people/opened.h"

#include "app/people/auth.h"
#include "base/scope.h"

#include <libsoup/soup.h>

struct FctOpening {
    FctOpened *opened;
    char *login;
    gboolean use;
    void (*end)(gpointer data);
    gpointer data;
};

struct FctOpened {
    FctApp *app;
    FctOpenedCut cut;
    GList *all;    /* FctOpening*; main thread only, like all members without a note */
    guint ticking; /* timer; 0 while nothing is open */
    GMutex lock;
    guint checking; /* source; guarded */
};

/*
 * Asks once for each login, however much it has open. Ending one thing may end others, so the walk begins anew each
 * time.
 */
static void opened_check(FctOpened *opened)
{
    g_autoptr(GHashTable) live = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) over = g_ptr_array_new();
    for (GList *l = opened->all; l; l = l->next) {
        const FctOpening *opening = l->data;
        gpointer known;
        if (!g_hash_table_lookup_extended(live, opening->login, NULL, &known)) {
            known = GINT_TO_POINTER(fct_auth_live(opened->app->auth, opening->login, FALSE));
            g_hash_table_insert(live, g_strdup(opening->login), known);
        }
        if (!known)
            g_ptr_array_add(over, l->data);
        else if (opening->use)
            fct_auth_live(opened->app->auth, opening->login, TRUE);
    }
    for (guint i = 0; i < over->len; i++) {
        FctOpening *opening = over->pdata[i];
        if (g_list_find(opened->all, opening))
            opening->end(opening->data);
    }
}

static gboolean on_tick(gpointer data)
{
    opened_check(data);
    return G_SOURCE_CONTINUE;
}

static gboolean opened_on_check(gpointer data)
{
    FctOpened *opened = data;
    g_mutex_lock(&opened->lock);
    opened->checking = 0;
    g_mutex_unlock(&opened->lock);
    opened_check(opened);
    return G_SOURCE_REMOVE;
}

void fct_opened_check(FctOpened *opened)
{
    if (!opened)
        return;
    fct_autolock(&opened->lock);
    if (!opened->checking)
        opened->checking = g_idle_add_full(G_PRIORITY_DEFAULT, opened_on_check, opened, NULL);
}

FctOpening *fct_opened_add(FctOpened *opened, const char *login, gboolean use, void (*end)(gpointer data),
                           gpointer data)
{
    if (!opened || !login)
        return NULL;
    FctOpening *opening = g_new(FctOpening, 1);
    *opening = (FctOpening){opened, g_strdup(login), use, end, data};
    opened->all = g_list_prepend(opened->all, opening);
    if (!opened->ticking)
        opened->ticking = g_timeout_add(FCT_OPENED_CHECK_MS, on_tick, opened);
    /* the login may have ended while this was being opened */
    fct_opened_check(opened);
    return opening;
}

void fct_opened_gone(FctOpening *opening)
{
    if (!opening)
        return;
    FctOpened *opened = opening->opened;
    opened->all = g_list_remove(opened->all, opening);
    if (!opened->all && opened->ticking) {
        g_source_remove(opened->ticking);
        opened->ticking = 0;
    }
    g_free(opening->login);
    g_free(opening);
}

/* ---- messages ---- */

typedef struct {
    SoupServerMessage *message;
    FctOpening *opening;
    FctOpenedCut cut;
} Streaming;

static void opened_on_finished(SoupServerMessage *message, gpointer data)
{
    Streaming *streaming = data;
    fct_opened_gone(streaming->opening);
    g_signal_handlers_disconnect_by_data(message, streaming);
    g_object_unref(message);
    g_free(streaming);
}

static void end_message(gpointer data)
{
    const Streaming *streaming = data;
    FctOpenedCut cut = streaming->cut;
    g_autoptr(SoupServerMessage) message = g_object_ref(streaming->message);
    opened_on_finished(message, data);
    cut(message);
}

void fct_opened_message(FctOpened *opened, const char *login, gboolean use, FctSoupMessage *message)
{
    Streaming *streaming = g_new(Streaming, 1);
    *streaming = (Streaming){g_object_ref(message), fct_opened_add(opened, login, use, end_message, streaming),
                             opened ? opened->cut : NULL};
    g_signal_connect(message, "finished", G_CALLBACK(opened_on_finished), streaming);
}

/* ---- the registry ---- */

FctOpened *fct_opened_new(FctApp *app, FctOpenedCut cut)
{
    FctOpened *opened = g_new0(FctOpened, 1);
    opened->app = app;
    opened->cut = cut;
    g_mutex_init(&opened->lock);
    return opened;
}

void fct_opened_free(FctOpened *opened)
{
    if (!opened)
        return;
    while (opened->all)
        fct_opened_gone(opened->all->data);
    if (opened->checking)
        g_source_remove(opened->checking);
    g_mutex_clear(&opened->lock);
    g_free(opened);
}
