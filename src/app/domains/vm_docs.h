/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of our VMs as last committed, from memory. Thread-safe; never waits. */
#pragma once
#include "app/domains/vm_doc.h"
#include "app/shared/context.h"

typedef struct {
    gint refs;
    FctVm *vm;  /* nobody changes it */
    char *text; /* the text that a search looks in, case folded */
} FctVmKnown;
void fct_vm_known_unref(FctVmKnown *known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmKnown, fct_vm_known_unref)

/* Reads all documents once and then follows the store's commits. */
FctVmDocs *fct_vm_docs_new(FctApp *app, GError **error);
/* Call it after the last commit. */
void fct_vm_docs_free(FctVmDocs *docs);
/* FctVmKnown*, in no order. */
GPtrArray *fct_vm_docs_all(FctVmDocs *docs);
/* NULL: not ours. */
FctVmKnown *fct_vm_docs_one(FctVmDocs *docs, const char *id);
