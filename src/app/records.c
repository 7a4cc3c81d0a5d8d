/* SPDX-License-Identifier: Apache-2.0 */
#include "app/records.h"

#include "app/hub.h"
#include "base/plain.h"

#include <string.h>

#define DROPS 16        /* old rows that go with one new one */
#define BLOCK_DIGITS 17 /* of a number's 20: rows are read a thousand at a time */
#define BLOCK 1000
#define NAME_MAX_BYTES 200 /* of an audit row: who, and what it was about */
#define TEXT_MAX_BYTES 500

/* What is known of a row that need not be in memory. */
typedef struct {
    gint64 id, time_ms;
    gsize bytes;
} Mark;

/* One that is in memory. */
typedef struct {
    json_t *row;
    gsize bytes;
} Held;

struct FctRecords {
    FctStore *store;
    char *kind; /* "event": keys are "event/<20 digits>" */
    FctKeep keep;
    GMutex lock;
    GQueue rows;  /* Held*, oldest first: those at hand */
    GQueue marks; /* Mark*, oldest first: all that are kept */
    gsize bytes;  /* of all */
    gsize at_hand_bytes;
    gint64 next_id;
};

static char *key_of(const FctRecords *records, gint64 id)
{
    return g_strdup_printf("%s/%020" G_GINT64_FORMAT, records->kind, id);
}

static void add_mark(FctRecords *records, const json_t *row, gsize bytes)
{
    Mark *mark = g_new(Mark, 1);
    *mark = (Mark){fct_json_int(row, "id", 0), fct_json_int(row, "time_ms", 0), bytes};
    g_queue_push_tail(&records->marks, mark);
    records->bytes += bytes;
    records->next_id = mark->id + 1;
}

static void held_free(gpointer data)
{
    Held *held = data;
    json_decref(held->row);
    g_free(held);
}

static void hold(FctRecords *records, json_t *row, gsize bytes)
{
    const FctKeep *keep = &records->keep;
    Held *held = g_new(Held, 1);
    *held = (Held){json_incref(row), bytes};
    g_queue_push_tail(&records->rows, held);
    records->at_hand_bytes += bytes;
    while (g_queue_get_length(&records->rows) > keep->at_hand || records->at_hand_bytes > keep->at_hand_bytes) {
        Held *old = g_queue_pop_head(&records->rows);
        records->at_hand_bytes -= old->bytes;
        held_free(old);
    }
}

static void remember(FctRecords *records, json_t *row)
{
    g_autofree char *text = fct_json_text(row);
    add_mark(records, row, strlen(text));
    hold(records, row, strlen(text));
}

/* By number of rows, time and size. */
static gboolean has_too_much(const FctRecords *records)
{
    const Mark *oldest = g_queue_peek_head((GQueue *)&records->marks);
    const FctKeep *keep = &records->keep;
    return oldest && (g_queue_get_length((GQueue *)&records->marks) > keep->rows ||
                      (keep->bytes && records->bytes > keep->bytes) ||
                      (keep->age_ms && fct_app_now_ms() - oldest->time_ms > keep->age_ms));
}

FctRecords *fct_records_new(FctStore *store, const char *kind, const FctKeep *keep, GError **error)
{
    g_autofree char *prefix = g_strdup_printf("%s/", kind);
    g_autoptr(GPtrArray) docs = store->ops->list(store, prefix, error);
    if (!docs)
        return NULL;
    FctRecords *records = g_new0(FctRecords, 1);
    records->store = store;
    records->kind = g_strdup(kind);
    records->keep = *keep;
    records->next_id = 1;
    g_mutex_init(&records->lock);
    g_queue_init(&records->rows);
    g_queue_init(&records->marks);
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        remember(records, doc->value);
    }
    return records;
}

void fct_records_free(FctRecords *records)
{
    if (!records)
        return;
    g_queue_clear_full(&records->rows, held_free);
    g_queue_clear_full(&records->marks, g_free);
    g_mutex_clear(&records->lock);
    g_free(records->kind);
    g_free(records);
}

/*
 * Gives the row its id and time and stores it. Takes @row over; returns a new reference to the finished row. When the
 * disk is full the row is kept in memory alone: an event must not fail what it tells of.
 */
static json_t *add_row(FctRecords *records, json_t *row)
{
    FctWrite writes[1 + DROPS];
    char *keys[1 + DROPS];
    gsize n = 0;
    g_autoptr(GError) error = NULL;
    g_mutex_lock(&records->lock);
    json_object_set_new(row, "id", json_integer(records->next_id));
    json_object_set_new(row, "time_ms", json_integer(fct_app_now_ms()));
    keys[n] = key_of(records, records->next_id);
    writes[n] = (FctWrite){keys[n], row, FCT_REV_ANY};
    n++;
    remember(records, row);
    while (n < G_N_ELEMENTS(writes) && has_too_much(records)) {
        g_autofree Mark *old = g_queue_pop_head(&records->marks);
        records->bytes -= old->bytes;
        keys[n] = key_of(records, old->id);
        writes[n] = (FctWrite){keys[n], NULL, FCT_REV_ANY};
        n++;
    }
    /* Under the lock, so that rows reach the disk in the order of their numbers. */
    if (!records->store->ops->commit(records->store, writes, n, NULL, &error))
        g_warning("%s %" G_GINT64_FORMAT " is kept in memory alone: %s", records->kind, fct_json_int(row, "id", 0),
                  error->message);
    g_mutex_unlock(&records->lock);
    for (gsize i = 0; i < n; i++)
        g_free(keys[i]);
    return row;
}

/* The block of the numbers that begin like @id. */
static gboolean each_of_block(FctRecords *records, gint64 id, gint64 since_ms, gint64 until_ms, FctRecordSink sink,
                              gpointer data, GError **error)
{
    g_autofree char *key = key_of(records, id);
    g_autofree char *prefix = g_strndup(key, strlen(records->kind) + 1 + BLOCK_DIGITS);
    g_autoptr(GPtrArray) docs = records->store->ops->list(records->store, prefix, error);
    for (guint i = 0; docs && i < docs->len; i++) {
        const json_t *row = ((FctDoc *)docs->pdata[i])->value;
        gint64 time = fct_json_int(row, "time_ms", 0);
        if (time >= since_ms && time <= until_ms && !sink(row, data))
            return FALSE;
    }
    return docs != NULL;
}

gboolean fct_records_each(FctRecords *records, gint64 since_ms, gint64 until_ms, FctRecordSink sink, gpointer data,
                          GError **error)
{
    g_mutex_lock(&records->lock);
    const Mark *oldest = g_queue_peek_head(&records->marks);
    gint64 first = oldest ? oldest->id : 0, end = records->next_id;
    g_mutex_unlock(&records->lock);
    for (gint64 block = first / BLOCK; first && block <= (end - 1) / BLOCK; block++)
        if (!each_of_block(records, block * BLOCK, since_ms, until_ms, sink, data, error))
            return FALSE;
    return TRUE;
}

json_t *fct_records_list(FctRecords *records, guint limit)
{
    json_t *items = json_array();
    g_mutex_lock(&records->lock);
    for (GList *row = records->rows.tail; row && json_array_size(items) < limit; row = row->prev)
        json_array_append(items, ((Held *)row->data)->row); /* rows never change once they are in the list */
    g_mutex_unlock(&records->lock);
    return items;
}

void fct_event(FctApp *app, const char *kind, const char *severity, const char *subject_kind, const char *subject_id,
               const char *subject_name, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    json_t *row = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "kind", kind, "severity", severity, "text", text,
                            "subject", "kind", subject_kind, "id", subject_id, "name", subject_name);
    fct_hub_publish(app->hub, "event", "", add_row(app->events, row));
}

void fct_audit(FctApp *app, const char *user, const char *address, const char *action, const char *outcome,
               const char *subject, const char *text)
{
    g_autofree char *who = fct_plain_cut(user, NAME_MAX_BYTES), *from = fct_plain_cut(address, NAME_MAX_BYTES);
    g_autofree char *what = fct_plain_cut(subject, NAME_MAX_BYTES), *line = fct_plain_cut(text, TEXT_MAX_BYTES);
    json_decref(add_row(app->audit, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "user", who, "address", from, "action",
                                              action, "outcome", outcome, "subject", what, "text", line)));
}
