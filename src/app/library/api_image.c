/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/library/files.h"
#include "app/library/images.h"

static gboolean list_images(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"name", "id"}};
    g_autoptr(GPtrArray) images = fct_images_list(request->app->config.images_dir);
    json_t *items = json_array();
    for (guint i = 0; i < images->len; i++) {
        const FctImage *image = g_ptr_array_index(images, i);
        g_autofree char *file = g_path_get_basename(image->path);
        g_autofree char *sha256 = fct_files_sha256(request->app->files, file);
        json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:s, s:s?}", "id", image->id, "name",
                                               image->name, "format", image->format, "size_bytes",
                                               (json_int_t)image->size_bytes, "min_memory_mib",
                                               (json_int_t)image->min_memory_mib, "cloud_init", image->cloud_init,
                                               "note", image->note, "sha256", sha256));
    }
    return fct_reply_list(request, reply, &order, items, error);
}

const FctRoute fct_routes_image[] = {
    {"GET", "/images", "image.read", list_images, .query = FCT_LIST_QUERY},
    {NULL},
};
