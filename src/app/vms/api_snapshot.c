/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/domains/domains.h"
#include "app/vms/api_vm.h"
#include "app/vms/make/make.h"
#include "app/vms/power/choose.h"
#include "app/vms/snapshots/snapshots.h"
#include "app/vms/state/tree.h"

#include <string.h>

/* ---- looking ---- */

/*
 * path → bytes that the file takes, from the pools that have the files; files that a pool does not report are missing.
 */
static json_t *snapshot_sizes(FctApp *app, const FctVmTree *tree)
{
    FctVmm *vmm = app->vmm;
    json_t *sizes = json_object();
    g_autoptr(GHashTable) pools = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) frozen = fct_chain_frozen(tree->chain);
    for (guint i = 0; i < frozen->len; i++) {
        const char *pool = ((FctChainFile *)frozen->pdata[i])->pool;
        g_autoptr(GPtrArray) volumes =
            *pool && g_hash_table_add(pools, (gpointer)pool) ? vmm->ops->volumes(vmm, pool, NULL) : NULL;
        for (guint k = 0; volumes && k < volumes->len; k++) {
            const FctVolume *volume = g_ptr_array_index(volumes, k);
            if (volume->allocated >= 0)
                json_object_set_new(sizes, volume->path, json_integer(volume->allocated));
        }
    }
    return sizes;
}

static json_t *size_of(const FctChainNode *node, const json_t *doc, const json_t *sizes)
{
    json_int_t sum = 0;
    const json_t *memory = json_object_get(doc, "memory");
    for (guint i = 0; i < node->files->len; i++) {
        const json_t *size = json_object_get(sizes, ((FctChainFile *)node->files->pdata[i])->path);
        if (!size)
            return json_null();
        sum += json_integer_value(size);
    }
    if (json_is_object(memory) && !json_object_get(sizes, fct_json_str(memory, "path", "")))
        return json_null();
    if (json_is_object(memory))
        sum += fct_json_int(sizes, fct_json_str(memory, "path", ""), 0);
    return json_integer(sum);
}

static json_t *targets_of(const FctChainNode *node)
{
    json_t *list = json_array();
    for (guint i = 0; i < node->files->len; i++)
        json_array_append_new(list, json_string(((FctChainFile *)node->files->pdata[i])->target));
    return list;
}

/* The nearest visible snapshot above; "" when there is none. */
static const char *shown_parent(const FctVmTree *tree, const char *id)
{
    const FctChainNode *node = fct_chain_node(tree->chain, id);
    while (node && *node->id && node->hidden)
        node = fct_chain_node(tree->chain, node->parent);
    return node ? node->id : "";
}

/* What all snapshots of the list need to be shown. */
typedef struct {
    FctApp *app;
    const FctVmOffer *offer;
    const FctVmTree *tree;
    const json_t *sizes;
    gboolean active;
} Showing;

static json_t *snapshot_json(const Showing *showing, const FctChainNode *node)
{
    const FctVmTree *tree = showing->tree;
    const json_t *doc = g_hash_table_lookup(tree->docs, node->id);
    const char *parent = *node->parent ? shown_parent(tree, node->parent) : "";
    const char *here = *tree->chain->current->parent ? shown_parent(tree, tree->chain->current->parent) : "";
    json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:b, s:b, s:s, s:s, s:b}", "id", node->id, "name",
                             fct_json_str(doc, "name", ""), "description", fct_json_str(doc, "description", ""),
                             "created_ms", (json_int_t)fct_json_int(doc, "created_ms", 0), "has_memory",
                             json_is_object(json_object_get(doc, "memory")), "frozen",
                             fct_json_bool(doc, "frozen", FALSE), "vm_state", fct_json_str(doc, "vm_state", "off"),
                             "disk_only_reason", fct_json_str(doc, "disk_only_reason", ""), "deleted", node->hidden);
    json_object_set_new(json, "parent", *parent ? json_string(parent) : json_null());
    json_object_set_new(json, "current", json_boolean(!node->hidden && strcmp(here, node->id) == 0));
    json_object_set_new(json, "disks", targets_of(node));
    json_object_set_new(json, "size_bytes", size_of(node, doc, showing->sizes));
    json_object_set_new(json, "revert_effects",
                        node->hidden ? json_array()
                                     : fct_vm_revert_effects(showing->app, showing->offer, tree, doc, showing->active));
    return json;
}

static json_t *snapshot_choice(const char *why_not)
{
    return json_pack("{s:b, s:s}", "possible", !*why_not, "why_not", why_not);
}

static gboolean list_snapshots(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"created_ms", "id"}};
    FctApp *app = request->app;
    g_autoptr(FctVm) vm = fct_api_vm_ours(request, reply, error);
    g_autoptr(FctVmTree) tree = vm ? fct_vm_tree_load(request->app->store, vm->id, error) : NULL;
    if (!tree)
        return FALSE;
    g_autoptr(FctVmInfo) info = fct_domains_info(app->domains, vm->id);
    g_autoptr(json_t) bytes = snapshot_sizes(app, tree);
    g_autoptr(FctVmOffer) offer = fct_vm_offer_new(app, FALSE, NULL);
    const Showing showing = {app, offer, tree, bytes, fct_vm_info_active(info)};
    json_t *items = json_array();
    for (guint i = 0; i < tree->chain->nodes->len; i++)
        json_array_append_new(items, snapshot_json(&showing, tree->chain->nodes->pdata[i]));
    reply->json = json_pack("{s:o, s:o}", "memory", snapshot_choice(fct_vm_snapshot_no_memory(vm, info)), "freeze",
                            snapshot_choice(fct_vm_snapshot_no_freeze(vm, info)));
    return fct_reply_list(request, reply, &order, items, error);
}

/* ---- changing ---- */

static gboolean take_snapshot(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm && fct_reply_task(reply, fct_vm_snapshot(request->app, request->who, vm, request->body, error));
}

static gboolean revert_to(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm &&
           fct_reply_task(reply, fct_vm_revert(request->app, request->who, vm, request->sub, request->body, error));
}

static gboolean delete_snapshot(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm && fct_reply_task(reply, fct_vm_snapshot_delete(request->app, request->who, vm, request->sub, error));
}

static gboolean clone_vm(const FctRequest *request, FctReply *reply, GError **error)
{
    FctVm *vm = fct_api_vm_ours(request, reply, error);
    return vm && fct_reply_task(reply, fct_vm_clone(request->app, request->who, vm, request->body, error));
}

const FctRoute fct_routes_snapshot[] = {
    {"GET", "/vms/{id}/snapshots", "vm.read", list_snapshots, .query = FCT_LIST_QUERY},
    {"POST", "/vms/{id}/snapshots", "vm.write", take_snapshot,
     .body = "name:text description:text memory:bool freeze:bool"},
    {"DELETE", "/vms/{id}/snapshots/{sub}", "vm.write", delete_snapshot},
    {"POST", "/vms/{id}/snapshots/{sub}/revert", "vm.write", revert_to, .body = "confirm:bool start:bool"},
    {"POST", "/vms/{id}/clone", "vm.write", clone_vm, .body = "name:text snapshot:text start:bool"},
    {NULL},
};
