/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A symbolic link that appears between our check of a volume and the moment when libvirt has opened it, and then
 * disappears.
 */
#include "base/text.h"
#include "virt/virt.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void settle(FctVirtMark *mark, const FctPool *pool)
{
    for (int i = 0; i < 100 && !fct_virt_mark_set(mark, pool); i++)
        g_usleep(10 * 1000);
    g_assert_true(fct_virt_mark_set(mark, pool));
}

/* The file is away, a link is in its place, and the file is back. */
static void exchange(const char *path)
{
    g_autofree char *away = g_strconcat(path, ".away", NULL);
    g_assert_cmpint(rename(path, away), ==, 0);
    g_assert_cmpint(symlink("/etc/shadow", path), ==, 0);
    g_assert_cmpint(rename(away, path), ==, 0);
}

static void test_exchange(gconstpointer mode)
{
    g_autofree char *dir = g_dir_make_tmp("facet-inside-XXXXXX", NULL), *path = g_build_filename(dir, "a.img", NULL);
    g_autoptr(FctPool) pool = fct_pool_new();
    g_auto(FctVirtMark) mark = {0};
    gboolean others = GPOINTER_TO_INT(mode) == 0777;
    fct_text_set(&pool->kind, "dir");
    fct_text_set(&pool->path, dir);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    g_assert_cmpint(g_chmod(dir, GPOINTER_TO_INT(mode)), ==, 0);
    g_assert_true(fct_virt_mark_set(&mark, pool) != others); /* it may change within the same tick */
    settle(&mark, pool);
    g_assert_true(fct_virt_mark_holds(&mark));
    g_assert_null(fct_virt_volume_outside(pool, path));
    exchange(path);
    g_assert_null(fct_virt_volume_outside(pool, path));  /* which sees nothing of it */
    g_assert_true(fct_virt_mark_holds(&mark) != others); /* nobody else writes to a folder of ours alone */
    g_unlink(path);
    g_rmdir(dir);
}

/* As facetd does, which is not root: in a folder that it may not list, with files that it may not open. */
static void test_synced(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("facet-inside-XXXXXX", NULL), *folder = g_build_filename(dir, "pool", NULL);
    g_autofree char *path = g_build_filename(folder, "a.img", NULL);
    g_autoptr(FctPool) pool = fct_pool_new();
    g_autoptr(FctVolume) volume = fct_volume_new();
    FctVirtSynced synced;
    uid_t root = geteuid();
    fct_text_set(&pool->kind, "dir");
    fct_text_set(&pool->path, folder);
    fct_text_set(&volume->path, path);
    g_assert_true(g_mkdir(folder, 0755) == 0 && g_chmod(dir, 0755) == 0);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    g_assert_true(fct_virt_sync_in(pool, volume, &synced, &error));
    g_assert_cmpint(synced, ==, FCT_SYNCED_FILE);
    g_assert_true(g_chmod(path, 0) == 0 && g_chmod(folder, 0311) == 0);
    g_assert_true(root != 0 || seteuid(65534) == 0);
    g_assert_true(fct_virt_sync_in(pool, volume, &synced, &error));
    g_assert_no_error(error);
    g_assert_cmpint(synced, ==, FCT_SYNCED_ALL);
    g_assert_true(root != 0 || seteuid(0) == 0);
    g_assert_true(g_chmod(folder, 0755) == 0 && g_unlink(path) == 0 && g_rmdir(folder) == 0 && g_rmdir(dir) == 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/inside/exchange-by-others", GINT_TO_POINTER(0777), test_exchange);
    g_test_add_data_func("/inside/folder-of-ours", GINT_TO_POINTER(0755), test_exchange);
    g_test_add_func("/inside/synced", test_synced);
    return g_test_run();
}
