/* SPDX-License-Identifier: Apache-2.0 */
/* What happened (events), who did it (audit), and the stream of both and of every change. */
#include "app/api/list.h"
#include "app/api/outgoing.h"
#include "app/api/route.h"
#include "app/news/hub.h"
#include "app/news/records.h"
#include "app/people/signins.h"
#include "core/policy.h"

#include <libsoup/soup.h>
#include <string.h>

static gboolean list_records(const FctRequest *request, FctRecords *records, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"-id"}, .usual = 100, .most = 500};
    return fct_reply_list(request, reply, &order, fct_records_list(records), error);
}

static gboolean list_events(const FctRequest *request, FctReply *reply, GError **error)
{
    return list_records(request, request->app->events, reply, error);
}

static gboolean list_audit(const FctRequest *request, FctReply *reply, GError **error)
{
    return list_records(request, request->app->audit, reply, error);
}

/* ---- the audit as a file ---- */

typedef struct {
    FctRecordsReader *reader;
    gint64 since_ms, until_ms;
    GString *text; /* not sent yet */
    gboolean csv;
} Export;

/* A cell that begins like a formula would be one in a spreadsheet. */
static void append_cell(GString *text, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, "\"", -1);
    g_autofree char *doubled = g_strjoinv("\"\"", parts);
    g_string_append_printf(text, "%s\"%s%s\"", text->len && text->str[text->len - 1] != '\n' ? "," : "",
                           *value && strchr("=+-@", *value) ? "'" : "", doubled);
}

static void append_row(const json_t *row, gpointer data)
{
    static const char *const columns[] = {"user", "address", "action", "outcome", "subject", "text"};
    Export *export = data;
    if (!export->csv) {
        g_autofree char *text = fct_json_text(row);
        g_string_append_printf(export->text, "%s\n", text);
        return;
    }
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(fct_json_int(row, "time_ms", 0) / 1000);
    g_autofree char *iso = g_date_time_format_iso8601(time);
    append_cell(export->text, iso);
    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++)
        append_cell(export->text, fct_json_str(row, columns[i], ""));
    g_string_append_c(export->text, '\n');
}

static gssize export_read(gpointer data, guint8 *bytes, gsize length, GError **error)
{
    Export *export = data;
    int rows = 1;
    while (export->text->len == 0 && rows > 0)
        rows = fct_records_reader_next(export->reader, export->since_ms, export->until_ms, append_row, export, error);
    if (rows < 0)
        return -1;
    gsize n = MIN(length, export->text->len);
    memcpy(bytes, export->text->str, n);
    g_string_erase(export->text, 0, (gssize)n);
    return (gssize)n;
}

static void export_free(gpointer data)
{
    Export *export = data;
    fct_records_reader_free(export->reader);
    g_string_free(export->text, TRUE);
    g_free(export);
}

static gboolean export_audit(const FctRequest *request, FctReply *reply, GError **error)
{
    const char *format = g_hash_table_lookup(request->query, "format");
    gint64 since, until;
    if (!fct_request_query_int(request, "since_ms", 0, G_MAXINT64, 0, &since, error) ||
        !fct_request_query_int(request, "until_ms", 0, G_MAXINT64, G_MAXINT64, &until, error))
        return FALSE;
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0)
        return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "format"),
                                  "The format is jsonl or csv.");
    FctRecordsReader *reader = fct_records_reader_new(request->app->audit, request->who->account, error);
    if (!reader)
        return FALSE;
    gboolean csv = format && strcmp(format, "csv") == 0;
    Export *export = g_new(Export, 1);
    *export =
        (Export){reader, since, until, g_string_new(csv ? "time,user,address,action,outcome,subject,text\n" : ""), csv};
    const FctOutgoing outgoing = {.name = g_strdup(csv ? "audit.csv" : "audit.jsonl"),
                                  .mime = g_strdup(csv ? "text/csv; charset=utf-8" : "application/jsonl"),
                                  .total = -1,
                                  .read = export_read,
                                  .destroy = export_free,
                                  .data = export};
    fct_reply_outgoing(reply, &outgoing);
    return TRUE;
}

/* Refused sign-ins are not part of the audit trail: anybody could fill it. */
static gboolean list_refused(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"-minute_ms", "address"}, .usual = 100, .most = 500};
    return fct_reply_list(request, reply, &order, fct_signins_list(request->app->signins), error);
}

/* The answer of a GET, or JSON null when it is refused or fails: the page then asks itself and is told why. */
static json_t *answer_of(const FctRequest *request, const char *path, const char *parameters)
{
    g_autofree char *id = NULL, *sub = NULL, *allow = NULL;
    g_autoptr(GHashTable) query = soup_form_decode(parameters);
    FctRequest inner = *request;
    FctReply reply = {.status = 200};
    FctRole role;
    inner.route = fct_route_find(request->app->routes, "GET", path, &id, &sub, &allow, NULL);
    inner.query = query;
    if (fct_role_from_name(request->who->role, &role) && fct_policy_allows(role, inner.route->action))
        inner.route->handler(&inner, &reply, NULL);
    json_t *json = reply.json ? json_incref(reply.json) : json_null();
    fct_reply_clear(&reply);
    return json;
}

/* What every page shows around its own content: one answer instead of four. */
static json_t *event_reader_of(const FctRequest *request)
{
    static const char *const parts[][3] = {
        {"nodes", "/nodes", ""},
        {"gpus", "/gpus", ""},
        {"tasks", "/tasks", "limit=200"},
        {"vms", "/vms", "limit=20&sort=attention"},
    };
    json_t *state = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        json_object_set_new(state, parts[i][0], answer_of(request, parts[i][1], parts[i][2]));
    return state;
}

static gboolean stream_events(const FctRequest *request, FctReply *reply, GError **error)
{
    FctHubClient *client = fct_hub_expect(request->app->hub);
    if (fct_request_query_bool(request, "state", FALSE)) {
        g_autoptr(json_t) state = event_reader_of(request);
        fct_hub_client_begin(client, "state", state);
    }
    reply->data = client;
    reply->destroy = (GDestroyNotify)fct_hub_client_free;
    reply->stream = fct_hub_serve;
    reply->passive = TRUE;
    return TRUE;
}

const FctRoute fct_routes_event[] = {
    {"GET", "/events", "event.read", list_events, .query = FCT_LIST_QUERY},
    {"GET", "/events/stream", "event.read", stream_events, .query = "state:bool"},
    {"GET", "/audit", "audit.read", list_audit, .query = FCT_LIST_QUERY},
    {"GET", "/audit/export", "audit.read", export_audit, .query = "since_ms:int until_ms:int format:text"},
    {"GET", "/audit/refused", "audit.read", list_refused, .query = FCT_LIST_QUERY},
    {NULL},
};
