/* SPDX-License-Identifier: Apache-2.0 */
#include "app/news/records.h"

#include "app/news/hub.h"
#include "base/plain.h"
#include "base/scope.h"

#include <string.h>

#define DROPS 16           /* how many old rows are deleted along with one new row */
#define BLOCK 500          /* rows that are read at a time */
#define NAME_MAX_BYTES 200 /* bytes of the names in an audit row: who, and the subject */
#define TEXT_MAX_BYTES 500

/* What is known of a kept row, in memory or not. */
typedef struct {
    gint64 id, time_ms;
    gsize bytes;
} Mark;

/* A row that is in memory. */
typedef struct {
    json_t *row;
    gsize bytes;
} Held;

/* Shared by the records and their readers; counted, since a reader may outlive the records. */
typedef struct {
    GMutex lock;
    FctRecords *records;  /* NULL: gone */
    GHashTable *accounts; /* those that read */
} Shared;

struct FctRecordsReader {
    Shared *shared;
    char *account;
    gint64 last; /* id of the row that was read last */
};

struct FctRecords {
    FctStore *store;
    Shared *shared;
    char *kind; /* "event": keys are "event/<20 digits>" */
    FctKeep keep;
    GMutex lock;
    GQueue rows;  /* Held*, oldest first: the newest rows, which are in memory */
    GQueue marks; /* Mark*, oldest first: all rows that are kept */
    gsize bytes;  /* of all */
    gsize at_hand_bytes;
    gint64 next_id;
};

static char *record_key(const FctRecords *records, gint64 id)
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

static void records_hold(FctRecords *records, json_t *row, gsize bytes)
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

static void records_remember(FctRecords *records, json_t *row)
{
    g_autofree char *text = fct_json_text(row);
    add_mark(records, row, strlen(text));
    records_hold(records, row, strlen(text));
}

/* Drops old rows by number, time and size. */
static gboolean has_too_much(const FctRecords *records)
{
    const Mark *oldest = g_queue_peek_head((GQueue *)&records->marks);
    const FctKeep *keep = &records->keep;
    return oldest && (g_queue_get_length((GQueue *)&records->marks) > keep->rows ||
                      (keep->bytes && records->bytes > keep->bytes) ||
                      (keep->age_ms && fct_app_now_ms() - oldest->time_ms > keep->age_ms));
}

static void shared_clear(gpointer data)
{
    Shared *shared = data;
    g_hash_table_unref(shared->accounts);
    g_mutex_clear(&shared->lock);
}

static Shared *shared_new(FctRecords *records)
{
    Shared *shared = g_atomic_rc_box_new0(Shared);
    g_mutex_init(&shared->lock);
    shared->records = records;
    shared->accounts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return shared;
}

/* The rows after @last. */
static GPtrArray *block_after(const FctRecords *records, gint64 last, GError **error)
{
    g_autofree char *prefix = g_strdup_printf("%s/", records->kind), *key = record_key(records, last);
    return records->store->ops->list_after(records->store, prefix, key, BLOCK, error);
}

static gint64 last_of(const GPtrArray *docs)
{
    const FctDoc *doc = docs->pdata[docs->len - 1];
    return g_ascii_strtoll(strrchr(doc->key, '/') + 1, NULL, 10);
}

static gboolean records_load(FctRecords *records, GError **error)
{
    for (gint64 last = 0;;) {
        g_autoptr(GPtrArray) docs = block_after(records, last, error);
        if (!docs || docs->len == 0)
            return docs != NULL;
        for (guint i = 0; i < docs->len; i++)
            records_remember(records, ((FctDoc *)docs->pdata[i])->value);
        last = last_of(docs);
    }
}

FctRecords *fct_records_new(FctStore *store, const char *kind, const FctKeep *keep, GError **error)
{
    FctRecords *records = g_new0(FctRecords, 1);
    records->store = store;
    records->kind = g_strdup(kind);
    records->keep = *keep;
    records->next_id = 1;
    records->shared = shared_new(records);
    g_mutex_init(&records->lock);
    g_queue_init(&records->rows);
    g_queue_init(&records->marks);
    if (!records_load(records, error))
        g_clear_pointer(&records, fct_records_free);
    return records;
}

void fct_records_free(FctRecords *records)
{
    if (!records)
        return;
    g_mutex_lock(&records->shared->lock); /* no reader may be at work then */
    records->shared->records = NULL;
    g_mutex_unlock(&records->shared->lock);
    g_atomic_rc_box_release_full(records->shared, shared_clear);
    g_queue_clear_full(&records->rows, held_free);
    g_queue_clear_full(&records->marks, g_free);
    g_mutex_clear(&records->lock);
    g_free(records->kind);
    g_free(records);
}

/*
 * Gives the row its id and time and stores it. Takes @row over; returns a new reference to the finished row. When the
 * disk is full the row is kept in memory only: what the row reports must not fail because of it.
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
    keys[n] = record_key(records, records->next_id);
    writes[n] = (FctWrite){keys[n], row, FCT_REV_ANY};
    n++;
    records_remember(records, row);
    while (n < G_N_ELEMENTS(writes) && has_too_much(records)) {
        g_autofree Mark *old = g_queue_pop_head(&records->marks);
        records->bytes -= old->bytes;
        keys[n] = record_key(records, old->id);
        writes[n] = (FctWrite){keys[n], NULL, FCT_REV_ANY};
        n++;
    }
    /* Stored under the lock, so that rows reach the disk in the order of their numbers. */
    if (!records->store->ops->commit(records->store, writes, n, NULL, &error))
        g_warning("%s %" G_GINT64_FORMAT " is kept in memory alone: %s", records->kind, fct_json_int(row, "id", 0),
                  error->message);
    g_mutex_unlock(&records->lock);
    for (gsize i = 0; i < n; i++)
        g_free(keys[i]);
    return row;
}

FctRecordsReader *fct_records_reader_new(FctRecords *records, const char *account, GError **error)
{
    Shared *shared = records->shared;
    g_mutex_lock(&shared->lock);
    gboolean first = g_hash_table_add(shared->accounts, g_strdup(account));
    g_mutex_unlock(&shared->lock);
    if (!first) {
        fct_set_error_full(error, FCT_ERROR_TOO_MANY, "Wait until it has ended, or end it.", NULL,
                           "This account has an export under way.");
        return NULL;
    }
    FctRecordsReader *reader = g_new0(FctRecordsReader, 1);
    reader->shared = g_atomic_rc_box_acquire(shared);
    reader->account = g_strdup(account);
    return reader;
}

void fct_records_reader_free(FctRecordsReader *reader)
{
    g_mutex_lock(&reader->shared->lock);
    g_hash_table_remove(reader->shared->accounts, reader->account);
    g_mutex_unlock(&reader->shared->lock);
    g_atomic_rc_box_release_full(reader->shared, shared_clear);
    g_free(reader->account);
    g_free(reader);
}

int fct_records_reader_next(FctRecordsReader *reader, gint64 since_ms, gint64 until_ms, FctRecordSink sink,
                            gpointer data, GError **error)
{
    Shared *shared = reader->shared;
    g_mutex_lock(&shared->lock); /* one block at a time, for all readers together */
    g_autoptr(GPtrArray) docs = shared->records ? block_after(shared->records, reader->last, error) : g_ptr_array_new();
    g_mutex_unlock(&shared->lock);
    if (!docs)
        return -1;
    for (guint i = 0; i < docs->len; i++) {
        const json_t *row = ((FctDoc *)docs->pdata[i])->value;
        gint64 time = fct_json_int(row, "time_ms", 0);
        if (time >= since_ms && time <= until_ms)
            sink(row, data);
    }
    if (docs->len)
        reader->last = last_of(docs);
    return (int)docs->len;
}

json_t *fct_records_list(FctRecords *records)
{
    json_t *items = json_array();
    fct_autolock(&records->lock);
    for (GList *row = records->rows.tail; row; row = row->prev)
        json_array_append(items, ((Held *)row->data)->row); /* a row in the list never changes */
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
