/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/console/console.h"
#include "app/news/hub.h"
#include "app/people/opened.h"

#include <errno.h>
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (16 * 1024)
#define UNSENT_MAX (1024 * 1024) /* how far a client may be ahead: a paste into a guest that does not read */
#define PAYLOAD_MAX (256 * 1024)
#define PING_S 20
#define NAME_SAID 24
#define LET_GO_TRIES 15
#define LET_GO_US (100 * 1000)

struct FctConsoles {
    FctApp *app;
    GMutex lock;
    GHashTable *taken; /* VM id → who is taking its serial console over; guarded by lock */
    GList *open;       /* Console*; only the main thread changes it; guarded for other readers */
};

typedef struct {
    FctConsoles *consoles;
    char *vm;
    char *user, *viewer;
    char *login;
    FctOpening *opening; /* NULL until the handshake is done */
    gint64 since_ms;
    gboolean serial;
    int fd;
    SoupWebsocketConnection *socket; /* NULL until the handshake is done */
    guint read_source, write_source;
    GSource *drain;     /* read from the VM, waits until the client takes more */
    GByteArray *unsent; /* read from the client, waits until the VM takes it */
    gboolean closing;   /* is being closed and does not count as a viewer any more; guarded */
} Console;

static gboolean on_vm_readable(int fd, GIOCondition condition, gpointer data);

static void take_over_done(FctConsoles *consoles, const char *vm)
{
    g_mutex_lock(&consoles->lock);
    g_hash_table_remove(consoles->taken, vm);
    g_mutex_unlock(&consoles->lock);
}

static void clear_source(guint *source)
{
    if (*source)
        g_source_remove(*source);
    *source = 0;
}

/* ---- who watches ---- */

json_t *fct_consoles_view(FctConsoles *consoles, const char *vm)
{
    json_t *serial = json_array(), *graphics = json_array();
    g_mutex_lock(&consoles->lock);
    for (GList *l = g_list_last(consoles->open); l; l = l->prev) { /* the newest comes first */
        const Console *c = l->data;
        if (!c->closing && strcmp(c->vm, vm) == 0)
            json_array_append_new(c->serial ? serial : graphics,
                                  json_pack("{s:s, s:I, s:s}", "user", c->user, "since_ms", (json_int_t)c->since_ms,
                                            "viewer", c->viewer));
    }
    g_mutex_unlock(&consoles->lock);
    return json_pack("{s:s, s:o, s:o}", "id", vm, "serial", serial, "graphics", graphics);
}

static void consoles_publish(FctConsoles *consoles, const char *vm)
{
    if (consoles->app->hub)
        fct_hub_publish(consoles->app->hub, "console", vm, fct_consoles_view(consoles, vm));
}

/* NULL when nobody of ours has the serial console open. */
static char *serial_viewer(FctConsoles *consoles, const char *vm)
{
    g_autoptr(json_t) view = fct_consoles_view(consoles, vm);
    const json_t *first = json_array_get(json_object_get(view, "serial"), 0);
    return first ? g_strdup(fct_json_str(first, "user", "")) : NULL;
}

static void console_free(gpointer data)
{
    Console *c = data;
    fct_opened_gone(c->opening);
    clear_source(&c->read_source);
    clear_source(&c->write_source);
    if (c->drain) {
        g_source_destroy(c->drain);
        g_source_unref(c->drain);
    }
    if (c->socket) {
        g_mutex_lock(&c->consoles->lock);
        c->consoles->open = g_list_remove(c->consoles->open, c);
        g_mutex_unlock(&c->consoles->lock);
        if (!c->closing)
            consoles_publish(c->consoles, c->vm);
        g_signal_handlers_disconnect_by_data(c->socket, c);
        g_object_unref(c->socket);
    } else if (c->serial) { /* the client went away before the handshake */
        take_over_done(c->consoles, c->vm);
    }
    close(c->fd);
    g_byte_array_unref(c->unsent);
    g_free(c->vm);
    g_free(c->user);
    g_free(c->viewer);
    g_free(c->login);
    g_free(c);
}

/* Begins to close the WebSocket; the rest follows when the client answers or goes ("closed"). */
static void console_close(Console *c, gushort code, const char *why)
{
    clear_source(&c->read_source);
    clear_source(&c->write_source);
    if (c->closing)
        return;
    g_mutex_lock(&c->consoles->lock);
    c->closing = TRUE;
    g_mutex_unlock(&c->consoles->lock);
    consoles_publish(c->consoles, c->vm);
    shutdown(c->fd, SHUT_RDWR);
    if (soup_websocket_connection_get_state(c->socket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_close(c->socket, code, why);
}

/* Who is taking this console over; NULL: nobody. */
static char *taker_of(Console *c)
{
    g_mutex_lock(&c->consoles->lock);
    char *user = c->serial ? g_strdup(g_hash_table_lookup(c->consoles->taken, c->vm)) : NULL;
    g_mutex_unlock(&c->consoles->lock);
    return user;
}

/*
 * The closing message of a WebSocket holds 123 bytes: with these words there is room for so many letters of any
 * alphabet.
 */
static void console_taken(Console *c, const char *user)
{
    g_autofree char *name = g_utf8_substring(user, 0, MIN(g_utf8_strlen(user, -1), NAME_SAID));
    g_autofree char *why = g_strdup_printf("%s took this console over.", name);
    console_close(c, FCT_CONSOLE_TAKEN, why);
}

static void console_ended(Console *c)
{
    g_autofree char *taker = taker_of(c);
    if (taker)
        console_taken(c, taker);
    else
        console_close(c, FCT_CONSOLE_ENDED, "The console has ended: the VM is off, or libvirt closed it.");
}

static void on_login_over(gpointer data)
{
    Console *c = data;
    fct_opened_gone(g_steal_pointer(&c->opening));
    console_close(c, FCT_CONSOLE_LOGIN, "Its session has ended: sign in again.");
}

/* ---- from the VM to the client ---- */

static gboolean on_client_ready(GObject *stream, gpointer data)
{
    Console *c = data;
    g_source_unref(c->drain);
    c->drain = NULL;
    if (!c->closing)
        c->read_source = g_unix_fd_add(c->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_vm_readable, c);
    return G_SOURCE_REMOVE;
}

/* libsoup queues without a limit, so nothing more is read from the VM until the client's socket takes bytes again. */
static gboolean client_is_full(Console *c)
{
    GOutputStream *out = g_io_stream_get_output_stream(soup_websocket_connection_get_io_stream(c->socket));
    if (!G_IS_POLLABLE_OUTPUT_STREAM(out) || g_pollable_output_stream_is_writable(G_POLLABLE_OUTPUT_STREAM(out)))
        return FALSE;
    c->drain = g_pollable_output_stream_create_source(G_POLLABLE_OUTPUT_STREAM(out), NULL);
    g_source_set_callback(c->drain, G_SOURCE_FUNC(on_client_ready), c, NULL);
    g_source_attach(c->drain, NULL);
    return TRUE;
}

static gboolean on_vm_readable(int fd, GIOCondition condition, gpointer data)
{
    Console *c = data;
    char bytes[CHUNK];
    /* The client closes or its connection broke: "closed" will be emitted for that. */
    if (soup_websocket_connection_get_state(c->socket) != SOUP_WEBSOCKET_STATE_OPEN || client_is_full(c)) {
        c->read_source = 0;
        return G_SOURCE_REMOVE;
    }
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0) {
        soup_websocket_connection_send_binary(c->socket, bytes, (gsize)n);
        return G_SOURCE_CONTINUE;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    c->read_source = 0;
    console_ended(c);
    return G_SOURCE_REMOVE;
}

/* ---- from the client to the VM ---- */

static gboolean flush_unsent(Console *c)
{
    while (c->unsent->len) {
        ssize_t n = send(c->fd, c->unsent->data, c->unsent->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        g_byte_array_remove_range(c->unsent, 0, (guint)n);
    }
    return TRUE;
}

static gboolean on_vm_writable(int fd, GIOCondition condition, gpointer data)
{
    Console *c = data;
    gboolean ok = flush_unsent(c);
    if (ok && c->unsent->len)
        return G_SOURCE_CONTINUE;
    c->write_source = 0;
    if (!ok)
        console_ended(c);
    return G_SOURCE_REMOVE;
}

static void on_message(SoupWebsocketConnection *socket, int type, GBytes *message, gpointer data)
{
    Console *c = data;
    gsize length;
    const guint8 *bytes = g_bytes_get_data(message, &length);
    if (c->closing)
        return;
    if (type != SOUP_WEBSOCKET_DATA_BINARY) {
        console_close(c, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA, "A console takes binary frames only.");
        return;
    }
    if (c->unsent->len + length > UNSENT_MAX) {
        console_close(c, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "The VM does not take what was sent.");
        return;
    }
    g_byte_array_append(c->unsent, bytes, (guint)length);
    if (c->write_source)
        return;
    if (!flush_unsent(c))
        console_ended(c);
    else if (c->unsent->len)
        c->write_source = g_unix_fd_add(c->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_vm_writable, c);
}

static void console_on_closed(SoupWebsocketConnection *socket, gpointer data)
{
    console_free(data);
}

/* ---- opening ---- */

/* Tells the former viewer here, unless libvirt's event came first and console_ended did. */
static void end_earlier(Console *c)
{
    for (GList *l = c->consoles->open; l; l = l->next) {
        Console *other = l->data;
        if (other->serial && strcmp(other->vm, c->vm) == 0)
            console_taken(other, c->user);
    }
    take_over_done(c->consoles, c->vm);
}

static void console_start(FctApp *app, FctSoupWebsocket *socket, gpointer data)
{
    Console *c = data;
    if (c->serial)
        end_earlier(c);
    c->socket = g_object_ref(socket);
    c->since_ms = fct_app_now_ms();
    g_mutex_lock(&c->consoles->lock);
    c->consoles->open = g_list_prepend(c->consoles->open, c);
    g_mutex_unlock(&c->consoles->lock);
    soup_websocket_connection_set_max_incoming_payload_size(socket, PAYLOAD_MAX);
    soup_websocket_connection_set_keepalive_interval(socket, PING_S);
    g_signal_connect(socket, "message", G_CALLBACK(on_message), c);
    g_signal_connect(socket, "closed", G_CALLBACK(console_on_closed), c);
    c->read_source = g_unix_fd_add(c->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_vm_readable, c);
    c->opening = fct_opened_add(app->opened, c->login, TRUE, on_login_over, c);
    consoles_publish(c->consoles, c->vm);
}

static void reply_console(FctConsoles *consoles, const FctConsoleWish *wish, gboolean serial, int fd, FctReply *reply)
{
    Console *c = g_new0(Console, 1);
    c->consoles = consoles;
    c->vm = g_strdup(wish->vm);
    c->user = g_strdup(wish->user);
    c->viewer = g_strdup(wish->viewer ? wish->viewer : "");
    c->login = g_strdup(wish->login);
    c->serial = serial;
    c->fd = fd;
    c->unsent = g_byte_array_new();
    reply->data = c;
    reply->destroy = console_free;
    reply->websocket = console_start;
}

/* libvirt releases a console a moment after its viewer has gone, so try for a while. */
static int open_free(FctConsoles *consoles, FctVmm *vmm, const char *vm, GError **error)
{
    for (int tries = LET_GO_TRIES;; tries--) {
        g_autoptr(GError) fault = NULL;
        g_autofree char *user = serial_viewer(consoles, vm);
        if (user) {
            fct_set_error_full(error, FCT_ERROR_IN_USE, "Take it over, or wait until the other viewer has closed it.",
                               NULL, "%s has this console open.", user);
            return -1;
        }
        int fd = vmm->ops->open_serial(vmm, vm, FALSE, &fault);
        if (fd >= 0)
            return fd;
        if (!tries || fault->code != FCT_ERROR_IN_USE) {
            fct_error_pass(error, &fault);
            return -1;
        }
        g_usleep(LET_GO_US);
    }
}

static int open_forced(FctConsoles *consoles, FctVmm *vmm, const FctConsoleWish *wish, GError **error)
{
    g_mutex_lock(&consoles->lock);
    g_hash_table_replace(consoles->taken, g_strdup(wish->vm), g_strdup(wish->user));
    g_mutex_unlock(&consoles->lock);
    int fd = vmm->ops->open_serial(vmm, wish->vm, TRUE, error);
    if (fd < 0)
        take_over_done(consoles, wish->vm);
    return fd;
}

gboolean fct_console_serial(FctConsoles *consoles, FctVmm *vmm, const FctConsoleWish *wish, FctReply *reply,
                            GError **error)
{
    int fd = wish->force ? open_forced(consoles, vmm, wish, error) : open_free(consoles, vmm, wish->vm, error);
    if (fd < 0)
        return FALSE;
    reply_console(consoles, wish, TRUE, fd, reply);
    return TRUE;
}

gboolean fct_console_graphics(FctConsoles *consoles, FctVmm *vmm, const FctConsoleWish *wish, FctReply *reply,
                              GError **error)
{
    int fd = vmm->ops->open_graphics(vmm, wish->vm, error);
    if (fd < 0)
        return FALSE;
    reply_console(consoles, wish, FALSE, fd, reply);
    return TRUE;
}

FctConsoles *fct_consoles_new(FctApp *app)
{
    FctConsoles *consoles = g_new0(FctConsoles, 1);
    consoles->app = app;
    g_mutex_init(&consoles->lock);
    consoles->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return consoles;
}

void fct_consoles_free(FctConsoles *consoles)
{
    if (!consoles)
        return;
    GList *open = g_steal_pointer(&consoles->open); /* each removes itself from the list, which is NULL by then */
    for (GList *l = open; l; l = l->next) {
        Console *c = l->data;
        c->closing = TRUE; /* nobody is told, since everybody ends */
        soup_websocket_connection_close(c->socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "Facet ends.");
        console_free(c);
    }
    g_list_free(open);
    g_hash_table_unref(consoles->taken);
    g_mutex_clear(&consoles->lock);
    g_free(consoles);
}
