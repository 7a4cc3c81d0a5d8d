/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/node.h"

#include <string.h>

static guint64 next_ino = 1;

static FsimNode *node_new(FsimNodeKind kind, const char *name)
{
    FsimNode *node = g_new0(FsimNode, 1);
    g_atomic_ref_count_init(&node->refs);
    node->kind = kind;
    node->name = g_strdup(name);
    node->ino = next_ino++;
    node->mode = kind == FSIM_DIR ? 0755 : kind == FSIM_LINK ? 0777 : 0444;
    node->size = kind == FSIM_FILE ? 4096 : 0;
    return node;
}

FsimNode *fsim_node_new_root(void)
{
    return node_new(FSIM_DIR, "");
}

FsimNode *fsim_node_ref(FsimNode *node)
{
    g_atomic_ref_count_inc(&node->refs);
    return node;
}

static void mark_dead(FsimNode *node)
{
    node->dead = TRUE;
    if (!node->owns_parent)
        node->parent = NULL;
    if (node->children == NULL)
        return;
    GHashTableIter iter;
    gpointer child;
    g_hash_table_iter_init(&iter, node->children);
    while (g_hash_table_iter_next(&iter, NULL, &child))
        mark_dead(child);
}

void fsim_node_unref(FsimNode *node)
{
    if (node == NULL || !g_atomic_ref_count_dec(&node->refs))
        return;
    if (node->children != NULL) {
        GHashTableIter iter;
        gpointer child;
        g_hash_table_iter_init(&iter, node->children);
        while (g_hash_table_iter_next(&iter, NULL, &child))
            mark_dead(child);
        g_hash_table_unref(node->children);
    }
    if (node->owns_parent)
        fsim_node_unref(node->parent);
    g_free(node->name);
    g_free(node->text);
    g_free(node);
}

FsimNode *fsim_node_new_loose(FsimNode *dir, FsimNodeKind kind, const char *name)
{
    FsimNode *node = node_new(kind, name);
    node->parent = fsim_node_ref(dir);
    node->owns_parent = TRUE;
    return node;
}

static FsimNode *child_of(const FsimNode *dir, const char *name)
{
    return dir->children != NULL ? g_hash_table_lookup(dir->children, name) : NULL;
}

static FsimNode *add_child(FsimNode *dir, FsimNodeKind kind, const char *name)
{
    FsimNode *old = child_of(dir, name);
    if (old != NULL && kind == FSIM_DIR && old->kind == FSIM_DIR)
        return old;
    if (old != NULL)
        fsim_node_remove(old);
    if (dir->children == NULL)
        dir->children = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)fsim_node_unref);
    FsimNode *node = node_new(kind, name);
    node->parent = dir;
    g_hash_table_insert(dir->children, node->name, node);
    return node;
}

static FsimNode *add_path(FsimNode *dir, FsimNodeKind kind, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (guint i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] == '\0')
            continue;
        dir = add_child(dir, parts[i + 1] != NULL ? FSIM_DIR : kind, parts[i]);
    }
    return dir;
}

FsimNode *fsim_dir(FsimNode *dir, const char *path)
{
    return add_path(dir, FSIM_DIR, path);
}

FsimNode *fsim_text(FsimNode *dir, const char *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    FsimNode *node = add_path(dir, FSIM_FILE, path);
    node->text = g_strdup_vprintf(format, args);
    va_end(args);
    return node;
}

FsimNode *fsim_file(FsimNode *dir, const char *path, mode_t mode, const FsimNodeOps *ops, gpointer owner, int arg)
{
    FsimNode *node = add_path(dir, FSIM_FILE, path);
    node->mode = mode;
    node->ops = ops;
    node->owner = owner;
    node->arg = arg;
    return node;
}

FsimNode *fsim_link_text(FsimNode *dir, const char *path, const char *target)
{
    FsimNode *node = add_path(dir, FSIM_LINK, path);
    node->text = g_strdup(target);
    node->size = (goffset)strlen(target);
    return node;
}

FsimNode *fsim_link(FsimNode *dir, const char *path, const FsimNode *target)
{
    FsimNode *node = add_path(dir, FSIM_LINK, path);
    g_autofree char *from_text = fsim_node_path(node->parent), *to_text = fsim_node_path(target);
    g_auto(GStrv) from = g_strsplit(from_text + 1, "/", -1), to = g_strsplit(to_text + 1, "/", -1);
    guint same = 0;
    while (from[same] != NULL && to[same] != NULL && strcmp(from[same], to[same]) == 0)
        same++;
    GString *text = g_string_new(NULL);
    for (guint i = same; from[i] != NULL && from[i][0] != '\0'; i++)
        g_string_append(text, "../");
    for (guint i = same; to[i] != NULL; i++)
        g_string_append_printf(text, "%s%s", to[i], to[i + 1] != NULL ? "/" : "");
    node->size = (goffset)text->len;
    node->text = g_string_free(text, FALSE);
    return node;
}

FsimNode *fsim_node_get(FsimNode *dir, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (guint i = 0; parts[i] != NULL && dir != NULL; i++)
        if (parts[i][0] != '\0')
            dir = child_of(dir, parts[i]);
    return dir;
}

void fsim_node_remove(FsimNode *node)
{
    FsimNode *dir = node->parent;
    g_return_if_fail(dir != NULL && !node->owns_parent);
    fsim_node_ref(node);
    g_hash_table_remove(dir->children, node->name);
    mark_dead(node);
    fsim_node_unref(node);
}

void fsim_node_drop(FsimNode *dir, const char *path)
{
    FsimNode *node = fsim_node_get(dir, path);
    if (node != NULL && node != dir)
        fsim_node_remove(node);
}

void fsim_node_keep(FsimNode *node)
{
    node->lasting = TRUE;
    if (node->children == NULL)
        return;
    GHashTableIter iter;
    gpointer child;
    g_hash_table_iter_init(&iter, node->children);
    while (g_hash_table_iter_next(&iter, NULL, &child))
        fsim_node_keep(child);
}

void fsim_node_clear(FsimNode *dir)
{
    if (dir->children == NULL)
        return;
    g_autoptr(GList) children = g_hash_table_get_values(dir->children);
    for (GList *l = children; l != NULL; l = l->next) {
        FsimNode *child = l->data;
        if (child->lasting)
            fsim_node_clear(child);
        else
            fsim_node_remove(child);
    }
}

char *fsim_node_path(const FsimNode *node)
{
    GString *path = g_string_new(NULL);
    for (; node != NULL && node->name[0] != '\0'; node = node->parent) {
        g_string_prepend(path, node->name);
        g_string_prepend_c(path, '/');
    }
    if (path->len == 0)
        g_string_append_c(path, '/');
    return g_string_free(path, FALSE);
}
