/* SPDX-License-Identifier: Apache-2.0 */
/* The frame: addresses, methods, bodies, signing in, tokens, audit, the event stream. */
#include "fixture.h"

#include "app/api/outgoing.h"
#include "app/gpus/observer.h"
#include "app/metrics/sampler.h"
#include "app/news/hub.h"
#include "app/news/records.h"
#include "app/people/signins.h"
#include "app/server/server.h"
#include "store/store_memory.h"

#include <string.h>

static void test_version(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) json = NULL;
    g_assert_cmpuint(fixture_call(f, "GET", "/version", NULL, &json), ==, 200);
    g_assert_cmpstr(fct_json_str(json, "product", ""), ==, "Facet");
    g_assert_cmpstr(fixture_header(f, "X-Content-Type-Options"), ==, "nosniff");
    g_assert_nonnull(strstr(fixture_header(f, "Content-Security-Policy"), "frame-ancestors 'none'"));
}

static void test_unknown_address(Fixture *f, gconstpointer data)
{
    static const char *const paths[] = {"/nothing", "/tasks/x/nothing", "", "/", "/tasks/"};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(json_t) json = NULL;
        g_assert_cmpuint(fixture_call(f, "GET", paths[i], NULL, &json), ==, 404);
        g_assert_cmpstr(error_code(json), ==, "not-found");
    }
    g_autoptr(json_t) json = NULL;
    g_assert_cmpuint(fixture_call(f, "GET", "!/api/v2/version", NULL, &json), ==, 404);
    g_assert_cmpstr(error_code(json), ==, "not-found");
}

static void test_methods(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) json = NULL;
    g_assert_cmpuint(fixture_call(f, "PATCH", "/session", NULL, &json), ==, 405);
    g_assert_cmpstr(error_code(json), ==, "method-not-allowed");
    g_assert_cmpstr(fixture_header(f, "Allow"), ==, "GET, HEAD, POST, DELETE, OPTIONS");
    g_assert_cmpuint(fixture_call(f, "OPTIONS", "/session", NULL, NULL), ==, 204);
    g_assert_cmpstr(fixture_header(f, "Connection"), ==,
                    "close"); /* libsoup closes it; unsaid, the next request is lost */
    g_assert_cmpstr(fixture_header(f, "Allow"), ==, "GET, HEAD, POST, DELETE, OPTIONS");
    g_assert_cmpuint(fixture_call(f, "HEAD", "/version", NULL, NULL), ==, 200);
}

static void test_sign_in(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) json = NULL, who = NULL, gone = NULL;
    g_assert_cmpuint(fixture_call(f, "GET", "/session", NULL, &json), ==, 401);
    g_assert_cmpstr(error_code(json), ==, "unauthenticated");
    fixture_login(f);
    const char *cookie = fixture_cookie(f, "facet_session");
    g_assert_nonnull(strstr(cookie, "HttpOnly"));
    g_assert_nonnull(strstr(cookie, "Secure"));
    g_assert_nonnull(strstr(cookie, "SameSite=Strict"));
    g_assert_cmpuint(fixture_call(f, "GET", "/session", NULL, &who), ==, 200);
    g_assert_cmpstr(fct_json_str(who, "user", ""), ==, "admin");
    g_assert_cmpstr(fct_json_str(who, "role", ""), ==, "admin");
    g_assert_cmpuint(json_array_size(json_object_get(who, "may")), >, 10);
    g_assert_cmpuint(fixture_call(f, "DELETE", "/session", NULL, NULL), ==, 204);
    g_assert_cmpuint(fixture_call(f, "GET", "/session", NULL, &gone), ==, 401);
}

static void test_wrong_password(Fixture *f, gconstpointer data)
{
    guint status = 0;
    for (int i = 0; i < 5; i++) {
        g_autoptr(json_t) json = NULL;
        status =
            fixture_call(f, "POST", "/session", json_pack("{s:s, s:s}", "username", "admin", "password", "no"), &json);
        g_assert_cmpuint(status, ==, 401);
        g_assert_cmpstr(error_code(json), ==, "unauthenticated");
    }
    g_autoptr(json_t) json = NULL;
    /* The right one is not even looked at now. */
    status =
        fixture_call(f, "POST", "/session", json_pack("{s:s, s:s}", "username", "admin", "password", PASSWORD), &json);
    g_assert_cmpuint(status, ==, 429);
    g_assert_cmpstr(error_code(json), ==, "too-many-requests");
    g_assert_nonnull(fixture_header(f, "Retry-After"));
    /* None of it is in the audit of changes: it is counted, by address and minute (security.md S3). */
    g_autoptr(json_t) rows = fct_records_list(f->app->audit), counted = fct_signins_list(f->app->signins);
    g_assert_cmpuint(json_array_size(rows), ==, 0);
    gint64 count = 0;
    for (gsize i = 0; i < json_array_size(counted); i++)
        count += fct_json_int(json_array_get(counted, i), "count", 0);
    g_assert_cmpint(count, ==, 6);
    g_assert_cmpstr(fct_json_str(json_array_get(counted, 0), "address", ""), ==, "127.0.0.1");
}

static void test_bodies(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"{", NULL},
        {"[]", NULL},
        {"{\"username\":\"a\",\"username\":\"b\"}", NULL},
        {"{}", "username"},
        {"{\"username\":1,\"password\":\"x\"}", "username"},
        {"{\"username\":\"a\",\"password\":null}", "password"},
        {"{\"username\":\"a\",\"password\":\"x\",\"more\":1}", "more"},
        {"{\"username\":\"a\\u0000b\",\"password\":\"x\"}", NULL},
        {"\xff\xfe", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) json = NULL;
        g_assert_cmpuint(fixture_call_text(f, "POST", "/session", cases[i].body, -1, &json), ==, 400);
        g_assert_cmpstr(error_code(json), ==, "bad-request");
        const json_t *details = json_object_get(json_object_get(json, "error"), "details");
        g_assert_cmpstr(fct_json_str(details, "field", NULL), ==, cases[i].field);
    }
    g_autoptr(json_t) json = NULL;
    f->content_type = g_strdup("text/plain");
    g_assert_cmpuint(fixture_call_text(f, "POST", "/session", "{}", -1, &json), ==, 400);
}

static void test_too_large(Fixture *f, gconstpointer data)
{
    g_autofree char *big = g_strnfill(FCT_BODY_MAX + 1, ' ');
    g_autoptr(json_t) json = NULL;
    g_assert_cmpuint(fixture_call_text(f, "POST", "/session", big, -1, &json), ==, 413);
    g_assert_cmpstr(error_code(json), ==, "too-large");
    g_autoptr(json_t) after = NULL;
    g_assert_cmpuint(fixture_call(f, "GET", "/version", NULL, &after), ==, 200);
}

/* A page of another site has the cookie sent along at most by a broken browser; it is not believed. */
static void test_other_origin(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) json = NULL, own = NULL;
    fixture_login(f);
    f->origin = g_strdup("https://evil.example");
    g_assert_cmpuint(fixture_call(f, "POST", "/tokens", json_pack("{s:s}", "name", "x"), &json), ==, 403);
    g_assert_cmpstr(error_code(json), ==, "forbidden");
    g_free(f->origin);
    f->origin = g_strdup_printf("https://127.0.0.1:%u", fct_server_port(f->app->server));
    g_assert_cmpuint(fixture_call(f, "POST", "/tokens", json_pack("{s:s}", "name", "x"), &own), ==, 201);
}

#define REFUSALS 120 /* of 60 a minute that are rows of their own */

/* What somebody who may look only is refused, however long and often, pushes nothing out of the audit. */
static void test_refusals(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = NULL, audit = NULL, refused = NULL;
    fixture_login(f);
    g_assert_cmpuint(
        fixture_call(f, "POST", "/tokens", json_pack("{s:s, s:s}", "name", "eyes", "role", "viewer"), &made), ==, 201);
    f->token = g_strdup(fct_json_str(made, "secret", ""));
    g_autofree char *name = g_strnfill(30000, '%'), *path = g_strdup_printf("/vms/%s/start", name);
    for (char *at = path; (at = strstr(at, "%%%")); at += 3) { /* longer still once it is shown */
        at[1] = '0';
        at[2] = '1';
    }
    for (int i = 0; i < REFUSALS; i++)
        g_assert_cmpuint(fixture_call(f, "POST", path, NULL, NULL), ==, 403);
    g_clear_pointer(&f->token, g_free);
    g_assert_cmpuint(fixture_call(f, "GET", "/audit?limit=500", NULL, &audit), ==, 200);
    const json_t *rows = json_object_get(audit, "items");
    for (gsize i = 0; i < json_array_size(rows); i++) {
        g_autofree char *text = fct_json_text(json_array_get(rows, i));
        g_assert_cmpuint(strlen(text), <, 1500);
    }
    g_assert_cmpuint(fixture_call(f, "GET", "/audit/refused", NULL, &refused), ==, 200);
    const json_t *minutes = json_object_get(refused, "items"), *row = json_array_get(minutes, 0);
    /* How many, and of how many minutes, depends on the time that they took: each is a row or is counted, beside
     * sign-in and token. */
    gint64 count = 0;
    for (gsize i = 0; i < json_array_size(minutes); i++)
        count += fct_json_int(json_array_get(minutes, i), "count", 0);
    gint64 all = (gint64)json_array_size(rows) + count;
    g_assert_cmpint(count, >=, 1);
    g_assert_cmpint(all, >=, REFUSALS);
    g_assert_cmpint(all, <=, REFUSALS + 3);
    g_assert_cmpstr(json_string_value(json_array_get(json_object_get(row, "names"), 0)), ==, "admin");
}

/* Rows at hand are bounded by their size, too. */
static void test_at_hand(void)
{
    static const FctKeep keep = {.rows = 100, .at_hand = 100, .at_hand_bytes = 2000};
    g_autoptr(FctStore) store = fct_store_memory_new();
    g_autofree char *subject = g_strnfill(150, 's');
    FctApp app = {.audit = fct_records_new(store, "audit", &keep, NULL)};
    for (int i = 0; i < 50; i++)
        fct_audit(&app, "ann", "192.0.2.1", "vm.write", "allowed", subject, "POST /vms");
    g_autoptr(json_t) at_hand = fct_records_list(app.audit);
    g_assert_cmpuint(json_array_size(at_hand), >, 2);
    g_assert_cmpuint(json_array_size(at_hand), <, 10);
    fct_records_free(app.audit);
}

static void count_row(const json_t *row, gpointer data)
{
    gint64 *last = data;
    g_assert_cmpint(fct_json_int(row, "id", 0), ==, *last + 1);
    *last = fct_json_int(row, "id", 0);
}

/* By blocks, one at a time for an account, and no longer than the records are there. */
static void test_export(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    gint64 last = 0;
    int rows;
    fixture_login(f);
    for (int i = 0; i < 1200; i++)
        fct_audit(f->app, "ann", "192.0.2.1", "vm.write", "allowed", "", "POST /vms");
    fixture_restart(f); /* which reads them by blocks, too */
    FctRecordsReader *reader = fct_records_reader_new(f->app->audit, "admin", &error);
    g_assert_null(fct_records_reader_new(f->app->audit, "admin", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TOO_MANY);
    g_clear_error(&error);
    g_assert_cmpuint(fixture_call(f, "GET", "/audit/export", NULL, NULL), ==, 429);
    while ((rows = fct_records_reader_next(reader, 0, G_MAXINT64, count_row, &last, &error)) > 0)
        g_assert_cmpint(rows, <=, 500);
    g_assert_no_error(error);
    g_assert_cmpint(last, ==, 1201); /* and the sign-in */
    fct_records_reader_free(reader);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpuint(fixture_call(f, "GET", "/audit/export?format=csv", NULL, NULL), ==, 200);
        g_assert_cmpstr(fixture_header(f, "Content-Type"), ==, "text/csv; charset=utf-8");
        g_assert_cmpstr(fixture_header(f, "Transfer-Encoding"), ==, "chunked");
        FctRecordsReader *other = NULL;
        while (!(other = fct_records_reader_new(f->app->audit, "admin", NULL)))
            g_main_context_iteration(NULL, FALSE); /* the last one ends on a thread of its own */
        fct_records_reader_free(other);
    }
    reader = fct_records_reader_new(f->app->audit, "bob", &error);
    fixture_restart(f);
    g_assert_cmpint(fct_records_reader_next(reader, 0, G_MAXINT64, count_row, &last, &error), ==, 0);
    fct_records_reader_free(reader);
}

/* ---- downloads ---- */

static gboolean no_seek(gpointer data, gint64 offset, gint64 length, GError **error)
{
    return TRUE;
}

static gssize read_a_little(gpointer data, guint8 *bytes, gsize length, GError **error)
{
    gint *reads = data;
    if (++*reads > 1)
        return 0; /* shorter than it said */
    memset(bytes, 'x', 10);
    return 10;
}

static void note_end(gpointer data)
{
    g_atomic_int_set((gint *)data + 1, TRUE);
}

static void on_download(SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
                        gpointer data)
{
    const FctOutgoing outgoing = {.name = g_strdup("short"),
                                  .total = 1000,
                                  .seek = no_seek,
                                  .read = read_a_little,
                                  .destroy = note_end,
                                  .data = data};
    FctReply reply = {0};
    fct_reply_outgoing(&reply, &outgoing);
    reply.stream(NULL, message, g_steal_pointer(&reply.data));
}

static void on_broken(GObject *session, GAsyncResult *result, gpointer data)
{
    g_autoptr(GBytes) bytes G_GNUC_UNUSED = soup_session_send_and_read_finish(SOUP_SESSION(session), result, NULL);
    *(gboolean *)data = TRUE;
}

/* A download that breaks off ends the connection and gives back what it has open. */
static void test_download_breaks_off(void)
{
    gint state[2] = {0, FALSE}; /* reads, whether it was given back */
    gboolean answered = FALSE;
    g_autoptr(SoupServer) server = soup_server_new(NULL, NULL);
    g_autoptr(SoupSession) session = soup_session_new();
    soup_server_add_handler(server, NULL, on_download, state, NULL);
    g_assert_true(soup_server_listen_local(server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
    GSList *uris = soup_server_get_uris(server);
    g_autoptr(SoupMessage) message = soup_message_new_from_uri("GET", uris->data);
    g_slist_free_full(uris, (GDestroyNotify)g_uri_unref);
    soup_session_send_and_read_async(session, message, G_PRIORITY_DEFAULT, NULL, on_broken, &answered);
    while (!answered || !g_atomic_int_get(&state[1]))
        g_main_context_iteration(NULL, FALSE);
}

static void test_tokens(Fixture *f, gconstpointer data)
{
    g_autoptr(json_t) made = NULL, list = NULL, who = NULL, denied = NULL, bad = NULL;
    fixture_login(f);
    g_assert_cmpuint(fixture_call(f, "POST", "/tokens", json_pack("{s:s, s:s}", "name", "n", "role", "king"), &bad), ==,
                     400);
    g_assert_cmpuint(
        fixture_call(f, "POST", "/tokens", json_pack("{s:s, s:s}", "name", "watch", "role", "viewer"), &made), ==, 201);
    const char *secret = fct_json_str(made, "secret", "");
    g_assert_cmpuint(fixture_call(f, "GET", "/tokens", NULL, &list), ==, 200);
    g_assert_cmpuint(json_array_size(json_object_get(list, "items")), ==, 1);
    g_assert_null(json_object_get(json_array_get(json_object_get(list, "items"), 0), "secret"));
    /* Nothing that is stored contains the secret. */
    g_autoptr(GPtrArray) docs = f->store->ops->list(f->store, "", NULL);
    for (guint i = 0; i < docs->len; i++) {
        g_autofree char *text = fct_json_text(((FctDoc *)docs->pdata[i])->value);
        g_assert_null(strstr(text, secret));
        g_assert_null(strstr(text, PASSWORD));
    }
    g_autofree char *cookie = g_steal_pointer(&f->cookie);
    f->token = g_strdup(secret);
    g_assert_cmpuint(fixture_call(f, "GET", "/session", NULL, &who), ==, 200);
    g_assert_cmpstr(fct_json_str(who, "role", ""), ==, "viewer");
    g_assert_cmpuint(
        fixture_call(f, "POST", "/tokens", json_pack("{s:s, s:s}", "name", "more", "role", "admin"), &denied), ==, 403);
    g_assert_cmpstr(error_code(denied), ==, "forbidden");
    g_clear_pointer(&f->token, g_free);
    f->cookie = g_steal_pointer(&cookie);
    g_autofree char *path = g_strconcat("/tokens/", fct_json_str(made, "id", ""), NULL);
    g_assert_cmpuint(fixture_call(f, "DELETE", path, NULL, NULL), ==, 204);
    g_assert_cmpuint(fixture_call(f, "DELETE", path, NULL, NULL), ==, 404);
    f->token = g_strdup(secret);
    g_assert_cmpuint(fixture_call(f, "GET", "/session", NULL, NULL), ==, 401);
}

static void test_page_missing(Fixture *f, gconstpointer data)
{
    g_assert_cmpuint(fixture_call(f, "GET", "!/", NULL, NULL), ==, 404); /* there is no --ui */
    g_assert_cmpuint(fixture_call(f, "POST", "!/", NULL, NULL), ==, 405);
}

typedef struct {
    GString *text;
    GInputStream *input;
    gboolean ended;
    char buffer[4096];
} Stream;

static void on_read(GObject *input, GAsyncResult *result, gpointer data)
{
    Stream *stream = data;
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(input), result, NULL);
    if (n <= 0) {
        stream->ended = TRUE;
        return;
    }
    g_string_append_len(stream->text, stream->buffer, n);
    g_input_stream_read_async(G_INPUT_STREAM(input), stream->buffer, sizeof stream->buffer, G_PRIORITY_DEFAULT, NULL,
                              on_read, stream);
}

static void on_open(GObject *session, GAsyncResult *result, gpointer data)
{
    *(GInputStream **)data = soup_session_send_finish(SOUP_SESSION(session), result, NULL);
}

static void wait_text(Stream *stream, const char *text)
{
    while (!strstr(stream->text->str, text)) {
        g_assert_false(stream->ended);
        g_main_context_iteration(NULL, TRUE);
    }
}

static void open_stream(Fixture *f, SoupMessage *message, Stream *stream)
{
    soup_session_send_async(f->client, message, G_PRIORITY_DEFAULT, NULL, on_open, &stream->input);
    while (!stream->input)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(soup_message_get_status(message), ==, 200);
    g_input_stream_read_async(stream->input, stream->buffer, sizeof stream->buffer, G_PRIORITY_DEFAULT, NULL, on_read,
                              stream);
}

/* The server's end ends the stream. */
static void end_stream(Fixture *f, Stream *stream)
{
    g_clear_pointer(&f->app->server, fct_server_free);
    fct_sampler_stop(f->app->sampler); /* nobody speaks to a hub that goes */
    fct_observer_stop(f->app->observer);
    g_clear_pointer(&f->app->hub, fct_hub_free);
    f->app->hub = fct_hub_new();
    while (!stream->ended)
        g_main_context_iteration(NULL, TRUE);
    g_object_unref(stream->input);
    g_string_free(stream->text, TRUE);
}

static gboolean yes(SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags errors, gpointer data)
{
    return TRUE;
}

static void test_stream(Fixture *f, gconstpointer data)
{
    g_autofree char *url =
        g_strdup_printf("https://127.0.0.1:%u/api/v1/events/stream", fct_server_port(f->app->server));
    g_autoptr(SoupMessage) message = soup_message_new("GET", url);
    Stream stream = {.text = g_string_new(NULL)};
    fixture_login(f);
    g_signal_connect(message, "accept-certificate", G_CALLBACK(yes), NULL);
    soup_message_headers_replace(soup_message_get_request_headers(message), "Cookie", f->cookie);
    open_stream(f, message, &stream);
    wait_text(&stream, "event: hello\n");
    /* Many changes of one object before the loop runs once: the client gets the newest alone. */
    for (int i = 0; i < 100; i++)
        fct_hub_publish(f->app->hub, "gpu", "gpu-x", json_pack("{s:s, s:i}", "id", "gpu-x", "n", i));
    fct_hub_publish_deleted(f->app->hub, "vm", "vm-1");
    wait_text(&stream, "\"id\":\"vm-1\"");
    g_assert_nonnull(strstr(stream.text->str, "event: gpu\ndata: {\"id\":\"gpu-x\",\"n\":99}\n\n"));
    g_assert_null(strstr(stream.text->str, "\"n\":50}"));
    fct_event(f->app, "test", "info", "gpu", "gpu-x", "GPU 0", "Something with “quotes”\nand lines.");
    wait_text(&stream, "and lines.");
    end_stream(f, &stream);
}

/* A server of its own, whose handler gives out what the test made before. */
static void on_own(SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
    Fixture *f = data;
    fct_hub_serve(f->app, message, g_object_get_data(G_OBJECT(server), "client"));
}

/* What happens while the state is looked at comes after it, and so does what happens until the stream is there. */
static void test_stream_state(Fixture *f, gconstpointer data)
{
    Stream stream = {.text = g_string_new(NULL)};
    g_autoptr(SoupServer) server = soup_server_new(NULL, NULL);
    g_autoptr(json_t) state = json_pack("{s:i}", "n", 1);
    FctHubClient *client = fct_hub_expect(f->app->hub);
    for (int i = 2; i < 5; i++)
        fct_hub_publish(f->app->hub, "gpu", "gpu-x", json_pack("{s:i}", "n", i));
    while (g_main_context_iteration(NULL, FALSE)) /* for the clients that there are, none, it is over */
        ;
    fct_hub_client_begin(client, "state", state);
    fct_hub_publish(f->app->hub, "vm", "vm-1", json_pack("{s:i}", "n", 5));
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_object_set_data(G_OBJECT(server), "client", client);
    soup_server_add_handler(server, NULL, on_own, f, NULL);
    g_assert_true(soup_server_listen_local(server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, NULL));
    GSList *uris = soup_server_get_uris(server);
    g_autoptr(SoupMessage) message = soup_message_new_from_uri("GET", uris->data);
    g_slist_free_full(uris, (GDestroyNotify)g_uri_unref);
    open_stream(f, message, &stream);
    wait_text(&stream, "{\"n\":5}");
    const char *begin = strstr(stream.text->str, "event: state\ndata: {\"n\":1}\n\n");
    g_assert_nonnull(begin);
    g_assert_true(strstr(stream.text->str, "event: hello\n") < begin);
    /* The sampler may speak in between. */
    const char *gpu = strstr(begin, "event: gpu\ndata: {\"n\":4}\n\n");
    g_assert_nonnull(gpu);
    g_assert_true(gpu == strstr(begin, "event: gpu"));
    g_assert_nonnull(strstr(gpu, "event: vm\ndata: {\"n\":5}\n\n"));
    end_stream(f, &stream);
    /* One that never comes. */
    fct_hub_client_free(fct_hub_expect(f->app->hub));
}

/* The same through the API: the parts are what the lists answer; what cannot be given is null. */
static void test_stream_begins(Fixture *f, gconstpointer data)
{
    g_autofree char *url =
        g_strdup_printf("https://127.0.0.1:%u/api/v1/events/stream?state=true", fct_server_port(f->app->server));
    g_autoptr(SoupMessage) message = soup_message_new("GET", url);
    Stream stream = {.text = g_string_new(NULL)};
    fixture_login(f);
    g_signal_connect(message, "accept-certificate", G_CALLBACK(yes), NULL);
    soup_message_headers_replace(soup_message_get_request_headers(message), "Cookie", f->cookie);
    open_stream(f, message, &stream);
    wait_text(&stream, "\"vms\":null}\n\n"); /* no virtual machines here */
    g_auto(GStrv) lines = g_strsplit(strstr(stream.text->str, "event: state\n"), "\n", 3);
    const char *text = lines[1] + strlen("data: ");
    g_autoptr(json_t) state = fct_json_parse(text, strlen(text), NULL);
    g_assert_true(json_is_array(json_object_get(json_object_get(state, "nodes"), "items")));
    g_assert_true(json_is_array(json_object_get(json_object_get(state, "gpus"), "items")));
    g_assert_true(json_is_array(json_object_get(json_object_get(state, "tasks"), "items")));
    g_assert_true(json_is_null(json_object_get(state, "vms")));
    end_stream(f, &stream);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/server/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
    ADD("refusals", test_refusals);
    g_test_add_func("/server/at-hand", test_at_hand);
    ADD("export", test_export);
    g_test_add_func("/server/download-breaks-off", test_download_breaks_off);
    ADD("version", test_version);
    ADD("unknown-address", test_unknown_address);
    ADD("methods", test_methods);
    ADD("sign-in", test_sign_in);
    ADD("wrong-password", test_wrong_password);
    ADD("bodies", test_bodies);
    ADD("too-large", test_too_large);
    ADD("other-origin", test_other_origin);
    ADD("tokens", test_tokens);
    ADD("page-missing", test_page_missing);
    ADD("stream", test_stream);
    ADD("stream-state", test_stream_state);
    ADD("stream-begins", test_stream_begins);
    return g_test_run();
}
