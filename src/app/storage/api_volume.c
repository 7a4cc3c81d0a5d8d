/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/etag.h"
#include "app/api/list.h"
#include "app/api/outgoing.h"
#include "app/storage/storage.h"
#include "app/storage/volumes.h"
#include "base/read.h"

static gboolean list_volumes(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"pool", "name"}};
    const char *pool = g_hash_table_lookup(request->query, "pool");
    return fct_reply_list(request, reply, &order, fct_volumes_list(request->app, pool, error), error);
}

static gboolean get_volume(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *json = fct_volumes_get(request->app, request->id, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean create_volume(const FctRequest *request, FctReply *reply, GError **error)
{
    json_t *task, *volume;
    reply->subject = g_strdup_printf("volume %s:%s", fct_json_str(request->body, "pool", ""),
                                     fct_json_str(request->body, "name", ""));
    if (!fct_volumes_create(request->app, request->who->user, request->body, &task, &volume, error))
        return FALSE;
    fct_reply_resource(reply, task ? 202 : 201, task ? task : volume);
    return TRUE;
}

static gboolean grow_volume(const FctRequest *request, FctReply *reply, GError **error)
{
    gint64 size;
    reply->subject = g_strdup_printf("volume %s", request->id);
    if (!fct_read_int(request->body, "size_gib", 1, 65536, &size, error))
        return FALSE;
    json_t *json = fct_volumes_grow(request->app, request->id, size, error);
    if (json)
        fct_reply_resource(reply, 200, json);
    return json != NULL;
}

static gboolean volume_delete(const FctRequest *request, FctReply *reply, GError **error)
{
    g_autoptr(json_t) seen = request->if_match ? fct_volumes_get(request->app, request->id, error) : NULL;
    reply->subject = g_strdup_printf("volume %s", request->id);
    reply->status = 204;
    if (request->if_match && (!seen || !fct_request_match(request, seen, error)))
        return FALSE;
    return fct_volumes_delete(request->app, request->id, error);
}

/* ---- up ---- */

static void upload_free(gpointer data)
{
    fct_volume_upload_free(data);
}

static gboolean upload_write(gpointer data, const guint8 *bytes, gsize length, GError **error)
{
    return fct_volume_upload_write(data, bytes, length, error);
}

static gboolean upload_end(gpointer data, gboolean whole, FctReply *reply, GError **error)
{
    return fct_volume_upload_end(data, &reply->json, error);
}

static gboolean volume_put_content(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctSink sink = {upload_write, upload_end};
    FctVolumeUpload *upload =
        fct_volume_upload_open(request->app, request->id, request->content_range, request->content_length, error);
    reply->subject = g_strdup_printf("volume %s", request->id);
    if (!upload)
        return FALSE;
    reply->data = upload;
    reply->destroy = upload_free;
    reply->sink = &sink;
    return TRUE;
}

/* ---- down ---- */

typedef struct {
    FctApp *app;
    char *id, *pool, *name;
    FctVmmStream *stream;
} Down;

static gboolean down_seek(gpointer data, gint64 offset, gint64 length, GError **error)
{
    Down *down = data;
    FctVmm *vmm = down->app->vmm;
    down->stream = vmm->ops->volume_open(vmm, down->pool, down->name, FALSE, offset, length, error);
    return down->stream != NULL;
}

static gssize down_read(gpointer data, guint8 *bytes, gsize length, GError **error)
{
    Down *down = data;
    return down->app->vmm->ops->stream_read(down->stream, bytes, length, NULL, error);
}

static void down_free(gpointer data)
{
    Down *down = data;
    if (down->stream)
        down->app->vmm->ops->stream_close(down->stream, FALSE, NULL);
    g_free(down->id);
    g_free(down->pool);
    g_free(down->name);
    g_free(down);
}

static gboolean volume_get_content(const FctRequest *request, FctReply *reply, GError **error)
{
    FctApp *app = request->app;
    g_autoptr(json_t) volume = fct_volumes_get(app, request->id, error);
    if (!volume || !fct_volume_ready(app, fct_json_str(volume, "pool", ""), fct_json_str(volume, "name", ""), error))
        return FALSE;
    const char *outside = fct_json_str(volume, "outside", NULL);
    if (outside)
        return fct_set_error_full(error, FCT_ERROR_REFUSED, "Put the file itself into the pool's folder.",
                                  json_pack("{s:s, s:[s]}", "field", "volume", "reasons", outside),
                                  "Volume %s is not opened. %s", fct_json_str(volume, "name", ""), outside);
    gint64 length = fct_json_int(volume, "length_bytes", -1);
    Down *down = g_new0(Down, 1);
    down->app = app;
    down->pool = g_strdup(fct_json_str(volume, "pool", ""));
    down->name = g_strdup(fct_json_str(volume, "name", ""));
    const FctOutgoing outgoing = {.name = g_strdup(down->name),
                                  .total = length >= 0 ? length : fct_json_int(volume, "capacity_bytes", 0),
                                  .seek = down_seek,
                                  .read = down_read,
                                  .destroy = down_free,
                                  .data = down};
    fct_reply_outgoing(reply, &outgoing);
    return TRUE;
}

const FctRoute fct_routes_volume[] = {
    {"GET", "/volumes", "volume.read", list_volumes, .query = FCT_LIST_QUERY " pool:text"},
    {"POST", "/volumes", "volume.write", create_volume,
     .body = "pool:text name:text format:text size_gib:int from:object upload_bytes:int sha256:text"},
    {"GET", "/volumes/{id}", "volume.read", get_volume},
    {"DELETE", "/volumes/{id}", "volume.write", volume_delete, .slow = TRUE},
    {"POST", "/volumes/{id}/grow", "volume.write", grow_volume, .body = "size_gib:int", .slow = TRUE},
    {"GET", "/volumes/{id}/content", "volume.content", volume_get_content},
    {"PUT", "/volumes/{id}/content", "volume.write", volume_put_content, .takes_stream = TRUE},
    {NULL},
};
