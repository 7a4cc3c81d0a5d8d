/* SPDX-License-Identifier: Apache-2.0 */
#include "core/storage_rules.h"

#include <string.h>

#define GIB (G_GINT64_CONSTANT(1) << 30)

static FctPool *pool_new(const char *kind, gint64 capacity, gint64 available)
{
    FctPool *pool = fct_pool_new();
    g_free(pool->kind);
    pool->kind = g_strdup(kind);
    pool->active = TRUE;
    pool->capacity = capacity;
    pool->available = available;
    return pool;
}

static void test_room(void)
{
    static const struct {
        gint64 capacity, available, promised;
        FctRoom room;
    } cases[] = {
        {100 * GIB, 100 * GIB, 0, FCT_ROOM_GOOD},
        {100 * GIB, 15 * GIB + 1, 0, FCT_ROOM_GOOD},
        {100 * GIB, 15 * GIB, 0, FCT_ROOM_WARNING},
        {100 * GIB, 5 * GIB + 1, 0, FCT_ROOM_WARNING},
        {100 * GIB, 5 * GIB, 0, FCT_ROOM_ERROR},
        {100 * GIB, 0, 0, FCT_ROOM_ERROR},
        {100 * GIB, 50 * GIB, 50 * GIB, FCT_ROOM_GOOD},
        {100 * GIB, 50 * GIB, 50 * GIB + 1, FCT_ROOM_WARNING},
        {100 * GIB, 50 * GIB, -1, FCT_ROOM_GOOD},
        {-1, -1, 50 * GIB, FCT_ROOM_GOOD},
        {0, 0, 0, FCT_ROOM_GOOD},
        {G_MAXINT64, G_MAXINT64, 0, FCT_ROOM_GOOD},
        {G_MAXINT64, 0, 0, FCT_ROOM_ERROR},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FctPool) pool = pool_new("dir", cases[i].capacity, cases[i].available);
        g_autofree char *why = NULL, *off = NULL;
        g_assert_cmpint(fct_pool_room(pool, cases[i].promised, &why), ==, cases[i].room);
        g_assert_cmpint(why != NULL, ==, cases[i].room != FCT_ROOM_GOOD);
        pool->active = FALSE;
        g_assert_cmpint(fct_pool_room(pool, cases[i].promised, &off), ==, FCT_ROOM_GOOD);
    }
    g_autoptr(FctPool) pool = pool_new("dir", 100 * GIB, 3 * GIB + GIB / 2);
    g_autofree char *why = NULL;
    fct_pool_room(pool, 0, &why);
    g_assert_cmpstr(why, ==, "96 % is used; 3.5 GiB are free.");
}

/* A VM's disks count together: all of them must fit into the pool, and into what is free of it unless they are thin. */
static void test_disk_fits(void)
{
    static const struct {
        const char *kind;
        gint64 bytes, beside;
        int code; /* -1: fits */
    } cases[] = {
        {"dir", 100 * GIB, 0, -1},
        {"dir", 100 * GIB + 1, 0, FCT_ERROR_BAD_REQUEST},
        {"dir", 40 * GIB, 60 * GIB, -1},
        {"dir", 40 * GIB + 1, 60 * GIB, FCT_ERROR_BAD_REQUEST},
        {"logical", 4 * GIB, 6 * GIB, -1},
        {"logical", 4 * GIB + 1, 6 * GIB, FCT_ERROR_NO_SPACE},
        {"logical", 10 * GIB + 1, 0, FCT_ERROR_NO_SPACE},
        {"logical", 60 * GIB, 60 * GIB, FCT_ERROR_BAD_REQUEST},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FctPool) pool = pool_new(cases[i].kind, 100 * GIB, 10 * GIB);
        g_autoptr(GError) error = NULL;
        gboolean ok = fct_disk_fits(pool, cases[i].bytes, cases[i].beside, "disks[1].size_gib", &error);
        g_assert_cmpint(ok ? -1 : error->code, ==, cases[i].code);
        if (ok)
            continue;
        g_autoptr(json_t) wire = fct_error_to_json(error);
        g_assert_cmpstr(fct_json_str(json_object_get(wire, "details"), "field", ""), ==, "disks[1].size_gib");
        g_assert_cmpint(strstr(error->message, "together") != NULL, ==, cases[i].beside > 0);
    }
    g_autoptr(FctPool) unknown = pool_new("logical", -1, -1);
    g_assert_true(fct_disk_fits(unknown, 1000 * GIB, 1000 * GIB, "disk_gib", NULL));
}

static void test_fits(void)
{
    static const struct {
        const char *kind, *format;
        gint64 bytes, content;
        int code; /* -1: fits */
    } cases[] = {
        {"dir", "qcow2", 100 * GIB, 0, -1},
        {"dir", "qcow2", 100 * GIB + 1, 0, FCT_ERROR_BAD_REQUEST},
        {"dir", "qcow2", 50 * GIB, 10 * GIB, -1},
        {"dir", "qcow2", 50 * GIB, 10 * GIB + 1, FCT_ERROR_NO_SPACE},
        {"logical", "qcow2", GIB, 0, FCT_ERROR_BAD_REQUEST},
        {"logical", "raw", 10 * GIB, 0, -1},
        {"logical", "raw", 10 * GIB + 1, 0, FCT_ERROR_NO_SPACE},
        {"netfs", "raw", 10 * GIB + 1, 0, -1},
        {"unheard-of", "raw", 10 * GIB + 1, 0, FCT_ERROR_NO_SPACE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FctPool) pool = pool_new(cases[i].kind, 100 * GIB, 10 * GIB);
        g_autoptr(GError) error = NULL;
        gboolean ok = fct_volume_fits(pool, cases[i].format, cases[i].bytes, cases[i].content, &error);
        g_assert_cmpint(ok ? -1 : error->code, ==, cases[i].code);
        g_clear_error(&error);
        pool->active = FALSE;
        g_assert_false(fct_volume_fits(pool, "raw", GIB, 0, &error));
        g_assert_error(error, FCT_ERROR, FCT_ERROR_CONFLICT);
    }
    g_autoptr(FctPool) unknown = pool_new("dir", -1, -1);
    g_assert_true(fct_volume_fits(unknown, "raw", 1000 * GIB, GIB, NULL));
}

/* S11: /root, /home, /var/log, /var/lib and their kind. */
static void test_folders(void)
{
    static const char *const roots[] = {"/tank/vms", NULL};
    static const struct {
        const char *path;
        FctFolder verdict;
    } cases[] = {{"/srv/vms", FCT_FOLDER_GOOD},
                 {"/mnt/disk/vms", FCT_FOLDER_GOOD},
                 {"/var/lib/libvirt/images", FCT_FOLDER_GOOD},
                 {"/tank/vms/fast", FCT_FOLDER_GOOD},
                 {"/tank/vms", FCT_FOLDER_ASK},
                 {"/tank", FCT_FOLDER_ASK},
                 {"/vms", FCT_FOLDER_ASK},
                 {"/home/ada/vms", FCT_FOLDER_ASK},
                 {"/tmp/vms", FCT_FOLDER_ASK},
                 {"/", FCT_FOLDER_NEVER},
                 {"/srv", FCT_FOLDER_NEVER},
                 {"/home", FCT_FOLDER_NEVER},
                 {"/home/ada", FCT_FOLDER_NEVER},
                 {"/tmp", FCT_FOLDER_NEVER},
                 {"/root", FCT_FOLDER_NEVER},
                 {"/root/vms", FCT_FOLDER_NEVER},
                 {"/etc", FCT_FOLDER_NEVER},
                 {"/etc/x", FCT_FOLDER_NEVER},
                 {"/dev/shm", FCT_FOLDER_NEVER},
                 {"/proc/1", FCT_FOLDER_NEVER},
                 {"/usr/local/vms", FCT_FOLDER_NEVER},
                 {"/var", FCT_FOLDER_NEVER},
                 {"/var/log", FCT_FOLDER_NEVER},
                 {"/var/lib", FCT_FOLDER_NEVER},
                 {"/var/lib/postgresql", FCT_FOLDER_NEVER},
                 {"/var/lib/libvirt", FCT_FOLDER_NEVER},
                 {"/var/lib/libvirt/qemu", FCT_FOLDER_NEVER},
                 {"/var/lib/libvirt/qemu/nvram", FCT_FOLDER_NEVER},
                 {"/srvx/vms", FCT_FOLDER_ASK},
                 {"/rootfs/vms", FCT_FOLDER_ASK}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].path);
        g_assert_cmpint(fct_pool_folder(cases[i].path, roots), ==, cases[i].verdict);
    }
    g_assert_cmpint(fct_pool_folder("/tank/vms/fast", NULL), ==, FCT_FOLDER_ASK);
}

/* One rule, however the disk comes: no larger than its pool, however little it takes. */
static void test_thin(void)
{
    g_autoptr(FctPool) pool = fct_pool_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(fct_thin_fits(pool, G_MAXINT64, "content", NULL)); /* unknown */
    pool->capacity = 100 * GIB;
    g_assert_true(fct_thin_fits(pool, 100 * GIB, "content", NULL));
    g_assert_false(fct_thin_fits(pool, 3072 * GIB, "content", &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "3072 GiB"));
}

static void test_paths(void)
{
    g_assert_true(fct_path_overlaps("/a/b", "/a/b"));
    g_assert_true(fct_path_overlaps("/a/b", "/a/b/c"));
    g_assert_true(fct_path_overlaps("/a/b/c", "/a/b"));
    g_assert_false(fct_path_overlaps("/a/b", "/a/bc"));
    g_assert_false(fct_path_overlaps("/a/b", "/a/c"));
    g_assert_false(fct_path_overlaps("", "/a"));
}

static void test_ranges(void)
{
    static const struct {
        const char *header;
        FctRangeKind kind;
        gint64 first, length;
    } cases[] = {
        {NULL, FCT_RANGE_WHOLE, 0, 10},
        {"bytes=0-", FCT_RANGE_PART, 0, 10},
        {"bytes=4-", FCT_RANGE_PART, 4, 6},
        {"Bytes=4-4", FCT_RANGE_PART, 4, 1},
        {"bytes=4-99", FCT_RANGE_PART, 4, 6},
        {"bytes=9-9", FCT_RANGE_PART, 9, 1},
        {"bytes=10-", FCT_RANGE_NONE, 0, 0},
        {"bytes=99999999999999999999-", FCT_RANGE_NONE, 0, 0},
        {"bytes=-3", FCT_RANGE_PART, 7, 3},
        {"bytes=-99", FCT_RANGE_PART, 0, 10},
        {"bytes=-0", FCT_RANGE_NONE, 0, 0},
        {"bytes=5-4", FCT_RANGE_WHOLE, 0, 10},
        {"bytes=1-2,4-5", FCT_RANGE_WHOLE, 0, 10},
        {"bytes=", FCT_RANGE_WHOLE, 0, 10},
        {"bytes=-", FCT_RANGE_WHOLE, 0, 10},
        {"bytes=+1-2", FCT_RANGE_WHOLE, 0, 10},
        {"lines=1-2", FCT_RANGE_WHOLE, 0, 10},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 first, length;
        FctRangeKind kind = fct_http_range(cases[i].header, 10, &first, &length);
        g_assert_cmpint(kind, ==, cases[i].kind);
        if (kind == FCT_RANGE_NONE)
            continue;
        g_assert_cmpint(first, ==, cases[i].first);
        g_assert_cmpint(length, ==, cases[i].length);
    }
    gint64 first, length;
    g_assert_cmpint(fct_http_range("bytes=0-", 0, &first, &length), ==, FCT_RANGE_NONE);
}

static void test_progress(void)
{
    const gint64 mib = 1024 * 1024, gib = 1024 * mib;
    const struct {
        gint64 done, total;
        const char *text;
    } cases[] = {
        {0, 16 * mib, "Copying: 0.0 of 16.0 MiB."},
        {8 * mib + mib / 2, 16 * mib, "Copying: 8.5 of 16.0 MiB."},
        {512 * mib, gib - mib, "Copying: 512.0 of 1023.0 MiB."},
        {512 * mib, gib, "Copying: 0.5 of 1.0 GiB."},
        {3 * gib + gib / 5, 10 * gib, "Copying: 3.2 of 10.0 GiB."},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = fct_progress_text("Copying", cases[i].done, cases[i].total);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage-rules/room", test_room);
    g_test_add_func("/storage-rules/fits", test_fits);
    g_test_add_func("/storage-rules/disk-fits", test_disk_fits);
    g_test_add_func("/storage-rules/folders", test_folders);
    g_test_add_func("/storage-rules/thin", test_thin);
    g_test_add_func("/storage-rules/paths", test_paths);
    g_test_add_func("/storage-rules/progress", test_progress);
    g_test_add_func("/storage-rules/ranges", test_ranges);
    return g_test_run();
}
