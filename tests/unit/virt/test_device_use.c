/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's lists and folders say of a device, played in a folder. */
#include "virt/virt.h"

#include <string.h>
#include <sys/sysmacros.h>

typedef struct {
    char *dir, *proc, *sys;
} World;

static void write_file(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL), *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void set_up(World *w, gconstpointer data)
{
    w->dir = g_dir_make_tmp("facet-use-XXXXXX", NULL);
    w->proc = g_build_filename(w->dir, "proc", NULL);
    w->sys = g_build_filename(w->dir, "sys", NULL);
    write_file(w->proc, "swaps", "Filename\tType\tSize\tUsed\tPriority\n");
    write_file(w->proc, "self/mountinfo",
               "22 1 254:0 / / rw shared:1 - ext4 /dev/root rw\n"
               "40 22 253:7 / /srv/with\\040space rw shared:2 - xfs /dev/mapper/vg-lv rw\n"
               "41 22 8:17 /sub /mnt rw - ext4 /dev/sdb1 rw\n");
    write_file(w->sys, "dev/block/253:7/dev", "253:7\n");
}

static void tear_down(World *w, gconstpointer data)
{
    g_autofree char *command = g_strdup_printf("rm -r %s", w->dir);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(w->dir);
    g_free(w->proc);
    g_free(w->sys);
}

static void assert_use(World *w, guint a, guint b, FctDeviceUse use, const char *where)
{
    const FctKernelView view = {w->proc, w->sys};
    g_autofree char *told = NULL;
    g_assert_cmpint(fct_virt_device_use_in(&view, makedev(a, b), &told), ==, use);
    g_assert_cmpstr(told, ==, where);
}

static void test_mounted(World *w, gconstpointer data)
{
    assert_use(w, 253, 7, FCT_DEVICE_MOUNTED, "/srv/with space");
    assert_use(w, 253, 8, FCT_DEVICE_FREE, NULL);
}

/* An iSCSI LUN of which the host has mounted a part. */
static void test_partition(World *w, gconstpointer data)
{
    write_file(w->sys, "dev/block/8:16/dev", "8:16\n");
    write_file(w->sys, "dev/block/8:16/queue/rotational", "0\n");
    assert_use(w, 8, 16, FCT_DEVICE_FREE, NULL);
    write_file(w->sys, "dev/block/8:16/sdb1/partition", "1\n");
    write_file(w->sys, "dev/block/8:16/sdb1/dev", "8:17\n");
    assert_use(w, 8, 16, FCT_DEVICE_MOUNTED, "/mnt");
}

static void test_held(World *w, gconstpointer data)
{
    write_file(w->sys, "dev/block/8:32/holders/md0/dev", "9:0\n");
    assert_use(w, 8, 32, FCT_DEVICE_HELD, "md0");
    write_file(w->sys, "dev/block/8:48/sdd2/partition", "2\n");
    write_file(w->sys, "dev/block/8:48/sdd2/dev", "8:50\n");
    write_file(w->sys, "dev/block/8:48/sdd2/holders/dm-3/dm/name", "vg0-data\n");
    assert_use(w, 8, 48, FCT_DEVICE_HELD, "dm-3 (vg0-data)");
}

/* A file that is a loop device of the host, mounted or not, or that the host swaps to. */
static void test_file(World *w, gconstpointer data)
{
    const FctKernelView view = {w->proc, w->sys};
    g_autofree char *disk = g_build_filename(w->dir, "disk.img", NULL), *text = g_strconcat(disk, "\n", NULL);
    g_autofree char *swaps = g_strdup_printf("Filename\n%s file 1 0 -2\n", disk);
    g_autofree char *none = NULL, *held = NULL, *mounted = NULL, *swap = NULL;
    write_file(w->dir, "disk.img", "");
    write_file(w->sys, "block/sda/dev", "8:0\n");
    write_file(w->sys, "block/loop0/loop/backing_file", "/gone/disk.img (deleted)\n");
    write_file(w->sys, "block/loop1/dev", "7:1\n"); /* not set up: it has no file */
    g_assert_cmpint(fct_virt_file_use_in(&view, disk, &none), ==, FCT_DEVICE_FREE);
    write_file(w->sys, "block/loop9/loop/backing_file", text);
    write_file(w->sys, "block/loop9/dev", "7:9\n");
    g_assert_cmpint(fct_virt_file_use_in(&view, disk, &held), ==, FCT_DEVICE_HELD);
    g_assert_cmpstr(held, ==, "loop9");
    write_file(w->proc, "self/mountinfo", "40 22 7:9 / /srv/loop rw - ext4 /dev/loop9 rw\n");
    g_assert_cmpint(fct_virt_file_use_in(&view, disk, &mounted), ==, FCT_DEVICE_MOUNTED);
    g_assert_cmpstr(mounted, ==, "/srv/loop");
    write_file(w->sys, "block/loop9/loop/backing_file", "/other\n");
    write_file(w->proc, "swaps", swaps);
    g_assert_cmpint(fct_virt_file_use_in(&view, disk, &swap), ==, FCT_DEVICE_SWAP);
}

/* What a command prints, without the line's end; NULL: it failed. */
static char *run(const char *command, const char *what, const char *where)
{
    g_autofree char *line = g_strdup_printf("%s %s %s", command, what, where);
    char *out = NULL;
    int status = -1;
    if (!g_spawn_command_line_sync(line, &out, NULL, &status, NULL) || status != 0)
        g_clear_pointer(&out, g_free);
    return out ? g_strchomp(out) : NULL;
}

/* This kernel's own lists. */
static void test_kernel(World *w, gconstpointer data)
{
    g_autofree char *image = g_build_filename(w->dir, "image", NULL), *mount = g_build_filename(w->dir, "m", NULL);
    g_autofree char *none = NULL, *told = NULL, *free = NULL;
    g_autofree char *made = run("truncate -s 8M", image, ""), *fs = run("mkfs.ext4 -q", image, "");
    g_autofree char *loop = made && fs ? run("losetup -f --show", image, "") : NULL;
    if (!loop) {
        g_test_skip("no loop device can be made here");
        return;
    }
    g_assert_cmpint(g_mkdir_with_parents(mount, 0700), ==, 0);
    FctDeviceUse before = fct_virt_device_use(NULL, loop, &none);
    g_autofree char *mounted = run("mount", loop, mount);
    FctDeviceUse during = fct_virt_device_use(NULL, loop, &told);
    g_autofree char *unmounted = mounted ? run("umount", mount, "") : NULL;
    FctDeviceUse after = fct_virt_device_use(NULL, loop, &free);
    g_autofree char *gone G_GNUC_UNUSED = run("losetup -d", loop, "");
    g_assert_cmpint(before, ==, FCT_DEVICE_FREE);
    if (!unmounted)
        return; /* a container may mount nothing */
    g_assert_cmpint(during, ==, FCT_DEVICE_MOUNTED);
    g_assert_cmpstr(told, ==, mount);
    g_assert_cmpint(after, ==, FCT_DEVICE_FREE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/device-use/mounted", World, NULL, set_up, test_mounted, tear_down);
    g_test_add("/device-use/partition", World, NULL, set_up, test_partition, tear_down);
    g_test_add("/device-use/held", World, NULL, set_up, test_held, tear_down);
    g_test_add("/device-use/file", World, NULL, set_up, test_file, tear_down);
    g_test_add("/device-use/kernel", World, NULL, set_up, test_kernel, tear_down);
    return g_test_run();
}
