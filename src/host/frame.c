/* SPDX-License-Identifier: Apache-2.0 */
#include "host/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD 4u

GBytes *fct_frame_encode(const json_t *json, GError **error)
{
    g_autofree char *text = fct_json_text(json);
    gsize length = text ? strlen(text) : 0;
    if (!text || length > FCT_FRAME_LIMIT) {
        fct_set_error(error, FCT_ERROR_TOO_LARGE, "The message is too large for the helper's socket.");
        return NULL;
    }
    guint32 head = GUINT32_TO_LE((guint32)length);
    GByteArray *bytes = g_byte_array_sized_new((guint)(HEAD + length));
    g_byte_array_append(bytes, (const guint8 *)&head, HEAD);
    g_byte_array_append(bytes, (const guint8 *)text, (guint)length);
    return g_byte_array_free_to_bytes(bytes);
}

void fct_frames_init(FctFrames *frames, guint32 limit)
{
    frames->bytes = g_byte_array_new();
    frames->limit = limit;
}

void fct_frames_clear(FctFrames *frames)
{
    g_clear_pointer(&frames->bytes, g_byte_array_unref);
}

void fct_frames_push(FctFrames *frames, const void *data, gsize length)
{
    g_byte_array_append(frames->bytes, data, (guint)length);
}

gboolean fct_frames_half(const FctFrames *frames)
{
    return frames->bytes->len > 0; /* complete frames were taken out */
}

json_t *fct_frames_pop(FctFrames *frames, GError **error)
{
    guint32 head;
    if (frames->bytes->len < HEAD)
        return NULL;
    memcpy(&head, frames->bytes->data, HEAD);
    head = GUINT32_FROM_LE(head);
    if (head > frames->limit) {
        fct_set_error(error, FCT_ERROR_TOO_LARGE, "A frame announces %u bytes; the limit is %u.", head, frames->limit);
        return NULL;
    }
    if (frames->bytes->len - HEAD < head)
        return NULL;
    json_t *json = fct_json_parse((const char *)frames->bytes->data + HEAD, head, error);
    if (json && !json_is_object(json)) {
        fct_set_error(error, FCT_ERROR_BAD_REQUEST, "A frame must hold a JSON object.");
        g_clear_pointer(&json, json_decref);
    }
    g_byte_array_remove_range(frames->bytes, 0, HEAD + head);
    return json;
}

/* FALSE with TIMEOUT when the deadline passes first. */
static gboolean wait_for(int fd, short events, gint64 deadline_us, GError **error)
{
    for (;;) {
        int timeout = -1;
        if (deadline_us) {
            gint64 left = deadline_us - g_get_monotonic_time();
            timeout = left <= 0 ? 0 : (int)MIN(left / 1000 + 1, G_MAXINT);
        }
        struct pollfd poll_fd = {.fd = fd, .events = events};
        int n = poll(&poll_fd, 1, timeout);
        if (n > 0)
            return TRUE;
        if (n < 0 && errno == EINTR)
            continue;
        return fct_set_error(error, FCT_ERROR_TIMEOUT, "The hardware helper did not answer in time.");
    }
}

static void set_gone(GError **error)
{
    fct_set_error(error, FCT_ERROR_HELPER, "The connection to the hardware helper ended.");
}

gboolean fct_frame_send(int fd, const json_t *json, gint64 deadline_us, GError **error)
{
    g_autoptr(GBytes) bytes = fct_frame_encode(json, error);
    gsize length, done = 0;
    if (!bytes)
        return FALSE;
    const char *data = g_bytes_get_data(bytes, &length);
    while (done < length) {
        gssize n = send(fd, data + done, length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            done += (gsize)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(fd, POLLOUT, deadline_us, error))
                return FALSE;
        } else if (n >= 0 || errno != EINTR) {
            set_gone(error);
            return FALSE;
        }
    }
    return TRUE;
}

json_t *fct_frame_receive(int fd, FctFrames *frames, gint64 deadline_us, GError **error)
{
    for (;;) {
        GError *fault = NULL;
        char buffer[65536];
        json_t *json = fct_frames_pop(frames, &fault);
        if (json || fault) {
            if (fault)
                g_propagate_error(error, fault);
            return json;
        }
        if (!wait_for(fd, POLLIN, deadline_us, error))
            return NULL;
        gssize n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n > 0) {
            fct_frames_push(frames, buffer, (gsize)n);
        } else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            set_gone(error);
            return NULL;
        }
    }
}
