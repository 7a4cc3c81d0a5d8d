/* SPDX-License-Identifier: Apache-2.0 */
/* A sysfs and proc tree in a temporary directory. */
#pragma once
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

static inline void tree_write(const char *root, const char *path, const char *text, gssize length)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_file_set_contents(full, text, length, &error);
    g_assert_no_error(error);
}

static inline void tree_link(const char *root, const char *path, const char *target)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_assert_cmpint(symlink(target, full), ==, 0);
}

/* A function with its attributes; @driver and @group NULL: none. */
static inline void tree_function(const char *root, const char *address, const char *ids, const char *class_code,
                                 const char *driver, const char *group)
{
    g_autofree char *base = g_strdup_printf("sys/bus/pci/devices/%s", address);
    g_auto(GStrv) id = g_strsplit(ids, ":", 2);
    g_autofree char *vendor = g_strdup_printf("0x%s\n", id[0]), *device = g_strdup_printf("0x%s\n", id[1]);
    g_autofree char *class_text = g_strdup_printf("0x%s\n", class_code);
    const char *names[] = {"vendor", "device", "class"}, *values[] = {vendor, device, class_text};
    for (int i = 0; i < 3; i++) {
        g_autofree char *path = g_build_filename(base, names[i], NULL);
        tree_write(root, path, values[i], -1);
    }
    if (driver) {
        g_autofree char *path = g_build_filename(base, "driver", NULL);
        g_autofree char *target = g_strdup_printf("../../../../bus/pci/drivers/%s", driver);
        tree_link(root, path, target);
    }
    if (group) {
        g_autofree char *path = g_build_filename(base, "iommu_group", NULL);
        g_autofree char *target = g_strdup_printf("../../../kernel/iommu_groups/%s", group);
        g_autofree char *member = g_strdup_printf("sys/kernel/iommu_groups/%s/devices/%s", group, address);
        tree_link(root, path, target);
        tree_link(root, member, "../../../../bus");
    }
}

static inline char *tree_new(void)
{
    g_autoptr(GError) error = NULL;
    char *root = g_dir_make_tmp("facet-tree-XXXXXX", &error);
    g_assert_no_error(error);
    return root;
}

static inline void tree_free(char *root)
{
    const char *argv[] = {"rm", "-rf", "--one-file-system", root, NULL};
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    g_free(root);
}
