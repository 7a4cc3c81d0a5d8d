/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/outgoing.h"

#include "app/api/visits.h"

#include "core/storage_rules.h"

#include <gio/gio.h>
#include <libsoup/soup.h>

#define BLOCK (256 * 1024)

typedef struct {
    gint refs; /* held by the message's signals and by the job under way */
    FctOutgoing source;
    SoupServerMessage *message;
    gint64 first, left; /* bytes of the part that is asked for */
    gboolean sought, over;
    gboolean busy; /* a job reads */
} Sending;

static void release_source(GTask *task, gpointer object, gpointer data, GCancellable *cancellable)
{
    FctOutgoing *source = data;
    source->destroy(source->data);
    g_free(source->name);
    g_free(source->mime);
    g_free(source->etag);
    g_free(source);
}

/* On a thread, since closing may wait for libvirt. */
static void sending_unref(gpointer data)
{
    Sending *sending = data;
    if (--sending->refs)
        return;
    g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
    g_task_set_task_data(task, g_memdup2(&sending->source, sizeof sending->source), NULL);
    g_task_run_in_thread(task, release_source);
    g_clear_object(&sending->message);
    g_free(sending);
}

/* ---- on another thread ---- */

static void read_block(GTask *task, gpointer object, gpointer data, GCancellable *cancellable)
{
    Sending *sending = data; /* ours while busy */
    const FctOutgoing *source = &sending->source;
    GError *error = NULL;
    gsize want = (gsize)MIN(sending->left, (gint64)BLOCK);
    guint8 *bytes = g_malloc(want);
    gboolean ready =
        sending->sought || !source->seek || source->seek(source->data, sending->first, sending->left, &error);
    gssize n = ready ? source->read(source->data, bytes, want, &error) : -1;
    sending->sought = TRUE;
    if (n < 0) {
        g_free(bytes);
        g_task_return_error(task, error);
        return;
    }
    g_task_return_pointer(task, g_bytes_new_take(bytes, (gsize)n), (GDestroyNotify)g_bytes_unref);
}

/* ---- on the main thread ---- */

static void on_block(GObject *object, GAsyncResult *result, gpointer data)
{
    Sending *sending = data;
    g_autoptr(GError) fault = NULL;
    g_autoptr(GBytes) block = g_task_propagate_pointer(G_TASK(result), &fault);
    sending->busy = FALSE;
    if (!block && !sending->over)
        g_warning("%s breaks off in mid-download: %s", sending->source.name, fault->message);
    if (sending->over) {
        sending_unref(sending);
        return;
    }
    gboolean measured = sending->source.total >= 0;
    if (!block || (measured && g_bytes_get_size(block) == 0)) {
        fct_visit_cut(sending->message); /* fewer bytes than announced: only closing can tell the client */
        sending_unref(sending);
        return;
    }
    SoupMessageBody *body = soup_server_message_get_response_body(sending->message);
    if (g_bytes_get_size(block))
        soup_message_body_append_bytes(body, block);
    if (measured)
        sending->left -= (gint64)g_bytes_get_size(block);
    else if (g_bytes_get_size(block) == 0)
        sending->left = 0;
    if (sending->left == 0)
        soup_message_body_complete(body);
    soup_server_message_unpause(sending->message);
    sending_unref(sending);
}

static void next_block(SoupServerMessage *message, gpointer data)
{
    Sending *sending = data;
    if (sending->left == 0 || sending->busy)
        return;
    soup_server_message_pause(message);
    sending->busy = TRUE;
    sending->refs++;
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_block, sending);
    g_task_set_task_data(task, sending, NULL);
    g_task_run_in_thread(task, read_block);
}

static void sending_on_sent(SoupServerMessage *message, gpointer data)
{
    Sending *sending = data;
    sending->over = TRUE;
    g_signal_handlers_disconnect_by_data(message, sending);
    sending_unref(sending);
}

/* FALSE: the range does not exist, which is answered by 416. */
static gboolean sending_set_range(Sending *sending, SoupMessageHeaders *request, SoupMessageHeaders *response)
{
    const char *etag = sending->source.etag, *only_if = soup_message_headers_get_one(request, "If-Range");
    const char *range = soup_message_headers_get_one(request, "Range");
    FctRangeKind kind = fct_http_range(only_if && g_strcmp0(only_if, etag) != 0 ? NULL : range, sending->source.total,
                                       &sending->first, &sending->left);
    g_autofree char *part = NULL;
    if (kind == FCT_RANGE_NONE)
        part = g_strdup_printf("bytes */%" G_GINT64_FORMAT, sending->source.total);
    else if (kind == FCT_RANGE_PART)
        part = g_strdup_printf("bytes %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, sending->first,
                               sending->first + sending->left - 1, sending->source.total);
    soup_server_message_set_status(sending->message,
                                   kind == FCT_RANGE_WHOLE  ? SOUP_STATUS_OK
                                   : kind == FCT_RANGE_PART ? SOUP_STATUS_PARTIAL_CONTENT
                                                            : SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE,
                                   NULL);
    if (part)
        soup_message_headers_replace(response, "Content-Range", part);
    soup_message_headers_remove(request, "Range"); /* without this libsoup would cut the range out of the range */
    if (kind == FCT_RANGE_NONE)
        sending->left = 0;
    return kind != FCT_RANGE_NONE;
}

/* FALSE: no bytes are to be sent. */
static gboolean set_length(Sending *sending, SoupMessageHeaders *request, SoupMessageHeaders *response)
{
    if (sending->source.total < 0) {
        soup_server_message_set_status(sending->message, SOUP_STATUS_OK, NULL);
        soup_message_headers_remove(request, "Range");
        soup_message_headers_set_encoding(response, SOUP_ENCODING_CHUNKED);
        sending->left = G_MAXINT64;
        return TRUE;
    }
    gboolean there = sending_set_range(sending, request, response);
    soup_message_headers_replace(response, "Accept-Ranges", "bytes");
    soup_message_headers_set_content_length(response, sending->left);
    return there;
}

static void send_it(FctApp *app, FctSoupMessage *message, gpointer data)
{
    Sending *sending = data;
    const FctOutgoing *source = &sending->source;
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    g_autofree char *name = g_uri_escape_string(source->name, NULL, FALSE);
    g_autofree char *disposition = g_strdup_printf("attachment; filename*=UTF-8''%s", name);
    sending->message = g_object_ref(message);
    gboolean there = set_length(sending, soup_server_message_get_request_headers(message), headers);
    soup_message_headers_replace(headers, "Content-Type", source->mime ? source->mime : "application/octet-stream");
    soup_message_headers_replace(headers, "Content-Disposition", disposition);
    soup_message_headers_replace(headers, "Cache-Control", "no-store");
    if (source->etag)
        soup_message_headers_replace(headers, "ETag", source->etag);
    soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
    g_signal_connect(message, "wrote-chunk", G_CALLBACK(next_block), sending);
    g_signal_connect(message, "finished", G_CALLBACK(sending_on_sent), sending);
    if (there && g_str_equal(soup_server_message_get_method(message), "GET"))
        g_signal_connect(message, "wrote-headers", G_CALLBACK(next_block), sending);
}

void fct_reply_outgoing(FctReply *reply, const FctOutgoing *outgoing)
{
    Sending *sending = g_new0(Sending, 1);
    sending->refs = 1;
    sending->source = *outgoing;
    reply->data = sending;
    reply->destroy = sending_unref;
    reply->stream = send_it;
}
