/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what (security.md S6, S7): tokens and what they make, new passwords, and what is open when a login ends.
 */
#include "fixture.h"

#include "app/people/account.h"
#include "app/people/auth.h"
#include "app/people/opened.h"
#include "app/server/server.h"
#include "app/vms/console/console.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 60
#define NEW_PASSWORD "staple battery horse"

/* ---- callers ---- */

static json_t *call(Fixture *f, guint status, const char *method, const char *path, json_t *body)
{
    json_t *json = NULL;
    guint has = fixture_call(f, method, path, body, &json);
    if (has != status)
        g_error("%s %s: %u instead of %u", method, path, has, status);
    return json;
}

static void refuse(Fixture *f, guint status, const char *method, const char *path, json_t *body)
{
    json_decref(call(f, status, method, path, body));
}

static json_t *make(Fixture *f, json_t *wish)
{
    return call(f, 201, "POST", "/tokens", wish);
}

/* From here on the calls come with @token; NULL: with the session again. */
static void be(Fixture *f, const json_t *token)
{
    g_free(f->token);
    f->token = token ? g_strdup(fct_json_str(token, "secret", "")) : NULL;
}

static void drop(Fixture *f, guint status, const json_t *token)
{
    g_autofree char *path = g_strconcat("/tokens/", fct_json_str(token, "id", ""), NULL);
    refuse(f, status, "DELETE", path, NULL);
}

static size_t seen(Fixture *f)
{
    g_autoptr(json_t) list = call(f, 200, "GET", "/tokens", NULL);
    return json_array_size(json_object_get(list, "items"));
}

static gboolean give_up(gpointer data)
{
    g_error("waited %d s in vain", PATIENCE_S);
    return G_SOURCE_REMOVE;
}

static void await(gboolean (*condition)(gpointer), gpointer data)
{
    guint timer = g_timeout_add_seconds(PATIENCE_S, give_up, NULL);
    while (!condition(data))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
}

/* ---- tokens ---- */

static void test_viewer_token(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    g_autoptr(json_t) admins = make(f, json_pack("{s:s}", "name", "ops"));
    g_autoptr(json_t) viewers = make(f, json_pack("{s:s, s:s}", "name", "eyes", "role", "viewer"));
    be(f, viewers);
    g_assert_cmpuint(seen(f), ==, 1); /* itself */
    drop(f, 404, admins);
    refuse(f, 403, "POST", "/tokens", json_pack("{s:s, s:s}", "name", "x", "role", "viewer"));
    refuse(f, 409, "DELETE", "/session", NULL);
    refuse(f, 403, "PUT", "/account/password",
           json_pack("{s:s, s:s}", "old_password", PASSWORD, "new_password", NEW_PASSWORD));
    drop(f, 204, viewers);
    refuse(f, 401, "GET", "/session", NULL);
    be(f, admins);
    refuse(f, 200, "GET", "/session", NULL);
}

static void test_children(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    g_autoptr(json_t) other = make(f, json_pack("{s:s}", "name", "other"));
    g_autoptr(json_t) parent = make(f, json_pack("{s:s, s:s, s:b, s:i}", "name", "ci", "role", "operator",
                                                 "makes_tokens", TRUE, "lifetime_s", 3600));
    be(f, parent);
    refuse(f, 403, "POST", "/tokens", json_pack("{s:s, s:s}", "name", "more", "role", "admin"));
    refuse(f, 403, "POST", "/tokens", json_pack("{s:s, s:s}", "name", "in", "kind", "login"));
    g_autoptr(json_t) child =
        make(f, json_pack("{s:s, s:b, s:i}", "name", "job", "makes_tokens", TRUE, "lifetime_s", 999999));
    g_assert_cmpstr(fct_json_str(child, "parent", ""), ==, fct_json_str(parent, "id", "-"));
    g_assert_cmpint(fct_json_int(child, "ends_ms", 0), ==, fct_json_int(parent, "ends_ms", -1));
    be(f, child);
    g_autoptr(json_t) grandchild = make(f, json_pack("{s:s, s:s}", "name", "step", "role", "viewer"));
    g_assert_cmpuint(seen(f), ==, 2);
    drop(f, 404, parent);
    drop(f, 404, other);
    fixture_restart(f); /* whose child it is lasts */
    be(f, grandchild);
    refuse(f, 200, "GET", "/session", NULL);
    be(f, parent);
    g_assert_cmpuint(seen(f), ==, 3);
    drop(f, 204, parent);
    json_t *const ended[] = {parent, child, grandchild};
    for (int restarts = 0; restarts < 2; restarts++) {
        for (gsize i = 0; i < G_N_ELEMENTS(ended); i++) {
            be(f, ended[i]);
            refuse(f, 401, "GET", "/session", NULL);
        }
        fixture_restart(f);
    }
    be(f, other);
    g_assert_cmpuint(seen(f), ==, 1);
}

static void test_wishes(Fixture *f, gconstpointer data)
{
    static const char *const bodies[][2] = {
        {"{\"name\":\"x\",\"kind\":\"king\"}", "kind"},
        {"{\"name\":\"x\",\"lifetime_s\":0}", "lifetime_s"},
        {"{\"name\":\"x\",\"lifetime_s\":1e3}", "lifetime_s"},
        {"{\"name\":\"x\",\"lifetime_s\":99999999999}", "lifetime_s"},
        {"{\"name\":\"x\",\"makes_tokens\":1}", "makes_tokens"},
        {"{\"name\":\"x\",\"parent\":\"token-1\"}", "parent"},
    };
    fixture_login(f);
    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(json_t) json = NULL;
        g_assert_cmpuint(fixture_call_text(f, "POST", "/tokens", bodies[i][0], -1, &json), ==, 400);
        const json_t *details = json_object_get(json_object_get(json, "error"), "details");
        g_assert_cmpstr(fct_json_str(details, "field", ""), ==, bodies[i][1]);
    }
}

/* A command line's login: acts as its account does, and signing out ends it at the server (C5). */
static void test_login_token(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    g_autoptr(json_t) login = make(f, json_pack("{s:s, s:s}", "name", "facet on here", "kind", "login"));
    gint64 idle = fct_json_int(login, "ends_ms", 0) - fct_json_int(login, "created_ms", 0);
    g_assert_cmpint(idle, ==, FCT_LOGIN_IDLE_MS);
    be(f, login);
    g_autoptr(json_t) script = make(f, json_pack("{s:s}", "name", "script"));
    g_assert_true(json_is_null(json_object_get(script, "parent"))); /* the account's, as from the page */
    refuse(f, 204, "DELETE", "/session", NULL);
    refuse(f, 401, "GET", "/session", NULL);
    be(f, script);
    refuse(f, 200, "GET", "/session", NULL);
}

/* It has the role of its account; one of a lesser role, of an earlier version, sees and ends what a token does. */
static void test_lesser_login(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    refuse(f, 400, "POST", "/tokens", json_pack("{s:s, s:s, s:s}", "name", "x", "kind", "login", "role", "viewer"));
    g_autoptr(json_t) other = make(f, json_pack("{s:s}", "name", "other"));
    g_autoptr(json_t) login = make(f, json_pack("{s:s, s:s}", "name", "before", "role", "viewer"));
    g_autofree char *key = g_strconcat("token/", fct_json_str(login, "id", ""), NULL);
    g_autoptr(FctDoc) doc = f->store->ops->get(f->store, key, NULL);
    json_object_set_new(doc->value, "login", json_true());
    FctWrite write = {key, doc->value, FCT_REV_ANY};
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
    fixture_restart(f);
    be(f, login);
    g_assert_cmpuint(seen(f), ==, 1);
    drop(f, 404, other);
    g_autoptr(json_t) child = make(f, json_pack("{s:s}", "name", "child"));
    g_assert_cmpstr(fct_json_str(child, "parent", ""), ==, fct_json_str(login, "id", "-"));
}

/* One that was not used for weeks is gone when facetd starts, with its document. */
static void test_idle_login(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    g_autoptr(json_t) login = make(f, json_pack("{s:s, s:s}", "name", "old", "kind", "login"));
    g_autofree char *key = g_strconcat("token/", fct_json_str(login, "id", ""), NULL);
    g_autoptr(FctDoc) doc = f->store->ops->get(f->store, key, NULL);
    json_object_set_new(doc->value, "created_ms", json_integer(fct_app_now_ms() - FCT_LOGIN_IDLE_MS - 1000));
    FctWrite write = {key, doc->value, FCT_REV_ANY};
    g_assert_true(f->store->ops->commit(f->store, &write, 1, NULL, NULL));
    fixture_restart(f);
    be(f, login);
    refuse(f, 401, "GET", "/session", NULL);
    g_assert_null(f->store->ops->get(f->store, key, NULL));
}

/* ---- passwords ---- */

static json_t *passwords(const char *old_password, const char *new_password)
{
    return json_pack("{s:s, s:s}", "old_password", old_password, "new_password", new_password);
}

static guint sign_in(Fixture *f, const char *password)
{
    return fixture_call(f, "POST", "/session", json_pack("{s:s, s:s}", "username", "admin", "password", password),
                        NULL);
}

static void test_password(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    g_autofree char *elsewhere = g_strdup(f->cookie);
    g_autoptr(json_t) login = make(f, json_pack("{s:s, s:s}", "name", "facet on here", "kind", "login"));
    g_autoptr(json_t) script = make(f, json_pack("{s:s}", "name", "script"));
    fixture_login(f);
    refuse(f, 400, "PUT", "/account/password", passwords(PASSWORD, "short"));
    refuse(f, 403, "PUT", "/account/password", passwords("wrong", NEW_PASSWORD));
    refuse(f, 204, "PUT", "/account/password", passwords(PASSWORD, NEW_PASSWORD));
    const char *cookie = fixture_header(f, "Set-Cookie");
    g_free(f->cookie);
    f->cookie = g_strndup(cookie, strcspn(cookie, ";"));
    refuse(f, 200, "GET", "/session", NULL); /* this one goes on */
    be(f, login);
    refuse(f, 401, "GET", "/session", NULL);
    be(f, script);
    refuse(f, 200, "GET", "/session", NULL);
    be(f, NULL);
    g_autofree char *here = f->cookie;
    f->cookie = g_strdup(elsewhere);
    refuse(f, 401, "GET", "/session", NULL);
    g_free(f->cookie);
    f->cookie = g_strdup(here);
    json_t *all = passwords(NEW_PASSWORD, PASSWORD);
    json_object_set_new(all, "end_tokens", json_true());
    refuse(f, 204, "PUT", "/account/password", all);
    be(f, script);
    refuse(f, 401, "GET", "/session", NULL);
    be(f, NULL);
    fixture_restart(f);
    g_assert_cmpuint(sign_in(f, NEW_PASSWORD), ==, 401);
    g_assert_cmpuint(sign_in(f, PASSWORD), ==, 200);
}

/* Strangers at the same address have used up all tries: who is signed in may still change the password. */
static void test_password_while_guessed(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    for (int i = 0; i < 5; i++)
        g_assert_cmpuint(sign_in(f, "guess"), ==, 401);
    g_assert_cmpuint(sign_in(f, PASSWORD), ==, 429);
    refuse(f, 204, "PUT", "/account/password", passwords(PASSWORD, NEW_PASSWORD));
}

/* The way back in for whoever has the state folder. */
static void test_reset(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture_login(f);
    g_autoptr(json_t) login = make(f, json_pack("{s:s, s:s}", "name", "facet on here", "kind", "login"));
    g_autoptr(json_t) script = make(f, json_pack("{s:s}", "name", "script"));
    g_assert_false(fct_account_reset(f->store, "nobody", NEW_PASSWORD, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(fct_account_reset(f->store, "admin", "short", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_BAD_REQUEST);
    g_clear_error(&error);
    g_assert_true(fct_account_reset(f->store, "admin", NEW_PASSWORD, &error));
    fixture_restart(f);
    refuse(f, 401, "GET", "/session", NULL);
    be(f, login);
    refuse(f, 401, "GET", "/session", NULL);
    be(f, script);
    refuse(f, 200, "GET", "/session", NULL);
    be(f, NULL);
    g_assert_cmpuint(sign_in(f, PASSWORD), ==, 401);
    g_assert_cmpuint(sign_in(f, NEW_PASSWORD), ==, 200);
}

/* ---- what is on its way while the password changes ---- */

static struct {
    const FctStoreOps *real;
    FctStoreOps ops;
    const char *before; /* atomic: the commit whose first key begins so is the one that waits; NULL: none any more */
    void (*meanwhile)(Fixture *f);
    Fixture *f;
    FctIdentity *who;
    gboolean full; /* that commit fails */
} between;

static gboolean commit_between(FctStore *store, const FctWrite *writes, gsize n, guint64 *ret_revision, GError **error)
{
    const char *before = g_atomic_pointer_get(&between.before);
    if (before && g_str_has_prefix(writes[0].key, before)) {
        g_atomic_pointer_set(&between.before, NULL);
        between.meanwhile(between.f);
        if (between.full) {
            fct_set_error(error, FCT_ERROR_NO_SPACE, "The disk is full.");
            return FALSE;
        }
    }
    return between.real->commit(store, writes, n, ret_revision, error);
}

/* Signed in; the next commit of @before waits until @meanwhile is over. */
static void set_between(Fixture *f, const char *before, void (*meanwhile)(Fixture *f))
{
    fixture_login(f);
    const char *secret = strchr(f->cookie, '=') + 1;
    between.real = f->store->ops;
    between.ops = *between.real;
    between.ops.commit = commit_between;
    f->store->ops = &between.ops;
    between.f = f;
    between.who = fct_auth_by_session(f->app->auth, secret);
    between.full = FALSE;
    between.meanwhile = meanwhile;
    g_atomic_pointer_set(&between.before, before);
}

static void end_between(Fixture *f)
{
    g_assert_null(g_atomic_pointer_get(&between.before)); /* it has been */
    f->store->ops = between.real;
    fct_identity_free(between.who);
}

static guint stored(Fixture *f, const char *prefix)
{
    g_autoptr(GPtrArray) docs = f->store->ops->list(f->store, prefix, NULL);
    return docs->len;
}

static void change_now(Fixture *f)
{
    g_autofree char *secret = NULL;
    g_autoptr(GError) error = NULL;
    const FctPasswordChange change = {
        .who = between.who, .old_password = PASSWORD, .new_password = NEW_PASSWORD, .address = "192.0.2.1"};
    g_assert_true(fct_auth_change_password(f->app->auth, &change, &secret, &error));
    g_assert_no_error(error);
}

static void sign_in_with_old(Fixture *f)
{
    g_autofree char *secret = NULL;
    g_autoptr(GError) error = NULL;
    const FctAttempt attempt = {.name = "admin", .address = "192.0.2.1"};
    g_assert_null(fct_auth_login(f->app->auth, &attempt, PASSWORD, &secret, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_UNAUTHENTICATED);
}

static void make_of_ending(Fixture *f)
{
    for (int login = 0; login < 2; login++) {
        g_autofree char *secret = NULL;
        g_autoptr(GError) error = NULL;
        const FctTokenWish wish = {.name = "x", .role = "admin", .login = login};
        g_assert_null(fct_tokens_make(fct_auth_tokens(f->app->auth), between.who, &wish, &secret, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_UNAUTHENTICATED);
    }
}

/* Its password was right when it was looked at; before its session is stored, it is another. */
static void test_late_sign_in(Fixture *f, gconstpointer data)
{
    set_between(f, "session/", change_now);
    g_assert_cmpuint(sign_in(f, PASSWORD), ==, 401);
    end_between(f);
    g_assert_cmpuint(stored(f, "session/"), ==, 1); /* of who has changed it */
}

static void test_sign_in_during_change(Fixture *f, gconstpointer data)
{
    set_between(f, "user/", sign_in_with_old);
    refuse(f, 204, "PUT", "/account/password", passwords(PASSWORD, NEW_PASSWORD));
    end_between(f);
    g_assert_cmpuint(stored(f, "session/"), ==, 1);
}

static void test_late_login(Fixture *f, gconstpointer data)
{
    set_between(f, "token/", change_now);
    refuse(f, 401, "POST", "/tokens", json_pack("{s:s, s:s}", "name", "x", "kind", "login"));
    end_between(f);
    g_assert_cmpuint(stored(f, "token/"), ==, 0);
}

static void test_token_during_change(Fixture *f, gconstpointer data)
{
    set_between(f, "user/", make_of_ending);
    refuse(f, 204, "PUT", "/account/password", passwords(PASSWORD, NEW_PASSWORD));
    end_between(f);
    g_assert_cmpuint(stored(f, "token/"), ==, 0);
}

static void fill_disk(Fixture *f)
{
    between.full = TRUE;
}

/* The disk is full: the old password and what it has opened stay. */
static void test_change_fails(Fixture *f, gconstpointer data)
{
    set_between(f, "user/", fill_disk);
    refuse(f, 507, "PUT", "/account/password", passwords(PASSWORD, NEW_PASSWORD));
    end_between(f);
    refuse(f, 200, "GET", "/session", NULL);
    g_assert_cmpuint(sign_in(f, PASSWORD), ==, 200);
    g_assert_cmpuint(sign_in(f, NEW_PASSWORD), ==, 401);
}

/* ---- what is open ---- */

typedef struct {
    SoupSession *session; /* its own: a session opens two connections to one server at most */
    GInputStream *input;
    SoupMessage *message;
    gsize got;
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
    stream->got += (gsize)n;
    g_input_stream_read_async(G_INPUT_STREAM(input), stream->buffer, sizeof stream->buffer, G_PRIORITY_DEFAULT, NULL,
                              on_read, stream);
}

static void on_open(GObject *session, GAsyncResult *result, gpointer data)
{
    Stream *stream = data;
    stream->input = soup_session_send_finish(SOUP_SESSION(session), result, NULL);
    stream->ended = !stream->input;
    if (stream->input)
        g_input_stream_read_async(stream->input, stream->buffer, sizeof stream->buffer, G_PRIORITY_DEFAULT, NULL,
                                  on_read, stream);
}

static gboolean yes(SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags errors, gpointer data)
{
    return TRUE;
}

/* Begins a request with whatever the fixture's calls come with now. */
static Stream *stream_new(Fixture *f, const char *method, const char *path)
{
    g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u/api/v1%s", fct_server_port(f->app->server), path);
    Stream *stream = g_new0(Stream, 1);
    stream->session = soup_session_new();
    stream->message = soup_message_new(method, url);
    SoupMessageHeaders *headers = soup_message_get_request_headers(stream->message);
    g_autofree char *bearer = g_strconcat("Bearer ", f->token, NULL);
    g_signal_connect(stream->message, "accept-certificate", G_CALLBACK(yes), NULL);
    soup_message_headers_replace(headers, f->token ? "Authorization" : "Cookie", f->token ? bearer : f->cookie);
    return stream;
}

static gboolean has_begun(gpointer stream)
{
    return ((Stream *)stream)->got > 0;
}

static gboolean has_ended(gpointer stream)
{
    return ((Stream *)stream)->ended;
}

static void stream_free(Stream *stream)
{
    g_clear_object(&stream->input);
    g_object_unref(stream->message);
    g_object_unref(stream->session);
    g_free(stream);
}

static Stream *events(Fixture *f)
{
    Stream *stream = stream_new(f, "GET", "/events/stream");
    soup_session_send_async(stream->session, stream->message, G_PRIORITY_DEFAULT, NULL, on_open, stream);
    await(has_begun, stream);
    return stream;
}

static void assert_ends(Stream *stream)
{
    await(has_ended, stream);
    stream_free(stream);
}

static void test_streams_end(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    g_autoptr(json_t) parent = make(f, json_pack("{s:s}", "name", "p"));
    g_autoptr(json_t) stays = make(f, json_pack("{s:s}", "name", "stays"));
    be(f, parent);
    g_autoptr(json_t) child = make(f, json_pack("{s:s, s:s}", "name", "c", "role", "viewer"));
    Stream *of_parent = events(f);
    be(f, child);
    Stream *of_child = events(f);
    be(f, stays);
    Stream *other = events(f);
    be(f, NULL);
    Stream *of_session = events(f);
    drop(f, 204, parent);
    assert_ends(of_parent);
    assert_ends(of_child);
    refuse(f, 204, "DELETE", "/session", NULL);
    assert_ends(of_session);
    g_assert_false(other->ended);
    be(f, stays);
    drop(f, 204, stays);
    assert_ends(other);
}

/* Nobody has to do anything for a token to end by its time. */
static void test_stream_ends_with_time(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    g_autoptr(json_t) brief = make(f, json_pack("{s:s, s:i}", "name", "brief", "lifetime_s", 2));
    be(f, brief);
    assert_ends(events(f));
    refuse(f, 401, "GET", "/session", NULL);
}

static void test_password_ends_streams(Fixture *f, gconstpointer data)
{
    fixture_login(f);
    Stream *stream = events(f);
    fixture_login(f);
    refuse(f, 204, "PUT", "/account/password", passwords(PASSWORD, NEW_PASSWORD));
    assert_ends(stream);
}

/* ---- consoles: what the server does once the handler has filled the reply ---- */

static int vm_end;

static int play_graphics(FctVmm *vmm, const char *id, GError **error)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
    vm_end = pair[1];
    return pair[0];
}

static SoupWebsocketConnection *websocket(int fd, SoupWebsocketConnectionType type)
{
    g_autoptr(GUri) address = g_uri_parse("ws://127.0.0.1/", G_URI_FLAGS_NONE, NULL);
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    return soup_websocket_connection_new(G_IO_STREAM(stream), address, type, NULL, NULL, NULL);
}

static gboolean is_closed(gpointer viewer)
{
    return soup_websocket_connection_get_state(viewer) == SOUP_WEBSOCKET_STATE_CLOSED;
}

static void test_console_ends(Fixture *f, gconstpointer data)
{
    static const FctVmmOps ops = {.open_graphics = play_graphics};
    FctVmm vmm = {&ops};
    g_autoptr(GError) error = NULL;
    FctReply reply = {0};
    int pair[2];
    char byte;
    fixture_login(f);
    g_autoptr(json_t) token = make(f, json_pack("{s:s}", "name", "screen"));
    g_autofree char *login = g_strconcat("token/", fct_json_str(token, "id", ""), NULL);
    FctConsoles *consoles = fct_consoles_new(f->app);
    const FctConsoleWish wish = {"vm-1", "ann", NULL, FALSE, login};
    g_assert_true(fct_console_graphics(consoles, &vmm, &wish, &reply, &error));
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_autoptr(SoupWebsocketConnection) server = websocket(pair[0], SOUP_WEBSOCKET_CONNECTION_SERVER);
    g_autoptr(SoupWebsocketConnection) viewer = websocket(pair[1], SOUP_WEBSOCKET_CONNECTION_CLIENT);
    reply.websocket(f->app, server, g_steal_pointer(&reply.data));
    drop(f, 204, token);
    await(is_closed, viewer);
    g_assert_cmpint(soup_websocket_connection_get_close_code(viewer), ==, FCT_CONSOLE_LOGIN);
    g_assert_cmpint(recv(vm_end, &byte, 1, 0), ==, 0); /* nothing more reaches the VM */
    close(vm_end);
    fct_consoles_free(consoles);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/app/who/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
    ADD("viewer-token", test_viewer_token);
    ADD("children", test_children);
    ADD("wishes", test_wishes);
    ADD("login-token", test_login_token);
    ADD("idle-login", test_idle_login);
    ADD("lesser-login", test_lesser_login);
    ADD("password", test_password);
    ADD("password-while-guessed", test_password_while_guessed);
    ADD("reset", test_reset);
    ADD("late-sign-in", test_late_sign_in);
    ADD("sign-in-during-change", test_sign_in_during_change);
    ADD("late-login", test_late_login);
    ADD("token-during-change", test_token_during_change);
    ADD("change-fails", test_change_fails);
    ADD("streams-end", test_streams_end);
    ADD("stream-ends-with-time", test_stream_ends_with_time);
    ADD("password-ends-streams", test_password_ends_streams);
    ADD("console-ends", test_console_ends);
    return g_test_run();
}
