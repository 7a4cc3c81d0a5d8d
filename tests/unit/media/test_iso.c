/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is read back: by libisofs, and the volume descriptors by their offsets in ECMA-119. */
#include "media/iso.h"

#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#define SECTOR 2048

static const guint8 *descriptor(const guint8 *image, int n)
{
    const guint8 *d = image + (16 + n) * SECTOR;
    g_assert_cmpmem(d + 1, 5, "CD001", 5);
    return d;
}

static void check_descriptors(GBytes *bytes, const char *label)
{
    gsize size;
    const guint8 *image = g_bytes_get_data(bytes, &size);
    gboolean joliet = FALSE;
    g_autofree char *padded = g_strdup_printf("%-32s", label);
    g_assert_cmpuint(size % SECTOR, ==, 0);
    g_assert_cmpuint(size, >, 20 * SECTOR);
    g_assert_cmpint(descriptor(image, 0)[0], ==, 1);
    g_assert_cmpmem(descriptor(image, 0) + 40, 32, padded, 32);
    for (int n = 1; descriptor(image, n)[0] != 255; n++) {
        const guint8 *d = descriptor(image, n);
        joliet = joliet || (d[0] == 2 && d[88] == '%' && d[89] == '/' && strchr("@CE", d[90]));
    }
    g_assert_true(joliet);
}

static GBytes *content_of(IsoImage *image, const char *name)
{
    IsoNode *node = NULL;
    g_assert_cmpint(iso_image_dir_get_node(image, iso_image_get_root(image), name, &node, 0), ==, 1);
    IsoStream *stream = iso_file_get_stream(ISO_FILE(node));
    gsize size = (gsize)iso_stream_get_size(stream), got = 0;
    guint8 *content = g_malloc(size + 1);
    g_assert_cmpint(iso_stream_open(stream), ==, 1);
    while (got < size) {
        int n = iso_stream_read(stream, content + got, size - got);
        g_assert_cmpint(n, >, 0);
        got += (gsize)n;
    }
    iso_stream_close(stream);
    return g_bytes_new_take(content, size);
}

static void check_files(GBytes *bytes, const FctMediaFile *files, gsize n)
{
    IsoDataSource *source;
    IsoReadOpts *options;
    IsoImage *image;
    IsoReadImageFeatures *features; /* libisofs 1.5.6 writes to it whether it was asked for or not */
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("facet-iso-XXXXXX", &path, NULL);
    g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
    close(fd);
    g_assert_cmpint(iso_data_source_new_from_file(path, &source), ==, 1);
    g_assert_cmpint(iso_read_opts_new(&options, 0), ==, 1);
    g_assert_cmpint(iso_image_new("", &image), ==, 1);
    g_assert_cmpint(iso_image_import(image, source, options, &features), ==, 1);
    g_assert_cmpint(iso_dir_get_children_count(iso_image_get_root(image)), ==, (int)n);
    for (gsize i = 0; i < n; i++) {
        g_autoptr(GBytes) content = content_of(image, files[i].name);
        g_assert_cmpmem(files[i].bytes, files[i].length, g_bytes_get_data(content, NULL), g_bytes_get_size(content));
    }
    iso_read_image_features_destroy(features);
    iso_image_unref(image);
    iso_read_opts_free(options);
    iso_data_source_unref(source);
    g_unlink(path);
}

static void check(FctMedia *media, const char *label, const FctMediaFile *files, gsize n)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = media->ops->iso(media, label, files, n, &error);
    g_assert_no_error(error);
    check_descriptors(bytes, label);
    check_files(bytes, files, n);
}

static void test_read_back(void)
{
    g_autoptr(FctMedia) media = fct_media_isofs_new();
    g_autofree char *large = g_malloc(100000);
    for (int i = 0; i < 100000; i++)
        large[i] = (char)(i * 7 % 251);
    const FctMediaFile seed[] = {
        {"user-data", "#cloud-config\n{}\n", 17}, {"meta-data", "{}", 2}, {"network-config", large, 100000}};
    const FctMediaFile answers[] = {{"Autounattend.xml", "<unattend/>", 11}};
    const FctMediaFile empty[] = {{"vendor-data", "", 0}};
    check(media, "cidata", seed, G_N_ELEMENTS(seed));
    check(media, "FACET", answers, 1);
    check(media, "cidata", empty, 1);
}

static gpointer one_thread(gpointer media)
{
    for (int i = 0; i < 5; i++) {
        g_autofree char *text = g_strdup_printf("%p %d", (void *)g_thread_self(), i);
        const FctMediaFile file = {"user-data", text, strlen(text)};
        g_autoptr(GBytes) bytes = ((FctMedia *)media)->ops->iso(media, "cidata", &file, 1, NULL);
        g_assert_nonnull(bytes);
        g_assert_nonnull(memmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text)));
    }
    return NULL;
}

static void test_threads(void)
{
    g_autoptr(FctMedia) media = fct_media_isofs_new();
    GThread *threads[4];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("iso", one_thread, media);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

static void test_refused(void)
{
    g_autoptr(FctMedia) media = fct_media_isofs_new();
    g_autoptr(GError) error = NULL;
    const FctMediaFile large = {"user-data", "", 9 << 20};
    g_assert_null(media->ops->iso(media, "cidata", &large, 1, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TOO_LARGE);
    g_clear_error(&error);
    const FctMediaFile twice[] = {{"a", "1", 1}, {"a", "2", 1}};
    g_assert_null(media->ops->iso(media, "cidata", twice, 2, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_INTERNAL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/media-iso/read-back", test_read_back);
    g_test_add_func("/media-iso/threads", test_threads);
    g_test_add_func("/media-iso/refused", test_refused);
    return g_test_run();
}
