/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server.h"

#include "app/access.h"
#include "app/intake.h"
#include "app/opened.h"
#include "app/tls.h"
#include "app/ui.h"

#include <libsoup/soup.h>
#include <string.h>

#define UPLOADS 4 /* bodies that are written to the disk at the same time */
#define THREADS 8 /* handlers at the same time; they wait for disk, helper and libvirt rather than compute */

struct FctServer {
    FctApp *app;
    SoupServer *soup;
    FctUi *ui;
    GThreadPool *pool;
    GThreadPool *uploads;
    GList *intakes;  /* FctIntake* */
    GList *calls;    /* Call*: on the pool, or their reply on its way back */
    GThread *thread; /* that made this; libsoup is for it alone */
    guint16 port;
};

/* A request on its way through the pool. Owned by the server's list until its reply was given. */
typedef struct {
    FctServer *server;
    SoupServerMessage *message;
    gulong finished;
    gboolean gone; /* the client went away meanwhile */
    FctRawRequest raw;
    FctReply reply;
    char *allow;
} Call;

/* ---- headers of every answer ---- */

static void secure_headers(SoupMessageHeaders *headers)
{
    /* Styles inline: PatternFly's and xterm.js's positions are style attributes and elements. */
    soup_message_headers_replace(headers, "Content-Security-Policy",
                                 "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
                                 "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
                                 "form-action 'self'; frame-ancestors 'none'");
    soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
    soup_message_headers_replace(headers, "X-Frame-Options", "DENY");
    soup_message_headers_replace(headers, "Referrer-Policy", "no-referrer");
    soup_message_headers_replace(headers, "Cross-Origin-Opener-Policy", "same-origin");
    soup_message_headers_replace(headers, "Cross-Origin-Resource-Policy", "same-origin");
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

/* The handshake's answer is out: from here on the connection is a WebSocket. */
static void on_upgraded(SoupServerMessage *message, gpointer data)
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

static void start_websocket(Call *call)
{
    static char *protocols[] = {(char *)"binary", NULL};
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(call->message);
    gboolean offers = soup_message_headers_get_one(headers, "Sec-WebSocket-Protocol") != NULL;
    if (!soup_websocket_server_process_handshake(call->message, NULL, offers ? protocols : NULL, NULL, NULL))
        return; /* libsoup has set 400 */
    Upgrade *upgrade = g_new(Upgrade, 1);
    *upgrade =
        (Upgrade){call->server->app, call->reply.websocket, g_steal_pointer(&call->reply.data), call->reply.destroy};
    g_signal_connect_data(call->message, "wrote-informational", G_CALLBACK(on_upgraded), upgrade, upgrade_free, 0);
}

/* libsoup 3.2 closes the connection after an answer without a body, and does not say so: the client's next request on
 * it would be lost ("socket hang up"). Said, the client takes another connection. */
static void set_no_body(SoupServerMessage *message, guint status)
{
    soup_server_message_set_status(message, status, NULL);
    soup_message_headers_replace(soup_server_message_get_response_headers(message), "Connection", "close");
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
    if (reply->text)
        send_text(message, reply->mime, g_steal_pointer(&reply->text));
    else if (reply->json)
        send_text(message, "application/json", fct_json_text(reply->json));
    else if (reply->status == SOUP_STATUS_NO_CONTENT)
        set_no_body(message, SOUP_STATUS_NO_CONTENT);
}

static gboolean finish_call(gpointer data)
{
    Call *call = data;
    FctReply *reply = &call->reply;
    if (call->gone) {
        call_free(call);
        return G_SOURCE_REMOVE;
    }
    if (reply->stream) {
        fct_opened_message(call->server->app->opened, reply->login, !reply->looks_on, call->message);
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

/* A list of 1,000 VMs is a megabyte of text: written here, other requests do not wait for it in the main thread. */
static void write_text(FctReply *reply)
{
    if (!reply->json || reply->text || reply->stream || reply->websocket)
        return;
    reply->text = fct_json_text_unsorted(reply->json);
    g_free(reply->mime);
    reply->mime = g_strdup("application/json");
    g_clear_pointer(&reply->json, json_decref);
}

static void on_pool(gpointer data, gpointer user)
{
    Call *call = data;
    fct_access_serve(call->server->app, &call->raw, &call->reply, &call->allow);
    write_text(&call->reply);
    g_idle_add_full(G_PRIORITY_DEFAULT, finish_call, call, NULL);
}

/* ---- requests ---- */

static void on_finished(SoupServerMessage *message, gpointer data)
{
    ((Call *)data)->gone = TRUE;
}

static char *header(SoupServerMessage *message, const char *name)
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

/* All but the body. @path: under /api/v1. */
static FctRawRequest raw_request(SoupServerMessage *message, const char *path)
{
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const char *address = soup_server_message_get_remote_host(message);
    gboolean measured = soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CHUNKED;
    return (FctRawRequest){
        .method = g_strdup(soup_server_message_get_method(message)),
        .path = g_strdup(path),
        .query = g_strdup(g_uri_get_query(soup_server_message_get_uri(message))),
        .cookie = header(message, "Cookie"),
        .authorization = header(message, "Authorization"),
        .if_match = header(message, "If-Match"),
        .origin = header(message, "Origin"),
        .fetch_site = header(message, "Sec-Fetch-Site"),
        .host = header(message, "Host"),
        .content_type = header(message, "Content-Type"),
        .address = g_strdup(address ? address : ""),
        .local = local_address(message),
        .content_range = header(message, "Content-Range"),
        .content_length = measured ? (gint64)soup_message_headers_get_content_length(headers) : -1,
        .too_large = g_object_get_data(G_OBJECT(message), "facet-too-large") != NULL,
    };
}

static void on_api(SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
    FctServer *server = data;
    if (fct_intake_of(message)) {
        fct_intake_body_read(fct_intake_of(message));
        return;
    }
    Call *call = g_new0(Call, 1);
    *call = (Call){.server = server, .message = g_object_ref(message)};
    call->raw = raw_request(message, path + strlen("/api/v1"));
    SoupMessageBody *body = soup_server_message_get_request_body(message);
    if (body->length && !call->raw.too_large)
        call->raw.body = soup_message_body_flatten(body);
    call->finished = g_signal_connect(message, "finished", G_CALLBACK(on_finished), call);
    server->calls = g_list_prepend(server->calls, call);
    soup_server_message_pause(message);
    g_thread_pool_push(server->pool, call, NULL);
}

/* Anything else under /api: the answer is still JSON. */
static void on_api_other(SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query,
                         gpointer data)
{
    g_autoptr(GError) error = NULL;
    FctReply reply = {0};
    fct_set_error_full(&error, FCT_ERROR_NOT_FOUND, "The API is at /api/v1.", NULL, "There is no %s.", path);
    fct_access_fail(&reply, error);
    soup_server_message_set_status(message, (guint)reply.status, NULL);
    send_text(message, "application/json", fct_json_text(reply.json));
    fct_reply_clear(&reply);
}

static void on_page(SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
    FctServer *server = data;
    SoupMessageHeaders *request = soup_server_message_get_request_headers(message);
    SoupMessageHeaders *response = soup_server_message_get_response_headers(message);
    const char *method = soup_server_message_get_method(message);
    const char *accept = soup_message_headers_get_list(request, "Accept-Encoding");
    const char *known = soup_message_headers_get_one(request, "If-None-Match");
    g_autofree char *decoded = g_uri_unescape_string(path, NULL);
    FctUiFile file;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        soup_message_headers_replace(response, "Allow", "GET, HEAD");
        soup_server_message_set_status(message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
        return;
    }
    if (!decoded || !fct_ui_find(server->ui, decoded, accept && strstr(accept, "gzip"), &file)) {
        soup_server_message_set_status(message, SOUP_STATUS_NOT_FOUND, NULL);
        return;
    }
    soup_message_headers_replace(response, "ETag", file.etag);
    soup_message_headers_replace(response, "Vary", "Accept-Encoding");
    soup_message_headers_replace(response, "Cache-Control",
                                 file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (known && strstr(known, file.etag)) {
        set_no_body(message, SOUP_STATUS_NOT_MODIFIED);
        return;
    }
    if (file.compressed)
        soup_message_headers_replace(response, "Content-Encoding", "gzip");
    soup_message_headers_set_content_type(response, file.mime, NULL);
    soup_message_body_append_bytes(soup_server_message_get_response_body(message), file.bytes);
    soup_server_message_set_status(message, SOUP_STATUS_OK, NULL);
}

/* ---- limits ---- */

static void refuse_body(SoupServerMessage *message)
{
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    g_object_set_data(G_OBJECT(message), "facet-too-large", message);
}

static void on_chunk(SoupServerMessage *message, GBytes *chunk, gpointer data)
{
    if (!fct_intake_of(message) && soup_server_message_get_request_body(message)->length > FCT_BODY_MAX)
        refuse_body(message);
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

static gboolean takes_stream(SoupServerMessage *message, const char **ret_path)
{
    const char *path = g_uri_get_path(soup_server_message_get_uri(message));
    g_autofree char *id = NULL, *sub = NULL, *allow = NULL;
    if (!g_str_has_prefix(path, "/api/v1/"))
        return FALSE;
    *ret_path = path + strlen("/api/v1");
    const FctRoute *route = fct_api_route(soup_server_message_get_method(message), *ret_path, &id, &sub, &allow, NULL);
    return route && route->takes_stream;
}

static void on_headers(SoupServerMessage *message, gpointer data)
{
    FctServer *server = data;
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const char *path;
    secure_headers(soup_server_message_get_response_headers(message));
    if (takes_stream(message, &path)) {
        FctRawRequest raw = raw_request(message, path);
        FctIntake *intake = fct_intake_new(server->app, message, &raw, server->uploads, on_intake_done, server);
        server->intakes = g_list_prepend(server->intakes, intake);
        return;
    }
    if (soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CONTENT_LENGTH &&
        soup_message_headers_get_content_length(headers) > FCT_BODY_MAX)
        refuse_body(message);
}

static void on_started(SoupServer *soup, SoupServerMessage *message, gpointer data)
{
    const FctServer *server = data;
    g_assert(g_thread_self() == server->thread);
    g_signal_connect(message, "got-headers", G_CALLBACK(on_headers), data);
    g_signal_connect(message, "got-chunk", G_CALLBACK(on_chunk), NULL);
}

/* ---- the server ---- */

static gboolean listen_on(FctServer *server, GError **error)
{
    const FctConfig *config = &server->app->config;
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(config->bind, config->port);
    if (!address) {
        fct_set_error(error, FCT_ERROR_BAD_REQUEST, "“%s” is no address to serve at.", config->bind);
        return FALSE;
    }
    if (!soup_server_listen(server->soup, address, SOUP_SERVER_LISTEN_HTTPS, error))
        return FALSE;
    GSList *uris = soup_server_get_uris(server->soup);
    server->port = (guint16)g_uri_get_port(uris->data);
    g_slist_free_full(uris, (GDestroyNotify)g_uri_unref);
    return TRUE;
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
    server->pool = g_thread_pool_new(on_pool, server, THREADS, FALSE, NULL);
    server->uploads = g_thread_pool_new(fct_intake_work, NULL, UPLOADS, FALSE, NULL);
    server->soup = soup_server_new("server-header", "Facet", "tls-certificate", certificate, "raw-paths", TRUE, NULL);
    g_signal_connect(server->soup, "request-started", G_CALLBACK(on_started), server);
    soup_server_add_handler(server->soup, NULL, on_page, server, NULL);
    soup_server_add_handler(server->soup, "/api", on_api_other, server, NULL);
    soup_server_add_handler(server->soup, "/api/v1", on_api, server, NULL);
    if (!listen_on(server, error)) {
        fct_server_free(server);
        return NULL;
    }
    return server;
}

guint16 fct_server_port(const FctServer *server)
{
    return server->port;
}

/* A reply that will not be given any more. */
static void call_drop(gpointer call)
{
    g_idle_remove_by_data(call);
    call_free(call);
}

void fct_server_free(FctServer *server)
{
    if (!server)
        return;
    soup_server_disconnect(server->soup);
    g_thread_pool_free(server->pool, FALSE, TRUE);
    g_list_free_full(g_steal_pointer(&server->calls), call_drop);
    g_thread_pool_free(server->uploads, FALSE, TRUE);
    g_list_free_full(g_steal_pointer(&server->intakes), (GDestroyNotify)fct_intake_free);
    g_object_unref(server->soup);
    fct_ui_free(server->ui);
    g_free(server);
}
