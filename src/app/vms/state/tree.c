/* SPDX-License-Identifier: Apache-2.0 */
#include "app/vms/state/tree.h"
#include "app/domains/acts.h"
#include "app/domains/vm_doc.h"

#include "app/news/hub.h"
#include "app/storage/volume_record.h"
#include "app/storage/volumes.h"
#include "base/text.h"

#include <string.h>

#define EDIT_TRIES 5
#define WORD 6 /* characters that make the name of a file unique */

/* ---- files ---- */

json_t *fct_vm_file_to_json(const FctChainFile *file)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "target", file->target, "pool", file->pool, "volume",
                     file->volume, "path", file->path, "format", file->format, "backing", file->backing, "made",
                     file->made);
}

FctChainFile *fct_vm_file_from_json(const json_t *json)
{
    FctChainFile *file = fct_chain_file_new(fct_json_str(json, "target", ""), fct_json_str(json, "pool", ""),
                                            fct_json_str(json, "volume", ""), fct_json_str(json, "path", ""),
                                            fct_json_str(json, "format", "qcow2"), fct_json_str(json, "backing", ""));
    file->made = fct_json_bool(json, "made", FALSE);
    return file;
}

json_t *fct_vm_files_to_json(const GPtrArray *files)
{
    json_t *list = json_array();
    for (guint i = 0; i < files->len; i++)
        json_array_append_new(list, fct_vm_file_to_json(g_ptr_array_index(files, i)));
    return list;
}

GPtrArray *fct_vm_files_from_json(const json_t *list)
{
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)fct_chain_file_free);
    for (size_t i = 0; i < json_array_size(list); i++)
        g_ptr_array_add(files, fct_vm_file_from_json(json_array_get(list, i)));
    return files;
}

/* ---- loading ---- */

void fct_vm_tree_free(FctVmTree *tree)
{
    if (!tree)
        return;
    fct_vm_free(tree->vm);
    fct_chain_free(tree->chain);
    g_hash_table_unref(tree->docs);
    g_free(tree);
}

/* TRUE for a drive whose content a snapshot keeps. */
static gboolean is_kept(const FctVmDisk *disk)
{
    return !disk->cdrom && !disk->read_only && !disk->seed;
}

static void read_current(FctVmTree *tree)
{
    const json_t *backing = json_object_get(tree->vm->chain, "backing");
    fct_text_set(&tree->chain->current->parent, fct_json_str(tree->vm->chain, "parent", ""));
    for (guint i = 0; i < tree->vm->disks->len; i++) {
        const FctVmDisk *disk = g_ptr_array_index(tree->vm->disks, i);
        if (!is_kept(disk))
            continue;
        FctChainFile *file = fct_chain_file_new(disk->target, disk->pool, disk->volume, disk->path, disk->format,
                                                fct_json_str(backing, disk->path, ""));
        file->made = disk->made;
        g_ptr_array_add(tree->chain->current->files, file);
    }
}

static int by_age(gconstpointer a, gconstpointer b)
{
    gint64 one = fct_json_int((*(FctDoc *const *)a)->value, "created_ms", 0);
    gint64 other = fct_json_int((*(FctDoc *const *)b)->value, "created_ms", 0);
    return one < other ? -1 : one > other;
}

FctVmTree *fct_vm_tree_load(FctStore *store, const char *vm, GError **error)
{
    g_autofree char *prefix = g_strconcat(FCT_SNAPSHOT_KEY, vm, "/", NULL);
    g_autoptr(FctVm) loaded = fct_vm_load(store, vm, error);
    g_autoptr(GPtrArray) docs = loaded ? store->ops->list(store, prefix, error) : NULL;
    if (!docs)
        return NULL;
    FctVmTree *tree = g_new(FctVmTree, 1);
    *tree = (FctVmTree){g_steal_pointer(&loaded), fct_chain_new(),
                        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref)};
    g_ptr_array_sort(docs, by_age);
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = g_ptr_array_index(docs, i);
        const char *id = fct_json_str(doc->value, "id", "");
        FctChainNode *node = fct_chain_add(tree->chain, id, fct_json_str(doc->value, "parent", ""),
                                           fct_json_bool(doc->value, "hidden", FALSE));
        g_ptr_array_unref(node->files);
        node->files = fct_vm_files_from_json(json_object_get(doc->value, "files"));
        g_hash_table_insert(tree->docs, g_strdup(id), json_deep_copy(doc->value));
    }
    read_current(tree);
    return tree;
}

json_t *fct_vm_tree_find(const FctVmTree *tree, const char *id, gboolean hidden, GError **error)
{
    for (guint i = 0; i < tree->chain->nodes->len; i++) {
        const FctChainNode *node = g_ptr_array_index(tree->chain->nodes, i);
        json_t *doc = g_hash_table_lookup(tree->docs, node->id);
        gboolean is = strcmp(node->id, id) == 0 || (!node->hidden && strcmp(fct_json_str(doc, "name", ""), id) == 0);
        if (is && (hidden || !node->hidden))
            return doc;
    }
    fct_set_error(error, FCT_ERROR_NOT_FOUND, "VM %s has no snapshot “%s”.", tree->vm->name, id);
    return NULL;
}

/* ---- changing ---- */

static json_t *chain_object(FctVmTree *tree)
{
    if (!json_is_object(tree->vm->chain)) {
        json_decref(tree->vm->chain);
        tree->vm->chain =
            json_pack("{s:s, s:{}, s:[], s:n, s:i}", "parent", "", "backing", "garbage", "doing", "count", 0);
    }
    return tree->vm->chain;
}

json_t *fct_vm_tree_doing(const FctVmTree *tree)
{
    json_t *doing = json_object_get(tree->vm->chain, "doing");
    return json_is_object(doing) ? doing : NULL;
}

void fct_vm_tree_set_doing(FctVmTree *tree, json_t *doing)
{
    json_object_set_new(chain_object(tree), "doing", doing ? doing : json_null());
}

void fct_vm_tree_discard(FctVmTree *tree, const FctChainFile *file)
{
    if (file && file->made)
        json_array_append_new(json_object_get(chain_object(tree), "garbage"), fct_vm_file_to_json(file));
}

void fct_vm_tree_take_disks(FctVmTree *tree)
{
    const GPtrArray *files = tree->chain->current->files;
    for (guint i = 0; i < files->len; i++) {
        const FctChainFile *file = g_ptr_array_index(files, i);
        FctVmDisk *disk = fct_vm_find_disk(tree->vm, file->target);
        fct_text_set(&disk->pool, file->pool);
        fct_text_set(&disk->volume, file->volume);
        fct_text_set(&disk->path, file->path);
        fct_text_set(&disk->format, file->format);
        disk->made = file->made;
    }
}

/* Writes the chain into the documents. */
static void write_back(FctVmTree *tree)
{
    int shown = 0;
    json_t *backing = json_object();
    for (guint i = 0; i < tree->chain->nodes->len; i++) {
        const FctChainNode *node = g_ptr_array_index(tree->chain->nodes, i);
        json_t *doc = g_hash_table_lookup(tree->docs, node->id);
        json_object_set_new(doc, "parent", json_string(node->parent));
        json_object_set_new(doc, "hidden", json_boolean(node->hidden));
        json_object_set_new(doc, "files", fct_vm_files_to_json(node->files));
        shown += !node->hidden;
    }
    for (guint i = 0; i < tree->chain->current->files->len; i++) {
        const FctChainFile *file = g_ptr_array_index(tree->chain->current->files, i);
        if (*file->backing)
            json_object_set_new(backing, file->path, json_string(file->backing));
    }
    json_object_set_new(chain_object(tree), "backing", backing);
    json_object_set_new(tree->vm->chain, "parent", json_string(tree->chain->current->parent));
    json_object_set_new(tree->vm->chain, "count", json_integer(shown));
}

static gboolean tree_commit(FctApp *app, FctVmTree *tree, FctTask *task, GError **error)
{
    FctStore *store = app->store;
    g_autoptr(FctWrites) writes = fct_writes_new();
    GHashTableIter iter;
    gpointer id, doc;
    write_back(tree);
    g_autoptr(GPtrArray) files = fct_chain_frozen(tree->chain);
    g_ptr_array_extend(files, tree->chain->current->files, NULL, NULL);
    if (!fct_record_restand(app, files, writes, error))
        return FALSE;
    fct_writes_add(writes, fct_vm_key(tree->vm->id), fct_vm_to_doc(tree->vm), tree->vm->revision);
    g_hash_table_iter_init(&iter, tree->docs);
    while (g_hash_table_iter_next(&iter, &id, &doc)) {
        gboolean goes = !fct_chain_node(tree->chain, id);
        fct_writes_add(writes, g_strdup_printf(FCT_SNAPSHOT_KEY "%s/%s", tree->vm->id, (const char *)id),
                       goes ? NULL : json_incref(doc), FCT_REV_ANY);
    }
    const FctWrite *all = (const FctWrite *)writes->writes->data;
    if (task)
        return fct_task_commit(task, all, writes->writes->len, error);
    return fct_writes_commit(store, writes, &tree->vm->revision, error);
}

FctVmTree *fct_vm_tree_edit(FctApp *app, const char *vm, FctTask *task, FctVmTreeChange change, gpointer data,
                            GError **error)
{
    for (int try = 0;; try++) {
        g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, vm, error);
        g_autoptr(GError) fault = NULL;
        if (!tree || !change(tree, data, error))
            return NULL;
        if (tree_commit(app, tree, task, &fault)) {
            fct_hub_publish(app->hub, "snapshot", vm, json_pack("{s:s, s:s}", "id", vm, "vm", vm));
            return g_steal_pointer(&tree);
        }
        if (fault->code != FCT_ERROR_REVISION || try == EDIT_TRIES) {
            fct_error_pass(error, &fault);
            return NULL;
        }
    }
}

/* ---- files on the disk ---- */

static FctVolume *volume_of(FctApp *app, const FctChainFile *file, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(GError) fault = NULL;
    FctVolume *volume = *file->volume ? fct_record_volume(app, file->pool, file->volume, &fault) : NULL;
    if (!volume && fault && fault->code == FCT_ERROR_NOT_FOUND && vmm->ops->pool_refresh(vmm, file->pool, NULL))
        volume = fct_record_volume(app, file->pool, file->volume, error); /* it came there by another way */
    else
        fct_error_pass(error, &fault);
    if (volume || *file->volume)
        return volume;
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Make a storage pool of its folder and attach it as a volume.", NULL,
                       "Disk %s (%s) is no volume of a pool, so it can have no snapshots.", file->target, file->path);
    return NULL;
}

gboolean fct_vm_tree_make(FctApp *app, const FctVmTree *tree, const GPtrArray *files, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        const FctChainFile *file = g_ptr_array_index(files, i), *base = fct_chain_find(tree->chain, file->backing);
        g_autoptr(FctVolume) backing = volume_of(app, base, error);
        g_autoptr(FctVolumeRecord) plan = fct_volume_record_new(file->pool, file->volume, "qcow2");
        fct_text_take(&plan->backing, fct_volume_id(base->pool, base->volume));
        fct_text_set(&plan->vm, tree->vm->id);
        g_autoptr(FctVolume) made =
            backing ? fct_record_create(app, plan, backing->capacity, TRUE, NULL, NULL, error) : NULL;
        if (!made)
            return FALSE;
    }
    return TRUE;
}

static gboolean tree_delete_file(FctApp *app, const json_t *json, GError **error)
{
    FctVmm *vmm = app->vmm;
    if (!json_is_object(json) || !fct_json_bool(json, "made", FALSE))
        return TRUE;
    const char *pool = fct_json_str(json, "pool", "");
    if (!*fct_json_str(json, "target", "") && !vmm->ops->pool_refresh(vmm, pool, error))
        return FALSE; /* saved memory was not made through the pool, which must be scanned to find it */
    return fct_record_abandon(app, pool, fct_json_str(json, "volume", ""), fct_json_str(json, "path", ""), error);
}

static gboolean drop_swept(FctVmTree *tree, gpointer data, GError **error)
{
    json_t *garbage = json_object_get(tree->vm->chain, "garbage");
    for (size_t i = json_array_size(garbage); i-- > 0;)
        if (g_hash_table_contains(data, fct_json_str(json_array_get(garbage, i), "path", "")))
            json_array_remove(garbage, i);
    return TRUE;
}

gboolean fct_vm_tree_sweep(FctApp *app, const char *vm, GError **error)
{
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, vm, error);
    if (!tree)
        return FALSE;
    g_autoptr(GPtrArray) garbage = fct_vm_files_from_json(json_object_get(tree->vm->chain, "garbage"));
    g_autoptr(GHashTable) swept = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean ok = TRUE;
    for (guint i = 0; i < garbage->len; i++) {
        const FctChainFile *file = g_ptr_array_index(garbage, i);
        g_autoptr(json_t) json = fct_vm_file_to_json(file);
        if (fct_volume_spare_one(app, vm, file->path, ok ? error : NULL) &&
            tree_delete_file(app, json, ok ? error : NULL))
            g_hash_table_add(swept, file->path);
        else
            ok = FALSE;
    }
    if (!g_hash_table_size(swept))
        return ok;
    g_autoptr(FctVmTree) done = fct_vm_tree_edit(app, vm, NULL, drop_swept, swept, ok ? error : NULL);
    return ok && done;
}

/* The pool for an overlay on @file: its own pool if that has files, else Facet's. NULL with @error. */
static FctPool *pool_for(FctApp *app, const FctChainFile *file, GError **error)
{
    FctVmm *vmm = app->vmm;
    g_autoptr(GPtrArray) pools = vmm->ops->pools(vmm, error);
    const FctPool *best = NULL;
    for (guint i = 0; pools && i < pools->len; i++) {
        const FctPool *pool = g_ptr_array_index(pools, i);
        gboolean own = strcmp(pool->name, file->pool) == 0;
        if (pool->active && *pool->path && fct_pool_has_files(pool) &&
            (own || (!best && strcmp(pool->name, FCT_POOL_OWN) == 0)))
            best = pool;
        if (best == pool && own)
            break;
    }
    if (best) {
        for (guint i = 0; i < pools->len; i++)
            if (pools->pdata[i] == best)
                return g_ptr_array_steal_index(pools, i);
    }
    if (pools)
        fct_set_error_full(
            error, FCT_ERROR_UNSUPPORTED, "Start the pool " FCT_POOL_OWN ", or make a pool that is a folder.", NULL,
            "Changes after a snapshot of disk %s go to a file, and no pool of files runs.", file->target);
    return NULL;
}

static FctChainFile *overlay_for(FctApp *app, const FctVmTree *tree, const FctChainFile *file, GError **error)
{
    g_autoptr(FctVolume) volume = volume_of(app, file, error);
    g_autoptr(FctPool) pool = volume ? pool_for(app, file, error) : NULL;
    if (!pool)
        return NULL;
    g_autofree char *id = fct_app_new_id("");
    const char *word = id + strlen(id) - WORD; /* the end of the name is random */
    g_autofree char *name = g_strdup_printf("%s-%s-%s.qcow2", tree->vm->name, file->target, word);
    g_autofree char *path = g_build_filename(pool->path, name, NULL);
    return fct_chain_file_new(file->target, pool->name, name, path, "qcow2", file->path);
}

GPtrArray *fct_vm_tree_overlays(FctApp *app, const FctVmTree *tree, const FctChainNode *node, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)fct_chain_file_free);
    for (guint i = 0; i < node->files->len; i++) {
        FctChainFile *overlay = overlay_for(app, tree, g_ptr_array_index(node->files, i), error);
        if (!overlay)
            return NULL;
        g_ptr_array_add(files, overlay);
    }
    if (!files->len) {
        fct_set_error(error, FCT_ERROR_CONFLICT, "VM %s has no disk that a snapshot could keep.", tree->vm->name);
        return NULL;
    }
    return g_steal_pointer(&files);
}

/* ---- a VM that goes ---- */

static gboolean delete_files(FctApp *app, const json_t *list, GError **error)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!tree_delete_file(app, json_array_get(list, i), error))
            return FALSE;
    return TRUE;
}

static void add_paths(GPtrArray *paths, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (fct_json_bool(json_array_get(list, i), "made", FALSE))
            g_ptr_array_add(paths, g_strdup(fct_json_str(json_array_get(list, i), "path", "")));
}

GPtrArray *fct_vm_tree_paths(FctApp *app, const FctVm *vm, GError **error)
{
    FctStore *store = app->store;
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *prefix = g_strconcat(FCT_SNAPSHOT_KEY, vm->id, "/", NULL);
    g_autoptr(GPtrArray) docs = store->ops->list(store, prefix, error);
    if (!docs)
        return NULL;
    for (guint i = 0; i < docs->len; i++)
        add_paths(paths, json_object_get(((FctDoc *)docs->pdata[i])->value, "files"));
    add_paths(paths, json_object_get(vm->chain, "garbage"));
    add_paths(paths, json_object_get(json_object_get(vm->chain, "doing"), "files"));
    return g_steal_pointer(&paths);
}

gboolean fct_vm_tree_remove(FctApp *app, const FctVm *vm, FctWrites *writes, GError **error)
{
    FctStore *store = app->store;
    const json_t *doing = json_object_get(vm->chain, "doing");
    g_autofree char *prefix = g_strconcat(FCT_SNAPSHOT_KEY, vm->id, "/", NULL);
    g_autoptr(GPtrArray) docs = store->ops->list(store, prefix, error);
    if (!docs)
        return FALSE;
    if (docs->len && !app->vmm->ops->merge_end(app->vmm, vm->id, error))
        return FALSE;
    for (guint i = 0; i < docs->len; i++) {
        const FctDoc *doc = g_ptr_array_index(docs, i);
        if (!delete_files(app, json_object_get(doc->value, "files"), error) ||
            !tree_delete_file(app, json_object_get(doc->value, "memory"), error))
            return FALSE;
        fct_writes_add(writes, g_strdup(doc->key), NULL, FCT_REV_ANY);
    }
    return delete_files(app, json_object_get(vm->chain, "garbage"), error) &&
           delete_files(app, json_object_get(doing, "files"), error) &&
           tree_delete_file(app, json_object_get(doing, "memory"), error);
}

gboolean fct_vm_tree_free_to_change(FctApp *app, const FctVm *vm, GError **error)
{
    gboolean copied = fct_acts_holds_snapshots(app->acts, vm->id);
    if (copied)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Wait for the clone, or cancel it.", NULL,
                           "A snapshot of VM %s is being copied.", vm->name);
    return !copied;
}

gboolean fct_vm_tree_can_leave(FctApp *app, const FctVm *vm, const char *const *keep, GError **error)
{
    if (!fct_vm_tree_free_to_change(app, vm, error))
        return FALSE;
    g_autoptr(FctVmTree) tree = fct_vm_tree_load(app->store, vm->id, error);
    for (guint i = 0; tree && i < tree->chain->current->files->len; i++) {
        const FctChainFile *file = g_ptr_array_index(tree->chain->current->files, i);
        gboolean stays = g_strv_contains(keep, file->target) || !fct_chain_root(tree->chain, file)->made;
        if (!stays || !fct_chain_is_overlay(tree->chain, file))
            continue;
        return fct_set_error_full(
            error, FCT_ERROR_CONFLICT, "Delete the snapshots first; then the disk is whole.", NULL,
            "Disk %s of VM %s stands on files of its snapshots and cannot stay without them.", file->target, vm->name);
    }
    return tree != NULL;
}
