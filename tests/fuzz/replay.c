/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over each file of a corpus directory, and over each cut short at every eighth. */
#include <glib.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void test_corpus(gconstpointer directory)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &error);
    g_assert_no_error(error);
    const char *name;
    int files = 0;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_autofree char *data = NULL;
        gsize length;
        g_file_get_contents(path, &data, &length, &error);
        g_assert_no_error(error);
        for (int eighth = 0; eighth <= 8; eighth++)
            LLVMFuzzerTestOneInput((const guint8 *)data, length * (gsize)eighth / 8);
        files++;
    }
    g_assert_cmpint(files, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    g_test_add_data_func("/fuzz/corpus", argv[1], test_corpus);
    return g_test_run();
}
