/* SPDX-License-Identifier: Apache-2.0 */
/* The library over HTTP: both directions move blocks, never whole files. */
#include "app/api.h"
#include "app/files.h"
#include "app/records.h"

#include <gio/gio.h>
#include <libsoup/soup.h>
#include <string.h>

#define BLOCK (256 * 1024)

static gboolean list_files(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->json = fct_files_list(request->app->files, error);
    return reply->json != NULL;
}

static gboolean get_file(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->json = fct_files_get(request->app->files, request->id, error);
    return reply->json != NULL;
}

static gboolean create_file(const FctRequest *request, FctReply *reply, GError **error)
{
    static const char *const known[] = {"name", "size_bytes", NULL};
    const char *name;
    gint64 size;
    if (!fct_request_only(request, known, error) || !fct_json_need_str(request->body, "name", &name, error) ||
        !fct_json_need_int(request->body, "size_bytes", 1, G_MAXINT64, &size, error))
        return FALSE;
    reply->status = 201;
    reply->json = fct_files_create(request->app->files, name, size, error);
    reply->subject = g_strconcat("file ", name, NULL);
    return reply->json != NULL;
}

static gboolean delete_file(const FctRequest *request, FctReply *reply, GError **error)
{
    if (!fct_files_delete(request->app->files, request->id, error))
        return FALSE;
    fct_event(request->app, "file.deleted", "info", "file", request->id, request->id, "The file %s was deleted.",
              request->id);
    reply->status = 204;
    return TRUE;
}

/* ---- up ---- */

typedef struct {
    FctApp *app;
    FctUpload *upload;
} Incoming;

static void incoming_free(gpointer data)
{
    Incoming *incoming = data;
    fct_upload_free(incoming->upload);
    g_free(incoming);
}

static gboolean incoming_write(gpointer data, const guint8 *bytes, gsize length, GError **error)
{
    return fct_upload_write(((Incoming *)data)->upload, bytes, length, error);
}

static gboolean incoming_end(gpointer data, gboolean whole, FctReply *reply, GError **error)
{
    Incoming *incoming = data;
    if (!fct_upload_end(incoming->upload, &reply->json, error))
        return FALSE;
    const char *id = fct_json_str(reply->json, "id", "");
    if (strcmp(fct_json_str(reply->json, "state", ""), "ready") == 0)
        fct_event(incoming->app, "file.uploaded", "info", "file", id, id, "The file %s was uploaded.", id);
    return TRUE;
}

static gboolean put_content(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctSink sink = {incoming_write, incoming_end};
    FctUpload *upload =
        fct_upload_open(request->app->files, request->id, request->content_range, request->content_length, error);
    if (!upload)
        return FALSE;
    Incoming *incoming = g_new(Incoming, 1);
    *incoming = (Incoming){request->app, upload};
    reply->data = incoming;
    reply->destroy = incoming_free;
    reply->sink = &sink;
    return TRUE;
}

/* ---- down ---- */

typedef struct {
    GInputStream *file;
    char *name;
    goffset left;
    SoupServerMessage *message;
    GCancellable *cancel;
} Outgoing;

static void outgoing_free(gpointer data)
{
    Outgoing *out = data;
    g_clear_object(&out->file);
    g_clear_object(&out->message);
    g_clear_object(&out->cancel);
    g_free(out->name);
    g_free(out);
}

static void on_block(GObject *source, GAsyncResult *result, gpointer data)
{
    Outgoing *out = data;
    g_autoptr(GError) fault = NULL;
    g_autoptr(GBytes) block = g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &fault);
    if (g_cancellable_is_cancelled(out->cancel)) {
        outgoing_free(out);
        return;
    }
    SoupMessageBody *body = soup_server_message_get_response_body(out->message);
    if (!block)
        g_warning("The file %s breaks off in mid-download: %s", out->name, fault->message);
    if (!block || g_bytes_get_size(block) == 0) { /* shorter than announced: only the end of the connection says so */
        g_autoptr(SoupServerMessage) message = g_object_ref(out->message);
        g_autoptr(GIOStream) connection = soup_server_message_steal_connection(message);
        g_io_stream_close(connection, NULL, NULL);
        return;
    }
    soup_message_body_append_bytes(body, block);
    out->left -= (goffset)g_bytes_get_size(block);
    if (out->left == 0)
        soup_message_body_complete(body);
    soup_server_message_unpause(out->message);
}

static void next_block(SoupServerMessage *message, gpointer data)
{
    Outgoing *out = data;
    if (out->left == 0)
        return;
    soup_server_message_pause(message);
    g_input_stream_read_bytes_async(out->file, (gsize)MIN(BLOCK, out->left), G_PRIORITY_DEFAULT, out->cancel, on_block,
                                    out);
}

static void on_sent(SoupServerMessage *message, gpointer data)
{
    Outgoing *out = data;
    g_signal_handlers_disconnect_by_data(message, out);
    g_cancellable_cancel(out->cancel);
    if (!g_input_stream_has_pending(out->file)) /* else on_block frees it */
        outgoing_free(out);
}

static void send_file(FctApp *app, FctSoupMessage *message, gpointer data)
{
    Outgoing *out = data;
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    g_autofree char *name = g_uri_escape_string(out->name, NULL, FALSE);
    g_autofree char *disposition = g_strdup_printf("attachment; filename*=UTF-8''%s", name);
    out->message = g_object_ref(message);
    soup_server_message_set_status(message, SOUP_STATUS_OK, NULL);
    soup_message_headers_remove(soup_server_message_get_request_headers(message), "Range"); /* needs the body whole */
    soup_message_headers_set_content_type(headers, "application/octet-stream", NULL);
    soup_message_headers_replace(headers, "Content-Disposition", disposition);
    soup_message_headers_replace(headers, "Cache-Control", "no-store");
    soup_message_headers_set_content_length(headers, out->left);
    soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
    g_signal_connect(message, "wrote-chunk", G_CALLBACK(next_block), out);
    g_signal_connect(message, "finished", G_CALLBACK(on_sent), out);
    if (g_str_equal(soup_server_message_get_method(message), "GET"))
        g_signal_connect(message, "wrote-headers", G_CALLBACK(next_block), out);
}

static gboolean get_content(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autofree char *path = fct_files_path(request->app->files, request->id, error);
    g_autoptr(GFile) file = path ? g_file_new_for_path(path) : NULL;
    g_autoptr(GFileInputStream) stream = file ? g_file_read(file, NULL, error) : NULL;
    g_autoptr(GFileInfo) info =
        stream ? g_file_input_stream_query_info(stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, NULL, error) : NULL;
    if (!info)
        return FALSE;
    Outgoing *out = g_new0(Outgoing, 1);
    out->file = G_INPUT_STREAM(g_steal_pointer(&stream));
    out->name = g_strdup(request->id);
    out->left = g_file_info_get_size(info);
    out->cancel = g_cancellable_new();
    reply->data = out;
    reply->destroy = outgoing_free;
    reply->stream = send_file;
    return TRUE;
}

const FctRoute fct_routes_file[] = {
    {"GET", "/files", "file.read", list_files},
    {"POST", "/files", "file.write", create_file},
    {"GET", "/files/{id}", "file.read", get_file},
    {"DELETE", "/files/{id}", "file.write", delete_file},
    {"GET", "/files/{id}/content", "file.read", get_content},
    {"PUT", "/files/{id}/content", "file.write", put_content, .takes_stream = TRUE},
    {NULL},
};
