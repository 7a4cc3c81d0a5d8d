/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who watches a console, and what each viewer is told. Consoles between a VM that the test plays and real WebSockets.
 */
#include "app/vms/console/console.h"

#include <libsoup/soup.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 60

static FctApp app;
static FctConsoles *consoles;
static int vm_end = -1; /* of the serial line: what libvirt holds */
static int refusals;    /* so often libvirt says that the console is taken */

static int play_open(int *ret_vm_end)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
    *ret_vm_end = pair[1];
    return pair[0];
}

static int play_serial(FctVmm *vmm, const char *id, gboolean force, GError **error)
{
    if (!force && refusals > 0) {
        refusals--;
        fct_set_error(error, FCT_ERROR_IN_USE, "Somebody else has this console open.");
        return -1;
    }
    if (vm_end >= 0)
        close(vm_end); /* as libvirt ends the earlier stream */
    return play_open(&vm_end);
}

static int play_graphics(FctVmm *vmm, const char *id, GError **error)
{
    int end;
    int fd = play_open(&end);
    g_assert_cmpint(send(end, "RFB", 3, MSG_NOSIGNAL), ==, 3);
    return fd; /* the VM's end stays open until the test ends */
}

static const FctVmmOps ops = {.open_serial = play_serial, .open_graphics = play_graphics};
static FctVmm vmm = {&ops};

/* ---- a viewer: the browser's end ---- */

typedef struct {
    SoupWebsocketConnection *socket;
    GString *got;
    gboolean closed;
} Viewer;

static void on_message(SoupWebsocketConnection *socket, int type, GBytes *message, gpointer data)
{
    gsize length;
    const char *bytes = g_bytes_get_data(message, &length);
    g_string_append_len(((Viewer *)data)->got, bytes, (gssize)length);
}

static void on_closed(SoupWebsocketConnection *socket, gpointer data)
{
    ((Viewer *)data)->closed = TRUE;
}

static SoupWebsocketConnection *websocket(int fd, SoupWebsocketConnectionType type)
{
    g_autoptr(GUri) address = g_uri_parse("ws://127.0.0.1/", G_URI_FLAGS_NONE, NULL);
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    return soup_websocket_connection_new(G_IO_STREAM(stream), address, type, NULL, NULL, NULL);
}

/* What the server does once the handler has filled the reply. */
static Viewer *connect_viewer(FctReply *reply)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_autoptr(SoupWebsocketConnection) server = websocket(pair[0], SOUP_WEBSOCKET_CONNECTION_SERVER);
    Viewer *viewer = g_new0(Viewer, 1);
    viewer->got = g_string_new(NULL);
    viewer->socket = websocket(pair[1], SOUP_WEBSOCKET_CONNECTION_CLIENT);
    g_signal_connect(viewer->socket, "message", G_CALLBACK(on_message), viewer);
    g_signal_connect(viewer->socket, "closed", G_CALLBACK(on_closed), viewer);
    reply->websocket(&app, server, g_steal_pointer(&reply->data));
    return viewer;
}

static Viewer *watch_serial(const char *user, gboolean force)
{
    g_autoptr(GError) error = NULL;
    FctReply reply = {0};
    FctConsoleWish wish = {"vm-1", user, "tab", force};
    fct_console_serial(consoles, &vmm, &wish, &reply, &error);
    g_assert_no_error(error);
    return connect_viewer(&reply);
}

static Viewer *watch_screen(const char *user)
{
    g_autoptr(GError) error = NULL;
    FctReply reply = {0};
    FctConsoleWish wish = {"vm-1", user, NULL, FALSE};
    fct_console_graphics(consoles, &vmm, &wish, &reply, &error);
    g_assert_no_error(error);
    return connect_viewer(&reply);
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

static gboolean is_closed(gpointer data)
{
    return ((Viewer *)data)->closed;
}

static gboolean has_text(gpointer data)
{
    return ((Viewer *)data)->got->len >= 3;
}

static void assert_closed(Viewer *viewer, gushort code, const char *why)
{
    await(is_closed, viewer);
    g_assert_cmpint(soup_websocket_connection_get_close_code(viewer->socket), ==, code);
    g_assert_cmpstr(soup_websocket_connection_get_close_data(viewer->socket), ==, why);
}

static json_t *list(const char *kind)
{
    g_autoptr(json_t) view = fct_consoles_view(consoles, "vm-1");
    g_assert_cmpstr(fct_json_str(view, "id", ""), ==, "vm-1");
    return json_incref(json_object_get(view, kind));
}

static gboolean nobody(gpointer kind)
{
    g_autoptr(json_t) viewers = list(kind);
    return json_array_size(viewers) == 0;
}

static void assert_watched_by(const char *kind, gsize at, const char *user)
{
    g_autoptr(json_t) viewers = list(kind);
    const json_t *one = json_array_get(viewers, at);
    g_assert_cmpstr(fct_json_str(one, "user", ""), ==, user);
    g_assert_cmpint(json_integer_value(json_object_get(one, "since_ms")), >, 0);
}

static void viewer_free(Viewer *viewer)
{
    g_signal_handlers_disconnect_by_data(viewer->socket, viewer);
    g_object_unref(viewer->socket);
    g_string_free(viewer->got, TRUE);
    g_free(viewer);
}

/* ---- the tests ---- */

static void test_one_at_a_time(void)
{
    g_autoptr(GError) error = NULL;
    FctReply reply = {0};
    FctConsoleWish wish = {"vm-1", "bob", NULL, FALSE};
    g_assert_true(nobody((gpointer) "serial"));
    Viewer *ann = watch_serial("ann", FALSE);
    assert_watched_by("serial", 0, "ann");
    g_assert_true(nobody((gpointer) "graphics"));
    g_autoptr(json_t) other = fct_consoles_view(consoles, "vm-2");
    g_assert_cmpint(json_array_size(json_object_get(other, "serial")), ==, 0);

    g_assert_false(fct_console_serial(consoles, &vmm, &wish, &reply, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_assert_cmpstr(error->message, ==, "ann has this console open.");
    assert_watched_by("serial", 0, "ann");

    Viewer *bob = watch_serial("bob", TRUE);
    assert_watched_by("serial", 0, "bob");
    assert_closed(ann, FCT_CONSOLE_TAKEN, "bob took this console over.");
    g_assert_cmpint(send(vm_end, "hello", 5, MSG_NOSIGNAL), ==, 5);
    await(has_text, bob);
    g_assert_cmpstr(bob->got->str, ==, "hello");

    soup_websocket_connection_close(bob->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
    await(nobody, (gpointer) "serial");
    await(is_closed, bob);
    viewer_free(ann);
    viewer_free(bob);
}

/* A name as long as names can be still fits into a goodbye, which has at most 123 bytes. */
static void test_long_names(void)
{
    g_autoptr(GString) name = g_string_new(NULL);
    while (name->len < 200)
        g_string_append(name, "𝄞");
    const char *user = name->str;
    Viewer *ann = watch_serial("ann", FALSE), *long_one = watch_serial(user, TRUE);
    await(is_closed, ann);
    g_assert_cmpint(soup_websocket_connection_get_close_code(ann->socket), ==, FCT_CONSOLE_TAKEN);
    close(vm_end);
    vm_end = -1;
    await(is_closed, long_one);
    g_assert_cmpint(soup_websocket_connection_get_close_code(long_one->socket), ==, FCT_CONSOLE_ENDED);
    await(nobody, (gpointer) "serial");
    viewer_free(ann);
    viewer_free(long_one);
}

/* libvirt lets go of what a viewer had open a moment after the viewer has gone. */
static void test_just_left(void)
{
    g_autoptr(GError) error = NULL;
    FctReply reply = {0};
    FctConsoleWish wish = {"vm-1", "ann", NULL, FALSE};
    refusals = 3;
    Viewer *ann = watch_serial("ann", FALSE);
    g_assert_cmpint(refusals, ==, 0);
    soup_websocket_connection_close(ann->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
    await(nobody, (gpointer) "serial");
    await(is_closed, ann);
    viewer_free(ann);

    refusals = 1000; /* a program of others: it stays */
    g_assert_false(fct_console_serial(consoles, &vmm, &wish, &reply, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_IN_USE);
    g_assert_cmpstr(error->message, ==, "Somebody else has this console open.");
    refusals = 0;
}

static void test_shared_screen(void)
{
    Viewer *ann = watch_screen("ann"), *bob = watch_screen("bob");
    await(has_text, ann);
    await(has_text, bob);
    assert_watched_by("graphics", 0, "ann");
    assert_watched_by("graphics", 1, "bob");
    g_assert_true(nobody((gpointer) "serial"));
    soup_websocket_connection_close(ann->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
    await(is_closed, ann);
    assert_watched_by("graphics", 0, "bob");
    soup_websocket_connection_close(bob->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
    await(nobody, (gpointer) "graphics");
    await(is_closed, bob);
    viewer_free(ann);
    viewer_free(bob);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    consoles = fct_consoles_new(&app);
    g_test_add_func("/consoles/one-at-a-time", test_one_at_a_time);
    g_test_add_func("/consoles/long-names", test_long_names);
    g_test_add_func("/consoles/just-left", test_just_left);
    g_test_add_func("/consoles/shared-screen", test_shared_screen);
    int rc = g_test_run();
    fct_consoles_free(consoles);
    if (vm_end >= 0)
        close(vm_end);
    return rc;
}
