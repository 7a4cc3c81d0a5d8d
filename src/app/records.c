/* SPDX-License-Identifier: Apache-2.0 */
#include "app/records.h"

#include "app/hub.h"

struct FctRecords {
    FctStore *store;
    char *kind; /* "event": keys are "event/<20 digits>" */
    guint keep;
    GMutex lock;
    GQueue rows; /* json_t*, oldest first */
    gint64 next_id;
};

static char *key_of(const FctRecords *records, gint64 id)
{
    return g_strdup_printf("%s/%020" G_GINT64_FORMAT, records->kind, id);
}

FctRecords *fct_records_new(FctStore *store, const char *kind, guint keep, GError **error)
{
    g_autofree char *prefix = g_strdup_printf("%s/", kind);
    g_autoptr(GPtrArray) docs = store->ops->list(store, prefix, error);
    if (!docs)
        return NULL;
    FctRecords *records = g_new0(FctRecords, 1);
    records->store = store;
    records->kind = g_strdup(kind);
    records->keep = keep;
    records->next_id = 1;
    g_mutex_init(&records->lock);
    g_queue_init(&records->rows);
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        g_queue_push_tail(&records->rows, json_incref(doc->value));
        records->next_id = fct_json_int(doc->value, "id", 0) + 1;
    }
    return records;
}

void fct_records_free(FctRecords *records)
{
    if (!records)
        return;
    g_queue_clear_full(&records->rows, (GDestroyNotify)json_decref);
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
    FctWrite writes[2];
    gsize n = 0;
    g_autoptr(GError) error = NULL;
    g_autofree char *old_key = NULL;
    g_mutex_lock(&records->lock);
    json_object_set_new(row, "id", json_integer(records->next_id));
    json_object_set_new(row, "time_ms", json_integer(fct_app_now_ms()));
    g_autofree char *key = key_of(records, records->next_id++);
    writes[n++] = (FctWrite){key, row, FCT_REV_ANY};
    g_queue_push_tail(&records->rows, row);
    if (g_queue_get_length(&records->rows) > records->keep) {
        g_autoptr(json_t) old = g_queue_pop_head(&records->rows);
        old_key = key_of(records, fct_json_int(old, "id", 0));
        writes[n++] = (FctWrite){old_key, NULL, FCT_REV_ANY};
    }
    json_incref(row);
    /* Under the lock, so that rows reach the disk in the order of their numbers. */
    if (!records->store->ops->commit(records->store, writes, n, NULL, &error))
        g_warning("%s %" G_GINT64_FORMAT " is kept in memory alone: %s", records->kind, fct_json_int(row, "id", 0),
                  error->message);
    g_mutex_unlock(&records->lock);
    return row;
}

json_t *fct_records_list(FctRecords *records, guint limit)
{
    json_t *items = json_array();
    g_mutex_lock(&records->lock);
    for (GList *row = records->rows.tail; row && json_array_size(items) < limit; row = row->prev)
        json_array_append(items, row->data); /* rows never change once they are in the list */
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
    json_decref(add_row(app->audit, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "user", user, "address", address,
                                              "action", action, "outcome", outcome, "subject", subject, "text", text)));
}
