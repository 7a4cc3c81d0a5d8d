/* SPDX-License-Identifier: Apache-2.0 */
/* What happened (events), who did it (audit), and the stream of both and of every change. */
#include "app/api.h"
#include "app/hub.h"
#include "app/records.h"
#include "core/policy.h"

#include <libsoup/soup.h>

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

/* What a GET would answer; JSON null when it is refused or fails: whoever needs it asks, and is told why. */
static json_t *answer_of(const FctRequest *request, const char *path, const char *parameters)
{
    g_autofree char *id = NULL, *sub = NULL, *allow = NULL;
    g_autoptr(GHashTable) query = soup_form_decode(parameters);
    FctRequest inner = *request;
    FctReply reply = {.status = 200};
    FctRole role;
    inner.route = fct_api_route("GET", path, &id, &sub, &allow, NULL);
    inner.query = query;
    if (fct_role_from_name(request->who->role, &role) && fct_policy_allows(role, inner.route->action))
        inner.route->handler(&inner, &reply, NULL);
    json_t *json = reply.json ? json_incref(reply.json) : json_null();
    fct_reply_clear(&reply);
    return json;
}

/* What every page shows around its own matter: one answer instead of four. */
static json_t *state_of(const FctRequest *request)
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
        g_autoptr(json_t) state = state_of(request);
        fct_hub_client_begin(client, "state", state);
    }
    reply->data = client;
    reply->destroy = (GDestroyNotify)fct_hub_client_free;
    reply->stream = fct_hub_serve;
    reply->looks_on = TRUE;
    return TRUE;
}

const FctRoute fct_routes_event[] = {
    {"GET", "/events", "event.read", list_events},
    {"GET", "/events/stream", "event.read", stream_events},
    {"GET", "/audit", "audit.read", list_audit},
    {NULL},
};
