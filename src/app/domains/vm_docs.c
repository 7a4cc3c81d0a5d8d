/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of our VMs, read once and then updated with each commit, so that a list of a thousand VMs need not
 * parse them all.
 */
#include "app/domains/vm_docs.h"

#include "app/news/records.h"
#include "base/scope.h"
#include "core/vm_list.h"

#include <string.h>

struct FctVmDocs {
    GMutex lock;       /* guards known. It is taken within a commit, so no commit may be made while it is held */
    GHashTable *known; /* VM id → FctVmKnown* */
};

static FctVmKnown *known_ref(FctVmKnown *known)
{
    g_atomic_int_inc(&known->refs);
    return known;
}

void fct_vm_known_unref(FctVmKnown *known)
{
    if (!known || !g_atomic_int_dec_and_test(&known->refs))
        return;
    fct_vm_free(known->vm);
    g_free(known->text);
    g_free(known);
}

/* The text in which a search looks for words. */
static char *vm_text(const FctVm *vm)
{
    g_autofree char *text = g_strjoin("\n", vm->name, vm->description, vm->image, vm->id, NULL);
    return fct_list_fold(text);
}

static FctVmKnown *known_new(const FctDoc *doc, GError **error)
{
    FctVm *vm = fct_vm_from_doc(doc, error);
    if (!vm)
        return NULL;
    FctVmKnown *known = g_new(FctVmKnown, 1);
    *known = (FctVmKnown){1, vm, vm_text(vm)};
    return known;
}

/* Takes @known over; NULL: the document was deleted. */
static void vm_docs_put(FctVmDocs *docs, const char *id, FctVmKnown *known)
{
    g_mutex_lock(&docs->lock);
    const FctVmKnown *old = g_hash_table_lookup(docs->known, id);
    if (!known)
        g_hash_table_remove(docs->known, id);
    else if (!old || old->vm->revision < known->vm->revision)
        g_hash_table_replace(docs->known, g_strdup(id), known_ref(known));
    g_mutex_unlock(&docs->lock);
    fct_vm_known_unref(known);
}

/* Runs on the committing thread. */
static void on_commit(const char *key, guint64 revision, const json_t *value, gpointer data)
{
    FctDoc doc = {(char *)key, revision, (json_t *)value};
    g_autoptr(GError) fault = NULL;
    FctVmKnown *known = value ? known_new(&doc, &fault) : NULL;
    if (fault)
        g_warning("The document %s cannot be read: %s", key, fault->message);
    else
        vm_docs_put(data, key + strlen("vm/"), known);
}

/*
 * A document that cannot be read must not hide the others. It stays in the store, so that its id and name stay taken.
 */
static gboolean vm_docs_read_all(FctVmDocs *docs, FctApp *app, GError **error)
{
    g_autoptr(GPtrArray) list = app->store->ops->list(app->store, "vm/", error);
    for (guint i = 0; list && i < list->len; i++) {
        const FctDoc *doc = list->pdata[i];
        g_autoptr(GError) fault = NULL;
        FctVmKnown *known = known_new(doc, &fault);
        if (known)
            vm_docs_put(docs, doc->key + strlen("vm/"), known);
        else
            fct_event(
                app, "store.unreadable", "error", "vm", doc->key + strlen("vm/"), fct_json_str(doc->value, "name", ""),
                "The record %s of VM %s cannot be read: %s Facet leaves the VM and its disks alone, and shows it as "
                "another's. Restore a backup of the database.",
                doc->key, fct_json_str(doc->value, "name", ""), fault->message);
    }
    return list != NULL;
}

/* Frees the names of VMs whose document is gone, for instance a broken row that the store set aside. */
static gboolean free_names(FctApp *app, GError **error)
{
    FctStore *store = app->store;
    g_autoptr(GPtrArray) names = store->ops->list(store, "vm-name/", error);
    for (guint i = 0; names && i < names->len; i++) {
        const FctDoc *name = names->pdata[i];
        g_autofree char *key = fct_vm_key(fct_json_str(name->value, "id", ""));
        g_autoptr(GError) fault = NULL;
        g_autoptr(FctDoc) vm = store->ops->get(store, key, &fault);
        const FctWrite drop = {name->key, NULL, name->revision};
        if (!vm && fault->code == FCT_ERROR_NOT_FOUND && !store->ops->commit(store, &drop, 1, NULL, error))
            return FALSE;
    }
    return names != NULL;
}

FctVmDocs *fct_vm_docs_new(FctApp *app, GError **error)
{
    FctVmDocs *docs = g_new0(FctVmDocs, 1);
    g_mutex_init(&docs->lock);
    docs->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)fct_vm_known_unref);
    app->store->ops->watch(app->store, "vm/", on_commit, docs); /* first, so that no commit is missed */
    if (vm_docs_read_all(docs, app, error) && free_names(app, error))
        return docs;
    fct_vm_docs_free(docs);
    return NULL;
}

void fct_vm_docs_free(FctVmDocs *docs)
{
    if (!docs)
        return;
    g_hash_table_unref(docs->known);
    g_mutex_clear(&docs->lock);
    g_free(docs);
}

GPtrArray *fct_vm_docs_all(FctVmDocs *docs)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_known_unref);
    GHashTableIter iter;
    gpointer known;
    fct_autolock(&docs->lock);
    g_hash_table_iter_init(&iter, docs->known);
    while (g_hash_table_iter_next(&iter, NULL, &known))
        g_ptr_array_add(all, known_ref(known));
    return all;
}

FctVmKnown *fct_vm_docs_one(FctVmDocs *docs, const char *id)
{
    fct_autolock(&docs->lock);
    FctVmKnown *known = g_hash_table_lookup(docs->known, id);
    if (known)
        known_ref(known);
    return known;
}
