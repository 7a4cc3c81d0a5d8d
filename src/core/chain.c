/* SPDX-License-Identifier: Apache-2.0 */
#include "core/chain.h"

#include "base/text.h"

#include <string.h>

FctChainFile *fct_chain_file_new(const char *target, const char *pool, const char *volume, const char *path,
                                 const char *format, const char *backing)
{
    FctChainFile *file = g_new(FctChainFile, 1);
    *file = (FctChainFile){g_strdup(target),
                           g_strdup(pool),
                           g_strdup(volume),
                           g_strdup(path),
                           g_strdup(format),
                           g_strdup(backing),
                           TRUE,
                           NULL};
    return file;
}

FctChainFile *fct_chain_file_copy(const FctChainFile *file)
{
    FctChainFile *copy =
        fct_chain_file_new(file->target, file->pool, file->volume, file->path, file->format, file->backing);
    copy->made = file->made;
    copy->below = fct_layers_copy(file->below);
    return copy;
}

void fct_chain_file_free(FctChainFile *file)
{
    if (!file)
        return;
    g_free(file->target);
    g_free(file->pool);
    g_free(file->volume);
    g_free(file->path);
    g_free(file->format);
    g_free(file->backing);
    g_clear_pointer(&file->below, g_ptr_array_unref);
    g_free(file);
}

static FctChainNode *node_new(const char *id, const char *parent, gboolean hidden)
{
    FctChainNode *node = g_new(FctChainNode, 1);
    *node = (FctChainNode){g_strdup(id), g_strdup(parent), hidden,
                           g_ptr_array_new_with_free_func((GDestroyNotify)fct_chain_file_free)};
    return node;
}

static void node_free(FctChainNode *node)
{
    g_free(node->id);
    g_free(node->parent);
    g_ptr_array_unref(node->files);
    g_free(node);
}

FctChain *fct_chain_new(void)
{
    FctChain *chain = g_new(FctChain, 1);
    *chain = (FctChain){g_ptr_array_new_with_free_func((GDestroyNotify)node_free), node_new("", "", FALSE)};
    return chain;
}

void fct_chain_free(FctChain *chain)
{
    if (!chain)
        return;
    g_ptr_array_unref(chain->nodes);
    node_free(chain->current);
    g_free(chain);
}

FctChainNode *fct_chain_add(FctChain *chain, const char *id, const char *parent, gboolean hidden)
{
    FctChainNode *node = node_new(id, parent, hidden);
    g_ptr_array_add(chain->nodes, node);
    return node;
}

/* ---- looking ---- */

FctChainNode *fct_chain_node(const FctChain *chain, const char *id)
{
    if (!*id)
        return chain->current;
    for (guint i = 0; i < chain->nodes->len; i++) {
        FctChainNode *node = g_ptr_array_index(chain->nodes, i);
        if (strcmp(node->id, id) == 0)
            return node;
    }
    return NULL;
}

FctChainFile *fct_chain_node_file(const FctChainNode *node, const char *target)
{
    for (guint i = 0; i < node->files->len; i++) {
        FctChainFile *file = g_ptr_array_index(node->files, i);
        if (strcmp(file->target, target) == 0)
            return file;
    }
    return NULL;
}

/* The current node is the last. */
static FctChainNode *chain_nth(const FctChain *chain, guint i)
{
    return i < chain->nodes->len ? g_ptr_array_index(chain->nodes, i) : chain->current;
}

/*
 * How many files stand on the one at @path. *ret_file, *ret_node: the last of them, and the node to which it belongs.
 */
static guint chain_standing(const FctChain *chain, const char *path, FctChainFile **ret_file, FctChainNode **ret_node)
{
    guint n = 0;
    for (guint i = 0; i <= chain->nodes->len; i++) {
        FctChainNode *node = chain_nth(chain, i);
        for (guint k = 0; k < node->files->len; k++) {
            FctChainFile *file = g_ptr_array_index(node->files, k);
            if (strcmp(file->backing, path) != 0)
                continue;
            *ret_file = file;
            *ret_node = node;
            n++;
        }
    }
    return n;
}

static FctChainFile *file_at(const FctChainNode *node, const char *path)
{
    for (guint i = 0; i < node->files->len; i++) {
        FctChainFile *file = g_ptr_array_index(node->files, i);
        if (strcmp(file->path, path) == 0)
            return file;
    }
    return NULL;
}

const FctChainFile *fct_chain_find(const FctChain *chain, const char *path)
{
    const FctChainFile *file = NULL;
    for (guint i = 0; !file && i <= chain->nodes->len; i++)
        file = file_at(chain_nth(chain, i), path);
    return file;
}

GPtrArray *fct_chain_frozen(const FctChain *chain)
{
    GPtrArray *all = g_ptr_array_new();
    for (guint i = 0; i < chain->nodes->len; i++)
        g_ptr_array_extend(all, ((FctChainNode *)chain->nodes->pdata[i])->files, NULL, NULL);
    return all;
}

gboolean fct_chain_is_overlay(const FctChain *chain, const FctChainFile *file)
{
    return *file->backing && fct_chain_find(chain, file->backing);
}

const FctChainFile *fct_chain_root(const FctChain *chain, const FctChainFile *file)
{
    const FctChainFile *below;
    while (*file->backing && (below = fct_chain_find(chain, file->backing)))
        file = below;
    return file;
}

/* ---- snapshot and revert ---- */

static GPtrArray *stand_on(const GPtrArray *overlays, const FctChainNode *frozen)
{
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)fct_chain_file_free);
    for (guint i = 0; i < overlays->len; i++) {
        FctChainFile *file = fct_chain_file_copy(g_ptr_array_index(overlays, i));
        const FctChainFile *base = fct_chain_node_file(frozen, file->target);
        g_assert(base);
        fct_text_set(&file->backing, base->path);
        g_ptr_array_add(files, file);
    }
    g_assert(files->len == frozen->files->len);
    return files;
}

static void set_current(FctChain *chain, const char *parent, GPtrArray *files)
{
    g_ptr_array_unref(chain->current->files);
    chain->current->files = files;
    fct_text_set(&chain->current->parent, parent);
}

void fct_chain_freeze(FctChain *chain, const char *id, const GPtrArray *overlays)
{
    FctChainNode *node = fct_chain_add(chain, id, chain->current->parent, FALSE);
    for (guint i = 0; i < chain->current->files->len; i++)
        g_ptr_array_add(node->files, fct_chain_file_copy(g_ptr_array_index(chain->current->files, i)));
    set_current(chain, id, stand_on(overlays, node));
}

void fct_chain_leaving(const FctChain *chain, GPtrArray *ret_thrown, GPtrArray *ret_kept)
{
    for (guint i = 0; i < chain->current->files->len; i++) {
        FctChainFile *file = g_ptr_array_index(chain->current->files, i);
        g_ptr_array_add(fct_chain_is_overlay(chain, file) ? ret_thrown : ret_kept, file);
    }
}

void fct_chain_revert(FctChain *chain, const char *id, const GPtrArray *overlays)
{
    set_current(chain, id, stand_on(overlays, fct_chain_node(chain, id)));
}

/* ---- deleting ---- */

void fct_chain_hide(FctChain *chain, const char *id)
{
    fct_chain_node(chain, id)->hidden = TRUE;
}

/* Whether a disk of the current node stands on the file. */
static gboolean chain_is_live(const FctChain *chain, const FctChainFile *base)
{
    const FctChainFile *file = fct_chain_node_file(chain->current, base->target);
    while (file && strcmp(file->path, base->path) != 0)
        file = *file->backing ? fct_chain_find(chain, file->backing) : NULL;
    return file != NULL;
}

static gboolean next_of(const FctChain *chain, const FctChainNode *node, FctChainStep *ret)
{
    if (!node->files->len) {
        *ret = (FctChainStep){.kind = FCT_CHAIN_FORGET, .node = node};
        return TRUE;
    }
    for (guint i = 0; i < node->files->len; i++) {
        const FctChainFile *base = g_ptr_array_index(node->files, i);
        FctChainFile *top = NULL, *above = NULL;
        FctChainNode *owner;
        guint n = chain_standing(chain, base->path, &top, &owner);
        if (n > 1 || (n && chain_standing(chain, top->path, &above, &owner) > 1))
            continue;
        *ret =
            (FctChainStep){n ? FCT_CHAIN_COMMIT : FCT_CHAIN_DROP, node, base, top, above, chain_is_live(chain, base)};
        return TRUE;
    }
    return FALSE;
}

gboolean fct_chain_next(const FctChain *chain, FctChainStep *ret)
{
    for (guint i = 0; i < chain->nodes->len; i++) {
        const FctChainNode *node = g_ptr_array_index(chain->nodes, i);
        if (node->hidden && next_of(chain, node, ret))
            return TRUE;
    }
    return FALSE;
}

/* Its children are attached to its parent. */
static void chain_forget_node(FctChain *chain, FctChainNode *node)
{
    for (guint i = 0; i <= chain->nodes->len; i++)
        if (strcmp(chain_nth(chain, i)->parent, node->id) == 0)
            fct_text_set(&chain_nth(chain, i)->parent, node->parent);
    g_ptr_array_remove(chain->nodes, node);
}

void fct_chain_apply(FctChain *chain, const FctChainStep *step, FctChainFile **ret_garbage)
{
    FctChainNode *node = fct_chain_node(chain, step->node->id), *owner;
    *ret_garbage = NULL;
    if (step->kind == FCT_CHAIN_FORGET) {
        chain_forget_node(chain, node);
        return;
    }
    FctChainFile *base = fct_chain_node_file(node, step->base->target), *top;
    FctChainFile *taken = fct_chain_file_copy(base);
    guint n = chain_standing(chain, base->path, &top, &owner);
    g_ptr_array_remove(node->files, base);
    if (!n) {
        *ret_garbage = taken;
        return;
    }
    if (step->above)
        fct_text_set(&((FctChainFile *)step->above)->backing, taken->path);
    *ret_garbage = fct_chain_file_copy(top);
    g_ptr_array_remove(owner->files, top);
    g_ptr_array_add(owner->files, taken);
}
