/* SPDX-License-Identifier: Apache-2.0 */
#include "app/library/images.h"

#include "base/read.h"

#include <string.h>

static gboolean image_plain_name(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/');
}

static FctImage *read_image(const char *folder, const char *base, GError **error)
{
    static const char *const formats[] = {"qcow2", "raw", NULL};
    g_autofree char *path = g_build_filename(folder, base, NULL), *text = NULL;
    const char *name, *file, *format;
    gint64 size;
    gsize length;
    if (!g_file_get_contents(path, &text, &length, error))
        return NULL;
    g_autoptr(json_t) json = fct_json_parse(text, length, error);
    if (!json || !fct_read_str(json, "name", &name, error) || !fct_read_str(json, "file", &file, error) ||
        !fct_read_str(json, "format", &format, error) || !fct_read_int(json, "size_bytes", 1, G_MAXINT64, &size, error))
        return NULL;
    g_autofree char *disk = g_build_filename(folder, file, NULL);
    if (!image_plain_name(file) || !g_strv_contains(formats, format) || !g_file_test(disk, G_FILE_TEST_IS_REGULAR)) {
        fct_set_error(error, FCT_ERROR_BAD_REQUEST, "its file or format is not usable");
        return NULL;
    }
    FctImage *image = g_new0(FctImage, 1);
    image->id = g_strndup(base, strlen(base) - strlen(".json"));
    image->name = g_strdup(name);
    image->path = g_steal_pointer(&disk);
    image->format = g_strdup(format);
    image->size_bytes = size;
    image->min_memory_mib = fct_json_int(json, "min_memory_mib", 0);
    image->cloud_init = fct_json_bool(json, "cloud_init", TRUE);
    image->note = g_strdup(fct_json_str(json, "note", ""));
    if (!*image->note && strcmp(fct_json_str(json, "console", ""), "serial") == 0) {
        g_free(image->note);
        image->note = g_strdup("Use its serial console.");
    }
    return image;
}

static int image_by_name(gconstpointer a, gconstpointer b)
{
    const FctImage *const *x = a, *const *y = b;
    int order = g_utf8_collate((*x)->name, (*y)->name);
    return order ? order : strcmp((*x)->id, (*y)->id);
}

GPtrArray *fct_images_list(const char *folder)
{
    GPtrArray *images = g_ptr_array_new_with_free_func((GDestroyNotify)fct_image_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL); /* without a folder there are no images */
    const char *base;
    while (dir && (base = g_dir_read_name(dir))) {
        g_autoptr(GError) fault = NULL;
        if (!g_str_has_suffix(base, ".json") || *base == '.')
            continue;
        FctImage *image = read_image(folder, base, &fault);
        if (image)
            g_ptr_array_add(images, image);
        else
            g_warning("Image %s/%s is left out: %s", folder, base, fault->message);
    }
    g_ptr_array_sort(images, image_by_name);
    return images;
}

FctImage *fct_images_find(const char *folder, const char *id, GError **error)
{
    g_autoptr(GPtrArray) images = fct_images_list(folder);
    for (guint i = 0; i < images->len; i++)
        if (strcmp(((FctImage *)images->pdata[i])->id, id) == 0)
            return g_ptr_array_steal_index(images, i);
    fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Choose one of the images in the list.",
                       json_pack("{s:s}", "field", "image"), "There is no image “%s”.", id);
    return NULL;
}
