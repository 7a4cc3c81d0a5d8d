/* SPDX-License-Identifier: Apache-2.0 */
#include "host/channel.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const FctChannelRules fct_channel_child = {FCT_FRAME_LIMIT, 4u * FCT_FRAME_LIMIT, 0};
const FctChannelRules fct_channel_client = {FCT_FRAME_REQUEST_LIMIT, 4u * 1024 * 1024, 10000};

struct FctChannel {
    const FctChannelRules *rules;
    guint half; /* source id: a frame has begun */
    int fd;
    guint readable, writable; /* source ids */
    FctFrames input;
    GByteArray *output;
    FctChannelFrame frame;
    FctChannelClosed closed;
    gpointer data;
    int references; /* a callback may free the channel while it is being read */
    gboolean dead;
};

static void channel_drop(FctChannel *channel)
{
    if (--channel->references > 0)
        return;
    fct_frames_clear(&channel->input);
    g_byte_array_unref(channel->output);
    g_free(channel);
}

static void channel_stop(FctChannel *channel)
{
    if (channel->dead)
        return;
    channel->dead = TRUE;
    g_clear_handle_id(&channel->readable, g_source_remove);
    g_clear_handle_id(&channel->writable, g_source_remove);
    g_clear_handle_id(&channel->half, g_source_remove);
    close(channel->fd);
}

static void channel_fail(FctChannel *channel, const GError *error)
{
    if (channel->dead)
        return;
    channel_stop(channel);
    channel->closed(error, channel->data);
}

static gboolean on_half(gpointer data)
{
    FctChannel *channel = data;
    g_autoptr(GError) error = NULL;
    channel->half = 0;
    fct_set_error(&error, FCT_ERROR_TIMEOUT, "A frame has begun and did not end in %u ms.", channel->rules->half_ms);
    channel->references++;
    channel_fail(channel, error);
    channel_drop(channel);
    return G_SOURCE_REMOVE;
}

/* A half frame keeps memory until it is complete. */
static void time_half(FctChannel *channel, gboolean fresh)
{
    gboolean half = fct_frames_half(&channel->input);
    if (!half || fresh)
        g_clear_handle_id(&channel->half, g_source_remove);
    if (half && !channel->half && channel->rules->half_ms)
        channel->half = g_timeout_add(channel->rules->half_ms, on_half, channel);
}

static void channel_deliver(FctChannel *channel)
{
    gboolean fresh = FALSE;
    while (!channel->dead) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) frame = fct_frames_pop(&channel->input, &error);
        if (!frame && !error) {
            time_half(channel, fresh);
            return;
        }
        fresh = TRUE;
        if (frame)
            channel->frame(frame, channel->data);
        else
            channel_fail(channel, error);
    }
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
    FctChannel *channel = data;
    char buffer[65536];
    gssize n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return G_SOURCE_CONTINUE;
    channel->references++;
    if (n > 0) {
        fct_frames_push(&channel->input, buffer, (gsize)n);
        channel_deliver(channel);
    } else {
        channel_fail(channel, NULL);
    }
    gboolean keep = !channel->dead;
    channel_drop(channel);
    return keep ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* FALSE when the peer is gone; the read side notices that too and calls closed. */
static gboolean channel_flush(FctChannel *channel)
{
    while (channel->output->len > 0) {
        gssize n = send(channel->fd, channel->output->data, channel->output->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            g_byte_array_remove_range(channel->output, 0, (guint)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else
            return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
    return TRUE;
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer data)
{
    FctChannel *channel = data;
    if (channel_flush(channel) && channel->output->len > 0)
        return G_SOURCE_CONTINUE;
    channel->writable = 0;
    g_byte_array_set_size(channel->output, 0);
    return G_SOURCE_REMOVE;
}

FctChannel *fct_channel_new(int fd, const FctChannelRules *rules, FctChannelFrame frame, FctChannelClosed closed,
                            gpointer data)
{
    FctChannel *channel = g_new0(FctChannel, 1);
    channel->rules = rules;
    channel->fd = fd;
    channel->references = 1;
    channel->frame = frame;
    channel->closed = closed;
    channel->data = data;
    channel->output = g_byte_array_new();
    fct_frames_init(&channel->input, rules->frame);
    channel->readable = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, channel);
    return channel;
}

void fct_channel_send(FctChannel *channel, const json_t *json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = fct_frame_encode(json, &error);
    if (channel->dead)
        return;
    if (!bytes) {
        g_warning("A message was not sent: %s", error->message);
        return;
    }
    if (channel->output->len > channel->rules->backlog) {
        shutdown(channel->fd, SHUT_RDWR); /* the read side reports the end */
        return;
    }
    g_byte_array_append(channel->output, g_bytes_get_data(bytes, NULL), (guint)g_bytes_get_size(bytes));
    if (!channel->writable && channel_flush(channel) && channel->output->len > 0)
        channel->writable = g_unix_fd_add(channel->fd, G_IO_OUT, on_writable, channel);
}

void fct_channel_free(FctChannel *channel)
{
    if (!channel)
        return;
    channel_stop(channel);
    channel_drop(channel);
}
