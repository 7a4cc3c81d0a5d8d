/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server/server.h"

#include "app/api/etag.h"
#include "app/api/route.h"
#include "app/people/opened.h"
#include "app/people/signin_line.h"
#include "app/people/signins.h"
#include "app/server/access.h"
#include "app/server/door.h"
#include "app/server/intake.h"
#include "app/server/own_names.h"
#include "app/server/tls.h"
#include "app/server/ui.h"
#include "base/text.h"

#include <libsoup/soup.h>
#include <string.h>
#include <sys/resource.h>

#define UPLOADS 4 /* bodies that are written to the disk at the same time */
#define THREADS 8 /* handlers at the same time; they rarely compute but wait for disk, helper and libvirt */
#define SLOW_THREADS 4
#define CONNECTIONS 1024
#define CONNECTIONS_BY_ADDRESS 256
#define PATIENCE_MS 10000
#define SIGNINS_WAITING 128 /* of who is unknown */
#define SIGNINS_BY_LANE 64
#define DROPPED_UNKNOWN (4 * 1024 * 1024) /* of a body that is not taken, before the connection is closed */
#define DROPPED_KNOWN (64 * 1024 * 1024)  /* a known caller may be told before that */
#define STUCK_S 60                        /* a request that waits so long: the server hangs */

struct FctServer {
    FctApp *app;
    SoupServer *soup;
    FctDoor *door;
    FctProxies *proxies;
    FctOwnNames *names;
    FctUi *ui;
    GThreadPool *pool;
    GThreadPool *slow;    /* for routes that may wait for minutes, so that a hanging one delays only its like */
    GThreadPool *signins; /* one thread: passwords are checked one at a time */
    FctSigninLine *line;  /* Call* that wait for it */
    gboolean signing_in;  /* the thread of sign-ins is busy */
    GThreadPool *uploads;
    GList *intakes;  /* FctIntake* */
    GList *calls;    /* Call* that are on the pool, or whose reply is on its way back */
    GThread *thread; /* the thread that made the server; only it may use libsoup */
};

/* A request on its way through the pool. The server's list owns it until its reply was given. */
typedef struct {
    FctServer *server;
    SoupServerMessage *message;
    gulong finished;
    gboolean gone; /* the client went away meanwhile */
    gboolean signin, slow;
    gint64 queued_us;
    gint begun; /* atomic: a thread of the pool has taken it */
    FctRawRequest raw;
    FctReply reply;
    char *allow;
} Call;

/* ---- headers of every answer ---- */

static void secure_headers(SoupMessageHeaders *headers)
{
    /*
     * The page's CSP allows inline styles, since PatternFly and xterm.js position elements by style attributes and
     * elements.
     */
    soup_message_headers_replace(headers, "Content-Security-Policy",
                                 "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
                                 "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
                                 "form-action 'self'; frame-ancestors 'none'");
    soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
    soup_message_headers_replace(headers, "X-Frame-Options", "DENY");
    soup_message_headers_replace(headers, "Referrer-Policy", "no-referrer");
    soup_message_headers_replace(headers, "Cross-Origin-Opener-Policy", "same-origin");
    soup_message_headers_replace(headers, "Cross-Origin-Resource-Policy", "same-origin");
    soup_message_headers_replace(headers, "Strict-Transport-Security", "max-age=31536000");
}

/* ---- replies ---- */

static void call_free(Call *call)
{
    call->server->calls = g_list_remove(call->server->calls, call);
    g_signal_handler_disconnect(call->message, call->finished);
    g_object_unref(call->message);
    fct_raw_request_clear(&call->raw);
    fct_reply_clear(&call->reply);
    g_free(call->allow);
    g_free(call);
}

static void send_text(SoupServerMessage *message, const char *mime, char *text)
{
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    soup_message_headers_replace(headers, "Cache-Control", "no-store");
    gsize length = strlen(text);
    soup_server_message_set_response(message, mime, SOUP_MEMORY_TAKE, text, length);
}

typedef struct {
    FctApp *app;
    void (*websocket)(FctApp *app, SoupWebsocketConnection *socket, gpointer data);
    gpointer data;
    GDestroyNotify destroy;
} Upgrade;

static void upgrade_free(gpointer data, GClosure *closure)
{
    Upgrade *upgrade = data;
    if (upgrade->data && upgrade->destroy)
        upgrade->destroy(upgrade->data);
    g_free(upgrade);
}

/* The answer to the handshake was sent: from here on the connection is a WebSocket. */
static void upgrade_on_upgraded(SoupServerMessage *message, gpointer data)
{
    Upgrade *upgrade = data;
    g_autoptr(SoupServerMessage) keep G_GNUC_UNUSED = g_object_ref(message);
    SoupMessageHeaders *request = soup_server_message_get_request_headers(message);
    SoupMessageHeaders *response = soup_server_message_get_response_headers(message);
    g_autoptr(GIOStream) stream = soup_server_message_steal_connection(message);
    g_autoptr(SoupWebsocketConnection) socket =
        soup_websocket_connection_new(stream, soup_server_message_get_uri(message), SOUP_WEBSOCKET_CONNECTION_SERVER,
                                      soup_message_headers_get_one(request, "Origin"),
                                      soup_message_headers_get_one(response, "Sec-WebSocket-Protocol"), NULL);
    upgrade->websocket(upgrade->app, socket, g_steal_pointer(&upgrade->data));
}

static void send_reply(SoupServerMessage *message, FctReply *reply, const char *allow);

static void send_error(SoupServerMessage *message, const GError *error, const char *allow)
{
    FctReply reply = {0};
    fct_access_fail(&reply, error);
    send_reply(message, &reply, allow);
    fct_reply_clear(&reply);
}

static void start_websocket(Call *call)
{
    static char *protocols[] = {(char *)"binary", NULL};
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(call->message);
    gboolean offers = soup_message_headers_get_one(headers, "Sec-WebSocket-Protocol") != NULL;
    if (!soup_websocket_server_process_handshake(call->message, NULL, offers ? protocols : NULL, NULL, NULL)) {
        g_autoptr(GError) error = NULL;
        fct_set_error_full(&error, FCT_ERROR_BAD_REQUEST, "Open it as a WebSocket (RFC 6455, version 13).", NULL,
                           "A console is a WebSocket, and this request opens none.");
        send_error(call->message, error, NULL);
        return;
    }
    Upgrade *upgrade = g_new(Upgrade, 1);
    *upgrade =
        (Upgrade){call->server->app, call->reply.websocket, g_steal_pointer(&call->reply.data), call->reply.destroy};
    g_signal_connect_data(call->message, "wrote-informational", G_CALLBACK(upgrade_on_upgraded), upgrade, upgrade_free,
                          0);
}

/*
 * libsoup 3.2 closes the connection after an answer without a body and does not say so: the client's next request on it
 * would be lost ("socket hang up"). With the header the client opens another connection.
 */
static void set_no_body(SoupServerMessage *message, guint status)
{
    soup_server_message_set_status(message, status, NULL);
    soup_message_headers_replace(soup_server_message_get_response_headers(message), "Connection", "close");
}

/* What never changes. @control: how it may be kept; whoever keeps it is told that it has it. */
static void send_packed(SoupServerMessage *message, FctPacked *packed, const char *mime, const char *control)
{
    SoupMessageHeaders *request = soup_server_message_get_request_headers(message);
    SoupMessageHeaders *response = soup_server_message_get_response_headers(message);
    const char *accept = soup_message_headers_get_list(request, "Accept-Encoding");
    gboolean compressed;
    soup_message_headers_replace(response, "ETag", packed->etag);
    soup_message_headers_replace(response, "Vary", "Accept-Encoding");
    soup_message_headers_replace(response, "Cache-Control", control);
    if (fct_etag_known(soup_message_headers_get_list(request, "If-None-Match"), packed->etag)) {
        set_no_body(message, SOUP_STATUS_NOT_MODIFIED);
        return;
    }
    GBytes *bytes = fct_packed_bytes(packed, accept && strstr(accept, "gzip"), &compressed);
    if (compressed)
        soup_message_headers_replace(response, "Content-Encoding", "gzip");
    soup_message_headers_set_content_type(response, mime, NULL);
    soup_message_body_append_bytes(soup_server_message_get_response_body(message), bytes);
    soup_server_message_set_status(message, SOUP_STATUS_OK, NULL);
}

static void send_reply(SoupServerMessage *message, FctReply *reply, const char *allow)
{
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    soup_server_message_set_status(message, (guint)reply->status, NULL);
    if (allow)
        soup_message_headers_replace(headers, "Allow", allow);
    if (reply->etag)
        soup_message_headers_replace(headers, "ETag", reply->etag);
    if (reply->cookie)
        soup_message_headers_replace(headers, "Set-Cookie", reply->cookie);
    if (reply->status == 429)
        soup_message_headers_replace(headers, "Retry-After", "60");
    if (reply->packed)
        send_packed(message, reply->packed, "application/json", "no-cache");
    else if (reply->text)
        send_text(message, reply->mime, g_steal_pointer(&reply->text));
    else if (reply->json)
        send_text(message, "application/json", fct_json_text(reply->json));
    else if (reply->status == SOUP_STATUS_NO_CONTENT || reply->status == SOUP_STATUS_NOT_MODIFIED)
        set_no_body(message, (guint)reply->status);
}

static void next_signin(FctServer *server)
{
    Call *call = server->signing_in ? NULL : fct_signin_line_pop(server->line);
    while (call && call->gone) { /* nobody waits for this answer any more */
        call_free(call);
        call = fct_signin_line_pop(server->line);
    }
    if (!call)
        return;
    server->signing_in = TRUE;
    g_thread_pool_push(server->signins, call, NULL);
}

static gboolean finish_call(gpointer data)
{
    Call *call = data;
    FctReply *reply = &call->reply;
    FctVisit *visit = fct_visit_of(call->message);
    if (visit && reply->known)
        fct_visit_know(visit);
    if (call->signin) {
        call->server->signing_in = FALSE;
        next_signin(call->server);
    }
    if (call->gone) {
        call_free(call);
        return G_SOURCE_REMOVE;
    }
    if (reply->stream) {
        fct_opened_message(call->server->app->opened, reply->login, !reply->passive, call->message);
        reply->stream(call->server->app, call->message, g_steal_pointer(&reply->data));
        soup_server_message_unpause(call->message);
        call_free(call);
        return G_SOURCE_REMOVE;
    }
    if (reply->websocket)
        start_websocket(call);
    else
        send_reply(call->message, &call->reply, call->allow);
    soup_server_message_unpause(call->message);
    call_free(call);
    return G_SOURCE_REMOVE;
}

/*
 * A list of 1,000 VMs is a megabyte of text: it is written here, on the pool, so that the main thread can serve others.
 */
static void write_text(FctReply *reply)
{
    if (!reply->json || reply->text || reply->stream || reply->websocket)
        return;
    reply->text = fct_json_text_unsorted(reply->json);
    g_free(reply->mime);
    reply->mime = g_strdup("application/json");
    g_clear_pointer(&reply->json, json_decref);
}

/* Of what was read; whoever has it already gets 304 and no body. */
static void set_etag(const FctRawRequest *raw, FctReply *reply, const json_t *revision)
{
    gboolean reads = strcmp(raw->method, "GET") == 0 || strcmp(raw->method, "HEAD") == 0;
    char *etag = reads && reply->status == SOUP_STATUS_OK && reply->text ? fct_etag(revision, reply->text) : NULL;
    if (!etag)
        return;
    g_free(reply->etag);
    reply->etag = etag;
    if (!fct_etag_known(raw->if_none_match, etag))
        return;
    reply->status = SOUP_STATUS_NOT_MODIFIED;
    g_clear_pointer(&reply->text, g_free);
}

static void call_on_pool(gpointer data, gpointer user)
{
    Call *call = data;
    g_atomic_int_set(&call->begun, TRUE);
    fct_access_serve(call->server->app, &call->raw, &call->reply, &call->allow);
    g_autoptr(json_t) revision = json_incref(json_object_get(call->reply.json, "revision"));
    write_text(&call->reply);
    set_etag(&call->raw, &call->reply, revision);
    g_idle_add_full(G_PRIORITY_DEFAULT, finish_call, call, NULL);
}

/* ---- requests ---- */

static void call_on_finished(SoupServerMessage *message, gpointer data)
{
    ((Call *)data)->gone = TRUE;
}

static char *request_header(SoupServerMessage *message, const char *name)
{
    return g_strdup(soup_message_headers_get_one(soup_server_message_get_request_headers(message), name));
}

static char *local_address(SoupServerMessage *message)
{
    GSocketAddress *local = soup_server_message_get_local_address(message);
    return G_IS_INET_SOCKET_ADDRESS(local)
               ? g_inet_address_to_string(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(local)))
               : NULL;
}

/* Everything but the body. @path: under /api/v1. */
static FctRawRequest raw_request(const FctServer *server, SoupServerMessage *message, const char *path)
{
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const char *peer = soup_server_message_get_remote_host(message);
    g_autofree char *local = local_address(message);
    const char *host = soup_message_headers_get_one(headers, "Host");
    gboolean measured = soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CHUNKED;
    return (FctRawRequest){
        .method = g_strdup(soup_server_message_get_method(message)),
        .path = g_strdup(path),
        .query = g_strdup(g_uri_get_query(soup_server_message_get_uri(message))),
        .cookie = request_header(message, "Cookie"),
        .authorization = request_header(message, "Authorization"),
        .if_match = request_header(message, "If-Match"),
        .if_none_match = request_header(message, "If-None-Match"),
        .origin = request_header(message, "Origin"),
        .fetch_site = request_header(message, "Sec-Fetch-Site"),
        .host = request_header(message, "Host"),
        .content_type = request_header(message, "Content-Type"),
        .address = fct_proxies_client(server->proxies, peer ? peer : "",
                                      soup_message_headers_get_list(headers, "X-Forwarded-For")),
        .own_name = fct_own_names_has(server->names, host, local),
        .local = g_steal_pointer(&local),
        .content_range = request_header(message, "Content-Range"),
        .content_length = measured ? (gint64)soup_message_headers_get_content_length(headers) : -1,
        .too_large = g_object_get_data(G_OBJECT(message), "facet-too-large") != NULL,
    };
}

/* A known browser has a lane of its own, so that people who guess passwords at the same address do not delay it. */
static gboolean queue_signin(FctServer *server, Call *call)
{
    g_autofree char *cookie = fct_access_cookie(call->raw.cookie, FCT_BROWSER_COOKIE);
    g_autoptr(FctBrowser) browser = fct_signins_browser_of(server->app->signins, cookie);
    call->signin = TRUE;
    if (!fct_signin_line_push(server->line, call->raw.address, browser ? browser->id : NULL, call))
        return FALSE;
    next_signin(server);
    return TRUE;
}

static void refuse_signin(Call *call)
{
    g_autoptr(GError) error = NULL;
    fct_set_error(&error, FCT_ERROR_TOO_MANY, "Too many sign-ins wait for their turn.");
    send_error(call->message, error, NULL);
    call_free(call);
}

static gboolean is_slow(const FctApp *app, const FctRawRequest *raw)
{
    g_autofree char *id = NULL, *sub = NULL, *allow = NULL;
    const FctRoute *route = fct_route_find(app->routes, raw->method, raw->path, &id, &sub, &allow, NULL);
    return route && route->slow;
}

static void on_api(SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
    FctServer *server = data;
    if (fct_intake_of(message)) {
        fct_intake_body_read(fct_intake_of(message));
        return;
    }
    Call *call = g_new0(Call, 1);
    *call = (Call){.server = server, .message = g_object_ref(message), .queued_us = g_get_monotonic_time()};
    call->raw = raw_request(server, message, path + strlen("/api/v1"));
    SoupMessageBody *body = soup_server_message_get_request_body(message);
    if (body->length && !call->raw.too_large)
        call->raw.body = soup_message_body_flatten(body);
    call->finished = g_signal_connect(message, "finished", G_CALLBACK(call_on_finished), call);
    server->calls = g_list_prepend(server->calls, call);
    if (strcmp(call->raw.method, "POST") == 0 && strcmp(call->raw.path, "/session") == 0) {
        if (queue_signin(server, call))
            soup_server_message_pause(message);
        else
            refuse_signin(call);
        return;
    }
    call->slow = is_slow(call->server->app, &call->raw);
    soup_server_message_pause(message);
    g_thread_pool_push(call->slow ? server->slow : server->pool, call, NULL);
}

/* Any other path under /api gets an error as JSON. */
static void on_api_other(SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query,
                         gpointer data)
{
    g_autoptr(GError) error = NULL;
    fct_set_error_full(&error, FCT_ERROR_NOT_FOUND, "The API is at /api/v1.", NULL, "There is no %s.", path);
    send_error(message, error, NULL);
}

static gboolean is_read(SoupServerMessage *message)
{
    const char *method = soup_server_message_get_method(message);
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void refuse_method(SoupServerMessage *message, const char *path)
{
    g_autoptr(GError) error = NULL;
    fct_set_error(&error, FCT_ERROR_METHOD, "%s takes GET and HEAD only.", path);
    send_error(message, error, "GET, HEAD");
}

gboolean fct_server_healthy(const FctServer *server)
{
    gint64 now = g_get_monotonic_time();
    for (const GList *l = server->calls; l; l = l->next) {
        const Call *call = l->data;
        if (!call->signin && !call->slow && !g_atomic_int_get(&call->begun) &&
            now - call->queued_us > STUCK_S * G_USEC_PER_SEC)
            return FALSE;
    }
    return TRUE;
}

/* For a watchdog: needs no sign-in, no thread and no disk. */
static void on_health(SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
    gboolean healthy = fct_server_healthy(data);
    if (!is_read(message)) {
        refuse_method(message, path);
        return;
    }
    soup_server_message_set_status(message, healthy ? SOUP_STATUS_OK : SOUP_STATUS_SERVICE_UNAVAILABLE, NULL);
    send_text(message, "application/json", g_strdup(healthy ? "{\"status\":\"ok\"}" : "{\"status\":\"stuck\"}"));
}

static void on_page(SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
    FctServer *server = data;
    g_autofree char *decoded = g_uri_unescape_string(path, NULL);
    FctUiFile file;
    if (!is_read(message)) {
        refuse_method(message, path);
        return;
    }
    if (!decoded || !fct_ui_find(server->ui, decoded, &file)) {
        g_autoptr(GError) error = NULL;
        fct_set_error(&error, FCT_ERROR_NOT_FOUND, "There is no %s.", path);
        send_error(message, error, NULL);
        return;
    }
    send_packed(message, file.packed, file.mime, file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
}

/* ---- limits ---- */

static void refuse_body(SoupServerMessage *message)
{
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    g_object_set_data(G_OBJECT(message), "facet-too-large", message);
}

/* Before its last byte a request cannot be answered; a caller that sends endlessly is cut off. */
static void call_on_chunk(SoupServerMessage *message, GBytes *chunk, gpointer data)
{
    gboolean known = g_object_get_data(G_OBJECT(message), "facet-known") != NULL;
    FctVisit *visit = fct_visit_of(message);
    goffset length = soup_server_message_get_request_body(message)->length;
    if (fct_intake_of(message))
        return;
    if (length > (known ? FCT_BODY_MAX : FCT_BODY_UNKNOWN_MAX))
        refuse_body(message);
    if (visit && visit->bytes > (known ? DROPPED_KNOWN : DROPPED_UNKNOWN))
        fct_visit_end(visit);
}

/* ---- bodies that go to the disk as they come ---- */

static void on_intake_done(FctIntake *intake, FctSoupMessage *message, FctReply *reply, const char *allow,
                           gpointer data)
{
    FctServer *server = data;
    server->intakes = g_list_remove(server->intakes, intake);
    g_autoptr(SoupServerMessage) keep = g_object_ref(message);
    if (reply)
        send_reply(keep, reply, allow);
    fct_intake_free(intake);
    if (reply)
        soup_server_message_unpause(keep);
}

static gboolean takes_stream(const FctApp *app, SoupServerMessage *message, const char **ret_path)
{
    const char *path = g_uri_get_path(soup_server_message_get_uri(message));
    g_autofree char *id = NULL, *sub = NULL, *allow = NULL;
    if (!g_str_has_prefix(path, "/api/v1/"))
        return FALSE;
    *ret_path = path + strlen("/api/v1");
    const char *method = soup_server_message_get_method(message);
    const FctRoute *route = fct_route_find(app->routes, method, *ret_path, &id, &sub, &allow, NULL);
    return route && route->takes_stream;
}

/* An unknown caller who asks first (Expect: 100-continue) is refused before the file is sent. */
static void refuse_early(SoupServerMessage *message)
{
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    refuse_body(message);
    if (!(soup_message_headers_get_expectations(headers) & SOUP_EXPECTATION_CONTINUE))
        return;
    g_autoptr(GError) error = NULL;
    fct_set_error(&error, FCT_ERROR_UNAUTHENTICATED, "You are not signed in.");
    send_error(message, error, NULL);
}

static void server_on_headers(SoupServerMessage *message, gpointer data)
{
    FctServer *server = data;
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const char *path;
    g_object_set_data(G_OBJECT(message), "facet-too-large", NULL);
    soup_message_body_truncate(soup_server_message_get_response_body(message));
    soup_message_headers_remove(soup_server_message_get_response_headers(message), "Content-Type");
    FctRawRequest raw = raw_request(server, message, "");
    gboolean known = fct_access_knows(server->app, &raw);
    g_object_set_data(G_OBJECT(message), "facet-known", known ? message : NULL);
    if (takes_stream(server->app, message, &path)) {
        if (known) {
            FctVisit *visit = fct_visit_of(message);
            if (visit)
                visit->upload = TRUE;
            fct_text_set(&raw.path, path);
            FctIntake *intake = fct_intake_new(server->app, message, &raw, server->uploads, on_intake_done, server);
            server->intakes = g_list_prepend(server->intakes, intake);
            return;
        }
        refuse_early(message);
    } else if (soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CONTENT_LENGTH &&
               soup_message_headers_get_content_length(headers) > (known ? FCT_BODY_MAX : FCT_BODY_UNKNOWN_MAX)) {
        refuse_body(message);
    }
    fct_raw_request_clear(&raw);
}

/* Answers that libsoup gives itself because it cannot read the request. */
static const char unreadable[] = "{\"error\":{\"code\":\"bad-request\",\"message\":\"The request cannot be read.\","
                                 "\"next\":\"Correct its first line, its address or its headers.\",\"details\":{}}}";

static void on_started(SoupServer *soup, SoupServerMessage *message, gpointer data)
{
    const FctServer *server = data;
    FctVisit *visit = fct_visit_of(message);
    g_assert(g_thread_self() == server->thread);
    secure_headers(soup_server_message_get_response_headers(message));
    soup_server_message_set_response(message, "application/json", SOUP_MEMORY_STATIC, unreadable,
                                     sizeof unreadable - 1);
    if (visit)
        fct_visit_request(visit, message);
    g_signal_connect(message, "got-headers", G_CALLBACK(server_on_headers), data);
    g_signal_connect(message, "got-chunk", G_CALLBACK(call_on_chunk), NULL);
}

/* ---- the server ---- */

/* How many of the process's descriptors connections may take: the rest is for files, consoles and libvirt. */
static FctVisitLimits limits_of(const FctConfig *config)
{
    struct rlimit files = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &files);
    guint most = (guint)MIN(files.rlim_cur / 8 * 5, (rlim_t)G_MAXUINT16);
    guint in_all = MIN(config->connections ? config->connections : CONNECTIONS, most);
    guint by_address = config->connections_by_address ? config->connections_by_address : CONNECTIONS_BY_ADDRESS;
    return (FctVisitLimits){.in_all = in_all,
                            .by_address = MIN(by_address, MAX(in_all / 4 * 3, 1)),
                            .patience_ms = config->patience_ms ? config->patience_ms : PATIENCE_MS};
}

static gboolean open_door(FctServer *server, GTlsCertificate *certificate, GError **error)
{
    const FctConfig *config = &server->app->config;
    const FctVisitLimits limits = limits_of(config);
    server->proxies = fct_proxies_new((const char *const *)config->proxies, error);
    if (!server->proxies)
        return FALSE;
    server->names = fct_own_names_new((const char *const *)config->names, config->node, config->bind, certificate);
    server->door = fct_door_new(server->soup, certificate, server->proxies, &limits, config->bind, config->port, error);
    return server->door != NULL;
}

FctServer *fct_server_new(FctApp *app, GError **error)
{
    g_autoptr(GTlsCertificate) certificate = fct_tls_certificate(app->config.state_dir, app->config.bind, error);
    g_autoptr(FctUi) ui = certificate ? fct_ui_new(app->config.ui_dir, error) : NULL;
    if (!ui)
        return NULL;
    FctServer *server = g_new0(FctServer, 1);
    server->app = app;
    server->thread = g_thread_self();
    server->ui = g_steal_pointer(&ui);
    server->pool = g_thread_pool_new(call_on_pool, server, THREADS, FALSE, NULL);
    server->slow = g_thread_pool_new(call_on_pool, server, SLOW_THREADS, FALSE, NULL);
    server->signins = g_thread_pool_new(call_on_pool, server, 1, FALSE, NULL);
    server->line = fct_signin_line_new(SIGNINS_WAITING, SIGNINS_BY_LANE);
    server->uploads = g_thread_pool_new(fct_intake_work, NULL, UPLOADS, FALSE, NULL);
    server->soup = soup_server_new("server-header", "Facet", "raw-paths", TRUE, NULL);
    g_signal_connect(server->soup, "request-started", G_CALLBACK(on_started), server);
    soup_server_add_handler(server->soup, NULL, on_page, server, NULL);
    soup_server_add_handler(server->soup, "/api", on_api_other, server, NULL);
    soup_server_add_handler(server->soup, "/api/v1", on_api, server, NULL);
    soup_server_add_handler(server->soup, "/health", on_health, server, NULL);
    if (!open_door(server, certificate, error)) {
        fct_server_free(server);
        return NULL;
    }
    return server;
}

guint16 fct_server_port(const FctServer *server)
{
    return fct_door_port(server->door);
}

/* Frees a call whose reply will not be given any more. */
static void call_drop(gpointer call)
{
    g_idle_remove_by_data(call);
    call_free(call);
}

void fct_server_free(FctServer *server)
{
    if (!server)
        return;
    if (server->door)
        fct_door_close(server->door);
    soup_server_disconnect(server->soup);
    g_thread_pool_free(server->pool, FALSE, TRUE);
    g_thread_pool_free(server->slow, FALSE, TRUE);
    g_thread_pool_free(server->signins, FALSE, TRUE);
    g_list_free_full(g_steal_pointer(&server->calls), call_drop);
    g_thread_pool_free(server->uploads, FALSE, TRUE);
    g_list_free_full(g_steal_pointer(&server->intakes), (GDestroyNotify)fct_intake_free);
    fct_signin_line_free(server->line);
    fct_door_free(server->door);
    g_object_unref(server->soup);
    fct_own_names_free(server->names);
    fct_proxies_free(server->proxies);
    fct_ui_free(server->ui);
    g_free(server);
}
