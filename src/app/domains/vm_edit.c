/* SPDX-License-Identifier: Apache-2.0 */
#include "app/domains/vm_edit.h"

#include "app/shared/writes.h"
#include "core/vm_pending.h"

#define EDIT_TRIES 5

gboolean fct_vm_edit(FctApp *app, const char *id, FctVmEdit edit, gpointer data, GError **error)
{
    for (int try = 0;; try++) {
        g_autoptr(FctVm) vm = fct_vm_load(app->store, id, error);
        g_autoptr(FctWrites) writes = fct_writes_new();
        g_autoptr(GError) fault = NULL;
        if (!vm)
            return FALSE;
        edit(vm, data);
        fct_writes_add(writes, fct_vm_key(id), fct_vm_to_doc(vm), vm->revision);
        if (fct_writes_commit(app->store, writes, NULL, &fault))
            return TRUE;
        if (fault->code != FCT_ERROR_REVISION || try == EDIT_TRIES)
            return fct_error_pass(error, &fault);
    }
}

void fct_vm_set_run(FctVm *vm, gpointer data)
{
    json_decref(vm->run);
    vm->run = json_incref(data);
}

static void set_run_of_document(FctVm *vm, gpointer unused)
{
    g_autoptr(json_t) run = fct_vm_run_json(vm);
    fct_vm_set_run(vm, run);
}

void fct_vm_note_run(FctApp *app, const char *id)
{
    g_autoptr(FctVmKnown) known = fct_vm_docs_one(app->vm_docs, id);
    g_autoptr(GError) fault = NULL;
    if (known && !fct_vm_edit(app, id, set_run_of_document, NULL, &fault))
        g_warning("VM %s: what it runs with could not be stored: %s", known->vm->name, fault->message);
}
