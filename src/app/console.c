/* SPDX-License-Identifier: Apache-2.0 */
#include "app/console.h"

#include <errno.h>
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (16 * 1024)
#define UNSENT_MAX (1024 * 1024) /* what a client may be ahead of its VM: a paste into a guest that does not read */
#define PAYLOAD_MAX (256 * 1024)
#define PING_S 20

struct FctConsoles {
    GMutex lock;
    GHashTable *taken; /* set of VM ids whose serial console is being taken over; guarded */
    GList *open;       /* Console*; main thread */
};

typedef struct {
    FctConsoles *consoles;
    char *vm;
    gboolean serial;
    int fd;
    SoupWebsocketConnection *socket; /* NULL until the handshake is done */
    guint read_source, write_source;
    GSource *drain;     /* waits until the client takes more */
    GByteArray *unsent; /* from the client, not taken by the VM yet */
    gboolean closing;
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

static void console_free(gpointer data)
{
    Console *c = data;
    clear_source(&c->read_source);
    clear_source(&c->write_source);
    if (c->drain) {
        g_source_destroy(c->drain);
        g_source_unref(c->drain);
    }
    if (c->socket) {
        c->consoles->open = g_list_remove(c->consoles->open, c);
        g_signal_handlers_disconnect_by_data(c->socket, c);
        g_object_unref(c->socket);
    } else if (c->serial) { /* the client went away before the handshake */
        take_over_done(c->consoles, c->vm);
    }
    close(c->fd);
    g_byte_array_unref(c->unsent);
    g_free(c->vm);
    g_free(c);
}

/* Says goodbye; the rest follows when the client answers or goes ("closed"). */
static void console_close(Console *c, gushort code, const char *why)
{
    clear_source(&c->read_source);
    clear_source(&c->write_source);
    if (c->closing)
        return;
    c->closing = TRUE;
    shutdown(c->fd, SHUT_RDWR);
    if (soup_websocket_connection_get_state(c->socket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_close(c->socket, code, why);
}

static gboolean is_taken(Console *c)
{
    g_mutex_lock(&c->consoles->lock);
    gboolean taken = c->serial && g_hash_table_contains(c->consoles->taken, c->vm);
    g_mutex_unlock(&c->consoles->lock);
    return taken;
}

static void console_ended(Console *c)
{
    if (is_taken(c))
        console_close(c, FCT_CONSOLE_TAKEN, "Another viewer took this console over.");
    else
        console_close(c, FCT_CONSOLE_ENDED, "The console has ended: the VM is off, or libvirt closed it.");
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
    if (client_is_full(c)) {
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

static void on_closed(SoupWebsocketConnection *socket, gpointer data)
{
    console_free(data);
}

/* ---- opening ---- */

/* The viewer that was there hears of it here, or, when libvirt's news came first, in console_ended. */
static void end_earlier(Console *c)
{
    for (GList *l = c->consoles->open; l; l = l->next) {
        Console *other = l->data;
        if (other->serial && strcmp(other->vm, c->vm) == 0)
            console_close(other, FCT_CONSOLE_TAKEN, "Another viewer took this console over.");
    }
    take_over_done(c->consoles, c->vm);
}

static void console_start(FctApp *app, FctSoupWebsocket *socket, gpointer data)
{
    Console *c = data;
    if (c->serial)
        end_earlier(c);
    c->socket = g_object_ref(socket);
    c->consoles->open = g_list_prepend(c->consoles->open, c);
    soup_websocket_connection_set_max_incoming_payload_size(socket, PAYLOAD_MAX);
    soup_websocket_connection_set_keepalive_interval(socket, PING_S);
    g_signal_connect(socket, "message", G_CALLBACK(on_message), c);
    g_signal_connect(socket, "closed", G_CALLBACK(on_closed), c);
    c->read_source = g_unix_fd_add(c->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_vm_readable, c);
}

static void reply_console(FctConsoles *consoles, const char *vm, gboolean serial, int fd, FctReply *reply)
{
    Console *c = g_new0(Console, 1);
    c->consoles = consoles;
    c->vm = g_strdup(vm);
    c->serial = serial;
    c->fd = fd;
    c->unsent = g_byte_array_new();
    reply->data = c;
    reply->destroy = console_free;
    reply->websocket = console_start;
}

gboolean fct_console_serial(FctConsoles *consoles, FctVmm *vmm, const char *vm, gboolean force, FctReply *reply,
                            GError **error)
{
    if (force) {
        g_mutex_lock(&consoles->lock);
        g_hash_table_add(consoles->taken, g_strdup(vm));
        g_mutex_unlock(&consoles->lock);
    }
    int fd = vmm->ops->open_serial(vmm, vm, force, error);
    if (fd >= 0) {
        reply_console(consoles, vm, TRUE, fd, reply);
        return TRUE;
    }
    take_over_done(consoles, vm);
    return FALSE;
}

gboolean fct_console_graphics(FctConsoles *consoles, FctVmm *vmm, const char *vm, FctReply *reply, GError **error)
{
    int fd = vmm->ops->open_graphics(vmm, vm, error);
    if (fd < 0)
        return FALSE;
    reply_console(consoles, vm, FALSE, fd, reply);
    return TRUE;
}

FctConsoles *fct_consoles_new(void)
{
    FctConsoles *consoles = g_new0(FctConsoles, 1);
    g_mutex_init(&consoles->lock);
    consoles->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return consoles;
}

void fct_consoles_free(FctConsoles *consoles)
{
    if (!consoles)
        return;
    GList *open = g_steal_pointer(&consoles->open); /* each takes itself out of the list, which is none any more */
    for (GList *l = open; l; l = l->next) {
        Console *c = l->data;
        soup_websocket_connection_close(c->socket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, "Facet ends.");
        console_free(c);
    }
    g_list_free(open);
    g_hash_table_unref(consoles->taken);
    g_mutex_clear(&consoles->lock);
    g_free(consoles);
}
