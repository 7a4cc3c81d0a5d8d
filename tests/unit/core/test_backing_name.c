/* SPDX-License-Identifier: Apache-2.0 */
#include "core/backing_name.h"

typedef struct {
    const char *name, *paths; /* separated by blanks; NULL: cannot be told */
} Case;

static const Case cases[] = {
    {"base.qcow2", "/pool/base.qcow2"},
    {"./base.qcow2", "/pool/base.qcow2"},
    {"../other/base", "/other/base"},
    {"/pool//a/../base", "/pool/base"},
    {"//pool/base", "/pool/base"},
    {"/a:b", "/a:b"}, /* QEMU looks for a protocol before the first slash alone */
    {"./a:b", "/pool/a:b"},
    {"file:base", "/pool/base"},
    {"file:/a/base", "/a/base"},
    {"file:///a/base", "/a/base"},
    {"host_device:/dev/vg/base", "/dev/vg/base"},
    {"nbd://server/x", ""},
    {"https://server/x.qcow2", ""},
    {"nbd+unix:///x?socket=/run/s", NULL},
    {"fat:rw:/a", NULL},
    {"json:", NULL},
    {"json:{}", NULL},
    {"json:{\"driver\":\"qcow2\",\"file\":\"node\"}", NULL},
    {"json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"/a/b\"}}", "/a/b"},
    {"json:{\"file.driver\":\"file\",\"file.filename\":\"b\"}", "/pool/b"},
    {"json:{\"file.filename\":\"/a\",\"backing\":{\"file.filename\":\"file:b\"}}", "/a /pool/b"},
    {"json:{\"children\":[{\"filename\":\"/a\"},{\"filename\":\"x:y\"}]}", NULL},
    {"json:{\"file.driver\":\"nbd\",\"file.server.type\":\"inet\"}", ""},
    {"json:{\"file.driver\":\"nbd\",\"file.server.type\":\"unix\"}", NULL},
};

static void test_case(gconstpointer data)
{
    const Case *this = data;
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    gboolean known = fct_backing_files(this->name, "/pool", paths);
    g_assert_cmpint(known, ==, this->paths != NULL);
    g_ptr_array_add(paths, NULL);
    g_autofree char *text = g_strjoinv(" ", (char **)paths->pdata);
    if (known)
        g_assert_cmpstr(text, ==, this->paths);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/backing-name/%02" G_GSIZE_FORMAT, i);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
