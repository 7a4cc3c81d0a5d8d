/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "hw_model.h"

#include "app/gpus/observer.h"
#include "app/server/server.h"
#include "store/store_memory.h"

#include <glib/gstdio.h>
#include <string.h>

static gboolean accept_certificate(SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags errors,
                                   gpointer data)
{
    return (errors & ~(guint)G_TLS_CERTIFICATE_UNKNOWN_CA) == 0; /* self-signed, but for this very address */
}

static void start(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    FctConfig config = {.state_dir = f->dir,
                        .ui_dir = (char *)"",
                        .bind = (char *)"127.0.0.1",
                        .port = 0,
                        .images_dir = (char *)"",
                        .disks_dir = f->dir,
                        .part_device = (char *)"standin",
                        .node = (char *)"test-node",
                        .names = (char **)f->names,
                        .proxies = (char **)f->proxies,
                        .patience_ms = f->patience_ms};
    const FctPorts ports = {.hw = f->hw, .store = f->store, .vmm = f->vmm};
    f->app = fct_app_new(&config, &ports, &error);
    g_assert_no_error(error);
    fct_app_start(f->app, &error);
    g_assert_no_error(error);
    FctInventory *inventory = fct_observer_refresh(f->app->observer, NULL); /* so that no test meets an empty world */
    g_clear_pointer(&inventory, fct_inventory_unref);
}

void fixture_set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    f->dir = g_dir_make_tmp("facet-app-XXXXXX", &error);
    g_assert_no_error(error);
    g_setenv("FACET_ADMIN_PASSWORD", PASSWORD, TRUE);
    static const char *const one_card[] = {"19@0 19@1 9@4*", NULL};
    f->hw = hw_model_new(data ? data : one_card);
    f->store = fct_store_memory_new();
    f->client = soup_session_new();
    start(f);
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        remove_tree(below);
    }
    g_remove(path);
}

void fixture_tear_down(Fixture *f, gconstpointer data)
{
    soup_session_abort(f->client);
    fct_app_free(f->app);
    g_object_unref(f->client);
    g_clear_object(&f->last);
    remove_tree(f->dir);
    g_free(f->dir);
    g_free(f->cookie);
    g_free(f->token);
    g_free(f->if_match);
    g_free(f->origin);
    g_free(f->host);
    g_free(f->forwarded);
    g_free(f->content_type);
}

typedef struct {
    GBytes *bytes;
    GError *error;
    gboolean done;
} Answer;

static void on_answer(GObject *session, GAsyncResult *result, gpointer data)
{
    Answer *answer = data;
    answer->bytes = soup_session_send_and_read_finish(SOUP_SESSION(session), result, &answer->error);
    answer->done = TRUE;
}

static void add_headers(Fixture *f, SoupMessageHeaders *headers)
{
    if (f->cookie)
        soup_message_headers_replace(headers, "Cookie", f->cookie);
    if (f->token) {
        g_autofree char *bearer = g_strconcat("Bearer ", f->token, NULL);
        soup_message_headers_replace(headers, "Authorization", bearer);
    }
    if (f->if_match)
        soup_message_headers_replace(headers, "If-Match", f->if_match);
    if (f->origin)
        soup_message_headers_replace(headers, "Origin", f->origin);
    if (f->host)
        soup_message_headers_replace(headers, "Host", f->host);
    if (f->forwarded)
        soup_message_headers_replace(headers, "X-Forwarded-For", f->forwarded);
    g_clear_pointer(&f->if_match, g_free);
}

guint fixture_call_text(Fixture *f, const char *method, const char *path, const char *body, gssize length,
                        json_t **ret_json)
{
    g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u%s%s", fct_server_port(f->app->server),
                                           *path == '!' ? "" : "/api/v1", path + (*path == '!'));
    Answer answer = {0};
    g_clear_object(&f->last);
    f->last = soup_message_new(method, url);
    g_signal_connect(f->last, "accept-certificate", G_CALLBACK(accept_certificate), NULL);
    add_headers(f, soup_message_get_request_headers(f->last));
    if (body) {
        g_autoptr(GBytes) bytes = g_bytes_new(body, length < 0 ? strlen(body) : (gsize)length);
        soup_message_set_request_body_from_bytes(f->last, f->content_type ? f->content_type : "application/json",
                                                 bytes);
    }
    soup_session_send_and_read_async(f->client, f->last, G_PRIORITY_DEFAULT, NULL, on_answer, &answer);
    while (!answer.done)
        g_main_context_iteration(NULL, TRUE);
    g_assert_no_error(answer.error);
    if (ret_json)
        *ret_json = fct_json_parse(g_bytes_get_data(answer.bytes, NULL), g_bytes_get_size(answer.bytes), NULL);
    g_bytes_unref(answer.bytes);
    return soup_message_get_status(f->last);
}

guint fixture_call(Fixture *f, const char *method, const char *path, json_t *body, json_t **ret_json)
{
    g_autofree char *text = body ? fct_json_text(body) : NULL;
    json_decref(body);
    return fixture_call_text(f, method, path, text, -1, ret_json);
}

const char *fixture_header(Fixture *f, const char *name)
{
    return soup_message_headers_get_one(soup_message_get_response_headers(f->last), name);
}

const char *fixture_cookie(Fixture *f, const char *cookie)
{
    SoupMessageHeadersIter iter;
    const char *name, *value;
    soup_message_headers_iter_init(&iter, soup_message_get_response_headers(f->last));
    while (soup_message_headers_iter_next(&iter, &name, &value))
        if (strcmp(name, "Set-Cookie") == 0 && g_str_has_prefix(value, cookie) && value[strlen(cookie)] == '=')
            return value;
    return NULL;
}

void fixture_login(Fixture *f)
{
    g_assert_cmpuint(
        fixture_call(f, "POST", "/session", json_pack("{s:s, s:s}", "username", "admin", "password", PASSWORD), NULL),
        ==, 200);
    const char *cookie = fixture_cookie(f, "facet_session");
    g_assert_nonnull(cookie);
    g_free(f->cookie);
    f->cookie = g_strndup(cookie, strcspn(cookie, ";"));
}

const char *error_code(const json_t *json)
{
    const json_t *error = json_object_get(json, "error");
    g_assert_true(json_is_object(json_object_get(error, "details")));
    g_assert_cmpstr(fct_json_str(error, "message", ""), !=, "");
    g_assert_cmpstr(fct_json_str(error, "next", ""), !=, "");
    return fct_json_str(error, "code", "(none)");
}

json_t *fixture_wait_task(Fixture *f, const char *id)
{
    g_autofree char *path = g_strconcat("/tasks/", id, NULL);
    for (;;) {
        json_t *task = NULL;
        g_assert_cmpuint(fixture_call(f, "GET", path, NULL, &task), ==, 200);
        if (json_is_integer(json_object_get(task, "ended_ms")))
            return task;
        json_decref(task);
        g_usleep(2000);
    }
}

void fixture_restart(Fixture *f)
{
    /* A new application on copies: the old one takes its store and hardware along. */
    FctStore *store = fct_store_memory_new();
    g_autoptr(GPtrArray) docs = f->store->ops->list(f->store, "", NULL);
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        FctWrite write = {doc->key, doc->value, FCT_REV_ANY};
        g_assert_true(store->ops->commit(store, &write, 1, NULL, NULL));
    }
    FctHw *hw = hw_model_copy(f->hw);
    fct_app_free(f->app);
    f->store = store;
    f->hw = hw;
    start(f);
}
