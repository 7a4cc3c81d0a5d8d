/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server/access.h"

#include "app/api/members.h"
#include "app/api/route.h"
#include "app/news/records.h"
#include "app/people/auth.h"
#include "app/people/signins.h"
#include "app/server/server.h"
#include "base/plain.h"
#include "core/policy.h"

#include <libsoup/soup.h>
#include <string.h>

#define SESSION "facet_session"
#define PATH_MAX_BYTES 200 /* in the audit */

void fct_raw_request_clear(FctRawRequest *raw)
{
    char *const strings[] = {raw->method,        raw->path,     raw->query,         raw->cookie,
                             raw->authorization, raw->if_match, raw->if_none_match, raw->origin,
                             raw->fetch_site,    raw->host,     raw->content_type,  raw->address,
                             raw->content_range, raw->local};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_clear_pointer(&raw->body, g_bytes_unref);
}

void fct_access_fail(FctReply *reply, const GError *error)
{
    gboolean known = reply->known;
    fct_reply_clear(reply);
    reply->known = known;
    reply->status = fct_error_http_status(fct_error_code(error));
    reply->json = json_pack("{s:o}", "error", fct_error_to_json(error));
}

static gboolean method_changes(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

char *fct_access_cookie(const char *cookies, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(cookies ? cookies : "", ";", -1);
    gsize length = strlen(name);
    for (guint i = 0; parts[i]; i++) {
        const char *part = g_strstrip(parts[i]);
        if (strncmp(part, name, length) == 0 && part[length] == '=')
            return g_strdup(part + length + 1);
    }
    return NULL;
}

static const char *bearer_of(const FctRawRequest *raw)
{
    return raw->authorization && g_ascii_strncasecmp(raw->authorization, "Bearer ", 7) == 0 ? raw->authorization + 7
                                                                                            : NULL;
}

gboolean fct_access_knows(FctApp *app, const FctRawRequest *raw)
{
    g_autofree char *session = bearer_of(raw) ? NULL : fct_access_cookie(raw->cookie, SESSION);
    const char *secret = bearer_of(raw) ? bearer_of(raw) : session;
    return secret && fct_auth_knows(app->auth, secret);
}

/*
 * A browser says from which page a request comes, and only our own page may act with the cookie. SameSite=Strict
 * demands that too; this is a second lock on the same door. Programs send neither header. It is not enough that the
 * page has the name under which it asks us: an attacker can make a name that leads here.
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
    else if ((raw->origin || raw->fetch_site) && !raw->own_name) {
        g_autofree char *shown = fct_plain_shown(raw->host ? raw->host : "");
        fct_set_error_full(error, FCT_ERROR_FORBIDDEN,
                           "Use a name of this host, or start facetd with --name for each other name it has.", NULL,
                           "“%.100s” is none of this host's names.", shown);
        ok = FALSE;
    }
    return ok;
}

static FctIdentity *access_identify(FctApp *app, const FctRawRequest *raw, char **ret_session, GError **error)
{
    FctIdentity *who = NULL;
    if (bearer_of(raw)) {
        who = fct_auth_by_token(app->auth, bearer_of(raw));
    } else {
        g_autofree char *secret = fct_access_cookie(raw->cookie, SESSION);
        who = secret ? fct_auth_by_session(app->auth, secret) : NULL;
        if (who)
            *ret_session = g_steal_pointer(&secret);
    }
    if (!who)
        fct_set_error(error, FCT_ERROR_UNAUTHENTICATED, "You are not signed in.");
    return who;
}

/* "application/json", with or without parameters; the only charset that is taken is that of JSON. */
static gboolean is_json_type(const char *content_type)
{
    g_auto(GStrv) parts = g_strsplit(content_type ? content_type : "", ";", -1);
    if (!parts[0] || g_ascii_strcasecmp(g_strstrip(parts[0]), "application/json") != 0)
        return FALSE;
    for (guint i = 1; parts[i]; i++) {
        const char *part = g_strstrip(parts[i]);
        if (g_ascii_strncasecmp(part, "charset=", 8) == 0 && g_ascii_strcasecmp(part + 8, "utf-8") != 0 &&
            g_ascii_strcasecmp(part + 8, "\"utf-8\"") != 0)
            return FALSE;
    }
    return TRUE;
}

/*
 * Names and other texts of a body are shown to others: in lists, in the audit trail, on a terminal. Characters that
 * turn or hide text are therefore refused here, for all routes. Exceptions: passwords are shown to nobody, user data
 * only to the guest.
 */
static gboolean text_is_plain(const json_t *json, const char *field, GError **error)
{
    static const char *const free_text[] = {"password", "old_password", "new_password", "user_data", NULL};
    static const char *const lines[] = {"description", "ssh_keys", "note", "notes", "reason", NULL};
    const char *key;
    json_t *value;
    gsize i;
    if (json_is_string(json) && !g_strv_contains(free_text, field) &&
        !fct_plain_is(json_string_value(json), g_strv_contains(lines, field)))
        return fct_set_error_full(
            error, FCT_ERROR_BAD_REQUEST,
            "Leave out control characters, and those that turn the direction of text or are not seen.",
            json_pack("{s:s}", "field", field), "“%s” has characters that cannot be shown.", field);
    if (json_is_object(json))
        json_object_foreach ((json_t *)json, key, value) {
            if (!fct_plain_is(key, FALSE))
                return fct_set_error(error, FCT_ERROR_BAD_REQUEST,
                                     "A field's name has characters that cannot be shown.");
            if (!text_is_plain(value, key, error))
                return FALSE;
        }
    else if (json_is_array(json))
        json_array_foreach (json, i, value)
            if (!text_is_plain(value, field, error))
                return FALSE;
    return TRUE;
}

static gboolean query_is_plain(GHashTable *query, GError **error)
{
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, query);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (fct_plain_is(key, FALSE) && (!value || fct_plain_is(value, FALSE)))
            continue;
        g_autofree char *shown = fct_plain_shown(key);
        return fct_set_error_full(
            error, FCT_ERROR_BAD_REQUEST,
            "Leave out control characters, and those that turn the direction of text or are not seen.",
            json_pack("{s:s}", "field", shown), "“%s” has characters that cannot be shown.", shown);
    }
    return TRUE;
}

static json_t *parse_body(const FctRawRequest *raw, int max, GError **error)
{
    gsize length = 0;
    const char *text = raw->body ? g_bytes_get_data(raw->body, &length) : NULL;
    if (raw->too_large) {
        fct_set_error(error, FCT_ERROR_TOO_LARGE, "The request is larger than %d KiB.", max / 1024);
        return NULL;
    }
    if (length == 0)
        return json_object();
    if (!is_json_type(raw->content_type)) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Send Content-Type: application/json.",
                           json_pack("{s:s}", "field", "Content-Type"), "The body must be JSON.");
        return NULL;
    }
    json_t *json = fct_json_parse(text, length, error);
    if (json && !json_is_object(json)) {
        fct_set_error(error, FCT_ERROR_BAD_REQUEST, "The body must be a JSON object.");
        g_clear_pointer(&json, json_decref);
    }
    if (json && !text_is_plain(json, "", error))
        g_clear_pointer(&json, json_decref);
    return json;
}

static gboolean access_may(const FctRoute *route, const FctIdentity *who, GError **error)
{
    FctRole role;
    if (fct_role_from_name(who->role, &role) && fct_policy_allows(role, route->action))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_FORBIDDEN, "The role %s does not allow this.", who->role);
}

/*
 * Writes the audit row of a change; reading leaves none. Refusals of unknown callers, and repeated refusals of known
 * ones, are counted instead: they must not push other rows out.
 */
static void access_audit(FctApp *app, const FctRawRequest *raw, const FctRequest *request, const FctReply *reply,
                         const GError *error)
{
    const FctRoute *route = request->route;
    int status = error ? fct_error_http_status(fct_error_code(error)) : reply->status;
    const char *outcome = !error ? "allowed" : status == 401 || status == 403 || status == 429 ? "denied" : "failed";
    const char *given = fct_json_str(request->body, "username", "");
    if (!request->who && error) {
        g_autofree char *cut = g_utf8_substring(given, 0, MIN(g_utf8_strlen(given, -1), FCT_NAME_MAX));
        g_autofree char *name = fct_plain_shown(cut);
        if (method_changes(raw->method) || status == 401)
            fct_signins_refused(app->signins, raw->address, name);
        return;
    }
    if (!method_changes(raw->method))
        return;
    if (error && fct_signins_refused_again(app->signins, request->who->account)) {
        fct_signins_refused(app->signins, raw->address, request->who->account);
        return;
    }
    g_autofree char *path = fct_plain_cut(raw->path, PATH_MAX_BYTES);
    g_autofree char *text =
        g_strdup_printf("%s %s%s%s", raw->method, path, error ? ": " : "", error ? error->message : "");
    fct_audit(app, request->who ? request->who->user : given, raw->address,
              route->action ? route->action : "session.login", outcome,
              reply->subject ? reply->subject
              : request->id  ? request->id
                             : "",
              text);
}

static gboolean serve_route(FctApp *app, const FctRawRequest *raw, const char *id, const char *sub,
                            const FctRoute *route, FctReply *reply, GError **error)
{
    g_autoptr(FctIdentity) who = NULL;
    g_autofree char *session = NULL, *browser = fct_access_cookie(raw->cookie, FCT_BROWSER_COOKIE);
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
                          .browser = browser,
                          .local = raw->local ? raw->local : ""};
    g_autoptr(GError) fault = NULL;
    gboolean ok = TRUE;
    if (route->action) {
        who = access_identify(app, raw, &session, &fault);
        request.who = who;
        request.session = session;
        reply->known = who != NULL;
        ok = who && access_may(route, who, &fault);
    }
    /* A cookie is only accepted from our own page; a WebSocket is opened by GET. */
    if (ok && (session || !route->action) && (method_changes(raw->method) || raw->origin))
        ok = same_origin(raw, &fault);
    ok = ok && query_is_plain(query, &fault) && fct_members_check_query(route, raw->query, query, &fault);
    if (ok && route->takes_stream && id && !fct_plain_is(id, FALSE)) {
        fct_set_error_full(&fault, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", "id"),
                           "The name has characters that cannot be shown.");
        ok = FALSE;
    }
    if (ok && (body = parse_body(raw, who ? FCT_BODY_MAX : FCT_BODY_UNKNOWN_MAX, &fault)))
        request.body = body;
    ok = ok && body && fct_members_check_body(route, body, &fault) && route->handler(&request, reply, &fault);
    if (ok && who && (reply->stream || reply->sink))
        reply->login = g_strdup(who->login);
    reply->known = reply->known || (ok && reply->cookie);
    access_audit(app, raw, &request, reply, ok ? NULL : fault);
    if (!ok)
        fct_error_pass(error, &fault);
    return ok;
}

void fct_access_serve(FctApp *app, const FctRawRequest *raw, FctReply *reply, char **ret_allow)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL, *sub = NULL;
    reply->status = 200;
    *ret_allow = NULL;
    const FctRoute *route = fct_route_find(app->routes, raw->method, raw->path, &id, &sub, ret_allow, &error);
    if (!route && *ret_allow && strcmp(raw->method, "OPTIONS") == 0) {
        reply->status = 204;
        return;
    }
    if (!route || !serve_route(app, raw, id, sub, route, reply, &error)) {
        if (fct_error_code(error) == FCT_ERROR_INTERNAL)
            g_warning("%s %.200s: %.500s", raw->method, raw->path, error->message);
        fct_access_fail(reply, error);
    }
}
