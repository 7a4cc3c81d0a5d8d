/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/acts.h"
#include "base/scope.h"

#include <string.h>

typedef struct {
    char *what; /* "is being started" */
    gboolean beside;
} Act;

struct FctActs {
    FctActsNews news; /* set before the first act */
    gpointer news_data;
    GMutex lock;           /* guards the rest; nothing else is locked under it */
    GHashTable *under_way; /* VM id → Act* */
    GHashTable *copied;    /* VM id → how many clones are being copied from its snapshots */
};

static void acts_tell_nobody_of(const char *id, gpointer data)
{
}

static void acts_tell_nobody(gpointer data)
{
}

static void act_free(gpointer data)
{
    Act *act = data;
    g_free(act->what);
    g_free(act);
}

FctActs *fct_acts_new(void)
{
    FctActs *acts = g_new0(FctActs, 1);
    acts->news = (FctActsNews){acts_tell_nobody_of, acts_tell_nobody};
    g_mutex_init(&acts->lock);
    acts->under_way = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, act_free);
    acts->copied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return acts;
}

void fct_acts_free(FctActs *acts)
{
    if (!acts)
        return;
    g_hash_table_unref(acts->under_way);
    g_hash_table_unref(acts->copied);
    g_mutex_clear(&acts->lock);
    g_free(acts);
}

void fct_acts_tell(FctActs *acts, const FctActsNews *news, gpointer data)
{
    acts->news = *news;
    acts->news_data = data;
}

static gboolean acts_begin(FctActs *acts, const char *id, const char *what, gboolean beside, GError **error)
{
    g_mutex_lock(&acts->lock);
    const Act *present = g_hash_table_lookup(acts->under_way, id);
    if (present) {
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Wait for its task to end.", NULL, "The VM %s.", present->what);
    } else {
        Act *act = g_new(Act, 1);
        *act = (Act){g_strdup(what), beside};
        g_hash_table_insert(acts->under_way, g_strdup(id), act);
    }
    g_mutex_unlock(&acts->lock);
    return !present;
}

gboolean fct_acts_begin(FctActs *acts, const char *id, const char *what, GError **error)
{
    return acts_begin(acts, id, what, FALSE, error);
}

gboolean fct_acts_begin_beside(FctActs *acts, const char *id, const char *what, GError **error)
{
    return acts_begin(acts, id, what, TRUE, error);
}

void fct_acts_end(FctActs *acts, const char *id)
{
    g_mutex_lock(&acts->lock);
    g_hash_table_remove(acts->under_way, id);
    g_mutex_unlock(&acts->lock);
    acts->news.ended(id, acts->news_data);
}

gboolean fct_acts_is(FctActs *acts, const char *id, const char *what)
{
    fct_autolock(&acts->lock);
    const Act *present = g_hash_table_lookup(acts->under_way, id);
    return present && strcmp(present->what, what) == 0;
}

gboolean fct_acts_any(FctActs *acts, const char *id, gboolean *ret_beside)
{
    g_mutex_lock(&acts->lock);
    const Act *present = g_hash_table_lookup(acts->under_way, id);
    *ret_beside = present && present->beside;
    g_mutex_unlock(&acts->lock);
    return present != NULL;
}

void fct_acts_retry_later(FctActs *acts)
{
    acts->news.retry(acts->news_data);
}

void fct_acts_hold_snapshots(FctActs *acts, const char *id, gboolean hold)
{
    fct_autolock(&acts->lock);
    int n = GPOINTER_TO_INT(g_hash_table_lookup(acts->copied, id)) + (hold ? 1 : -1);
    if (n)
        g_hash_table_replace(acts->copied, g_strdup(id), GINT_TO_POINTER(n));
    else
        g_hash_table_remove(acts->copied, id);
}

gboolean fct_acts_holds_snapshots(FctActs *acts, const char *id)
{
    fct_autolock(&acts->lock);
    return g_hash_table_contains(acts->copied, id);
}
