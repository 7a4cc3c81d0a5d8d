/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/vm_news.h"
#include "base/scope.h"

struct FctVmNews {
    GMutex lock; /* guards the rest; nothing else is locked under it */
    GCond cond;
    gboolean quit;
    gint64 not_before_us; /* monotonic; notes are not handed out before then */
    FctVmNotes notes;
};

static GHashTable *vm_news_set_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

FctVmNews *fct_vm_news_new(void)
{
    FctVmNews *news = g_new0(FctVmNews, 1);
    g_mutex_init(&news->lock);
    g_cond_init(&news->cond);
    news->notes.ids = vm_news_set_new();
    return news;
}

void fct_vm_news_free(FctVmNews *news)
{
    if (!news)
        return;
    fct_vm_notes_clear(&news->notes);
    g_mutex_clear(&news->lock);
    g_cond_clear(&news->cond);
    g_free(news);
}

void fct_vm_notes_clear(FctVmNotes *notes)
{
    g_clear_pointer(&notes->ids, g_hash_table_unref);
}

gboolean fct_vm_notes_any(const FctVmNotes *notes)
{
    return notes->parts || notes->host || g_hash_table_size(notes->ids) > 0;
}

void fct_vm_news_add(FctVmNews *news, const char *id)
{
    fct_autolock(&news->lock);
    g_hash_table_add(news->notes.ids, g_strdup(id));
    g_cond_broadcast(&news->cond);
}

static void set_flag(FctVmNews *news, gboolean *flag)
{
    fct_autolock(&news->lock);
    *flag = TRUE;
    g_cond_broadcast(&news->cond);
}

void fct_vm_news_parts_changed(FctVmNews *news)
{
    set_flag(news, &news->notes.parts);
}

void fct_vm_news_host_changed(FctVmNews *news)
{
    set_flag(news, &news->notes.host);
}

void fct_vm_news_quit(FctVmNews *news)
{
    set_flag(news, &news->quit);
}

void fct_vm_news_put_back(FctVmNews *news, const FctVmNotes *notes, gint64 us)
{
    GHashTableIter iter;
    gpointer id;
    fct_autolock(&news->lock);
    g_hash_table_iter_init(&iter, notes->ids);
    while (g_hash_table_iter_next(&iter, &id, NULL))
        g_hash_table_add(news->notes.ids, g_strdup(id));
    news->notes.parts |= notes->parts;
    news->notes.host |= notes->host;
    news->not_before_us = g_get_monotonic_time() + us;
}

gboolean fct_vm_news_await(FctVmNews *news, gint64 us, FctVmNotes *ret)
{
    gint64 until = g_get_monotonic_time() + us;
    fct_autolock(&news->lock);
    while (!news->quit) {
        gint64 due = fct_vm_notes_any(&news->notes) ? news->not_before_us : until;
        if (g_get_monotonic_time() >= due)
            break;
        g_cond_wait_until(&news->cond, &news->lock, due);
    }
    news->not_before_us = 0;
    gboolean goes_on = !news->quit;
    *ret = news->notes;
    news->notes = (FctVmNotes){.ids = vm_news_set_new()};
    return goes_on;
}
