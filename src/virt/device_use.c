/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this host uses a block device, or a file as a loop device, for itself. It opens no device: it reads the
 * kernel's lists of mounts and swap, and /sys for what is built on the device (LVM, RAID, encryption, multipath,
 * bcache). Devices are compared by their numbers, since one has many names. A disk is also in use by its partitions.
 * What takes a device without an entry there (ZFS) is not seen.
 */
#include "virt/virt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Whether a path in one of the kernel's lists (a space is written as \040) is that device. */
static gboolean word_is_device(const char *word, dev_t device)
{
    struct stat st;
    g_autofree char *path = g_strcompress(word);
    return g_str_has_prefix(path, "/dev/") && stat(path, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == device;
}

static GStrv read_lines(const char *root, const char *file)
{
    g_autofree char *path = g_build_filename(root, file, NULL), *text = NULL;
    return g_strsplit(g_file_get_contents(path, &text, NULL, NULL) ? text : "", "\n", -1);
}

/* By the device numbers, or, for a file system with numbers of its own (btrfs), by what it was mounted from. */
static char *find_mount(const FctKernelView *view, dev_t device)
{
    g_auto(GStrv) lines = read_lines(view->proc, "self/mountinfo");
    g_autofree char *numbers = g_strdup_printf("%u:%u", major(device), minor(device));
    for (guint i = 0; lines[i]; i++) {
        const char *after = strstr(lines[i], " - "); /* "36 35 98:0 /root /mnt rw … - ext4 /dev/sda1 rw" */
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 6), source = g_strsplit(after ? after + 3 : "", " ", 3);
        gboolean named = g_strv_length(source) >= 2 && word_is_device(source[1], device);
        if (g_strv_length(words) >= 5 && (named || strcmp(words[2], numbers) == 0))
            return g_strcompress(words[4]);
    }
    return NULL;
}

static gboolean is_swap(const FctKernelView *view, dev_t device)
{
    g_auto(GStrv) lines = read_lines(view->proc, "swaps");
    for (guint i = 0; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit_set(lines[i], " \t", 2);
        if (word_is_device(words[0], device))
            return TRUE;
    }
    return FALSE;
}

/* "dm-3 (vg0-data)": the kernel's name, and the one that device mapper gave it. */
static char *holder_name(const char *holders, const char *name)
{
    g_autofree char *path = g_build_filename(holders, name, "dm", "name", NULL), *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup(name);
    return g_strdup_printf("%s (%s)", name, g_strstrip(text));
}

static char *device_find_holder(const char *node)
{
    g_autofree char *holders = g_build_filename(node, "holders", NULL);
    g_autoptr(GDir) dir = g_dir_open(holders, 0, NULL);
    const char *name = dir ? g_dir_read_name(dir) : NULL;
    return name ? holder_name(holders, name) : NULL;
}

static FctDeviceUse use_of(const FctKernelView *view, const char *node, dev_t device, char **ret_where)
{
    if ((*ret_where = find_mount(view, device)))
        return FCT_DEVICE_MOUNTED;
    if (is_swap(view, device))
        return FCT_DEVICE_SWAP;
    return (*ret_where = device_find_holder(node)) ? FCT_DEVICE_HELD : FCT_DEVICE_FREE;
}

/* The disk of a partition, by its folder in /sys; FALSE: it is no partition. */
static gboolean read_partition(const char *folder, dev_t *ret)
{
    guint a, b;
    g_autofree char *is = g_build_filename(folder, "partition", NULL), *dev = g_build_filename(folder, "dev", NULL);
    g_autofree char *text = NULL;
    if (!g_file_test(is, G_FILE_TEST_EXISTS) || !g_file_get_contents(dev, &text, NULL, NULL) ||
        sscanf(text, "%u:%u", &a, &b) != 2)
        return FALSE;
    *ret = makedev(a, b);
    return TRUE;
}

FctDeviceUse fct_virt_device_use_in(const FctKernelView *view, dev_t device, char **ret_where)
{
    g_autofree char *node =
        g_strdup_printf("%s/dev/block/%u:%u", view->sys, (guint)major(device), (guint)minor(device));
    FctDeviceUse use = use_of(view, node, device, ret_where);
    g_autoptr(GDir) dir = use == FCT_DEVICE_FREE ? g_dir_open(node, 0, NULL) : NULL;
    for (const char *name; dir && use == FCT_DEVICE_FREE && (name = g_dir_read_name(dir));) {
        g_autofree char *part = g_build_filename(node, name, NULL);
        dev_t number;
        if (read_partition(part, &number))
            use = use_of(view, part, number, ret_where);
    }
    return use;
}

/* Only files of the same name are looked at: others may lie on a server that hangs. */
static gboolean is_file(const char *path, const char *other)
{
    struct stat a, b;
    g_autofree char *name = g_path_get_basename(path), *others = g_path_get_basename(other);
    return strcmp(name, others) == 0 && stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static gboolean is_swap_file(const FctKernelView *view, const char *path)
{
    g_auto(GStrv) lines = read_lines(view->proc, "swaps");
    for (guint i = 0; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit_set(lines[i], " \t", 2);
        g_autofree char *file = g_strcompress(words[0]);
        if (*file == '/' && is_file(path, file))
            return TRUE;
    }
    return FALSE;
}

/*
 * What the loop device in the folder @node of /sys is used for, when it has that file; it keeps the file in use in any
 * case.
 */
static FctDeviceUse loop_use(const FctKernelView *view, const char *node, const char *path, char **ret_where)
{
    guint a, b;
    g_auto(GStrv) backing = read_lines(node, "loop/backing_file");
    if (!backing[0] || *backing[0] != '/' || !is_file(path, backing[0])) /* a loop device that is not set up has none */
        return FCT_DEVICE_FREE;
    g_auto(GStrv) numbers = read_lines(node, "dev");
    FctDeviceUse use = numbers[0] && sscanf(numbers[0], "%u:%u", &a, &b) == 2
                           ? fct_virt_device_use_in(view, makedev(a, b), ret_where)
                           : FCT_DEVICE_FREE;
    if (use != FCT_DEVICE_FREE)
        return use;
    *ret_where = g_path_get_basename(node);
    return FCT_DEVICE_HELD;
}

FctDeviceUse fct_virt_file_use_in(const FctKernelView *view, const char *path, char **ret_where)
{
    g_autofree char *blocks = g_build_filename(view->sys, "block", NULL), *real = realpath(path, NULL);
    g_autoptr(GDir) dir = real ? g_dir_open(blocks, 0, NULL) : NULL;
    FctDeviceUse use = FCT_DEVICE_FREE;
    for (const char *name; dir && use == FCT_DEVICE_FREE && (name = g_dir_read_name(dir));) {
        g_autofree char *node = g_build_filename(blocks, name, NULL);
        if (g_str_has_prefix(name, "loop"))
            use = loop_use(view, node, real, ret_where);
    }
    return use == FCT_DEVICE_FREE && real && is_swap_file(view, real) ? FCT_DEVICE_SWAP : use;
}

FctDeviceUse fct_virt_device_use(FctVmm *vmm, const char *path, char **ret_where)
{
    const FctKernelView view = {"/proc", "/sys"};
    struct stat st;
    *ret_where = NULL;
    if (stat(path, &st) < 0)
        return FCT_DEVICE_FREE;
    if (S_ISREG(st.st_mode))
        return fct_virt_file_use_in(&view, path, ret_where);
    if (!S_ISBLK(st.st_mode))
        return FCT_DEVICE_FREE;
    return fct_virt_device_use_in(&view, st.st_rdev, ret_where);
}
