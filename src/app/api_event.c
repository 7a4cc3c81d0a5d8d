/* SPDX-License-Identifier: Apache-2.0 */
/* What happened (events), who did it (audit), and the stream of both and of every change. */
#include "app/api.h"
#include "app/hub.h"
#include "app/records.h"

static gboolean list_records(const FctRequest *request, FctRecords *records, FctReply *reply, GError **error)
{
    gint64 limit;
    if (!fct_request_query_int(request, "limit", 1, 500, 100, &limit, error))
        return FALSE;
    fct_reply_items(reply, fct_records_list(records, (guint)limit));
    return TRUE;
}

static gboolean list_events(const FctRequest *request, FctReply *reply, GError **error)
{
    return list_records(request, request->app->events, reply, error);
}

static gboolean list_audit(const FctRequest *request, FctReply *reply, GError **error)
{
    return list_records(request, request->app->audit, reply, error);
}

static gboolean stream_events(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->stream = fct_hub_serve;
    return TRUE;
}

const FctRoute fct_routes_event[] = {
    {"GET", "/events", "event.read", list_events},
    {"GET", "/events/stream", "event.read", stream_events},
    {"GET", "/audit", "audit.read", list_audit},
    {NULL},
};
