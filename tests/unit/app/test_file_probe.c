/* SPDX-License-Identifier: Apache-2.0 */
/* What a start would find at a path: nothing, a folder, a link; and whether QEMU would open the head of a qcow2. */
#include "app/library/file_probe.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    FctFileProbe *probe;
    GPtrArray *remote;
    char *dir, *path;
    guint8 head[112]; /* of a qcow2 of version 3 */
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->probe = fct_file_probe_new();
    f->remote = g_ptr_array_new();
    f->dir = g_dir_make_tmp("facet-probe-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "disk", NULL);
    memcpy(f->head, "QFI\xfb\0\0\0\3", 8);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    g_unlink(f->path);
    g_rmdir(f->path);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
    g_ptr_array_unref(f->remote);
    fct_file_probe_free(f->probe);
}

/* With so many bytes of the head. */
static FctProbed probe(Fixture *f, gsize length, gboolean qcow2)
{
    g_assert_true(g_file_set_contents(f->path, (const char *)f->head, (gssize)length, NULL));
    return fct_file_probe(f->probe, f->remote, f->path, qcow2);
}

static void test_heads(Fixture *f, gconstpointer data)
{
    FctProbed whole = probe(f, sizeof f->head, TRUE);
    g_assert_cmpint(whole.there, ==, FCT_SEEN_YES);
    g_assert_cmpint(whole.fault, ==, FCT_FILE_SOUND);
    g_assert_cmpint(whole.encrypted, ==, FCT_SEEN_NO);
    g_assert_cmpint(probe(f, 0, TRUE).fault, ==, FCT_FILE_HEADLESS);
    g_assert_cmpint(probe(f, 0, FALSE).fault, ==, FCT_FILE_SOUND); /* a raw disk's bytes are its guest's */
    f->head[79] = 2;
    g_assert_cmpint(probe(f, sizeof f->head, TRUE).fault, ==, FCT_FILE_CORRUPT);
    f->head[79] = 4;
    g_assert_cmpint(probe(f, sizeof f->head, TRUE).fault, ==, FCT_FILE_SPLIT);
    f->head[7] = 2; /* a version that has no features: data is there */
    g_assert_cmpint(probe(f, sizeof f->head, TRUE).fault, ==, FCT_FILE_SOUND);
    f->head[35] = 1;
    g_assert_cmpint(probe(f, sizeof f->head, TRUE).encrypted, ==, FCT_SEEN_YES);
    memset(f->head, 0, sizeof f->head);
    g_assert_cmpint(probe(f, sizeof f->head, TRUE).fault, ==, FCT_FILE_HEADLESS);
}

static void test_kinds(Fixture *f, gconstpointer data)
{
    FctProbed gone = fct_file_probe(f->probe, f->remote, f->path, TRUE);
    g_assert_cmpint(gone.there, ==, FCT_SEEN_NO);
    g_assert_cmpint(gone.fault, ==, FCT_FILE_SOUND);
    g_assert_cmpint(g_mkdir(f->path, 0700), ==, 0);
    FctProbed folder = fct_file_probe(f->probe, f->remote, f->path, FALSE);
    g_assert_cmpint(folder.fault, ==, FCT_FILE_ODD);
    g_assert_false(folder.link);
    g_rmdir(f->path);
    g_assert_cmpint(symlink("/dev/null", f->path), ==, 0);
    g_assert_true(fct_file_probe(f->probe, f->remote, f->path, FALSE).link);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/file-probe/heads", Fixture, NULL, set_up, test_heads, tear_down);
    g_test_add("/file-probe/kinds", Fixture, NULL, set_up, test_kinds, tear_down);
    return g_test_run();
}
