/* SPDX-License-Identifier: Apache-2.0 */
#include "app/access.h"

#include "app/auth.h"
#include "app/records.h"
#include "app/server.h"
#include "core/policy.h"

#include <libsoup/soup.h>
#include <string.h>

void fct_raw_request_clear(FctRawRequest *raw)
{
    char *const strings[] = {raw->method,   raw->path,          raw->query,      raw->cookie, raw->authorization,
                             raw->if_match, raw->origin,        raw->fetch_site, raw->host,   raw->content_type,
                             raw->address,  raw->content_range, raw->local};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_clear_pointer(&raw->body, g_bytes_unref);
}

void fct_access_fail(FctReply *reply, const GError *error)
{
    fct_reply_clear(reply);
    reply->status = fct_error_http_status(fct_error_code(error));
    reply->json = json_pack("{s:o}", "error", fct_error_to_json(error));
}

static gboolean changes(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

/* The value of the session cookie; NULL when there is none. */
static char *session_of(const char *cookies)
{
    g_auto(GStrv) parts = g_strsplit(cookies ? cookies : "", ";", -1);
    for (guint i = 0; parts[i]; i++) {
        const char *part = g_strstrip(parts[i]);
        if (g_str_has_prefix(part, "facet_session="))
            return g_strdup(part + strlen("facet_session="));
    }
    return NULL;
}

/*
 * A browser says from which page a request comes. Only our own page may act with the cookie (SameSite=Strict says so
 * too; a second lock on the same door). Programs send neither header.
 */
static gboolean same_origin(const FctRawRequest *raw, GError **error)
{
    g_autofree char *ours = g_strconcat("https://", raw->host ? raw->host : "", NULL);
    gboolean ok = raw->origin ? g_ascii_strcasecmp(raw->origin, ours) == 0
                              : !raw->fetch_site || strcmp(raw->fetch_site, "same-origin") == 0 ||
                                    strcmp(raw->fetch_site, "none") == 0;
    if (!ok)
        fct_set_error_full(error, FCT_ERROR_FORBIDDEN, "Use Facet's own page, or an API token.", NULL,
                           "The request came from another site's page.");
    return ok;
}

static FctIdentity *identify(FctApp *app, const FctRawRequest *raw, char **ret_session, GError **error)
{
    FctIdentity *who = NULL;
    if (raw->authorization && g_ascii_strncasecmp(raw->authorization, "Bearer ", 7) == 0) {
        who = fct_auth_by_token(app->auth, raw->authorization + 7);
    } else {
        g_autofree char *secret = session_of(raw->cookie);
        who = secret ? fct_auth_by_session(app->auth, secret) : NULL;
        if (who)
            *ret_session = g_steal_pointer(&secret);
    }
    if (!who)
        fct_set_error(error, FCT_ERROR_UNAUTHENTICATED, "You are not signed in.");
    return who;
}

static json_t *parse_body(const FctRawRequest *raw, GError **error)
{
    gsize length = 0;
    const char *text = raw->body ? g_bytes_get_data(raw->body, &length) : NULL;
    if (raw->too_large) {
        fct_set_error(error, FCT_ERROR_TOO_LARGE, "The request is larger than %d KiB.", FCT_BODY_MAX / 1024);
        return NULL;
    }
    if (length == 0)
        return json_object();
    if (!raw->content_type || g_ascii_strncasecmp(raw->content_type, "application/json", 16) != 0) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Send Content-Type: application/json.",
                           json_pack("{s:s}", "field", "Content-Type"), "The body must be JSON.");
        return NULL;
    }
    json_t *json = fct_json_parse(text, length, error);
    if (json && !json_is_object(json)) {
        fct_set_error(error, FCT_ERROR_BAD_REQUEST, "The body must be a JSON object.");
        g_clear_pointer(&json, json_decref);
    }
    return json;
}

static gboolean may(const FctRoute *route, const FctIdentity *who, GError **error)
{
    FctRole role;
    if (fct_role_from_name(who->role, &role) && fct_policy_allows(role, route->action))
        return TRUE;
    fct_set_error(error, FCT_ERROR_FORBIDDEN, "The role %s does not allow this.", who->role);
    return FALSE;
}

/* Who acted, for the audit row of a change; reading leaves none. */
static void audit(FctApp *app, const FctRawRequest *raw, const FctRequest *request, const FctReply *reply,
                  const GError *error)
{
    const FctRoute *route = request->route;
    if (!changes(raw->method))
        return;
    int status = error ? fct_error_http_status(fct_error_code(error)) : reply->status;
    const char *outcome = !error ? "allowed" : status == 401 || status == 403 || status == 429 ? "denied" : "failed";
    const char *user = request->who ? request->who->user : fct_json_str(request->body, "username", "");
    g_autofree char *text =
        g_strdup_printf("%s %s%s%s", raw->method, raw->path, error ? ": " : "", error ? error->message : "");
    fct_audit(app, user, raw->address, route->action ? route->action : "session.login", outcome,
              reply->subject ? reply->subject
              : request->id  ? request->id
                             : "",
              text);
}

static gboolean serve_route(FctApp *app, const FctRawRequest *raw, const char *id, const char *sub,
                            const FctRoute *route, FctReply *reply, GError **error)
{
    g_autoptr(FctIdentity) who = NULL;
    g_autofree char *session = NULL;
    g_autoptr(json_t) nothing = json_object();
    g_autoptr(json_t) body = NULL;
    g_autoptr(GHashTable) query =
        raw->query ? soup_form_decode(raw->query) : g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    FctRequest request = {.app = app,
                          .route = route,
                          .id = id,
                          .sub = sub,
                          .query = query,
                          .if_match = raw->if_match,
                          .body = nothing,
                          .content_range = raw->content_range,
                          .content_length = raw->content_length,
                          .address = raw->address,
                          .local = raw->local ? raw->local : ""};
    g_autoptr(GError) fault = NULL;
    gboolean ok = TRUE;
    if (route->action) {
        who = identify(app, raw, &session, &fault);
        request.who = who;
        request.session = session;
        ok = who && may(route, who, &fault);
    }
    /* A cookie, or the wish for one, is only believed from our own page; a WebSocket is opened by GET. */
    if (ok && (session || !route->action) && (changes(raw->method) || raw->origin))
        ok = same_origin(raw, &fault);
    if (ok && (body = parse_body(raw, &fault)))
        request.body = body;
    ok = ok && body && route->handler(&request, reply, &fault);
    if (ok && who && (reply->stream || reply->sink))
        reply->login = g_strdup(who->login);
    audit(app, raw, &request, reply, ok ? NULL : fault);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&fault));
    return ok;
}

void fct_access_serve(FctApp *app, const FctRawRequest *raw, FctReply *reply, char **ret_allow)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL, *sub = NULL;
    reply->status = 200;
    *ret_allow = NULL;
    const FctRoute *route = fct_api_route(raw->method, raw->path, &id, &sub, ret_allow, &error);
    if (!route && *ret_allow && strcmp(raw->method, "OPTIONS") == 0) {
        reply->status = 204;
        return;
    }
    if (!route || !serve_route(app, raw, id, sub, route, reply, &error)) {
        if (fct_error_code(error) == FCT_ERROR_INTERNAL)
            g_warning("%s %s: %s", raw->method, raw->path, error->message);
        fct_access_fail(reply, error);
    }
}
