/* SPDX-License-Identifier: Apache-2.0 */
/* The library over HTTP: both directions move blocks, never whole files. */
#include "app/api/etag.h"
#include "app/api/list.h"
#include "app/api/outgoing.h"
#include "app/library/files.h"
#include "app/news/hub.h"
#include "app/news/records.h"
#include "base/read.h"
#include "core/upload_rules.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tells the page that the library has changed. */
static void file_tell(FctApp *app, const char *id)
{
    fct_hub_publish(app->hub, "file", id, json_pack("{s:s}", "id", id));
}

static gboolean list_files(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"name", "id"}};
    reply->json = fct_files_list(request->app->files, error);
    json_t *items = reply->json ? json_incref(json_object_get(reply->json, "items")) : NULL;
    return fct_reply_list(request, reply, &order, items, error);
}

static gboolean get_file(const FctRequest *request, FctReply *reply, GError **error)
{
    reply->json = fct_files_get(request->app->files, request->id, error);
    return reply->json != NULL;
}

static gboolean create_file(const FctRequest *request, FctReply *reply, GError **error)
{
    const char *name;
    const json_t *sum = json_object_get(request->body, "sha256");
    g_autofree char *sha256 = NULL;
    gint64 size;
    if (!fct_read_str(request->body, "name", &name, error) ||
        !fct_read_int(request->body, "size_bytes", 1, G_MAXINT64, &size, error) ||
        (sum && !fct_sha256_check(json_is_string(sum) ? json_string_value(sum) : "", &sha256, error)))
        return FALSE;
    reply->status = 201;
    reply->json = fct_files_create(request->app->files, name, size, sha256 ? sha256 : "", error);
    reply->subject = g_strconcat("file ", name, NULL);
    if (reply->json)
        file_tell(request->app, name);
    return reply->json != NULL;
}

static gboolean file_delete(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(json_t) seen = request->if_match ? fct_files_get(request->app->files, request->id, error) : NULL;
    if (request->if_match && (!seen || !fct_request_match(request, seen, error)))
        return FALSE;
    if (!fct_files_delete(request->app->files, request->id, error))
        return FALSE;
    fct_event(request->app, "file.deleted", "info", "file", request->id, request->id, "The file %s was deleted.",
              request->id);
    file_tell(request->app, request->id);
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
    file_tell(incoming->app, id);
    if (strcmp(fct_json_str(reply->json, "state", ""), "ready") == 0)
        fct_event(incoming->app, "file.uploaded", "info", "file", id, id, "The file %s was uploaded.", id);
    return TRUE;
}

static gboolean file_put_content(const FctRequest *request, FctReply *reply, GError **error)
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
    int fd;
    off_t at;
} Down;

static gboolean down_seek(gpointer data, gint64 offset, gint64 length, GError **error)
{
    ((Down *)data)->at = offset;
    return TRUE;
}

static gssize down_read(gpointer data, guint8 *bytes, gsize length, GError **error)
{
    Down *down = data;
    ssize_t n = pread(down->fd, bytes, length, down->at);
    if (n < 0)
        fct_set_error_errno(error, "Could not read", "the file");
    else
        down->at += n;
    return n;
}

static void down_free(gpointer data)
{
    close(((Down *)data)->fd);
    g_free(data);
}

static gboolean file_get_content(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autofree char *path = fct_files_path(request->app->files, request->id, error);
    struct stat st;
    if (!path)
        return FALSE;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        fct_set_error_errno(error, "Could not read", request->id);
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    Down *down = g_new0(Down, 1);
    down->fd = fd;
    const FctOutgoing outgoing = {.name = g_strdup(request->id),
                                  .total = st.st_size,
                                  .etag = g_strdup_printf("\"%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x-%lx\"",
                                                          (gint64)st.st_size, (gint64)st.st_mtim.tv_sec,
                                                          (gulong)st.st_mtim.tv_nsec),
                                  .seek = down_seek,
                                  .read = down_read,
                                  .destroy = down_free,
                                  .data = down};
    fct_reply_outgoing(reply, &outgoing);
    return TRUE;
}

const FctRoute fct_routes_file[] = {
    {"GET", "/files", "file.read", list_files, .query = FCT_LIST_QUERY},
    {"POST", "/files", "file.write", create_file, .body = "name:text size_bytes:int sha256:text"},
    {"GET", "/files/{id}", "file.read", get_file},
    {"DELETE", "/files/{id}", "file.write", file_delete, .slow = TRUE},
    {"GET", "/files/{id}/content", "file.content", file_get_content},
    {"PUT", "/files/{id}/content", "file.write", file_put_content, .takes_stream = TRUE},
    {NULL},
};
