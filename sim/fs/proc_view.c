/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procview/: a whole /proc for `facet-sim exec` on a machine whose own lacks a file that the simulated host has (a
 * kernel without modules has no /proc/modules, and nothing can be mounted over a file that is not there). What the
 * machine has is a link to where exec has put it, $SIM/realproc; the rest are the simulated host's files.
 */
#include "fs/world.h"

#include <string.h>
#include <unistd.h>

static gboolean machine_has(const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%s", name);
    return access(path, F_OK) == 0;
}

static char *real_place(FsimNode *link)
{
    const FsimWorld *world = link->owner;
    return g_strdup_printf("%s/realproc/%s", world->sim, link->name);
}

static int read_simulated(FsimNode *node, GString *out)
{
    FsimWorld *world = node->owner;
    FsimNode *file = fsim_node_get(world->proc, node->name);
    if (file->ops != NULL && file->ops->read != NULL)
        return file->ops->read(file, out);
    g_string_append(out, file->text);
    return 0;
}

static FsimNode *find_in_view(FsimNode *dir, const char *name)
{
    static const FsimNodeOps link_ops = {.target = real_place};
    static const FsimNodeOps file_ops = {.read = read_simulated};
    FsimWorld *world = dir->owner;
    gboolean real = machine_has(name);
    const FsimNode *file = real ? NULL : fsim_node_get(world->proc, name);
    if (strchr(name, '/') != NULL || (!real && (file == NULL || file->kind != FSIM_FILE)))
        return NULL;
    FsimNode *node = fsim_node_new_loose(dir, real ? FSIM_LINK : FSIM_FILE, name);
    node->ops = real ? &link_ops : &file_ops;
    node->owner = world;
    node->size = 0;
    return node;
}

static void list_view(FsimNode *dir, GPtrArray *names)
{
    FsimWorld *world = dir->owner;
    GDir *real = g_dir_open("/proc", 0, NULL);
    const char *name;
    while (real != NULL && (name = g_dir_read_name(real)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    if (real != NULL)
        g_dir_close(real);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, world->proc->children);
    while (g_hash_table_iter_next(&iter, &key, &value))
        if (((const FsimNode *)value)->kind == FSIM_FILE && !machine_has(key))
            g_ptr_array_add(names, g_strdup(key));
}

void fsim_proc_view_build(FsimWorld *world)
{
    static const FsimNodeOps ops = {.find = find_in_view, .list = list_view};
    FsimNode *view = fsim_dir(world->root, "procview");
    view->ops = &ops;
    view->owner = world;
}
