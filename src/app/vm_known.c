/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of our VMs, read once and then kept as they are committed: a list of a thousand must not parse them
 * all. */
#include "app/vm_service.h"

#include "core/vm_list.h"

#include <string.h>

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

/* What a search looks at. */
static char *text_of(const FctVm *vm)
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
    *known = (FctVmKnown){1, vm, text_of(vm)};
    return known;
}

/* Takes @known over; NULL: it is deleted. */
static void put(FctVms *vms, const char *id, FctVmKnown *known)
{
    g_mutex_lock(&vms->known_lock);
    const FctVmKnown *old = g_hash_table_lookup(vms->known, id);
    if (!known)
        g_hash_table_remove(vms->known, id);
    else if (!old || old->vm->revision < known->vm->revision)
        g_hash_table_replace(vms->known, g_strdup(id), known_ref(known));
    g_mutex_unlock(&vms->known_lock);
    fct_vm_known_unref(known);
}

/* On the committing thread. */
static void on_commit(const char *key, guint64 revision, const json_t *value, gpointer data)
{
    FctDoc doc = {(char *)key, revision, (json_t *)value};
    g_autoptr(GError) fault = NULL;
    FctVmKnown *known = value ? known_new(&doc, &fault) : NULL;
    if (fault)
        g_warning("The document %s cannot be read: %s", key, fault->message);
    else
        put(data, key + strlen("vm/"), known);
}

gboolean fct_vms_known_open(FctVms *vms, GError **error)
{
    FctStore *store = vms->app->store;
    store->ops->watch(store, "vm/", on_commit, vms); /* first, so that nothing is missed */
    g_autoptr(GPtrArray) docs = store->ops->list(store, "vm/", error);
    for (guint i = 0; docs && i < docs->len; i++) {
        const FctDoc *doc = docs->pdata[i];
        FctVmKnown *known = known_new(doc, error);
        if (!known)
            return FALSE;
        put(vms, doc->key + strlen("vm/"), known);
    }
    return docs != NULL;
}

GPtrArray *fct_vms_known(FctVms *vms)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)fct_vm_known_unref);
    GHashTableIter iter;
    gpointer known;
    g_mutex_lock(&vms->known_lock);
    g_hash_table_iter_init(&iter, vms->known);
    while (g_hash_table_iter_next(&iter, NULL, &known))
        g_ptr_array_add(all, known_ref(known));
    g_mutex_unlock(&vms->known_lock);
    return all;
}

FctVmKnown *fct_vms_known_one(FctVms *vms, const char *id)
{
    g_mutex_lock(&vms->known_lock);
    FctVmKnown *known = g_hash_table_lookup(vms->known, id);
    if (known)
        known_ref(known);
    g_mutex_unlock(&vms->known_lock);
    return known;
}
